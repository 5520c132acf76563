import { defineTable, type Row, type Table } from "@vantage/live";

/** What has been asked of a master so far. */
export interface ArrayMaster {
  readonly table: Table;
  readonly idAt: (at: number) => string;
  reads: number;
  rowsSent: number;
}

/** Options of {@linkcode arrayMaster}. */
export interface ArrayMasterOptions {
  /** The master's own limit: a page that asks for more is refused. */
  readonly mostPerPage?: number | undefined;
  /** Whether it orders, as a database with an index does: by `rank`, in which its rows stand already. */
  readonly orders?: boolean | undefined;
}

/**
 * A master that answers at once, from an array, so that its own time is small, and the same for any number of rows. It
 * pages, and filters nothing.
 */
export function arrayMaster(
  count: number,
  { mostPerPage = Infinity, orders = false }: ArrayMasterOptions = {},
): ArrayMaster {
  const rows = Array.from({ length: count }, (_, at): Row => ({ ...product(at), ...orders ? { rank: at } : {} }));
  const idAt = (at: number): string => `product-${at}`;
  const indexOf = (id: string): number => Number(id.slice("product-".length));
  const table = defineTable({
    name: "products",
    idField: "id",
    columns: Object.keys(rows[0] ?? {}).map((name) => ({ name })),
    capabilities: { page: true, orderBy: orders },
    list: ({ query: { pagination } }) => {
      const { skip, limit } = pagination ?? { skip: 0, limit: count };
      if (limit > mostPerPage) throw new RangeError(`A page has at most ${mostPerPage} rows`);
      const sent = rows.slice(skip, skip + limit);
      master.reads++;
      master.rowsSent += sent.length;
      return sent;
    },
    get: (id) => {
      master.reads++;
      master.rowsSent++;
      return rows[indexOf(id)];
    },
    count: () => rows.length,
    patch: (id, partial) => rows[indexOf(id)] = { ...rows[indexOf(id)], ...partial },
  });
  const master: ArrayMaster = { table, idAt, reads: 0, rowsSent: 0 };
  return master;
}

/** A row of eight columns. */
export function product(at: number): Row {
  return {
    id: `product-${at}`,
    name: `Product ${Math.imul(at, 2_654_435_761) >>> 0}`,
    category: at % 2 === 0 ? "bread" : "cake",
    description: `Baked in the stone oven every morning; best eaten within ${1 + at % 3} days.`,
    price: (150 + at * 7 % 900) / 100,
    stock: at * 13 % 60,
    weight_g: 40 + at * 17 % 800,
    is_sold: at % 7 !== 0,
  };
}
