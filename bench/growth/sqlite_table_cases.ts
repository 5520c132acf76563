import type { Row, Table } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { DatabaseSync } from "node:sqlite";
import { each, type GrowthCase, upTo } from "./growth_case.ts";

/** Few enough values for one statement: everything that a statement accepts must be linear. */
const FEW_VALUES = 64;

export const sqliteTableCases: readonly GrowthCase[] = [
  listing("SqliteTable: a list of n", (table) => table),
  { ...listing("SqliteTable: n rows in order", (table) => table.orderBy("name")), besides: "log n" },
  listing("SqliteTable: a search in n rows", (table) => table.search("product 7")),
  listing("SqliteTable: a count of n", (table) => table, (table) => table.getCount()),
  ...(["in", "notIn"] as const).flatMap((operator): GrowthCase[] => [
    {
      name: `SqliteTable: ${operator} of n values over n rows`,
      from: FEW_VALUES,
      prepare: async (n) => {
        const handle = (await open(n)).where("stock", operator, upTo(n).map((at) => 2 * at));
        return () => handle.listValues();
      },
    },
  ]),
  {
    name: "SqliteTable: n conditions on a row",
    from: FEW_VALUES,
    most: 1.8,
    because: "Up to 1.8: this is how SQLite prepares a statement of n conditions, which MAX_CONDITIONS bounds.",
    prepare: async (n) => {
      const table = await open(1);
      const handle = upTo(n).reduce<Table>((narrowed, at) => narrowed.where("stock", "ne", -at), table);
      return () => handle.listValues();
    },
  },
  {
    name: "SqliteTable: n gets",
    prepare: async (n) => {
      const table = await open(n);
      return () => each(n, (number) => table.getValue(`${number}`));
    },
  },
  {
    name: "SqliteTable: n patches",
    prepare: async (n) => {
      const table = await open(n);
      return () => each(n, (number) => table.patchValue(`${number}`, { stock: 1 }));
    },
  },
  {
    name: "SqliteTable: n inserts",
    prepare: async (n) => {
      const table = await open(0);
      const row: Row = { name: "Bun", stock: 1 };
      return () => each(n, (number) => table.insertValue(`${number}`, row));
    },
  },
];

function listing(
  name: string,
  narrow: (table: Table) => Table,
  run: (table: Table) => Promise<unknown> = (table) => table.listValues(),
): GrowthCase {
  return {
    name,
    prepare: async (n) => {
      const handle = narrow(await open(n));
      return () => run(handle);
    },
  };
}

async function open(n: number): Promise<SqliteTable> {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE product (id TEXT PRIMARY KEY, name TEXT NOT NULL, stock INTEGER NOT NULL)");
  const insert = db.prepare("INSERT INTO product VALUES (?, ?, ?)");
  db.exec("BEGIN");
  for (const at of upTo(n)) insert.run(`${at}`, `Product ${Math.imul(at, 2_654_435_761) >>> 0}`, at);
  db.exec("COMMIT");
  return await SqliteTable.open(db, "product");
}
