/** A tab of a shop: a live table over its server, on the cache and the outbox that all tabs share. */
import { LiveTable } from "@vantage/live";
import { IndexedDbCache, IndexedDbOutbox } from "@vantage/live/indexeddb";
import { RestTable, SseLiveStream } from "@vantage/live/rest";

/** How long a frozen tab keeps the others waiting: `?lease=`. */
const LEASE_MS = Number(new URLSearchParams(location.search).get("lease"));

const cache = await IndexedDbCache.open("shop", { timeoutMs: 30_000 });
const outbox = await IndexedDbOutbox.open("marty/shop", { timeoutMs: 30_000 });
const url = new URL("/shop/products", location.href);
// It comes with the page, so that a tab opens without the shop.
const description = await (await fetch("/description.json")).json();
const master = RestTable.served(url, description);
const source = new SseLiveStream(new URL("/shop/products/events", location.href));
const products = new LiveTable(master, "products", cache, {
  liveStream: cache.stream("products", { source, leaseMs: LEASE_MS }),
  outbox,
  outboxLeaseMs: LEASE_MS,
  optimistic: true,
});

/** The name of the queue: that of the table, without an owner. */
const QUEUE = "/products";

/** Rows as they are seen by those who watch. */
const watched = products.observe();
watched.subscribe(() => {});

const tab = {
  /** Resolves once the watched row has this price. */
  sees: async (id: string, price: number): Promise<boolean> => {
    await products.listValues();
    while (watched.getSnapshot().rows?.get(id)?.price !== price) {
      await new Promise<void>((resolve) => {
        const off = watched.subscribe(() => {
          off();
          resolve();
        });
      });
    }
    return true;
  },
  /** Writes a price; resolves once that is accepted. */
  accepts: async (id: string, price: number): Promise<boolean> => {
    await products.enqueue({ kind: "patch", id, partial: { price } }).accepted;
    return true;
  },
  /** Resolves once no write is left in the outbox, of any tab. */
  isDrained: async (): Promise<boolean> => {
    while ((await outbox.load(QUEUE, 0, 1)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return true;
  },
};

// Who drives the page may ask before this is here.
Object.assign(globalThis, tab, { opened: true });
(globalThis as { readonly onOpened?: (() => void) | undefined }).onOpened?.();
