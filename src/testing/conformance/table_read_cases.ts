import { Pagination } from "../../table/pagination.ts";
import type { CallOptions, TableLike } from "../../table/table_like.ts";
import { using } from "./conformance_case.ts";
import { expect, expectEqual, expectFailure, readAll, show } from "./expect.ts";
import {
  BAKERY,
  bakeryRow,
  expectContent,
  expectEntries,
  expectTable,
  type TableCase,
  tableCase,
} from "./table_harness.ts";

/** Promises for reads. */
export const readCases: readonly TableCase[] = [
  tableCase("TableLike.listValues() answers with every row, in the table's order", [], async (table, harness) => {
    expectEntries(await table.listValues(), BAKERY, harness, "the rows");
  }),
  tableCase("TableLike.listValues() answers the same however often it is asked", [], async (table, harness) => {
    for (let time = 0; time < 3; time++) expectEntries(await table.listValues(), BAKERY, harness, "the rows");
  }),
  tableCase("TableLike.listValues() answers concurrent calls", [], async (table, harness) => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => table.listValues()));
    for (const rows of answers) expectEntries(rows, BAKERY, harness, "the rows");
  }),
  {
    name: "TableLike.listValues() of an empty table answers with no rows",
    run: (harness) =>
      using(harness.open([]), async ({ table }) => {
        expectEqual((await table.listValues()).size, 0, "the number of rows");
        expectEqual(await table.getSomeValue(), undefined, "some row");
        expectEqual(await readAll(table.streamValues()), [], "the stream");
        if (harness.capabilities.count) expectEqual(await table.getCount(), 0, "the count");
      }),
  },

  tableCase("TableLike.getValue() answers with the row that has the id", ["get"], async (table, harness) => {
    for (const [id, row] of BAKERY) expectContent(await table.getValue(id), id, row, harness, `row ${show(id)}`);
  }),
  tableCase("TableLike.getValue() answers undefined if no row has the id", ["get"], async (table) => {
    for (const id of ["99", "100", "1000000", "-1", "0"]) {
      expectEqual(await table.getValue(id), undefined, `row ${show(id)}`);
    }
  }),
  tableCase("TableLike.getValue() finds no row under an id that is only nearly its own", ["get"], async (table) => {
    for (const id of ["01", " 1", "1 ", "1.0", "+1", "1e0", "0x1", "one", "", "1\0", "__proto__", "constructor"]) {
      expectEqual(await table.getValue(id), undefined, `row ${show(id)}`);
    }
  }),

  tableCase("TableLike.getSomeValue() answers with one of the rows", [], async (table, harness) => {
    const [id, row] = await table.getSomeValue() ?? ["", {}];
    expectContent(row, id, bakeryRow(id), harness, "some row");
  }),
  tableCase("TableLike.getSomeValue() answers undefined if the page holds no row", [], async (table) => {
    const beyond = table.withQuery({ pagination: new Pagination(9, 50) });
    expectEqual(await beyond.getSomeValue(), undefined, "some row of a page beyond the end");
  }),

  tableCase("TableLike.getCount() answers how many rows there are", ["count"], async (table) => {
    expectEqual(await table.getCount(), BAKERY.length, "the count");
  }),

  tableCase("TableLike.streamValues() gives the same rows as listValues(), one by one", [], async (table) => {
    const listed = [...await table.listValues()];
    const streamed = await readAll(table.streamValues());
    expectEqual(streamed.map(([id]) => id), listed.map(([id]) => id), "the ids");
    expectEqual(streamed.map(([, row]) => row), listed.map(([, row]) => row), "the rows");
  }),
  tableCase("TableLike.streamValues() ends when it is cancelled", [], async (table) => {
    const reader = table.streamValues().getReader();
    const { done } = await reader.read();
    expect(!done, "the stream must give a first row");
    await reader.cancel("enough");
    expectEqual((await reader.read()).done, true, "whether it is over");
  }),
  tableCase("TableLike.streamValues() may be cancelled before anything was read", [], async (table, harness) => {
    await table.streamValues().cancel();
    await expectTable(table, BAKERY, harness, "the rows afterwards");
  }),

  ...Object.entries(reads()).map(([name, read]) =>
    tableCase(
      `TableLike.${name}() with an aborted signal rejects with its reason`,
      name === "getValue" || name === "getValueRecord" ? ["get"] : name === "getCount" ? ["count"] : [],
      async (table) => {
        const reason = new Error("the reader left");
        const error = await expectFailure(() => read(table, { signal: AbortSignal.abort(reason) }), name);
        expect(error === reason, `expected the signal's reason, got ${show(error)}`);
      },
    )
  ),
  tableCase("A signal that is never aborted changes nothing", [], async (table, harness) => {
    const { signal } = new AbortController();
    expectEntries(await table.listValues({ signal }), BAKERY, harness, "the rows");
  }),
];

function reads(): Readonly<Record<string, (table: TableLike, options: CallOptions) => Promise<unknown>>> {
  return {
    listValues: (table, options) => table.listValues(options),
    getValue: (table, options) => table.getValue("1", options),
    getSomeValue: (table, options) => table.getSomeValue(options),
    getCount: (table, options) => table.getCount(options),
    streamValues: (table, options) => readAll(table.streamValues(options)),
    getValueRecord: (table, options) => table.getValueRecord("1", options),
    listValueRecords: (table, options) => table.listValueRecords(options),
  };
}
