/** A tab that shows what its stream emits. `?tab=` is its name. */
import { IndexedDbCache } from "@vantage/live/indexeddb";
import { SseLiveStream } from "@vantage/live/rest";

/** How long a frozen tab keeps the stream from the others. */
const LEASE_MS = 5_000;

const cache = await IndexedDbCache.open("shop", { maxChanges: 8, timeoutMs: 30_000 });
const source = new SseLiveStream(new URL("/shop/products/events", location.href), {
  headers: { "x-tab": new URLSearchParams(location.search).get("tab") ?? "" },
});
/** What was emitted, in order: `updated a`, `changed`. */
const emitted: string[] = [];
let grown = Promise.withResolvers<void>();

async function follow(): Promise<void> {
  // WebKit has no iterators of streams.
  const reader = cache.stream("products", { source, leaseMs: LEASE_MS }).subscribe().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    emitted.push(value.kind === "changed" ? value.kind : `${value.kind} ${value.id}`);
    grown.resolve();
    grown = Promise.withResolvers<void>();
  }
}

void follow();

const tab = {
  /** How much was emitted. */
  count: (): number => emitted.length,
  /** What was emitted after the first `from`, once that has `wanted` in it. */
  emits: async (wanted: string, from: number): Promise<readonly string[]> => {
    while (!emitted.includes(wanted, from)) await grown.promise;
    return emitted.slice(from);
  },
};

// Who drives the page may ask before this is here.
Object.assign(globalThis, tab, { opened: true });
(globalThis as { readonly onOpened?: (() => void) | undefined }).onOpened?.();
