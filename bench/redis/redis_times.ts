import { LayeredCache, LiveTable, MemCache, MemTable, Rows } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { createClient } from "redis";
// The codec is not an entry of the package. It is used to compare a hit with the minimum that any hit must do.
import { decodeRows, encodeRows } from "../../src/cache/codec.ts";
import { table } from "../tables.ts";

const TURNS = 4_000;
const WARM_UP = 1_000;
const LARGE_SCOPE = 100_000;
const PUTS_AT_ONCE = 2_000;
const BYTES = { typeMapping: { 36: Buffer } };
const COLUMNS = ["work", "p50", "p99", "ratio of p50", "reach", ""];

/** A kind of work, and what its time is compared with. */
interface Work {
  readonly name: string;
  readonly baseline?: string;
  /** The most that its time may be of the baseline's. */
  readonly reach?: number;
  readonly run: () => Promise<unknown>;
}

const BARE = "bare MGET of the bytes and a text of 96, and decoding";
const BARE_PUT = "bare encoding and SET";
const ONE_ENTRY = "RedisCache.invalidatePrefix() of 1 entry";

const rows = Rows.from(
  Array.from({ length: 100 }, (_, at) => [`${at}`, {
    name: `Product ${at}`,
    price: at * 1.25,
    stock: at,
    active: at % 3 > 0,
    note: null,
    city: at % 2 > 0 ? "Riga" : "Oslo",
    code: `code-${at}`,
    description: "What a line about it says",
  }]),
);
const entry = { rows, fetchedAt: 1 };

/** A table of what each kind of work takes with the Redis at a port, in turns on one connection. */
export async function redisTimes(port: number): Promise<string> {
  await using opened = new AsyncDisposableStack();
  const client = opened.adopt(
    await createClient({ socket: { host: "127.0.0.1", port } }).on("error", console.error).connect(),
    (connected) => connected.destroy(),
  );
  const cache = opened.use(await RedisCache.open(client, { timeoutMs: 60_000 }));
  // As by default, the table waits longer than the cache does.
  const patience = { cacheTimeoutMs: cache.getTimeoutMs };
  const master = new MemTable("products", { rows });
  const products = opened.use(new LiveTable(master, "products", cache, patience));
  const near = opened.use(new LayeredCache(new MemCache(), cache, { maxLagMs: 1e9 }));
  const nearby = opened.use(new LiveTable(master, "products", near, patience));

  const send = (command: (string | Buffer)[]): Promise<unknown> => client.sendCommand(command, BYTES);
  await send(["SET", "bare:state", "x".repeat(96)]);
  await send(["SET", "bare:entry", Buffer.from(encodeRows(rows))]);
  for (const live of [products, nearby]) for (let reads = 0; reads < 2; reads++) await live.listValues();
  await cache.put("behind/all", entry, await cache.fence("behind/all"));
  for (let changes = 0; changes < 4; changes++) await change(cache, "behind/", changes);
  await cache.put("small/all", entry, await cache.fence("small/all"));
  await fill(cache, "large/");

  return await tableOf([
    { name: BARE, run: async () => decodeRows(bytesIn(await send(["MGET", "bare:state", "bare:entry"]))) },
    { name: "RedisCache.get(), nothing changed", baseline: BARE, reach: 1.2, run: () => cache.get("products/all") },
    { name: "LiveTable.listValues(), a hit", baseline: BARE, reach: 1.2, run: () => products.listValues() },
    { name: "RedisCache.get(), with 4 changes since", baseline: BARE, run: () => cache.get("behind/all") },
    { name: "LiveTable.listValues(), a hit in a LayeredCache", baseline: BARE, run: () => nearby.listValues() },
    { name: BARE_PUT, run: () => send(["SET", "bare:put", Buffer.from(encodeRows(rows))]) },
    { name: "RedisCache.put()", baseline: BARE_PUT, run: () => cache.put("put/all", entry) },
    { name: "RedisCache.fence()", run: () => cache.fence("products/all") },
    { name: "RedisCache.log() of a change with its row", run: () => change(cache, "log/", 1) },
    { name: ONE_ENTRY, run: () => cache.invalidatePrefix("small/") },
    {
      name: `RedisCache.invalidatePrefix() of ${LARGE_SCOPE.toLocaleString("en")} entries`,
      baseline: ONE_ENTRY,
      reach: 1.2,
      run: () => cache.invalidatePrefix("large/"),
    },
  ]);
}

async function tableOf(works: readonly Work[]): Promise<string> {
  const times = await timesOf(works);
  const quantile = (name: string, part: number): number => {
    const sorted = (times.get(name) ?? []).sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length * part)] ?? NaN;
  };
  const rowOf = ({ name, baseline, reach }: Work): string[] => {
    const ratio = baseline === undefined ? undefined : quantile(name, 0.5) / quantile(baseline, 0.5);
    return [
      name,
      micros(quantile(name, 0.5)),
      micros(quantile(name, 0.99)),
      ratio === undefined ? "" : `${ratio.toFixed(2)}×`,
      reach === undefined ? "" : `≤ ${reach}×`,
      ratio === undefined || reach === undefined ? "" : ratio <= reach ? "met" : "not met",
    ];
  };
  return table(COLUMNS, works.map(rowOf));
}

/** In milliseconds, by the name of the work. */
async function timesOf(works: readonly Work[]): Promise<ReadonlyMap<string, number[]>> {
  const times = new Map<string, number[]>(works.map(({ name }) => [name, []]));
  for (let turn = 0; turn < TURNS; turn++) {
    // What comes before makes a difference, so the order is another one in each turn.
    const order = works.map((work) => ({ work, at: Math.random() })).sort((one, other) => one.at - other.at);
    for (const { work: { name, run } } of order) {
      const startedAt = performance.now();
      await run();
      if (turn >= WARM_UP) times.get(name)?.push(performance.now() - startedAt);
    }
  }
  return times;
}

function micros(ms: number): string {
  return `${(ms * 1_000).toFixed(1)} µs`;
}

function bytesIn(answer: unknown): Uint8Array {
  const bytes: unknown = Array.isArray(answer) ? answer[1] : undefined;
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError("Redis has lost the bytes");
}

async function change(cache: RedisCache, scope: string, at: number): Promise<void> {
  const row = rows.get("1") ?? {};
  await cache.log(scope, { kind: "change", change: { kind: "updated", id: `${at}`, row, at, cause: "event" } });
}

async function fill(cache: RedisCache, scope: string): Promise<void> {
  const small = { rows: Rows.from([["a", { name: "Bun" }]]), fetchedAt: 1 };
  const fence = await cache.fence(`${scope}all`);
  for (let first = 0; first < LARGE_SCOPE; first += PUTS_AT_ONCE) {
    const keys = Array.from({ length: PUTS_AT_ONCE }, (_, at) => `${scope}page_${first + at}`);
    await Promise.all(keys.map((key) => cache.put(key, small, fence)));
  }
}
