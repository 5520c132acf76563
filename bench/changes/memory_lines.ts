import { defineTable, type LiveHandle, LiveTable, MemCache, type Order, type Row } from "@vantage/live";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { product } from "./array_master.ts";
import { type Figure, figure, type Line } from "./line.ts";
import type { Mode } from "./modes.ts";

const ROWS = 5_000;
const ROWS_PER_PAGE = 100;
const MOST = 1.5;

type Narrow = (table: LiveTable) => LiveHandle;

const ONE_VIEW: readonly Narrow[] = [(table) => table];
const TEN_VIEWS: readonly Narrow[] = ["name", "category", "price", "stock", "weight_g"].flatMap((column) =>
  (["asc", "desc"] as const).map((direction): Narrow => (table) => table.orderBy(column, direction))
);

const ALL: readonly number[] = Array.from({ length: ROWS }, (_, at) => at);
const SORTED = new Map<string, readonly number[]>();

/** A master that pages and orders, and decodes each answer anew. */
const MASTER = defineTable({
  name: "products",
  idField: "id",
  columns: Object.keys(product(0)).map((name) => ({ name })),
  capabilities: { page: true, orderBy: true },
  list: ({ query: { orderBy = [], pagination } }) => {
    const { skip, limit } = pagination ?? { skip: 0, limit: ROWS };
    return decoded(sorted(orderBy[0]).slice(skip, skip + limit));
  },
});

/** Memory that a cached row takes, against that of the object itself. */
export const memoryLines: readonly Line[] = [
  {
    work: "memory per cached row over the bare object",
    reach: `≤ ${MOST}×`,
    measure: (mode) => measure(mode, ONE_VIEW),
  },
  {
    work: "the same, where ten views hold it",
    processes: 1,
    reach: `≤ ${MOST}×`,
    measure: (mode) => measure(mode, TEN_VIEWS),
  },
];

async function measure(mode: Mode, views: readonly Narrow[]): Promise<Figure> {
  await heldBytes(mode, views); // warm-up
  const bare = await bareBytes();
  const ratio = await heldBytes(mode, views) / bare;
  return figure(
    [`${ratio.toFixed(2)}× of ${(bare / ROWS).toFixed(0)} bytes`, ratio <= MOST],
    ...(views.length > 1 ? [[`${(ratio / views.length).toFixed(2)}× for each view`] as const] : []),
  );
}

/** The heap that the rows take as a client of the master decodes them. */
async function bareBytes(): Promise<number> {
  const before = await heapBytes();
  const rows = decoded(ALL);
  const bytes = await heapBytes() - before;
  if (rows.length !== ROWS) throw new RangeError("Rows are missing");
  return bytes;
}

/** The heap that the rows take when each of the views has read all of its pages. */
async function heldBytes({ options }: Mode, views: readonly Narrow[]): Promise<number> {
  const cache = new MemCache({ maxRows: ROWS * views.length });
  const before = await heapBytes();
  await using table = new LiveTable(MASTER, "products", cache, options);
  for (const narrow of views) {
    const view = narrow(table);
    for (let page = 1; page <= ROWS / ROWS_PER_PAGE; page++) await view.page(page, ROWS_PER_PAGE).listValues();
  }
  return await heapBytes() - before;
}

async function heapBytes(): Promise<number> {
  const { gc } = globalThis as { readonly gc?: () => void };
  if (gc === undefined) throw new Error("Memory is measured with --v8-flags=--expose-gc");
  for (let time = 0; time < 3; time++) {
    // Released objects are often held by promises that have yet to settle.
    await sleep(20);
    gc();
  }
  return process.memoryUsage().heapUsed;
}

/** Rows as they come from a server: objects that share nothing with those of another answer. */
function decoded(numbers: readonly number[]): Row[] {
  return JSON.parse(JSON.stringify(numbers.map(product)));
}

function sorted([column = "", direction = "asc"]: Partial<Order> = []): readonly number[] {
  const key = `${column} ${direction}`;
  const known = SORTED.get(key);
  if (known !== undefined) return known;
  const sign = direction === "asc" ? 1 : -1;
  const valueOf = (at: number): string | number => {
    const value = product(at)[column] ?? at;
    return typeof value === "string" ? value : Number(value);
  };
  const order = [...ALL].sort((a, b) => valueOf(a) < valueOf(b) ? -sign : valueOf(a) > valueOf(b) ? sign : 0);
  SORTED.set(key, order);
  return order;
}
