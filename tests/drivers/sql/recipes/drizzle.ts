import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { defineTable, type Table } from "@vantage/live";
import type { SqlQueries, SqlStatement } from "@vantage/live/sql";
import { CAPABILITIES, FIELDS, type Product } from "./bakery.ts";

/** A table over Drizzle. Its own placeholders stand where a `?` is. */
export function drizzleTable(db: NodePgDatabase, queries: SqlQueries): Table<Product> {
  // recipe: drizzle
  const run = async ({ text, params }: SqlStatement) => {
    const [first = "", ...rest] = text.split("?").map((part) => sql.raw(part));
    const { rows } = await db.execute(sql.join([first, ...rest.flatMap((part, at) => [sql`${params[at]}`, part])]));
    return rows as { [column: string]: unknown }[];
  };
  return defineTable<Product>({
    name: "products",
    idField: "id",
    columns: FIELDS,
    capabilities: CAPABILITIES,
    list: async ({ query }) => await run(queries.list(query)) as unknown as Product[],
    count: async ({ query }) => Number((await run(queries.count(query)))[0]?.count),
    get: async (id, { query }) => (await run(queries.get(id, query)))[0] as unknown as Product | undefined,
  });
  // end
}
