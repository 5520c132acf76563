/// <reference lib="dom" />
/** The table that the page shows: over the server, with a cache and an outbox that all tabs share and that outlive the page. */
import { type LiveHandle, LiveTable } from "@vantage/live";
import { IndexedDbCache, IndexedDbOutbox } from "@vantage/live/indexeddb";
import { Recorder } from "@vantage/live/inspector";
import { RestTable, SseLiveStream } from "@vantage/live/rest";
import { isOffline, Line, onNetwork } from "./network.ts";

/** A product. */
export type Product = {
  readonly name: string;
  readonly price: number;
  readonly in_stock: number;
  readonly vegan: boolean;
};

/** A column that can be sorted by. */
export type Column = "name" | "price" | "in_stock";

/** What a list shows, in which order. */
export interface Asked {
  readonly search: string;
  readonly column: Column;
  readonly isDescending: boolean;
}

/** How many rows are read at once. */
export const PAGE_SIZE = 100;

export const line: Line = new Line();
export const url: URL = new URL("/products", location.href);

const cache = await IndexedDbCache.open("demo");
const outbox = await IndexedDbOutbox.open("demo").catch(() => undefined);

/** Whether what is written offline outlives the page. */
export const isKept: boolean = cache.storage === "indexeddb" && outbox !== undefined;

// Known from the last time, so that the page opens without the server.
localStorage.description ??= JSON.stringify(await RestTable.describe(url, { fetch: line.fetch }));
const master = RestTable.served<Product>(url, JSON.parse(localStorage.description), { fetch: line.fetch });
const source = new SseLiveStream(new URL("/products/events", url), { fetch: line.fetch });

/** What the table does, for the inspector. */
export const recorder: Recorder = new Recorder();

export const products: LiveTable<Product> = new LiveTable(master, "products", cache, {
  liveStream: cache.stream("products", { source, leaseMs: 2_000 }),
  outbox,
  outboxLeaseMs: 2_000,
  optimistic: true,
  // What was missed since the last time is not known. While the server is away, old rows are better than none: the page says how old.
  onMasterFailure: "serve",
  masterItemsPerPage: PAGE_SIZE,
  tracer: recorder,
});
recorder.attach({ products });

products.setOnline(!isOffline());
onNetwork(() => products.setOnline(!isOffline()));

/** The rows that are asked for. */
export function rowsOf({ search, column, isDescending }: Asked): LiveHandle<Product> {
  const found = search === "" ? products : products.search(search);
  return found.orderBy(column, isDescending ? "desc" : "asc");
}
