import { MemTable, type Row, Rows, type Table, type Value } from "@vantage/live";
// Neither is an entry of the package.
import { canonicalQuery } from "../../src/table/canonical_query.ts";
import { toRow } from "../../src/table/row.ts";
import { beyondShapes, type GrowthCase, upTo } from "./growth_case.ts";

const VALUES: readonly (readonly [kind: string, valueOf: (at: number) => Value])[] = [
  ["numbers", (at: number) => at],
  ["texts", (at: number) => `text ${at}`],
  ["dates", (at: number) => new Date(at)],
  ["lists", (at: number) => [at]],
];

const COLUMNS = [{ name: "name", flags: ["searchable" as const] }, { name: "stock" }];

export const tableCases: readonly GrowthCase[] = [
  {
    name: "where() chained n times",
    prepare: (n) => {
      const table = new MemTable("products");
      return () => chained(table, n);
    },
  },
  {
    name: "orderBy() chained n times",
    prepare: (n) => {
      const table = new MemTable("products");
      return () => upTo(n).reduce<Table>((handle, at) => handle.orderBy(`column ${at}`), table);
    },
  },
  {
    name: "canonicalQuery() of n conditions",
    prepare: (n) => {
      const { query } = chained(new MemTable("products"), n);
      return () => canonicalQuery(query);
    },
  },
  {
    name: "canonicalQuery() of in with n values",
    prepare: (n) => {
      const { query } = new MemTable("products").where("stock", "in", upTo(n));
      return () => canonicalQuery(query);
    },
  },
  {
    name: "MemTable: a row of n under n conditions",
    prepare: (n) => {
      const handle = chained(new MemTable("products", { rows: rows(1) }), n);
      return () => handle.listValues();
    },
  },
  ...(["in", "notIn"] as const).flatMap((operator): GrowthCase[] =>
    VALUES.map(([kind, valueOf]) => ({
      name: `MemTable: ${operator} of n ${kind} over n rows`,
      prepare: (n) => {
        const table = new MemTable("products", { rows: upTo(n).map((at) => [`${at}`, { value: valueOf(2 * at) }]) });
        const handle = table.where("value", operator, upTo(n).map(valueOf));
        return () => handle.listValues();
      },
    }))
  ),
  listing("MemTable: a list of n", (table) => table),
  {
    ...listing("MemTable: n rows in order", (table) => table.orderBy("name").orderBy("stock", "desc")),
    besides: "log n",
  },
  listing("MemTable: a search in n rows", (table) => table.search("product 7")),
  { ...listing("MemTable: a page of n rows in order", (table) => table.orderBy("name").page(2)), besides: "log n" },
  {
    name: "MemTable: n gets",
    prepare: (n) => {
      const table = new MemTable("products", { rows: rows(n) });
      return () => Promise.all(upTo(n).map((number) => table.getValue(`${number}`)));
    },
  },
  {
    name: "MemTable: n patches",
    prepare: (n) => {
      const table = new MemTable("products", { rows: rows(n) });
      return () => Promise.all(upTo(n).map((number) => table.patchValue(`${number}`, { stock: 1 })));
    },
  },
  {
    name: "MemTable: n deletes",
    prepare: (n) => {
      const table = new MemTable("products", { rows: rows(n) });
      return () => Promise.all(upTo(n).map((number) => table.delete(`${number}`)));
    },
  },
  {
    name: "MemTable: n inserts",
    prepare: (n) => {
      const table = new MemTable("products");
      return () => Promise.all(upTo(n).map((number) => table.insertValue(`${number}`, { stock: 1 })));
    },
  },
  {
    name: "toRow() of n columns",
    ...beyondShapes,
    prepare: (n) => {
      const row = Object.fromEntries(upTo(n).map((at) => [`column ${at}`, at]));
      return () => toRow(row);
    },
  },
  {
    name: "toRow() of a list of n objects",
    prepare: (n) => {
      const row = { list: upTo(n).map((at) => ({ at, name: `Product ${at}` })) };
      return () => toRow(row);
    },
  },
  {
    name: "Rows.from() of n",
    prepare: (n) => {
      const entries = rows(n);
      return () => Rows.from(entries);
    },
  },
  {
    name: "Rows: n gets, then iterating all",
    prepare: (n) => {
      const all = Rows.from(rows(n));
      return () => {
        for (const id of all.ids()) all.get(id);
        return [...all].length;
      };
    },
  },
];

function listing(name: string, narrow: (table: Table) => Table): GrowthCase {
  return {
    name,
    prepare: (n) => {
      const handle = narrow(new MemTable("products", { columns: COLUMNS, rows: rows(n) }));
      return () => handle.listValues();
    },
  };
}

function chained(table: Table, n: number): Table {
  return upTo(n).reduce<Table>((handle, at) => handle.where("stock", "ne", -at), table);
}

function rows(n: number): [id: string, row: Row][] {
  return upTo(n).map((at) => [`${at}`, { name: `Product ${Math.imul(at, 2_654_435_761) >>> 0}`, stock: at }]);
}
