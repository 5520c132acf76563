import type { LiveTable } from "@vantage/live";
import { type Content, contentOf, HOST_COUNT, IDS, ownRowOf, PAGE, type TableName, valuesOf } from "./shop_tables.ts";

/** A way to read a table, and what it gives of what the table contains. */
export interface ShopView {
  readonly name: string;
  read(table: LiveTable): Promise<Content>;
  of(content: Content): Content;
}

/** All ways in which tables are read. */
export const VIEWS: readonly ShopView[] = [
  list("all rows", (table) => table, () => true),
  list("page 1", (table) => table.orderBy("id").page(1, PAGE), (_, at) => at < PAGE),
  list("page 2", (table) => table.orderBy("id").page(2, PAGE), (_, at) => at >= PAGE && at < 2 * PAGE),
  list("the rows above r2", (table) => table.where("id", "gt", "r2"), (id) => id > "r2"),
  ...[...IDS, ...Array.from({ length: HOST_COUNT }, (_, host) => ownRowOf(host))].map(row),
];

function list(
  name: string,
  within: (table: LiveTable) => Pick<LiveTable, "listValues">,
  has: (id: string, at: number) => boolean,
): ShopView {
  return {
    name,
    read: async (table) => contentOf(await within(table).listValues()),
    of: (content) => Object.fromEntries(Object.entries(content).sort(byId).filter(([id], at) => has(id, at))),
  };
}

function row(id: string): ShopView {
  return {
    name: `row ${id}`,
    read: async (table) => {
      const found = await table.getValue(id);
      return found === undefined ? {} : { [id]: valuesOf(found) };
    },
    of: ({ [id]: values }) => values === undefined ? {} : { [id]: values },
  };
}

function byId([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** How what was read differs from what is right; `undefined` if it does not. */
export function differenceOf(table: TableName, { name }: ShopView, read: Content, right: Content): string | undefined {
  for (const id of new Set([...Object.keys(read), ...Object.keys(right)])) {
    const [got, wanted] = [read[id]?.join(" ") ?? "nothing", right[id]?.join(" ") ?? "nothing"];
    if (got !== wanted) return `${table}, ${name}: ${id} is ${got}, and not ${wanted}`;
  }
  return undefined;
}
