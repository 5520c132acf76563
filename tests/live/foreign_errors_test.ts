import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  DeadlockError,
  defineTable,
  InvalidAnswerError,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  type Row,
  type TableSource,
  type Write,
  type WriteOp,
  type WriteResult,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";

interface Subject {
  readonly live: LiveTable;
  readonly rows: Map<string, Row>;
  readonly keys: (string | undefined)[];
  readonly clock: FakeClock;
  /** How often rows were looked at. */
  looks(): number;
}

/** A master whose next write fails with each of these errors in turn, before or after it is applied. */
function opened(
  errors: readonly unknown[],
  { isApplied = false, idempotencyKeys = false, source = {}, ...options }: LiveTableOptions & {
    readonly isApplied?: boolean;
    readonly idempotencyKeys?: boolean;
    readonly source?: Partial<TableSource>;
  } = {},
): Subject {
  const rows = new Map<string, Row>([["a", { n: 1 }], ["b", { n: 1 }]]);
  const [left, keys, clock] = [[...errors], new Array<string | undefined>(), new FakeClock()];
  let looks = 0;
  const write = (id: string, row: Row, key: string | undefined): Row => {
    keys.push(key);
    const error = left.shift();
    if (error === undefined || isApplied) rows.set(id, row);
    if (error !== undefined) throw error;
    return row;
  };
  const master = defineTable({
    name: "t",
    capabilities: { idempotencyKeys },
    list: () => rows,
    get: (id) => (looks++, rows.get(id)),
    patch: (id, partial, call) => write(id, { ...rows.get(id), ...partial }, call.idempotencyKey),
    insertReturnId: (row, call) => (write("new", row, call.idempotencyKey), "new"),
    ...source,
  });
  const live = new LiveTable(master, "t", new MemCache(), { clock, retry: {}, ...options });
  return { live, rows, keys, clock, looks: () => looks };
}

const PATCH: WriteOp = { kind: "patch", id: "a", partial: { n: 2 } };
const network = (): TypeError => new TypeError("fetch failed");
const timeOut = (): DOMException => new DOMException("too slow", "TimeoutError");

/** Lets a write be tried again a few times. */
async function pass({ clock }: Subject): Promise<void> {
  for (let time = 0; time < 6; time++) await clock.advance(60_000);
}

describe("LiveTable, an error of the master that is none of a table", () => {
  const any = (): unknown[] => [
    new Error("who knows"),
    new RangeError("who knows"),
    "not even an error",
    network(),
    timeOut(),
    new InvalidAnswerError("a page to sign in with"),
  ];

  it("is an unknown outcome: the write is sent again where the master knows it by its key", async () => {
    for (const error of any()) {
      for (const op of [PATCH, { kind: "insertReturnId", row: { n: 2 } }] as const) {
        const subject = opened([error, error], { idempotencyKeys: true, isApplied: true });
        const write = subject.live.enqueue(op);
        await settle();
        await pass(subject);
        await write.applied;
        assert.deepEqual(subject.keys, [write.id, write.id, write.id]);
        await subject.live.close();
      }
    }
  });

  it("is in the end what the caller gets", async () => {
    for (const error of any()) {
      const subject = opened(Array(9).fill(error), { idempotencyKeys: true, retry: { attempts: 3 } });
      const rejected = assert.rejects(subject.live.enqueue(PATCH).applied, (thrown) => thrown === error);
      await settle();
      await pass(subject);
      await rejected;
      assert.equal(subject.keys.length, 3);
      await subject.live.close();
    }
  });

  it("fails the write at once where the master knows no keys, unless it says that there was no answer", async () => {
    for (const error of any()) {
      const isNoAnswer = error instanceof TypeError || error instanceof DOMException;
      for (const isApplied of isNoAnswer ? [false, true] : [true]) {
        const subject = opened([error], { isApplied });
        await subject.live.listValues();
        const { applied } = subject.live.enqueue(PATCH);
        const settled = isNoAnswer ? applied : assert.rejects(applied, (thrown) => thrown === error);
        await settle();
        await pass(subject);
        await settled;
        assert.deepEqual([subject.keys.length, subject.looks()], [
          isNoAnswer && !isApplied ? 2 : 1,
          isNoAnswer ? 1 : 0,
        ]);
        assert.deepEqual(subject.rows.get("a"), { n: 2 });
        await subject.live.close();
      }
    }
  });

  it("is reported where the master can neither know the write nor look for it", async () => {
    for (const error of [network(), timeOut()]) {
      const subject = opened([error]);
      await assert.rejects(subject.live.insertReturnIdValue({ n: 2 }), (thrown) => thrown === error);
      await subject.live.close();
    }
  });

  it("is of no consequence when it comes from a look: that is made again", async () => {
    for (const error of [network(), timeOut()]) {
      let isAway = true;
      const rows = new Map<string, Row>([["a", { n: 1 }]]);
      const get = (id: string): Row | undefined => {
        if (isAway) throw error;
        return rows.get(id);
      };
      const subject = opened([network()], { source: { list: () => rows, get } });
      await subject.live.listValues();
      const write = subject.live.enqueue(PATCH);
      await settle();
      await pass(subject);
      assert.equal(write.state, "sent");
      isAway = false;
      await pass(subject);
      await write.applied;
      await subject.live.close();
    }
  });

  it("is the same for each write of a call that breaks off", async () => {
    for (const error of any()) {
      let calls = 0;
      const writeMany: TableSource["writeMany"] = (writes) => {
        if (calls++ === 0) throw error;
        return writes.map(({ op }): WriteResult => ({ answer: "partial" in op ? op.partial : undefined }));
      };
      const subject = opened([], { idempotencyKeys: true, writeConcurrency: 1, source: { writeMany } });
      subject.live.setOnline(false);
      const writes = ["a", "b"].map((id): Write => subject.live.enqueue({ ...PATCH, id } as WriteOp));
      subject.live.setOnline(true);
      await settle();
      await pass(subject);
      await Promise.all(writes.map(({ applied }) => applied));
      assert.deepEqual(writes.map(({ attempts }) => attempts), [2, 2]);
      await subject.live.close();
    }
  });
});

describe("LiveTable sends once", () => {
  it("what a table refuses as a mistake of the caller, though that is a TypeError as well", async () => {
    for (const idempotencyKeys of [false, true]) {
      const subject = opened([], { idempotencyKeys, source: { columns: [{ name: "n" }] } });
      const write = subject.live.enqueue({ kind: "patch", id: "a", partial: { price: 2 } });
      await assert.rejects(write.applied, { name: "TypeError", message: /Unknown column "price"/ });
      assert.deepEqual([write.attempts, subject.keys], [1, []]);
      await subject.live.close();
    }
  });

  it("what is a deadlock, which it would be each time", async () => {
    const subject = opened([new DeadlockError("waits for itself")], { idempotencyKeys: true });
    await assert.rejects(subject.live.enqueue(PATCH).applied, DeadlockError);
    await subject.live.close();
  });
});
