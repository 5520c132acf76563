import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  ConflictError,
  DeadlockError,
  defineTable,
  InvalidAnswerError,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemOutbox,
  MemTable,
  NotFoundError,
  type OutboxMark,
  RejectedError,
  type SourceWrite,
  type TableSource,
  UnavailableError,
  type Write,
  type WriteResult,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { slowly } from "./fixture.ts";

const IDS = Array.from({ length: 500 }, (_, at) => `row-${at}`);

function scene({ writeMany = true, ...options }: LiveTableOptions & { readonly writeMany?: boolean } = {}) {
  const inner = new MemTable("products", { rows: IDS.map((id) => [id, { name: id, price: 0 }]) });
  const master = new FaultyTable(inner, { writeMany });
  const table = new LiveTable(master, "products", new MemCache(), {
    queueCapacity: 1_000,
    writeConcurrency: 2,
    ...options,
  });
  return { master, table };
}

/** Makes writes that wait until they are sent together. */
function together<T>(table: LiveTable, make: () => T): T {
  table.setOnline(false);
  const made = make();
  table.setOnline(true);
  return made;
}

function patch(table: LiveTable, id: string, price: number): Write {
  return table.enqueue({ kind: "patch", id, partial: { price } });
}

/** A master that does several writes in one call, as it is told; it writes down what it is asked. */
function told(writeMany: TableSource["writeMany"], more: Partial<TableSource> = {}) {
  const calls: (readonly string[])[] = [];
  const note = (writes: readonly SourceWrite[]): void => {
    calls.push(writes.map(({ op }) => "id" in op ? `${op.kind} ${op.id}` : op.kind));
  };
  const table = defineTable({
    name: "products",
    list: () => IDS.map((id) => [id, { name: id }] as const),
    get: (id) => ({ name: id }),
    patch: (id, partial) => {
      calls.push([`patch ${id}`]);
      return partial;
    },
    delete: (id) => void calls.push([`delete ${id}`]),
    deleteAll: () => void calls.push(["deleteAll"]),
    writeMany: (writes, call) => {
      note(writes);
      return writeMany?.(writes, call) ?? [];
    },
    ...more,
  });
  return { table, calls };
}

/** As a master that is asked to do what it can. */
const DONE = (writes: readonly SourceWrite[]): WriteResult[] =>
  writes.map(({ op }) => ({ answer: "partial" in op ? op.partial : undefined }));

/** Makes writes that are stored before the first is sent. */
async function acceptedTogether(table: LiveTable, ids: readonly string[]): Promise<readonly Write[]> {
  table.setOnline(false);
  const writes = ids.map((id) => patch(table, id, 1));
  await Promise.all(writes.map(({ accepted }) => accepted));
  await settle();
  table.setOnline(true);
  return writes;
}

