import { defineTable, NotFoundError, type Table } from "@vantage/live";
import type { SqlQueries, SqlStatement } from "@vantage/live/sql";
import { CAPABILITIES, FIELDS, type Product } from "./bakery.ts";
import type { PrismaClient } from "./prisma_client.ts";

/** A table over Prisma, which can be written too. */
export function prismaTable(prisma: PrismaClient, queries: SqlQueries): Table<Product> {
  // recipe: prisma
  const run = ({ text, params }: SqlStatement) => prisma.$queryRawUnsafe<Product[]>(text, ...params);
  return defineTable<Product>({
    name: "products",
    idField: "id",
    columns: FIELDS,
    capabilities: CAPABILITIES,
    list: ({ query }) => run(queries.list(query)),
    count: async ({ query }) => Number(Object.values((await run(queries.count(query)))[0] ?? {})[0]),
    get: async (id, { query }) => (await run(queries.get(id, query)))[0],
    insert: (id, row) => prisma.product.upsert({ where: { id }, create: { ...row, id }, update: {} }),
    replace: async (id, row) => {
      const empty = { name: null, price: null, stock: null, active: null, note: null };
      return await prisma.product.upsert({ where: { id }, create: { ...row, id }, update: { ...empty, ...row, id } });
    },
    patch: async (id, partial) => {
      const { count } = await prisma.product.updateMany({ where: { id }, data: { ...partial, id } });
      const row = count === 0 ? null : await prisma.product.findUnique({ where: { id } });
      if (row === null) throw new NotFoundError(`There is no product ${id}`);
      return row;
    },
    delete: async (id) => void await prisma.product.deleteMany({ where: { id } }),
  });
  // end
}
