import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type Cache, MemCache, NoCache, type Tracer } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { RedisCache } from "@vantage/live/redis";
import { SqliteCache } from "@vantage/live/sqlite";
import { BadInput, opening } from "./bad_input.ts";
import { connectRedis } from "./connected_redis.ts";
import type { CachePlace } from "./places.ts";

interface Closable {
  close(): unknown;
}

/** An open cache of any kind, closed by disposing it. */
export class OpenedCache implements AsyncDisposable {
  readonly cache: Cache;
  readonly #file: Closable | undefined;

  private constructor(cache: Cache, file?: Closable) {
    this.cache = cache;
    this.#file = file;
  }

  /**
   * Opens the cache at a place, creating its file if missing.
   *
   * @throws {BadInput} if the file is something else, or the runtime does not support the cache.
   */
  static async open(place: CachePlace, tracer?: Tracer): Promise<OpenedCache> {
    switch (place.kind) {
      case "mem":
        return new OpenedCache(new MemCache());
      case "none":
        return new OpenedCache(new NoCache());
      case "file": {
        const file = await opening(
          `the cache ${JSON.stringify(place.path)}`,
          () => SqliteCache.open(place.path, { tracer }),
        );
        return new OpenedCache(file, file);
      }
      case "kv": {
        if (!("Deno" in globalThis)) {
          throw new BadInput("Deno KV is in Deno only; accepted for --cache here are mem, none and a file");
        }
        const file = await opening(`the cache ${JSON.stringify(place.path)}`, () => {
          checkKvFile(place.path);
          return DenoKvCache.open(place.path, { tracer });
        });
        return new OpenedCache(file, file);
      }
      case "redis": {
        const client = await connectRedis(place);
        try {
          const redis = await opening(`the cache at ${place.host}`, () => RedisCache.open(client, { tracer }));
          return new OpenedCache(redis, { close: () => client.destroy() });
        } catch (error) {
          // A connection keeps the process alive.
          client.destroy();
          throw error;
        }
      }
      default:
        return place satisfies never;
    }
  }

  /** Closes the file or the connection, if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

/** Whether there may be rows at the place. */
export function isStored(place: CachePlace): boolean {
  return place.kind === "redis" || ("path" in place && existsSync(place.path));
}

/**
 * Checks that what is at the place is a cache.
 *
 * @throws {BadInput} if it is not.
 */
export async function checkCache(place: CachePlace): Promise<void> {
  if (!isStored(place)) return;
  await using _ = await OpenedCache.open(place);
}

/** Deno KV is SQLite, and would create its tables in any database. */
function checkKvFile(path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return;
  const db = new DatabaseSync(path);
  try {
    const found = db.prepare("SELECT name FROM sqlite_schema WHERE name IN ('kv', 'migration_state')").all();
    if (found.length === 2) return;
  } finally {
    db.close();
  }
  throw new BadInput(`${JSON.stringify(path)} is another application's database, not one of Deno KV`);
}
