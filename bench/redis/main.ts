/**
 * What a shared cache costs: a hit of 100 rows beside a bare `MGET` and decoding, a put, a change, and an invalidation of
 * small and of large scopes, with the client `redis` and a Redis on this machine, in turns on one connection.
 *
 * ```sh
 * deno task bench:redis
 * ```
 */
import { LayeredCache, LiveTable, MemCache, MemTable, Rows } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { createClient } from "redis";
// The codec is not an entry of the package. It is used to compare a hit with the minimum that any hit must do.
import { decodeRows, encodeRows } from "../../src/cache/codec.ts";
import { table } from "../tables.ts";
import { startRedis } from "./server.ts";

const TURNS = 4_000;
const WARM_UP = 1_000;
const LARGE_SCOPE = 100_000;
const PUTS_AT_ONCE = 2_000;
const BYTES = { typeMapping: { 36: Buffer } };

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
const body = Buffer.from(encodeRows(rows));

await using server = await startRedis();
const client = await createClient({ url: server.url }).on("error", console.error).connect();
await using cache = await RedisCache.open(client, { timeoutMs: 60_000 });
const master = new MemTable("products", { rows });
await using products = new LiveTable(master, "products", cache);
await using near = new LayeredCache(new MemCache(), cache, { maxLagMs: 1e9 });
await using nearby = new LiveTable(master, "products", near);

await client.sendCommand(["SET", "bare:state", "x".repeat(96)]);
await client.sendCommand(["SET", "bare:entry", body]);
for (const live of [products, nearby]) for (let reads = 0; reads < 2; reads++) await live.listValues();
await cache.put("behind/all", entry, await cache.fence("behind/all"));
for (let changes = 0; changes < 4; changes++) await change("behind/", changes);
await cache.put("small/all", entry, await cache.fence("small/all"));
await fill("large/", LARGE_SCOPE);

const BARE = "bare MGET of the bytes and a text of 96, and decoding";
const BARE_PUT = "bare encoding and SET";
const works: readonly (readonly [name: string, baseline: string | undefined, work: () => Promise<unknown>])[] = [
  [
    BARE,
    undefined,
    async () => decodeRows(bytesIn(await client.sendCommand(["MGET", "bare:state", "bare:entry"], BYTES))),
  ],
  ["RedisCache.get(), nothing changed", BARE, () => cache.get("products/all")],
  ["LiveTable.listValues(), a hit", BARE, () => products.listValues()],
  ["RedisCache.get(), with 4 changes since", BARE, () => cache.get("behind/all")],
  ["LiveTable.listValues(), a hit in a LayeredCache", BARE, () => nearby.listValues()],
  [BARE_PUT, undefined, () => client.sendCommand(["SET", "bare:put", Buffer.from(encodeRows(rows))])],
  ["RedisCache.put()", BARE_PUT, () => cache.put("put/all", entry)],
  ["RedisCache.fence()", undefined, () => cache.fence("products/all")],
  ["RedisCache.log() of a change with its row", undefined, () => change("log/", 1)],
  ["RedisCache.invalidatePrefix() of 1 entry", undefined, () => cache.invalidatePrefix("small/")],
  [
    `RedisCache.invalidatePrefix() of ${LARGE_SCOPE.toLocaleString("en")} entries`,
    undefined,
    () => cache.invalidatePrefix("large/"),
  ],
];

const times = new Map<string, number[]>(works.map(([name]) => [name, []]));
for (let turn = 0; turn < TURNS; turn++) {
  // What comes before makes a difference.
  for (const [name, , work] of turn % 2 === 0 ? works : works.toReversed()) {
    const ms = await timeOf(work);
    if (turn >= WARM_UP) times.get(name)?.push(ms);
  }
}
console.log(table(
  ["work", "p50", "p99", "ratio of p50"],
  works.map(([name, baseline]) => [
    name,
    micros(quantile(name, 0.5)),
    micros(quantile(name, 0.99)),
    baseline === undefined ? "" : `${(quantile(name, 0.5) / quantile(baseline, 0.5)).toFixed(2)}×`,
  ]),
));
client.destroy();

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function quantile(name: string, part: number): number {
  const sorted = (times.get(name) ?? []).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length * part)] ?? NaN;
}

function micros(ms: number): string {
  return `${(ms * 1_000).toFixed(1)} µs`;
}

function bytesIn(answer: unknown): Uint8Array {
  const bytes: unknown = Array.isArray(answer) ? answer[1] : undefined;
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError("Redis has lost the bytes");
}

async function change(scope: string, at: number): Promise<void> {
  const row = rows.get("1") ?? {};
  await cache.log(scope, { kind: "change", change: { kind: "updated", id: `${at}`, row, at, cause: "event" } });
}

async function fill(scope: string, entries: number): Promise<void> {
  const small = { rows: Rows.from([["a", { name: "Bun" }]]), fetchedAt: 1 };
  const fence = await cache.fence(`${scope}all`);
  for (let first = 0; first < entries; first += PUTS_AT_ONCE) {
    const keys = Array.from({ length: PUTS_AT_ONCE }, (_, at) => `${scope}page_${first + at}`);
    await Promise.all(keys.map((key) => cache.put(key, small, fence)));
  }
}
