/** A page that shows what becomes of a table where IndexedDB is forbidden or full: itself, or a frame that is sandboxed. */
import { LiveTable, MemTable, Rows } from "@vantage/live";
import { IndexedDbCache, IndexedDbOutbox } from "@vantage/live/indexeddb";
import { defineTracer } from "@vantage/live/trace";

/** What was seen of a table. */
export interface StorageSeen {
  readonly storage: string;
  /** What the tracer received. */
  readonly traced: readonly string[];
  /** The error of the outbox; `undefined` if it is open. */
  readonly outbox: string | undefined;
  /** What the table has after a write. */
  readonly price: unknown;
}

const ROWS_BYTES = 200_000;

async function look(): Promise<StorageSeen> {
  const traced: string[] = [];
  const tracer = defineTracer({
    enabled: () => true,
    span: () => ({ end: () => {} }),
    event: ({ level, name }) => void traced.push(`${level}: ${name}`),
  });
  const cache = await IndexedDbCache.open("shop", { tracer, timeoutMs: 30_000 });
  const opening = IndexedDbOutbox.open("marty/shop", { timeoutMs: 30_000 });
  const outbox = await opening.catch((error: Error) => error);
  const isOpen = outbox instanceof IndexedDbOutbox;
  const master = new MemTable("products", { rows: [["a", { price: 1 }]] });
  const products = new LiveTable(master, "products", cache, { outbox: isOpen ? outbox : undefined });
  await products.listValues();
  await products.patchValue("a", { price: 2 });
  const price = (await products.listValues()).get("a")?.price;
  await products.close();
  await cache.close();
  if (isOpen) await outbox.close();
  return { storage: cache.storage, traced, outbox: isOpen ? undefined : outbox.name, price };
}

/** Puts entries until one is not stored, and then some more; which of them are held, by number. */
async function fill(): Promise<{ readonly refused: number; readonly held: readonly number[] }> {
  const cache = await IndexedDbCache.open("full", { timeoutMs: 30_000 });
  // What cannot be compressed.
  const bytes = (): Uint8Array => {
    const all = new Uint8Array(ROWS_BYTES);
    for (let at = 0; at < ROWS_BYTES; at += 50_000) crypto.getRandomValues(all.subarray(at, at + 50_000));
    return all;
  };
  const put = async (n: number): Promise<boolean> =>
    await cache.put(`products/${n}`, { rows: Rows.from([["a", { bytes: bytes() }]]), fetchedAt: 1 });
  let refused = 0;
  while (await put(refused)) refused++;
  await put(refused + 1);
  const held: number[] = [];
  for (let n = 0; n <= refused + 1; n++) if (await cache.get(`products/${n}`) !== undefined) held.push(n);
  await cache.close();
  return { refused, held };
}

async function lookInFrame(): Promise<unknown> {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.src = "/framed";
  const { promise, resolve } = Promise.withResolvers<unknown>();
  addEventListener("message", ({ data }) => resolve(data));
  document.body.append(frame);
  return JSON.stringify(await promise);
}

Object.assign(globalThis, { fill: async () => JSON.stringify(await fill()) });
if (parent === globalThis.window) Object.assign(globalThis, { seen: lookInFrame() });
else look().then((seen) => parent.postMessage(seen, "*"), (error) => parent.postMessage({ error: String(error) }, "*"));
