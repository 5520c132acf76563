import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { effect, reactive, ref } from "@vue/reactivity";
import { produce } from "immer";
import { autorun, observable, runInAction } from "mobx";
import { LiveTable, ManualLiveStream, MemCache, MemTable, type Row, Rows } from "@vantage/live";

const ROWS = [["a", { n: 1, at: new Date(5) }], ["b", { n: 2, at: new Date(6) }]] as const;

function usesRows(rows: Rows): void {
  assert.deepEqual(rows.ids(), ["a", "b"]);
  assert.equal(rows.get("b")?.n, 2);
  assert(rows.equals(Rows.from(ROWS)));
}

async function usesTable(table: MemTable | LiveTable): Promise<void> {
  usesRows(await table.listValues());
  await table.patchValue("a", { n: 1 });
  assert.deepEqual((await table.where("n", "gt", 1).page(1).listValues()).ids(), ["b"]);
  assert.equal(await table.getCount(), 2);
}

/** What each framework makes of an object that holds rows and tables. */
const WRAPPERS: Readonly<Record<string, <T extends object>(state: T) => T>> = {
  "Vue's reactive()": (state) => reactive(state) as typeof state,
  "Vue's ref()": (state) => ref(state).value as typeof state,
  "MobX's observable()": (state) => observable(state),
  "Immer's produce()": (state) =>
    produce({ ...state }, (draft: object) => void Object.assign(draft, { touched: true })),
};

describe("Rows, tables and records in the state of a framework", () => {
  for (const [name, wrap] of Object.entries(WRAPPERS)) {
    it(`work in ${name}`, async () => {
      const table = new MemTable("t", { rows: ROWS });
      const live = new LiveTable(table, "t", new MemCache());
      const record = await table.getValueRecord("a");
      assert(record);
      const state = wrap({ rows: Rows.from(ROWS), list: [Rows.from(ROWS)], table, live, record });
      usesRows(state.rows);
      usesRows(state.list[0] ?? Rows.from([]));
      await usesTable(state.table);
      await usesTable(state.live);
      state.record.data.n = 1.5;
      await state.record.save();
      assert.equal((await table.getValue("a"))?.n, 1.5);
      const events = state.live.events.subscribe().getReader();
      const write = state.live.enqueue({ kind: "insert", id: "c", row: {} });
      const { write: shown } = wrap({ write });
      assert.deepEqual(await shown.applied, {});
      assert.deepEqual([shown.state, shown.cancel()], ["applied", false]);
      assert.deepEqual((await events.read()).value, { kind: "inserted", id: "c", row: {} });
      await state.live.close();
      assert.equal((await events.read()).done, true);
    });
  }

  for (const [name, wrap] of Object.entries(WRAPPERS)) {
    it(`streams and caches work in ${name}`, async () => {
      const { stream, cache } = wrap({ stream: new ManualLiveStream(), cache: new MemCache() });
      await using live = new LiveTable(new MemTable("t", { rows: ROWS }), "t", cache, { liveStream: stream });
      await live.listValues();
      await live.listValues();
      assert.equal(live.stats().hits, 1);
      assert.deepEqual([cache.size, cache.rowCount], [1, 2]);
      assert.equal(stream.push({ kind: "changed" }), 1);
      stream.close();
    });
  }

  it("Vue sees a record edited, saved and read again", async () => {
    const table = new MemTable("t", { rows: ROWS });
    const record = reactive((await table.getValueRecord("a"))!);
    const seen: unknown[] = [];
    effect(() => void seen.push(record.data.n));
    record.data.n = 5;
    await table.patchValue("a", { n: 7 });
    record.revert();
    await record.refresh();
    assert.deepEqual(seen, [1, 5, 1, 7]);
  });

  it("Vue sees whether a record has something to save, or is in conflict", async () => {
    const table = new MemTable("t", { rows: ROWS });
    const record = reactive((await table.getValueRecord("a"))!);
    const seen: unknown[] = [];
    effect(() => void seen.push([record.isDirty, record.conflict?.theirs.n]));
    record.data.n = 5;
    await record.save();
    record.data.n = 6;
    await table.patchValue("a", { n: 7 });
    await record.refresh();
    record.resolve("theirs");
    const states = seen.filter((state, index) => JSON.stringify(state) !== JSON.stringify(seen[index - 1]));
    assert.deepEqual(states, [
      [false, undefined],
      [true, undefined],
      [false, undefined],
      [true, undefined],
      [true, 7],
      [false, undefined],
    ]);
  });

  it("rows that a framework wrapped can be written, and queries of them asked", async () => {
    const table = new MemTable("t");
    const row: Row = { n: 1, list: [1, { deep: true }], at: new Date(5) };
    await table.insertValue("vue", reactive({ ...row }) as Row);
    await table.insertValue("mobx", observable({ ...row }, {}, { deep: true }));
    await table.insertValue("immer", produce(row, (draft) => void Object.assign(draft, { n: 2 })));
    assert.deepEqual(await table.getValue("vue"), row);
    assert.deepEqual(await table.getValue("mobx"), row);
    assert.deepEqual(await table.getValue("immer"), { ...row, n: 2 });
    assert.equal((await table.where("n", "in", reactive([1])).listValues()).size, 2);
  });

  it("MobX takes Rows as a value that is replaced", () => {
    const state = observable({ rows: Rows.from([]) });
    const sizes: number[] = [];
    const stop = autorun(() => void sizes.push(state.rows.size));
    runInAction(() => state.rows = Rows.from(ROWS));
    stop();
    assert.deepEqual(sizes, [0, 2]);
  });
});
