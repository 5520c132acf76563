import assert from "node:assert/strict";
import { type Cache, LiveTable, type LiveTableOptions, MemTable } from "@vantage/live";
import { RedisCache, type RedisCacheOptions } from "@vantage/live/redis";
import { openIoRedis, openNodeRedis, type OpenRedis } from "../../databases/redis_clients.ts";

/** A host: its own client, cache and table over a master that all share. */
export interface Host extends AsyncDisposable {
  readonly redis: OpenRedis;
  readonly cache: RedisCache;
  readonly table: LiveTable;
}

/** What a host is made of. */
export interface HostOptions {
  readonly cache?: RedisCacheOptions;
  readonly table?: LiveTableOptions;
  /** What the table uses in place of the cache. */
  readonly layer?: (cache: RedisCache) => Cache;
  /** Whether the table follows the stream of the cache. */
  readonly follows?: boolean;
}

/** Machines that run tests may be slow. */
export const PATIENCE_MS = 60_000;

let opened = 0;

/** Opens a host, one after the other with each of the clients. */
export async function openHost(port: number, master: MemTable, options: HostOptions = {}): Promise<Host> {
  const redis = await (opened++ % 2 === 0 ? openNodeRedis(port) : openIoRedis(port));
  const cache = await RedisCache.open(redis.client, { timeoutMs: PATIENCE_MS, ...options.cache });
  const liveStream = options.follows === true ? cache.stream("products") : undefined;
  const table = new LiveTable(master, "products", options.layer?.(cache) ?? cache, {
    liveStream,
    cacheTimeoutMs: PATIENCE_MS,
    ...options.table,
  });
  return {
    redis,
    cache,
    table,
    [Symbol.asyncDispose]: async () => {
      await table.close();
      await cache.close();
      redis.close();
    },
  };
}

/** A master of some rows, each of a version. */
export function newMaster(count = 3): MemTable {
  return new MemTable("products", {
    rows: Array.from({ length: count }, (_, at) => [`${at}`, { version: 0, text: "x".repeat(100) }]),
  });
}

/** The version of a row that a host answers with. */
export async function versionOf({ table }: Pick<Host, "table">, id = "0"): Promise<number> {
  const row = (await table.listValues()).get(id);
  assert(row !== undefined);
  return Number(row.version);
}

/** Lists, so that an entry is stored, and that is served. */
export async function warm(...hosts: readonly Host[]): Promise<void> {
  for (const host of hosts) {
    await host.table.listValues();
    assert(await isHit(host), "nothing was stored");
  }
}

/** Lists until what is stored is served again: what could not be invalidated has been. */
export async function untilWarm(host: Host, wait: () => Promise<unknown>): Promise<void> {
  while (!await isHit(host)) await wait();
}

async function isHit({ table }: Host): Promise<boolean> {
  const { hits } = table.stats();
  await table.listValues();
  return table.stats().hits > hits;
}
