import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CallOptions, LiveTable, MemCache, MemTable, NoCache, type TableLike, type WriteOp } from "@vantage/live";

const ROWS = [["a", { name: "Bun" }]] as const;
const MISSPELT = {
  message:
    /^Unknown option "sgnal" of a call; accepted are signal, onUnsettled, onStale, fresh, idempotencyKey, newId$/,
};

/** What a program without types may pass. */
const options = { sgnal: new AbortController().signal } as CallOptions;

const CALLS: Readonly<Record<string, (table: TableLike) => Promise<unknown>>> = {
  listValues: (table) => table.listValues(options),
  getValue: (table) => table.getValue("a", options),
  getSomeValue: (table) => table.getSomeValue(options),
  getCount: (table) => table.getCount(options),
  streamValues: (table) => table.streamValues(options).getReader().read(),
  getValueRecord: (table) => table.getValueRecord("a", options),
  listValueRecords: (table) => table.listValueRecords(options),
  insertValue: (table) => table.insertValue("b", {}, options),
  replaceValue: (table) => table.replaceValue("a", {}, options),
  patchValue: (table) => table.patchValue("a", {}, options),
  delete: (table) => table.delete("a", options),
  deleteAll: (table) => table.deleteAll(options),
  insertReturnIdValue: (table) => table.insertReturnIdValue({}, options),
};

const TABLES: Readonly<Record<string, () => TableLike>> = {
  "a table": () => new MemTable("p", { rows: ROWS }),
  "a LiveTable that misses": () => new LiveTable(new MemTable("p", { rows: ROWS }), "p", new NoCache()),
};

describe("A call with an option that does not exist", () => {
  for (const [kind, open] of Object.entries(TABLES)) {
    for (const [name, call] of Object.entries(CALLS)) {
      it(`${name}() of ${kind} rejects, and names it`, async () => {
        const table = open();
        await assert.rejects(
          call(table),
          (error) => error instanceof TypeError && MISSPELT.message.test(error.message),
        );
        assert.deepEqual([...await table.listValues()], ROWS);
      });
    }
  }

  it("is not looked at by a hit, which uses no option", async () => {
    const table = new LiveTable(new MemTable("p", { rows: ROWS }), "p", new MemCache());
    await table.listValues();
    assert.deepEqual([...await table.listValues(options)], ROWS);
  });

  it("enqueue() throws, and names it", () => {
    const table = new LiveTable(new MemTable("p"), "p", new MemCache());
    const op: WriteOp = { kind: "deleteAll" };
    assert.throws(() => table.enqueue(op, options), MISSPELT);
  });

  it("is also a signal in place of the options", async () => {
    const { signal } = new AbortController();
    await assert.rejects(new MemTable("p").listValues(signal as CallOptions), /^TypeError: Unknown option/);
  });

  it("is not what a callback may be given besides", async () => {
    const table = new MemTable("p", { rows: ROWS });
    const read = table.getValue.bind(table) as (id: string, index: unknown) => Promise<unknown>;
    assert.deepEqual(await Promise.all(["a"].map(read)), [{ name: "Bun" }]);
  });
});
