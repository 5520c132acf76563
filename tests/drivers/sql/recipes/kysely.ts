import { CompiledQuery, type Kysely } from "kysely";
import { defineTable, NotFoundError, type Table } from "@vantage/live";
import type { SqlQueries, SqlStatement } from "@vantage/live/sql";
import { CAPABILITIES, FIELDS, type Product } from "./bakery.ts";

/** The tables of the database. */
export interface Shop {
  products: Product;
}

/** A table over Kysely, which can be written too. */
export function kyselyTable(db: Kysely<Shop>, queries: SqlQueries): Table<Product> {
  // recipe: kysely
  const run = async ({ text, params }: SqlStatement) =>
    (await db.executeQuery(CompiledQuery.raw(text, [...params]))).rows as Product[];
  const one = (id: string) => db.selectFrom("products").selectAll().where("id", "=", id).executeTakeFirst();
  return defineTable<Product>({
    name: "products",
    idField: "id",
    columns: FIELDS,
    capabilities: CAPABILITIES,
    list: ({ query }) => run(queries.list(query)),
    count: async ({ query }) => Number(Object.values((await run(queries.count(query)))[0] ?? {})[0]),
    get: async (id, { query }) => (await run(queries.get(id, query)))[0],
    insert: async (id, row) => {
      await db.insertInto("products").values({ ...row, id }).onConflict((on) => on.doNothing()).execute();
      return await one(id) ?? row;
    },
    patch: async (id, partial) => {
      await db.updateTable("products").set({ ...partial, id }).where("id", "=", id).execute();
      const row = await one(id);
      if (row === undefined) throw new NotFoundError(`There is no product ${id}`);
      return row;
    },
    delete: async (id) => void await db.deleteFrom("products").where("id", "=", id).execute(),
  });
  // end
}
