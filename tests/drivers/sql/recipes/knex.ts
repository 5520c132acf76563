import type { Knex } from "knex";
import { defineTable, type Table } from "@vantage/live";
import type { SqlQueries, SqlStatement } from "@vantage/live/sql";
import { CAPABILITIES, FIELDS, type Product } from "./bakery.ts";

/** A table over Knex. Its placeholders are `?` in all dialects. */
export function knexTable(db: Knex, queries: SqlQueries): Table<Product> {
  // recipe: knex
  const run = async ({ text, params }: SqlStatement) => (await db.raw(text, params as Knex.RawBinding[])).rows;
  return defineTable<Product>({
    name: "products",
    idField: "id",
    columns: FIELDS,
    capabilities: CAPABILITIES,
    list: ({ query }) => run(queries.list(query)),
    count: async ({ query }) => Number((await run(queries.count(query)))[0].count),
    get: async (id, { query }) => (await run(queries.get(id, query)))[0],
  });
  // end
}
