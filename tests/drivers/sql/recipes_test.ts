import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { drizzle } from "drizzle-orm/node-postgres";
import knex, { type Knex } from "knex";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { OPERATORS, type RowEntry, type Table } from "@vantage/live";
import { postgres, SqlQueries } from "@vantage/live/sql";
import { tableConformance, type TableHarness } from "@vantage/live/testing";
import { EVERYTHING, IN_MEMORY } from "../../conformance/abilities.ts";
import { runSuite } from "../../conformance/run_suite.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { COLUMNS, type Product } from "./recipes/bakery.ts";
import { drizzleTable } from "./recipes/drizzle.ts";
import { knexTable } from "./recipes/knex.ts";
import { kyselyTable, type Shop } from "./recipes/kysely.ts";
import { prismaTable } from "./recipes/prisma.ts";
import { openPrisma, type PrismaClient } from "./recipes/prisma_client.ts";

const TABLE = { table: "products", columns: COLUMNS, key: "id", searchFields: ["name", "note"] };
const NUMBERED = new SqlQueries({ ...TABLE, dialect: postgres });
/** A dialect is a plain object: placeholders can be those of a query builder. */
const MARKED = new SqlQueries({ ...TABLE, dialect: { ...postgres, placeholder: () => "?" } });

const READS = {
  ...EVERYTHING,
  writeMany: false,
  insert: false,
  replace: false,
  patch: false,
  delete: false,
  deleteAll: false,
  insertReturnId: false,
};

let server: DatabaseServer | undefined;
let pool: pg.Pool | undefined;
let builder: Knex | undefined;
let prisma: PrismaClient | undefined;

describe("A recipe of docs/sql.md", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    const connection = { host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" };
    pool = new pg.Pool(connection);
    pool.on("error", () => {});
    builder = knex({ client: "pg", connection });
    prisma = openPrisma(`postgres://postgres@127.0.0.1:${server.port}/postgres`);
    await pool.query(
      "CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT, price FLOAT8, stock INT, active BOOL, note TEXT)",
    );
  });
  after(async () => {
    await prisma?.$disconnect();
    await builder?.destroy();
    await pool?.end();
    await server?.stop();
  });

  recipe("Kysely", { ...READS, insert: true, patch: true, delete: true }, () => {
    return kyselyTable(new Kysely<Shop>({ dialect: new PostgresDialect({ pool: opened(pool) }) }), NUMBERED);
  });
  recipe("Knex", READS, () => knexTable(opened(builder), MARKED));
  recipe("Drizzle", READS, () => drizzleTable(drizzle(opened(pool)), MARKED));
  recipe("Prisma", { ...READS, insert: true, replace: true, patch: true, delete: true }, () => {
    return prismaTable(opened(prisma), NUMBERED);
  });

  it("is what has been tried", () => {
    const docs = readFileSync(new URL("../../../docs/sql.md", import.meta.url), "utf8");
    for (const name of ["kysely", "knex", "drizzle", "prisma"]) {
      const source = readFileSync(new URL(`recipes/${name}.ts`, import.meta.url), "utf8");
      const [, shown = ""] = /\/\/ recipe: \w+\n([^]*?)\n *\/\/ end\n/.exec(source) ?? [];
      assert(shown !== "" && docs.includes(shown.replaceAll(/^ {2}/gm, "")), `docs/sql.md lacks\n${shown}`);
    }
  });
});

function recipe(name: string, capabilities: TableHarness["capabilities"], make: () => Table<Product>): void {
  if (WITHOUT_POSTGRES !== undefined) {
    describe(name, () => skippable("is tried with every case", WITHOUT_POSTGRES, () => {}));
    return;
  }
  runSuite(`for ${name} keeps the promises of TableLike`, tableConformance, () => ({
    ...IN_MEMORY,
    capabilities: { ...capabilities, where: OPERATORS },
    idField: "id",
    knowsColumns: true,
    keepsOrder: false,
    open: async (rows) => {
      await fill(rows);
      return { table: make(), close: () => {} };
    },
  }));
}

async function fill(rows: readonly RowEntry[]): Promise<void> {
  await pool?.query("DELETE FROM products");
  for (const [id, { name, price, stock, active, note }] of rows) {
    await pool?.query("INSERT INTO products VALUES ($1, $2, $3, $4, $5, $6)", [id, name, price, stock, active, note]);
  }
}

function opened<T>(value: T | undefined): T {
  assert(value !== undefined);
  return value;
}
