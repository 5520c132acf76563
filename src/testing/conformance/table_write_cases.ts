import { NotFoundError, UnsupportedError } from "../../table/errors.ts";
import { Pagination } from "../../table/pagination.ts";
import type { Row } from "../../table/row.ts";
import type { RowEntry } from "../../table/rows.ts";
import type { TableLike, WriteOptions } from "../../table/table_like.ts";
import { expect, expectEqual, expectError, expectFailure, show } from "./expect.ts";
import {
  BAKERY,
  bakeryRow,
  bakeryWith,
  expectContent,
  expectEntries,
  expectTable,
  type TableCase,
  tableCase,
} from "./table_harness.ts";
import type { Verb } from "../../table/verbs.ts";

const SCONE: Row = { name: "Scone", price: 1.75, stock: 4, active: true, note: "with \u201cjam\u201d" };
const SCONE_ID = "20";
const NO_ROWS: readonly unknown[] = [{ name: () => {} }, { name: Symbol("x") }, { name: new Map() }, [1], null, "text"];

/** Promises for writes. */
export const writeCases: readonly TableCase[] = [
  tableCase("TableLike.insertValue() adds a row and answers with it", ["insert"], async (table, harness) => {
    expectContent(await table.insertValue(SCONE_ID, SCONE), SCONE_ID, SCONE, harness, "the answer");
    await expectTable(table, bakeryWith({ [SCONE_ID]: SCONE }), harness, "the rows");
  }),
  tableCase("TableLike.insertValue() of an id that exists overwrites nothing, and answers with the stored row", [
    "insert",
  ], async (table, harness) => {
    expectContent(await table.insertValue("1", SCONE), "1", bakeryRow("1"), harness, "the answer");
    expectContent(await table.insertValue("1", {}), "1", bakeryRow("1"), harness, "the answer");
    await expectTable(table, BAKERY, harness, "the rows");
  }),
  tableCase(
    "TableLike.insertValue() and replaceValue() under an id that is only nearly a row's own leave that row alone",
    ["insert", "replace"],
    async (table, harness) => {
      for (const id of ["01", "1.0", " 1", "1e0"]) {
        // A backend with numeric ids may refuse such an id, but do nothing else with it.
        await table.insertValue(id, SCONE).catch(() => {});
        await table.replaceValue(id, SCONE).catch(() => {});
      }
      const left = [...await table.listValues()].filter(([id]) => BAKERY.some(([known]) => known === id));
      expectEntries(left, BAKERY, harness, "the rows");
    },
  ),
  tableCase("TableLike.insertValue() may be called twice with the same row", ["insert"], async (table, harness) => {
    for (let time = 0; time < 2; time++) await table.insertValue(SCONE_ID, SCONE);
    await expectTable(table, bakeryWith({ [SCONE_ID]: SCONE }), harness, "the rows");
  }),
  tableCase(
    "TableLike.insertValue() keeps the rows of calls that are made at once",
    ["insert"],
    async (table, harness) => {
      const added: RowEntry[] = Array.from({ length: 20 }, (_, at) => [`${20 + at}`, { name: `Row ${at}`, stock: at }]);
      await Promise.all(added.map(([id, row]) => table.insertValue(id, row)));
      // Over a network, calls may overtake each other.
      await expectTable(table, [...BAKERY, ...added], { ...harness, keepsOrder: false }, "the rows");
    },
  ),

  tableCase("TableLike.replaceValue() stores a row under a new id", ["replace"], async (table, harness) => {
    expectContent(await table.replaceValue(SCONE_ID, SCONE), SCONE_ID, SCONE, harness, "the answer");
    await expectTable(table, bakeryWith({ [SCONE_ID]: SCONE }), harness, "the rows");
  }),
  tableCase(
    "TableLike.replaceValue() overwrites the row that has the id, in its place",
    ["replace"],
    async (table, harness) => {
      expectContent(await table.replaceValue("3", SCONE), "3", SCONE, harness, "the answer");
      await expectTable(table, bakeryWith({ 3: SCONE }), harness, "the rows");
    },
  ),
  tableCase("TableLike.replaceValue() takes columns away that are not given", ["replace"], async (table, harness) => {
    expectContent(await table.replaceValue("2", { name: "Rye" }), "2", { name: "Rye" }, harness, "the answer");
    await expectTable(table, bakeryWith({ 2: { name: "Rye" } }), harness, "the rows");
  }),
  tableCase("TableLike.replaceValue() may be called twice with the same row", ["replace"], async (table, harness) => {
    for (let time = 0; time < 2; time++) await table.replaceValue("1", SCONE);
    await expectTable(table, bakeryWith({ 1: SCONE }), harness, "the rows");
  }),

  tableCase(
    "TableLike.patchValue() changes the given columns and answers with the whole row",
    ["patch"],
    async (table, harness) => {
      const patched = { ...bakeryRow("2"), price: 4.5, note: "from the oven" };
      const answer = await table.patchValue("2", { price: 4.5, note: "from the oven" });
      expectContent(answer, "2", patched, harness, "the answer");
      await expectTable(table, bakeryWith({ 2: patched }), harness, "the rows");
    },
  ),
  tableCase(
    "TableLike.patchValue() sets a column to null, false, 0 and an empty text as to anything else",
    ["patch"],
    async (table, harness) => {
      const partial: Row = { price: null, active: false, stock: 0, note: "" };
      expectContent(
        await table.patchValue("10", partial),
        "10",
        { name: "Apple pie", ...partial },
        harness,
        "the answer",
      );
      await expectTable(table, bakeryWith({ 10: { name: "Apple pie", ...partial } }), harness, "the rows");
    },
  ),
  tableCase(
    "TableLike.patchValue() of no columns changes nothing and answers with the row",
    ["patch"],
    async (table, harness) => {
      expectContent(await table.patchValue("1", {}), "1", bakeryRow("1"), harness, "the answer");
      await expectTable(table, BAKERY, harness, "the rows");
    },
  ),
  tableCase(
    "TableLike.patchValue() of an id that no row has rejects with NotFoundError, and adds none",
    ["patch"],
    async (table, harness) => {
      for (const partial of [{ price: 1 }, {}]) {
        await expectError(() => table.patchValue("99", partial), NotFoundError, "patchValue");
      }
      await expectTable(table, BAKERY, harness, "the rows");
    },
  ),

  tableCase("TableLike.delete() removes the row that has the id, and no other", ["delete"], async (table, harness) => {
    expectEqual(await table.delete("1"), undefined, "the answer");
    await expectTable(table, bakeryWith({ 1: undefined }), harness, "the rows");
  }),
  tableCase("TableLike.delete() of an id that no row has succeeds", ["delete"], async (table, harness) => {
    for (const id of ["99", "01", "1.0", " 1"]) await table.delete(id);
    await expectTable(table, BAKERY, harness, "the rows");
  }),
  tableCase(
    "TableLike.delete() leaves room for a new row under the same id",
    ["delete", "insert"],
    async (table, harness) => {
      await table.delete("13");
      await table.insertValue("13", SCONE);
      await expectTable(table, bakeryWith({ 13: SCONE }), harness, "the rows");
    },
  ),

  tableCase("TableLike.deleteAll() removes every row", ["deleteAll"], async (table, harness) => {
    expectEqual(await table.deleteAll(), undefined, "the answer");
    await expectTable(table, [], harness, "the rows");
    await table.deleteAll();
  }),
  tableCase(
    "TableLike.deleteAll() of a narrowed set removes the rows of that set, and no others",
    ["delete"],
    async (table, harness) => {
      await table.withQuery({ where: [["active", "eq", true]] }).deleteAll();
      const left = BAKERY.filter(([, row]) => row["active"] !== true);
      await expectTable(table, left, harness, "the rows that are left");
    },
  ),
  tableCase(
    "TableLike.deleteAll() of a search removes the rows that are found, and no others",
    ["delete"],
    async (table, harness) => {
      await table.withQuery({ search: "butter" }).deleteAll();
      await expectTable(table, bakeryWith({ 10: undefined, 11: undefined }), harness, "the rows that are left");
    },
  ),
  tableCase("TableLike.deleteAll() of a set without rows removes nothing", ["delete"], async (table, harness) => {
    await table.withQuery({ where: [["name", "in", []]] }).deleteAll();
    await table.withQuery({ where: [["price", "gt", null]] }).deleteAll();
    await expectTable(table, BAKERY, harness, "the rows");
  }),
  tableCase(
    "TableLike.deleteAll() of an ordered set removes it as if it were not",
    ["deleteAll"],
    async (table, harness) => {
      await table.withQuery({ orderBy: [["price", "desc"]] }).deleteAll();
      await expectTable(table, [], harness, "the rows");
    },
  ),
  tableCase(
    "TableLike.deleteAll() of a page rejects with UnsupportedError, and removes nothing",
    [],
    async (table, harness) => {
      for (const pagination of [new Pagination(1, 2), new Pagination(), new Pagination(9)]) {
        await expectError(() => table.withQuery({ pagination }).deleteAll(), UnsupportedError, "deleteAll");
        const narrowed = table.withQuery({ pagination, where: [["active", "eq", true]] });
        await expectError(() => narrowed.deleteAll(), UnsupportedError, "deleteAll");
      }
      await expectTable(table, BAKERY, harness, "the rows");
    },
  ),

  tableCase(
    "TableLike.insertReturnIdValue() adds a row under a new id on every call",
    ["insertReturnId"],
    async (table, harness) => {
      const ids = await Promise.all([SCONE, SCONE, SCONE].map((row) => table.insertReturnIdValue(row)));
      expectEqual(
        new Set([...ids, ...BAKERY.map(([id]) => id)]).size,
        BAKERY.length + 3,
        "the number of different ids",
      );
      const rows = await table.listValues();
      expectEqual(rows.size, BAKERY.length + 3, "the number of rows");
      for (const id of ids) expectContent(rows.get(id), id, SCONE, harness, `the new row ${show(id)}`);
      expectEntries([...rows].filter(([id]) => !ids.includes(id)), BAKERY, harness, "the other rows");
    },
  ),
  tableCase(
    "TableLike.insertReturnIdValue() takes the id that was made for the row, or makes another; the same twice is one row",
    ["insertReturnId", "get"],
    async (table, harness) => {
      const newId = "0198c0de-0000-7000-8000-000000000001";
      const ids = [
        await table.insertReturnIdValue(SCONE, { newId }),
        await table.insertReturnIdValue(SCONE, { newId }),
      ];
      expectEqual(ids[1] === newId, ids[0] === newId, "whether the id was taken, the second time");
      for (const id of ids) expectContent(await table.getValue(id), id, SCONE, harness, `the new row ${show(id)}`);
      expectEqual((await table.listValues()).size, BAKERY.length + new Set(ids).size, "the number of rows");
      await expectError(() => table.insertReturnIdValue(SCONE, { newId: "" }), TypeError, "an empty id");
    },
  ),
  tableCase(
    "TableLike.insertReturnIdValue() answers with an id that can be read",
    ["insertReturnId", "get"],
    async (table, harness) => {
      const id = await table.insertReturnIdValue(SCONE);
      expectContent(await table.getValue(id), id, SCONE, harness, "the new row");
    },
  ),

  tableCase(
    "TableLike reads what was written, once the write has settled",
    ["get", "patch", "delete"],
    async (table, harness) => {
      for (let price = 1; price <= 5; price++) {
        const patched = { ...bakeryRow("1"), price };
        await table.patchValue("1", { price });
        expectContent(await table.getValue("1"), "1", patched, harness, "the row");
        await expectTable(table, bakeryWith({ 1: patched }), harness, "the rows");
      }
      await table.delete("1");
      expectEqual(await table.getValue("1"), undefined, "the deleted row");
      await expectTable(table, bakeryWith({ 1: undefined }), harness, "the rows");
    },
  ),

  ...Object.entries(writes()).map(([name, { verb, write }]) =>
    tableCase(
      `TableLike.${name}() with an aborted signal rejects with its reason and writes nothing`,
      [verb],
      async (table, harness) => {
        const reason = new Error("the writer left");
        const error = await expectFailure(() => write(table, { signal: AbortSignal.abort(reason) }), name);
        expect(error === reason, `expected the signal's reason, got ${show(error)}`);
        await expectTable(table, BAKERY, harness, "the rows");
      },
    )
  ),
  tableCase("TableLike refuses what no row can hold with a TypeError, and stores nothing", [
    "insert",
    "replace",
    "patch",
  ], async (table, harness) => {
    // A caller without type checks might pass these.
    for (const row of NO_ROWS as readonly Row[]) {
      await expectError(() => table.insertValue(SCONE_ID, row), TypeError, `insertValue of ${show(row)}`);
      await expectError(() => table.replaceValue("1", row), TypeError, `replaceValue of ${show(row)}`);
      await expectError(() => table.patchValue("1", row), TypeError, `patchValue of ${show(row)}`);
    }
    await expectTable(table, BAKERY, harness, "the rows");
  }),
  tableCase(
    "TableLike refuses an id that is no text with a TypeError",
    ["get", "insert", "delete"],
    async (table, harness) => {
      for (const id of [1, null, undefined, {}] as string[]) {
        await expectError(() => table.getValue(id), TypeError, `getValue of ${show(id)}`);
        await expectError(() => table.insertValue(id, SCONE), TypeError, `insertValue of ${show(id)}`);
        await expectError(() => table.delete(id), TypeError, `delete of ${show(id)}`);
      }
      await expectTable(table, BAKERY, harness, "the rows");
    },
  ),
];

interface NamedWrite {
  readonly verb: Verb;
  readonly write: (table: TableLike, options?: WriteOptions) => Promise<unknown>;
}

/** One call of every verb that writes. */
export function writes(): Readonly<Record<string, NamedWrite>> {
  return {
    insertValue: { verb: "insert", write: (table, options) => table.insertValue(SCONE_ID, SCONE, options) },
    replaceValue: { verb: "replace", write: (table, options) => table.replaceValue("1", SCONE, options) },
    patchValue: { verb: "patch", write: (table, options) => table.patchValue("1", { price: 9 }, options) },
    delete: { verb: "delete", write: (table, options) => table.delete("1", options) },
    deleteAll: { verb: "deleteAll", write: (table, options) => table.deleteAll(options) },
    insertReturnIdValue: {
      verb: "insertReturnId",
      write: (table, options) => table.insertReturnIdValue(SCONE, options),
    },
  };
}
