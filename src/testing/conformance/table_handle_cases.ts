import { NotFoundError, UnsupportedError } from "../../table/errors.ts";
import { Pagination } from "../../table/pagination.ts";
import type { Condition, Query } from "../../table/query.ts";
import type { Row, Value } from "../../table/row.ts";
import { expect, expectEqual, expectError, show } from "./expect.ts";
import {
  BAKERY,
  bakeryRow,
  bakeryWith,
  expectContent,
  expectTable,
  type TableCase,
  tableCase,
} from "./table_harness.ts";
import { writes } from "./table_write_cases.ts";

const ACTIVE: Query = { where: [["active", "eq", true]] };

/** Promises for handles: narrowing, records, related tables, metadata, isolation. */
export const handleCases: readonly TableCase[] = [
  tableCase("TableLike.withQuery() leaves the handle as it was", [], async (table, harness) => {
    const before = show(table.query);
    await table.withQuery(ACTIVE).listValues();
    await table.withQuery({ pagination: new Pagination(2, 1) }).listValues();
    expectEqual(show(table.query), before, "the query of the handle");
    await expectTable(table, BAKERY, harness, "the rows of the handle");
  }),
  tableCase("TableLike.withQuery() puts the query in the place of the handle's", [], async (table, harness) => {
    await expectTable(table.withQuery(ACTIVE).withQuery({}), BAKERY, harness, "the rows");
    const { query } = table.withQuery(ACTIVE).withQuery({ search: "butter" });
    expectEqual(query.where, undefined, "the conditions");
    expectEqual(query.search, "butter", "the search");
  }),
  tableCase("TableLike.withQuery() keeps a copy of the query", [], async (table) => {
    const where: Condition[] = [["active", "eq", true]];
    const narrowed = table.withQuery({ where });
    where.push(["name", "eq", "none"]);
    expectEqual((await narrowed.listValues()).size, 4, "the number of rows");
  }),
  tableCase("TableLike.query cannot be changed", [], async (table) => {
    const narrowed = table.withQuery(ACTIVE);
    Reflect.set(narrowed.query, "where", []);
    Reflect.set(narrowed.query.where ?? [], 0, ["name", "eq", "none"]);
    expectEqual((await narrowed.listValues()).size, 4, "the number of rows");
  }),

  tableCase(
    "TableLike.getValue() through a narrowed handle finds no row outside the set",
    ["get"],
    async (table, harness) => {
      const narrowed = table.withQuery(ACTIVE);
      for (const [id, row] of BAKERY) {
        const found = await narrowed.getValue(id);
        if (row["active"] === true) expectContent(found, id, row, harness, `row ${show(id)}`);
        else expectEqual(found, undefined, `row ${show(id)}`);
      }
    },
  ),
  tableCase(
    "TableLike.patchValue() through a narrowed handle finds no row outside the set",
    ["get", "patch"],
    async (table, harness) => {
      for (const query of [ACTIVE, { search: "butter" }] satisfies Query[]) {
        await expectError(() => table.withQuery(query).patchValue("3", { price: 9 }), NotFoundError, "patchValue");
        await expectError(() => table.withQuery(query).patchValue("3", {}), NotFoundError, "patchValue of no columns");
      }
      await table.withQuery(ACTIVE).patchValue("1", { price: 9 });
      await expectTable(table, bakeryWith({ 1: { ...bakeryRow("1"), price: 9 } }), harness, "the rows");
    },
  ),
  tableCase(
    "TableLike.delete() through a narrowed handle leaves rows outside the set alone",
    ["get", "delete"],
    async (table, harness) => {
      for (const query of [ACTIVE, { search: "butter" }] satisfies Query[]) await table.withQuery(query).delete("3");
      await table.withQuery(ACTIVE).delete("1");
      await expectTable(table, bakeryWith({ 1: undefined }), harness, "the rows");
    },
  ),
  tableCase("TableLike.patchValue() may move a row out of the set", ["get", "patch"], async (table, harness) => {
    const narrowed = table.withQuery(ACTIVE);
    const patched = { ...bakeryRow("1"), active: false };
    expectContent(await narrowed.patchValue("1", { active: false }), "1", patched, harness, "the answer");
    expectEqual(await narrowed.getValue("1"), undefined, "the row, seen through the set");
    expectContent(await table.getValue("1"), "1", patched, harness, "the row");
  }),
  tableCase("TableLike narrowed sees what is written through another handle", ["get", "patch"], async (table) => {
    const narrowed = table.withQuery(ACTIVE);
    expectEqual((await narrowed.listValues()).size, 4, "the number of rows before");
    await table.patchValue("3", { active: true });
    expectEqual((await narrowed.listValues()).size, 5, "the number of rows after");
    expect(await narrowed.getValue("3") !== undefined, "the row must be in the set now");
  }),

  tableCase("TableLike.capabilities are what the table is meant to be able to do", [], (table, harness) => {
    const { where, ...verbs } = table.capabilities;
    const { where: expectedWhere, ...expectedVerbs } = harness.capabilities;
    expectEqual(where.toSorted(), expectedWhere.toSorted(), "the operators");
    expectEqual(verbs, expectedVerbs, "the verbs");
    return Promise.resolve();
  }),
  ...Object.entries(writes()).map(([name, { verb, write }]): TableCase => ({
    ...tableCase(
      `TableLike.${name}() rejects with UnsupportedError where it is not advertised`,
      [],
      async (table, harness) => {
        await expectError(() => write(table), UnsupportedError, name);
        await expectTable(table, BAKERY, harness, "the rows");
      },
    ),
    skip: ({ capabilities }) => capabilities[verb] ? "the table supports it" : undefined,
  })),
  {
    ...tableCase("TableLike.getValue() rejects with UnsupportedError where it is not advertised", [], async (table) => {
      await expectError(() => table.getValue("1"), UnsupportedError, "getValue");
      await expectError(() => table.getValueRecord("1"), UnsupportedError, "getValueRecord");
    }),
    skip: ({ capabilities }) => capabilities.get ? "the table supports it" : undefined,
  },
  {
    ...tableCase("TableLike.getCount() rejects with UnsupportedError where it is not advertised", [], async (table) => {
      await expectError(() => table.getCount(), UnsupportedError, "getCount");
    }),
    skip: ({ capabilities }) => capabilities.count ? "the table supports it" : undefined,
  },

  tableCase("TableLike says its name, its id's column and its columns", [], (table, { idField, knowsColumns }) => {
    expect(table.tableName !== "", "the table must have a name");
    expectEqual(table.idField, idField, "idField");
    const columns = table.columns.map(({ name }) => name);
    for (const name of knowsColumns ? ["name", "price", "stock", "active", "note"] : []) {
      expect(columns.includes(name), `the column ${name} must be among ${show(columns)}`);
    }
    for (const name of table.titleFields) expect(columns.includes(name), `the title ${name} must be a column`);
    expectEqual(table.withQuery(ACTIVE).tableName, table.tableName, "the name of a narrowed handle");
    return Promise.resolve();
  }),
  tableCase("TableLike.getRef() of an unknown name is a NotFoundError that names it", [], async (table) => {
    for (const name of ["nothing of this name", "__proto__", "toString", ""]) {
      await expectError(() => table.getRef(name), NotFoundError, "getRef", [name]);
    }
  }),
  tableCase("TableLike.getRef() knows every name in refNames", [], (table) => {
    for (const name of table.refNames) expect(table.getRef(name).tableName !== "", `getRef of ${show(name)}`);
    return Promise.resolve();
  }),

  tableCase("TableLike is not changed by what is done to the rows it gave", ["get"], async (table, harness) => {
    for (let time = 0; time < 2; time++) {
      overwrite(await table.getValue("1"));
      for (const row of (await table.listValues()).values()) overwrite(row);
      for (const { data } of await table.listValueRecords()) overwrite(data);
      overwrite((await table.getSomeValue())?.[1]);
    }
    expectContent(await table.getValue("1"), "1", bakeryRow("1"), harness, "the row");
    await expectTable(table, BAKERY, harness, "the rows");
  }),
  tableCase(
    "TableLike is not changed by what is done to a row after it was handed in",
    ["insert", "replace", "patch"],
    async (table, harness) => {
      const given = (): Record<string, Value> => ({ name: "as given", price: 5 });
      const rows = [given(), given(), given()] as const;
      const writing = Promise.all([
        table.insertValue("20", rows[0]),
        table.replaceValue("1", rows[1]),
        table.patchValue("2", rows[2]),
      ]);
      for (const row of rows) overwrite(row);
      await writing;
      for (const row of rows) row["name"] = "overwritten again";
      const changes = { 20: given(), 1: given(), 2: { ...bakeryRow("2"), ...given() } };
      await expectTable(table, bakeryWith(changes), harness, "the rows");
    },
  ),
  tableCase(
    "TableLike is not changed by what is done to the answer of a write",
    ["insert", "replace", "patch"],
    async (table, harness) => {
      overwrite(await table.insertValue("20", { name: "new" }));
      overwrite(await table.insertValue("2", { name: "ignored" }));
      overwrite(await table.replaceValue("1", { name: "replaced" }));
      overwrite(await table.patchValue("3", { name: "patched" }));
      const changes = { 20: { name: "new" }, 1: { name: "replaced" }, 3: { ...bakeryRow("3"), name: "patched" } };
      await expectTable(table, bakeryWith(changes), harness, "the rows");
    },
  ),
];

/** Overwrites a row, as a careless caller might. A frozen row may refuse. */
function overwrite(row: Row | undefined): void {
  for (const name of Object.keys(row ?? {})) Reflect.set(row ?? {}, name, "overwritten");
  if (row !== undefined) Reflect.set(row, "added", "overwritten");
}
