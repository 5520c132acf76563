import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LiveTable, MemCache, MemTable, NoCache, type Row, type TableLike, type Value } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { tableHandler } from "@vantage/live/server";
import { partialSource } from "./record_tables.ts";

/** What a column holds; `undefined` if the row does not have it. */
type Cell = Value | undefined;

/** What it was read as, was edited to, and is at the master; then what a save stores, or that it is a conflict. */
const CASES: readonly (readonly [base: Cell, mine: Cell, theirs: Cell, stored: Cell | "conflict"])[] = [
  [1, 1, 1, 1],
  [1, 1, 2, 2],
  [1, 1, undefined, undefined],
  [1, 2, 1, 2],
  [1, 2, 2, 2],
  [1, 2, 3, "conflict"],
  [1, 2, undefined, "conflict"],
  [1, 2, null, "conflict"],
  [1, null, 1, null],
  [1, null, 2, "conflict"],
  [1, null, null, null],
  [1, null, undefined, null],
  [1, undefined, 1, undefined],
  [1, undefined, 2, "conflict"],
  [1, undefined, undefined, undefined],
  [1, undefined, null, undefined],
  [null, null, 1, 1],
  [null, null, undefined, undefined],
  [null, 1, null, 1],
  [null, 1, undefined, 1],
  [null, 1, 1, 1],
  [null, 1, 2, "conflict"],
  [null, undefined, null, undefined],
  [null, undefined, 1, "conflict"],
  [undefined, undefined, 1, 1],
  [undefined, 1, undefined, 1],
  [undefined, 1, null, 1],
  [undefined, 1, 1, 1],
  [undefined, 1, 2, "conflict"],
  [undefined, null, undefined, null],
  [undefined, null, 1, "conflict"],
  ["1", "1", 1, 1],
  ["1", 1, "1", 1],
  ["1", "2", 1, "conflict"],
  [new Date(1), new Date(2), new Date(1), new Date(2)],
  [new Date(1), new Date(2), new Date(2), new Date(2)],
  [new Date(1), new Date(2), new Date(3), "conflict"],
  [[1, { a: 2 }], [1, { a: 3 }], [1, { a: 2 }], [1, { a: 3 }]],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1, b: 3 }, { a: 1, b: 3 }],
  [{ a: 1 }, { a: 2 }, { a: 3 }, "conflict"],
  [new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([1]), new Uint8Array([2])],
  [NaN, 1, NaN, 1],
  [1n, 2n, 1n, 2n],
  ["long ".repeat(10_000), "short", "long ".repeat(10_000), "short"],
];

/** Tables over a master, and how each is left. */
const TABLES: Readonly<Record<string, (master: MemTable) => Promise<readonly [TableLike, () => Promise<void>]>>> = {
  "a MemTable": (master) => Promise.resolve([master, () => Promise.resolve()]),
  "a source that does not narrow its writes": (master) =>
    Promise.resolve([partialSource(master), () => Promise.resolve()]),
  "a source that does not narrow its writes, over a LiveTable": (master) => {
    const behind = new LiveTable(master, "behind", new MemCache());
    return Promise.resolve([partialSource(behind), () => behind.close()]);
  },
  "a LiveTable with a MemCache": (master) => {
    const live = new LiveTable(master, "t", new MemCache());
    return Promise.resolve([live, () => live.close()]);
  },
  "a LiveTable with a NoCache": (master) => {
    const live = new LiveTable(master, "t", new NoCache());
    return Promise.resolve([live, () => live.close()]);
  },
  "a LiveTable over a RestTable of a served LiveTable": async (master) => {
    const behind = new LiveTable(master, "behind", new MemCache());
    const handler = tableHandler(behind, { writable: true });
    const remote = await RestTable.open("http://localhost/", {
      fetch: (input, init) => handler(new Request(input, init)),
    });
    const live = new LiveTable(remote, "t", new MemCache());
    return [live, async () => {
      await live.close();
      await handler.close();
      await behind.close();
    }];
  },
};

function rowWith(cell: Cell): Row {
  return { other: "o", ...(cell !== undefined && { cell }) };
}

describe("What save() makes of one column", () => {
  for (const [name, open] of Object.entries(TABLES)) {
    for (const refreshes of [false, true]) {
      it(`over ${name}${refreshes ? ", after a refresh()" : ""}`, async () => {
        for (const [base, mine, theirs, expected] of CASES) {
          const master = new MemTable("t", { rows: [["a", rowWith(base)]] });
          const [table, close] = await open(master);
          await table.listValues();
          const record = await table.getValueRecord("a");
          assert(record);
          if (mine === undefined) delete record.data.cell;
          else record.data.cell = mine;
          record.data.edited = true; // so that there is something to save in every case
          await master.replaceValue("a", { ...rowWith(theirs), other: "theirs" });
          const what = JSON.stringify(
            { base, mine, theirs },
            (_, value) => typeof value === "bigint" ? `${value}n` : value,
          );
          if (refreshes) {
            assert(await record.refresh(), what);
            assert.equal(record.data.other, "theirs", what);
          }
          const error: unknown = await record.save().then(() => undefined, (reason) => reason);
          const stored = await master.getValue("a");
          if (expected === "conflict") {
            const cellOf = (cell: Cell): Row => cell === undefined ? {} : { cell };
            const conflict = { columns: ["cell"], base: cellOf(base), mine: cellOf(mine), theirs: cellOf(theirs) };
            assert.deepEqual(record.conflict, conflict, what);
            assert.deepEqual({ ...error as object, ...conflict }, { ...error as object }, what);
            assert.deepEqual(stored, { ...rowWith(theirs), other: "theirs" }, what);
            record.resolve("mine");
            await record.save();
            assert.deepEqual(await master.getValue("a"), { ...rowWith(mine), other: "theirs", edited: true }, what);
          } else {
            assert.equal(error, undefined, what);
            assert.deepEqual(stored, { ...rowWith(expected), other: "theirs", edited: true }, what);
            assert.deepEqual(record.data, stored, what);
            assert.deepEqual([record.isDirty, record.conflict], [false, undefined], what);
          }
          await close();
        }
      });
    }
  }
});
