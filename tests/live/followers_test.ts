import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  defineTable,
  LiveTable,
  MemCache,
  MemOutbox,
  MemTable,
  type Outbox,
  RejectedError,
  type Row,
  type Write,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";

describe("Writes to a row whose insertion fails", () => {
  it("fail with it, in order, and none is sent, though there is no room for all of them in the queue", async () => {
    const written: string[] = [];
    const told: string[] = [];
    const table = defineTable({
      name: "products",
      list: () => new Map<string, Row>(),
      insertReturnId: () => Promise.reject(new RejectedError("too dear")),
      replace: (id, row) => {
        written.push(id);
        return row;
      },
    });
    const live = new LiveTable(table, "products", new MemCache(), { queueCapacity: 2 });
    const insertion = live.enqueue({ kind: "insertReturnId", row: { price: 2 } });
    const id = insertion.rowId ?? "";
    const replace = (price: number): Write => live.enqueue({ kind: "replace", id, row: { price } });
    const writes = [insertion, replace(3), replace(4), replace(5)];
    writes.forEach(({ applied }, at) => applied.catch(({ code }) => void told.push(`${at} ${code}`)));
    const other = live.replaceValue("b", { price: 1 });
    await settle();
    assert.deepEqual(told, ["0 rejected", "1 not_found", "2 not_found", "3 not_found"]);
    await other;
    await live.close();
    assert.deepEqual(written, ["b"]);
  });
});

describe("Writes to a row whose insertion is taken back", () => {
  /** One that answers at once, and one that answers later. */
  function outboxes(): readonly Outbox[] {
    const inner = new MemOutbox();
    const later = new Proxy<Outbox>(inner, {
      get: (_, name) => {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          await Promise.resolve();
          return member.apply(inner, args);
        };
      },
    });
    return [new MemOutbox(), later];
  }

  const ways: readonly {
    readonly way: string;
    readonly take: (live: LiveTable, insertion: Write, signal: AbortController) => unknown;
  }[] = [
    { way: "by cancel()", take: (_live, insertion) => insertion.cancel() },
    { way: "by its signal", take: (_live, _insertion, signal) => signal.abort() },
    { way: "by discard()", take: async (live, { id }) => assert(await live.discard(id)) },
  ];

  for (const { way, take } of ways) {
    it(`fail with it, and none is sent: ${way}`, async () => {
      for (const outbox of way === "by discard()" ? outboxes() : [undefined, ...outboxes()]) {
        for (const queueCapacity of [2, 100]) {
          const master = new MemTable("products");
          const failed: string[] = [];
          const live = new LiveTable(master, "products", new MemCache(), {
            clock: new FakeClock(),
            outbox,
            optimistic: true,
            queueCapacity,
            onWriteFailed: ({ op, failure }) => void failed.push(`${op.kind} ${failure.code}`),
          });
          live.setOnline(false);
          const signal = new AbortController();
          const row = { price: 2 };
          const taken = live.insertReturnIdValue(row, { newId: "made", signal: signal.signal });
          const [insertion] = live.pendingWrites();
          assert(insertion !== undefined);
          const replaced = live.enqueue({ kind: "replace", id: "made", row });
          const patched = live.enqueue({ kind: "patch", id: "made", partial: row });
          const other = live.insertValue("b", row);
          await settle();
          const settled = Promise.allSettled([taken, replaced.applied, patched.applied, other]);
          await take(live, insertion, signal);
          await settle();
          live.setOnline(true);
          const results = await settled;
          assert.deepEqual(
            results.map((it) => it.status === "rejected" ? it.reason.name : it.status),
            ["AbortError", "NotFoundError", "NotFoundError", "fulfilled"],
          );
          assert.deepEqual(failed.sort(), ["patch not_found", "replace not_found"]);
          // With room for two, the last one was not stored yet.
          const kept = outbox === undefined ? 0 : queueCapacity === 2 ? 1 : 2;
          assert.equal((await live.failedWrites()).length, kept);
          assert.deepEqual((await master.listValues()).ids(), ["b"]);
          for (const { id } of await live.failedWrites()) await live.discard(id);
          await live.close();
        }
      }
    });
  }

  it("are sent if it is not known what became of it", async () => {
    const inner = new MemOutbox();
    const outbox = new Proxy<Outbox>(inner, {
      get: (_, name) => {
        const member: unknown = name === "shared" ? true : Reflect.get(inner, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (name === "answers") throw new Error("cannot be read");
          return member.apply(inner, args);
        };
      },
    });
    const live = new LiveTable(new MemTable("products"), "products", new MemCache(), { outbox });
    live.setOnline(false);
    const insertion = live.enqueue({ kind: "insertReturnId", row: { price: 2 } });
    const patched = live.enqueue({ kind: "patch", id: insertion.rowId ?? "", partial: { price: 3 } });
    await settle();
    const unknown = assert.rejects(insertion.applied, { code: "outbox", effect: "unknown" });
    insertion.cancel();
    await unknown;
    live.setOnline(true);
    await assert.rejects(patched.applied, { message: /no such row/ });
    await live.close();
  });
});