async function errorsOf(writes: readonly Write[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(writes.map(({ applied }) => applied));
  return settled.map((outcome) => outcome.status === "rejected" ? outcome.reason : undefined);
}

describe("LiveTable, over a master that does several writes in one call", () => {
  it("sends what waits in few calls, and answers each write by itself", async () => {
    const { master, table } = scene();
    await table.listValues();
    const rows = await Promise.all(IDS.map((id, price) => table.patchValue(id, { price })));
    assert.deepEqual(rows.map(({ price }) => price), IDS.map((_, price) => price));
    assert.deepEqual([master.plan.count("patchValue"), master.plan.count("writeMany")], [2, 5]);
    assert.deepEqual([...(await table.listValues()).values()].map(({ price }) => price), IDS.map((_, price) => price));
  });

  it("settles a write that is refused by itself, and the others as applied", async () => {
    const { table } = scene();
    const [missing, ...others] = together(table, () => ["missing", ...IDS].map((id) => table.patchValue(id, {})));
    assert.equal((await Promise.all(others)).length, IDS.length);
    await assert.rejects(missing ?? Promise.resolve(), NotFoundError);
  });

  it("makes no more calls than writeConcurrency at once, and sends a single write alone and at once", async () => {
    const { master, table } = scene();
    const gates = [master.plan.hold("patchValue"), master.plan.hold("patchValue"), master.plan.hold("writeMany")];
    const writes = IDS.map((id) => patch(table, id, 1));
    assert.deepEqual(writes.map(({ state }) => state).slice(0, 3), ["sent", "sent", "accepted"]);
    await settle();
    assert.deepEqual([master.plan.count("patchValue"), master.plan.count("writeMany")], [2, 0]);
    gates[0]?.release();
    await settle();
    assert.equal(master.plan.count("writeMany"), 1);
    for (const gate of gates) gate.release();
    await Promise.all(writes.map(({ applied }) => applied));
  });

  it("makes one call of them, also where the log of the cache answers later", async () => {
    const { table, calls } = told(DONE);
    const live = new LiveTable(table, "products", slowly(new MemCache()), { writeConcurrency: 1 });
    await live.listValues();
    await Promise.all(together(live, () => IDS.slice(0, 150).map((id) => live.patchValue(id, { price: 1 }))));
    assert.deepEqual(calls.map(({ length }) => length), [100, 50]);
  });

  it("keeps writes to one row in order, one call after the other", async () => {
    const { table, calls } = told(DONE);
    const live = new LiveTable(table, "products", new MemCache());
    const ids = ["a", "b", "a", "a", "c", "b"];
    await Promise.all(together(live, () => ids.map((id) => live.patchValue(id, {}))));
    assert.deepEqual(calls, [["patch a", "patch b", "patch c"], ["patch a", "patch b"], ["patch a"]]);
  });

  it("sends a write to the whole set alone: after all before it, and before all after it", async () => {
    const { table, calls } = told(DONE);
    const live = new LiveTable(table, "products", new MemCache());
    const writes = together(live, () => [
      live.patchValue("a", {}),
      live.delete("b"),
      live.deleteAll(),
      live.patchValue("a", {}),
      live.patchValue("b", {}),
    ]);
    await Promise.all(writes);
    assert.deepEqual(calls, [["patch a", "delete b"], ["deleteAll"], ["patch a", "patch b"]]);
  });

  it("mixes no writes to different sets", async () => {
    const { master, table } = scene({ writeConcurrency: 8 });
    const cheap = table.where("price", "lt", 10);
    const writes = together(table, () => [
      table.patchValue("row-1", { price: 1 }),
      cheap.patchValue("row-2", { price: 1 }),
      table.where("price", "lt", 10).patchValue("row-3", { price: 1 }),
      cheap.patchValue("row-4", { price: 1 }),
    ]);
    assert.equal((await Promise.all(writes)).length, 4);
    assert.deepEqual([master.plan.count("patchValue"), master.plan.count("writeMany")], [1, 1]);
  });

  it("knows of no write of a call that broke off what became of it, and reads their rows again", async () => {
    const { master, table } = scene();
    await table.listValues();
    master.plan.fail("writeMany", new UnavailableError("the connection dropped"), "after");
    const writes = together(table, () => ["row-1", "row-2"].map((id) => patch(table, id, 9)));
    for (const error of await errorsOf(writes)) {
      assert(error instanceof UnavailableError);
      assert.equal(error.effect, "unknown");
    }
    for (const id of ["row-1", "row-2"]) assert.equal((await table.getValue(id))?.price, 9);
  });

  it("sends each again under its own key after a call that broke off", async () => {
    const keys: (string | undefined)[] = [];
    const { table } = told((writes) => {
      keys.push(...writes.map(({ idempotencyKey }) => idempotencyKey));
      throw new UnavailableError("the connection dropped");
    }, {
      capabilities: { idempotencyKeys: true },
      patch: (_id, partial, { idempotencyKey }) => {
        keys.push(idempotencyKey);
        return partial;
      },
    });
    const clock = new FakeClock();
    const live = new LiveTable(table, "products", new MemCache(), { clock, retry: {} });
    const writes = together(live, () => ["a", "b", "c"].map((id) => patch(live, id, 1)));
    await settle();
    live.setOnline(false);
    live.setOnline(true);
    await Promise.all(writes.map(({ applied }) => applied));
    const ids = writes.map(({ id }) => id);
    assert.deepEqual(keys, [...ids, ...ids]);
    await live.close();
  });

  it("sends each alone after a call that was refused as a whole: one of them may be the reason", async () => {
    const { table, calls } = told(() => {
      throw new RejectedError("c is no product");
    }, {
      patch: (id, partial) => {
        calls.push([`patch ${id}`]);
        if (id === "c") throw new RejectedError("c is no product");
        return partial;
      },
    });
    const live = new LiveTable(table, "products", new MemCache());
    const errors = await errorsOf(together(live, () => ["a", "b", "c", "d"].map((id) => patch(live, id, 1))));
    assert.deepEqual(errors.map((error) => error instanceof RejectedError), [false, false, true, false]);
    assert.deepEqual(calls.slice(1), [["patch a"], ["patch b"], ["patch c"], ["patch d"]]);
  });

  it("sends all again after a call that was refused for now", async () => {
    let isBusy = true;
    const { table, calls } = told((writes) => {
      if (!isBusy) return DONE(writes);
      isBusy = false;
      throw new RejectedError("busy", { retriable: true, retryAfterMs: 5_000 });
    });
    const clock = new FakeClock();
    const live = new LiveTable(table, "products", new MemCache(), { clock, retry: {} });
    const writes = together(live, () => ["a", "b"].map((id) => patch(live, id, 1)));
    await clock.advance(4_999);
    assert.deepEqual(calls, [["patch a", "patch b"]]);
    await clock.advance(60_000);
    await Promise.all(writes.map(({ applied }) => applied));
    await live.close();
  });

  for (
    const [what, answer] of [
      ["fewer", (writes: readonly SourceWrite[]) => DONE(writes).slice(1)],
      ["more", (writes: readonly SourceWrite[]) => [...DONE(writes), { answer: undefined }]],
      ["no", () => undefined as unknown as WriteResult[]], // As a source without type checks.
    ] as const
  ) {
    it(`takes ${what} answers than writes for none: any of them may have been done`, async () => {
      const live = new LiveTable(told(answer).table, "products", new MemCache());
      for (const error of await errorsOf(together(live, () => ["a", "b"].map((id) => patch(live, id, 1))))) {
        assert(error instanceof InvalidAnswerError);
        assert.equal(error.effect, "unknown");
      }
    });
  }

  it("ends a call that takes too long, and tells the master", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { table } = told((_writes, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const clock = new FakeClock();
    const live = new LiveTable(table, "products", new MemCache(), { clock, writeTimeoutMs: 1_000 });
    const writes = together(live, () => ["a", "b"].map((id) => patch(live, id, 1)));
    await clock.advance(999);
    assert.deepEqual(writes.map(({ state }) => state), ["sent", "sent"]);
    await clock.advance(1);
    for (const error of await errorsOf(writes)) {
      assert(error instanceof UnavailableError);
      assert.equal(error.effect, "unknown");
    }
    assert.deepEqual(signals.map((signal) => signal?.aborted), [true]);
  });

  it("lets a master that awaits another write of the same call know that it would wait forever", async () => {
    const { table } = told(async (writes) => {
      const [error] = await errorsOf([patch(live, "b", 2)]);
      return writes.map(() => ({ error }));
    });
    const live: LiveTable = new LiveTable(table, "products", new MemCache());
    const errors = await errorsOf(together(live, () => ["a", "b"].map((id) => patch(live, id, 1))));
    assert(errors.every((error) => error instanceof DeadlockError), String(errors[0]));
  });

  it("answers a write that comes again with the same key by what the master said of the first", async () => {
    const { table } = told((writes) => writes.map((): WriteResult => ({ answer: { name: "then" }, unsettled: true })));
    const live = new LiveTable(table, "products", new MemCache());
    await live.listValues();
    const rows = await Promise.all(together(live, () => ["a", "b"].map((id) => live.patchValue(id, {}))));
    assert.deepEqual(rows, [{ name: "then" }, { name: "then" }]);
    // An answer from then says nothing of the row as it is now.
    assert.deepEqual(await live.getValue("a"), { name: "a" });
  });

  it("one that does each in a call of its own is called for each", async () => {
    const { master, table } = scene({ writeMany: false });
    await Promise.all(IDS.map((id) => table.patchValue(id, { price: 1 })));
    assert.deepEqual([master.plan.count("writeMany"), master.plan.count("patchValue")], [0, IDS.length]);
  });
});

describe("LiveTable with an outbox, over a master that does several writes in one call", () => {
  /** An outbox that notes its marks. */
  class NotingOutbox extends MemOutbox {
    readonly noted: string[];
    constructor(noted: string[]) {
      super();
      this.noted = noted;
    }
    override mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): boolean {
      this.noted.push(marks.map(({ kind }) => kind).join(" "));
      return super.mark(queue, term, marks, now);
    }
  }

  function stored(options: LiveTableOptions = {}) {
    const noted: string[] = [];
    const outbox = new NotingOutbox(noted);
    const { table, calls } = told((writes) => {
      noted.push(`call of ${writes.length}`);
      return DONE(writes);
    });
    const clock = new FakeClock();
    const open = (): LiveTable => new LiveTable(table, "products", new MemCache(), { clock, outbox, ...options });
    return { open, calls, noted, outbox };
  }

  it("marks the writes of a call as sent in one step, before the call, and as answered after it", async () => {
    const { open, noted } = stored();
    const live = open();
    const writes = await acceptedTogether(live, ["a", "b", "c"]);
    await Promise.all(writes.map(({ applied }) => applied));
    await live.close();
    assert.deepEqual(noted, ["sent sent sent", "call of 3", "answered answered answered"]);
  });

  it("sends what an earlier process has left in few calls", async () => {
    const { open, calls } = stored({ queueCapacity: 1_000 });
    const earlier = open();
    earlier.setOnline(false);
    await Promise.all(IDS.map((id) => patch(earlier, id, 1).accepted));
    await earlier.close();
    const live = open();
    await settle();
    await live.idle();
    await live.close();
    const sent = calls.flat();
    assert.deepEqual([new Set(sent).size, sent.length], [IDS.length, IDS.length]);
    assert(calls.length < 20, `${calls.length} calls`);
  });

  it("sends what one caller wrote, one write after the other, in one call", async () => {
    const { open, calls, noted } = stored({ writeConcurrency: 1 });
    const live = open();
    const ids = IDS.slice(0, 20);
    for (const id of ids) await patch(live, id, 1).accepted;
    await settle();
    assert.deepEqual(calls.flat(), ids.map((id) => `patch ${id}`));
    assert.equal(noted.filter((note) => note.startsWith("call of")).length, 1);
    await live.close();
  });

  it("sends none of them if they could not be marked, until they can", async () => {
    const { open, calls, outbox } = stored();
    const live = open();
    const mark = outbox.mark.bind(outbox);
    outbox.mark = () => {
      outbox.mark = mark;
      return false;
    };
    const writes = await acceptedTogether(live, ["a", "b"]);
    await Promise.all(writes.map(({ applied }) => applied));
    assert.deepEqual(calls, [["patch a", "patch b"]]);
    await live.close();
  });

  it("settles each by its own answer: one refusal is set aside alone", async () => {
    const outbox = new MemOutbox();
    const refuse = (op: SourceWrite["op"]): WriteResult =>
      "id" in op && op.id === "b" ? { error: new ConflictError("taken") } : { answer: {} };
    const { table } = told((writes) => writes.map(({ op }) => refuse(op)));
    const live = new LiveTable(table, "products", new MemCache(), { outbox, clock: new FakeClock() });
    const writes = await acceptedTogether(live, ["a", "b", "c"]);
    const errors = await errorsOf(writes);
    assert.deepEqual(errors.map((error) => error instanceof ConflictError), [false, true, false]);
    const failed = await live.failedWrites();
    assert.deepEqual(failed.map(({ id }) => id), [writes[1]?.id]);
    await live.close();
  });
});
