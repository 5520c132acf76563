import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ActiveRecord,
  type FailedWrite,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemOutbox,
  MemTable,
  NotFoundError,
  RecordConflictError,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY } from "./fixture.ts";

interface Subject {
  readonly live: LiveTable;
  readonly master: FaultyTable;
  readonly clock: FakeClock;
  readonly told: FailedWrite[];
}

function opened(options: LiveTableOptions = {}): Subject {
  const [told, clock] = [new Array<FailedWrite>(), new FakeClock()];
  const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
  const onWriteFailed = (write: FailedWrite): void => void told.push(write);
  const live = new LiveTable(master, "products", new MemCache(), { clock, retry: {}, onWriteFailed, ...options });
  return { live, master, clock, told };
}

/** A record of row `a` whose price was changed by both sides. */
async function conflicted({ live, master }: Subject): Promise<ActiveRecord> {
  const record = await live.getValueRecord("a");
  assert(record !== undefined);
  record.data["price"] = 3;
  await master.patchValue("a", { price: 9 });
  return record;
}

async function isClean({ live, told }: Subject): Promise<void> {
  assert.deepEqual([await live.failedWrites(), told, live.stats().failedWrites, live.pendingWrites()], [[], [], 0, []]);
}

describe("ActiveRecord.save(), a conflict that the record handles", () => {
  const outboxes = (): readonly (MemOutbox | undefined)[] => [undefined, new MemOutbox()];

  it("is no failed write: it is neither kept in the outbox nor reported", async () => {
    for (const outbox of outboxes()) {
      const subject = opened({ outbox });
      const record = await conflicted(subject);
      await assert.rejects(record.save(), RecordConflictError);
      await isClean(subject);
      record.resolve("mine");
      await record.save();
      assert.equal((await subject.master.getValue("a"))?.["price"], 3);
      await isClean(subject);
      await subject.live.close();
    }
  });

  it("is none either if the row was deleted, or another attempt was lost before", async () => {
    for (const outbox of outboxes()) {
      const subject = opened({ outbox });
      const record = await conflicted(subject);
      subject.master.plan.fail("patchValue", new UnavailableError("down", { effect: "none" }));
      const saved = assert.rejects(record.save(), RecordConflictError);
      await settle();
      for (let time = 0; time < 3; time++) await subject.clock.advance(60_000);
      await saved;
      await subject.master.delete("a");
      record.resolve("mine");
      await assert.rejects(record.save(), NotFoundError);
      await isClean(subject);
      await subject.live.close();
    }
  });

  it("is one if nothing awaits it any more, since the process that did has died", async () => {
    const outbox = new MemOutbox();
    const within = { where: [["price", "eq", 1]] } as const;
    const op = { kind: "patch", id: "a", partial: { price: 3 } } as const;
    outbox.append("/products", [{ id: "w", op, within, rowId: "a", acceptedAt: 0, acceptedBy: "dead" }]);
    const subject = opened({ outbox });
    await settle();
    assert.deepEqual((await subject.live.failedWrites()).map(({ id, failure }) => [id, failure.code]), [[
      "w",
      "not_found",
    ]]);
    assert.deepEqual(subject.told.map(({ id }) => id), ["w"]);
    await subject.live.close();
  });

  it("is told apart from other patches of rows that do not exist, and from other refusals", async () => {
    const subject = opened({ outbox: new MemOutbox() });
    await assert.rejects(subject.live.patchValue("missing", { price: 3 }), NotFoundError);
    assert.deepEqual(subject.told.map(({ rowId }) => rowId), ["missing"]);
    await subject.live.close();
  });

  it("is in the outbox until it is known to be removed from there", async () => {
    const inner = new MemOutbox();
    const gate = Promise.withResolvers<void>();
    const outbox = new Proxy(inner, {
      get: (_, name) => {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          const [, , marks] = args;
          const isEnd = name === "mark" && Array.isArray(marks) && marks.some(({ kind }) => kind === "answered");
          if (isEnd) await gate.promise;
          return member.apply(inner, args);
        };
      },
    });
    const subject = opened({ outbox });
    const record = await conflicted(subject);
    let isOver = false;
    const saved = record.save().catch(() => isOver = true);
    await settle();
    assert.equal(isOver, false);
    gate.resolve();
    await saved;
    assert.deepEqual(inner.load("/products", 0, 9), []);
    await subject.live.close();
  });
});
