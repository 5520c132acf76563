import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ConflictError,
  type FailedWrite,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemOutbox,
  MemTable,
  type Outbox,
  OutboxError,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY } from "./fixture.ts";

/** A table over an outbox whose calls fail while `trouble` answers with an error, and what was reported. */
function troubled(trouble: (name: string | symbol, args: unknown[]) => unknown, options: LiveTableOptions = {}): {
  readonly live: LiveTable;
  readonly master: FaultyTable;
  readonly clock: FakeClock;
  readonly failed: FailedWrite[];
  readonly inner: MemOutbox;
} {
  const [inner, clock, failed] = [new MemOutbox(), new FakeClock(), new Array<FailedWrite>()];
  const outbox = new Proxy<Outbox>(inner, {
    get: (_, name) => {
      const member: unknown = Reflect.get(inner, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const error = trouble(name, args);
        if (error !== undefined) throw error;
        return member.apply(inner, args);
      };
    },
  });
  const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
  const onWriteFailed = (write: FailedWrite): void => void failed.push(write);
  const live = new LiveTable(master, "products", new MemCache(), { clock, outbox, onWriteFailed, ...options });
  return { live, master, clock, failed, inner };
}

const isSent = (name: string | symbol, [, , marks]: unknown[]): boolean =>
  name === "mark" && Array.isArray(marks) && marks.some(({ kind }) => kind === "sent");

describe("LiveTable, an outbox that cannot note that a write is sent", () => {
  const errors = [
    new Error("hiccup"),
    new TypeError("hiccup"),
    new OutboxError("disk"),
    new OutboxError("busy", { retriable: true }),
    "no error at all",
  ];

  it("sends nothing, fails nothing, says so, and tries again after a pause", async () => {
    for (const error of errors) {
      let [left, tries] = [3, 0];
      const { live, master, clock, failed } = troubled((name, args) => {
        if (isSent(name, args)) tries++;
        return isSent(name, args) && left-- > 0 ? error : undefined;
      });
      const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      const behind = live.enqueue({ kind: "patch", id: "a", partial: { name: "Bap" } });
      await settle();
      assert.deepEqual([write.state, write.attempts, master.plan.count("patchValue")], ["accepted", 0, 0]);
      assert.equal(tries, 1);
      for (let time = 0; time < 4; time++) await clock.advance(250);
      assert.deepEqual(await behind.applied, { name: "Bap", price: 3 });
      assert.deepEqual([failed, await live.failedWrites(), write.attempts], [[], [], 1]);
      assert.equal(live.stats().outboxFailures, 3);
      await live.close();
    }
  });

  it("does not try for each of the writes that wait", async () => {
    let tries = 0;
    let isBroken = true;
    const { live, clock } = troubled((name, args) => {
      if (!isSent(name, args)) return undefined;
      tries++;
      return isBroken ? new Error("disk") : undefined;
    }, { writeConcurrency: 4 });
    const writes = Array.from({ length: 200 }, (_, n) => live.enqueue({ kind: "replace", id: `n${n}`, row: { n } }));
    await settle();
    for (let time = 0; time < 10; time++) await clock.advance(250);
    assert(tries <= 60, String(tries));
    isBroken = false;
    for (let time = 0; time < 4; time++) await clock.advance(250);
    await Promise.all(writes.map(({ applied }) => applied));
    await live.close();
  });

  it("keeps what it has if it is closed before the table is, and reports no failure", async () => {
    for (const isTried of [false, true]) {
      let isClosed = false;
      const { live, master, clock, failed, inner } = troubled((name) =>
        isClosed && name !== "close" ? new OutboxError("the database is not open") : undefined
      );
      live.setOnline(false);
      const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await write.accepted;
      await settle();
      isClosed = true;
      live.setOnline(true);
      if (isTried) await settle();
      const applied = assert.rejects(write.applied, { code: "closed", effect: "unknown" });
      if (isTried) await clock.advance(250);
      await live.close();
      await applied;
      assert.deepEqual([failed, live.stats().failedWrites, master.plan.count("patchValue")], [[], 0, 0]);
      assert.deepEqual(inner.load("/products", 0, 9).map((entry) => "state" in entry && entry.state), ["accepted"]);
    }
  });
});

describe("LiveTable, an outbox that cannot keep a write", () => {
  const isAppend = (name: string | symbol): boolean => name === "append";

  it("asks the master all the same, whatever the outbox throws, and says that the write was not kept", async () => {
    for (const error of [new OutboxError("full"), new Error("quota"), new DOMException("quota"), "no error at all"]) {
      const { live, master, failed } = troubled((name) => isAppend(name) ? error : undefined);
      const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await assert.rejects(write.accepted, (thrown) => thrown === error);
      await write.applied;
      assert.deepEqual([(await master.getValue("a"))?.["price"], failed, live.stats().outboxFailures], [3, [], 1]);
      await live.close();
    }
  });

  it("fails what is a mistake of the caller, and does not ask the master", async () => {
    for (const error of [new RangeError("too large"), new TypeError("no write"), new ConflictError("the same id")]) {
      const { live, master, failed } = troubled((name) => isAppend(name) ? error : undefined);
      const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await assert.rejects(write.accepted, (thrown) => thrown === error);
      await assert.rejects(write.applied, (thrown) => thrown === error);
      assert.deepEqual([master.plan.count("patchValue"), failed.length], [0, 1]);
      await live.close();
    }
  });
});
