import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type CallOptions, defineTable, LiveTable, type RowEntry, type SourceCall } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { LOGGING_CACHES, slowly } from "./fixture.ts";

interface Asked {
  readonly signal: AbortSignal;
  readonly answer: (n: number) => void;
  readonly fail: (error: unknown) => void;
}

/** A master that answers when it is told, and does not look at its signals unless it is told to. */
function master(obeys = false): { readonly table: ReturnType<typeof defineTable>; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const ask = <T>({ signal }: SourceCall, pick: (n: number) => T): Promise<T> =>
    new Promise((resolve, reject) => {
      assert(signal !== undefined);
      if (obeys) signal.addEventListener("abort", () => reject(signal.reason));
      asked.push({ signal, answer: (n) => resolve(pick(n)), fail: reject });
    });
  const table = defineTable({
    name: "p",
    list: (call) => ask(call, (n): readonly RowEntry[] => [["a", { n }]]),
    get: (_, call) => ask(call, (n) => ({ n })),
    count: (call) => ask(call, (n) => n),
  });
  return { table, asked };
}

function reader(read: (options: CallOptions) => Promise<unknown>): {
  readonly answer: Promise<unknown>;
  readonly leave: () => void;
} {
  const control = new AbortController();
  const reason = new Error("gone");
  const answer = read({ signal: control.signal }).catch((error: unknown) => error === reason ? "gone" : error);
  return { answer, leave: () => control.abort(reason) };
}

for (const { kind, cache: make } of LOGGING_CACHES) {
  describe(`SourceCall.signal, with ${kind}`, () => {
    const list = (table: LiveTable) => async (options: CallOptions): Promise<unknown> =>
      (await table.listValues(options)).get("a")?.n;

    it("is aborted when the last of the readers has gone, with its reason, and not before", async () => {
      const { table: source, asked } = master();
      const table = new LiveTable(source, "p", make());
      const [one, two] = [reader(list(table)), reader(list(table))];
      await settle();
      assert.equal(asked.length, 1);
      one.leave();
      assert.equal(await one.answer, "gone");
      assert.equal(asked[0]?.signal.aborted, false);
      two.leave();
      assert.equal(await two.answer, "gone");
      assert.equal(asked[0]?.signal.aborted, true);
      assert.equal(asked[0]?.signal.reason.message, "gone");
      await table.close();
    });

    it("is not aborted while a reader without a signal waits", async () => {
      const { table: source, asked } = master();
      const table = new LiveTable(source, "p", make());
      const patient = list(table)({});
      const one = reader(list(table));
      await settle();
      one.leave();
      await one.answer;
      assert.equal(asked[0]?.signal.aborted, false);
      asked[0]?.answer(1);
      assert.equal(await patient, 1);
      await table.close();
    });

    it("a reader that comes after it was aborted starts a read; nothing is kept of the aborted one", async () => {
      for (const obeys of [false, true]) {
        const { table: source, asked } = master(obeys);
        const table = new LiveTable(source, "p", make());
        const gone = reader(list(table));
        await settle();
        gone.leave();
        const next = list(table)({});
        await settle();
        assert.equal(asked.length, 2);
        assert.equal(asked[1]?.signal.aborted, false);
        asked[0]?.answer(1);
        await settle();
        assert.equal(table.stats().fills, 0);
        asked[1]?.answer(2);
        assert.equal(await next, 2);
        assert.equal(await list(table)({}), 2);
        assert.equal(await gone.answer, "gone");
        await table.close();
      }
    });

    it("one that leaves and one that comes at once do not share their fate", async () => {
      const { table: source, asked } = master();
      const table = new LiveTable(source, "p", make());
      const first = reader(list(table));
      await settle();
      for (let turns = 0; turns < 12; turns++) {
        const comes = reader(list(table));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        if (turns === 0) first.leave();
        const stays = list(table)({});
        comes.leave();
        await settle();
        asked.at(-1)?.answer(turns);
        assert.equal(await comes.answer, "gone");
        assert.equal(await stays, turns);
        await table.invalidate();
      }
      await table.close();
    });

    it("of a row, a count and a stream is aborted likewise", async () => {
      const { table: source, asked } = master();
      const table = new LiveTable(source, "p", make());
      const readers = [
        reader((options) => table.getValue("a", options)),
        reader((options) => table.getCount(options)), // The rows of the stream are counted.
        reader((options) => table.getSomeValue(options)),
      ];
      const stream = table.streamValues().getReader();
      void stream.read();
      await settle();
      assert.equal(asked.length, 3);
      for (const one of readers) one.leave();
      await stream.cancel();
      await settle();
      assert.deepEqual(asked.map(({ signal }) => signal.aborted), [true, true, true]);
      await Promise.all(readers.map((one) => one.answer));
      await table.close();
    });

    it("reaches the master through two levels", async () => {
      const { table: source, asked } = master();
      const inner = new LiveTable(source, "p", make());
      const outer = new LiveTable(inner, "outer", make());
      const [one, two, other] = [reader(list(outer)), reader(list(outer)), reader(list(inner))];
      await settle();
      assert.equal(asked.length, 1);
      one.leave();
      two.leave();
      await settle();
      assert.equal(asked[0]?.signal.aborted, false, "somebody waits at the inner one");
      other.leave();
      assert.equal(asked[0]?.signal.aborted, true);
      await Promise.all([outer.close(), inner.close()]);
    });

    it("is aborted by close(), of a reader with a signal too", async () => {
      const { table: source, asked } = master();
      const table = new LiveTable(source, "p", make());
      const waiting = [reader(list(table)), reader((options) => table.getValue("a", options))];
      await settle();
      await table.close();
      assert.deepEqual(asked.map(({ signal }) => signal.aborted), [true, true]);
      for (const { answer } of waiting) assert.equal(Object(await answer).code, "closed");
    });

    it("a reader that has gone before the cache answered asks the master nothing", async () => {
      const { table: source, asked } = master();
      const table = new LiveTable(source, "p", slowly(make()));
      const gone = reader(list(table));
      gone.leave();
      await settle();
      assert.equal(await gone.answer, "gone");
      assert.equal(asked.length, 0);
      await table.close();
    });

    it("a read that fails after it was aborted is no unhandled rejection", async () => {
      const { table: source, asked } = master();
      const table = new LiveTable(source, "p", make());
      const gone = reader(list(table));
      await settle();
      gone.leave();
      asked[0]?.fail(new Error("the master broke"));
      await settle();
      assert.equal(await gone.answer, "gone");
      await table.close();
    });
  });
}
