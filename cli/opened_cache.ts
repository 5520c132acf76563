import { existsSync } from "node:fs";
import { type Cache, MemCache, NoCache, type Tracer } from "@vantage/live";
import { SqliteCache } from "@vantage/live/cache/sqlite";
import { opening } from "./bad_input.ts";
import type { CachePlace } from "./places.ts";

/** A cache, whatever its kind, that is closed by whoever opened it. */
export class OpenedCache implements AsyncDisposable {
  readonly cache: Cache;
  readonly #file: SqliteCache | undefined;

  private constructor(cache: Cache, file?: SqliteCache) {
    this.cache = cache;
    this.#file = file;
  }

  /**
   * Opens the cache at a place; a file is made if it is missing.
   *
   * @throws {BadInput} if the file is something else.
   */
  static async open(place: CachePlace, tracer?: Tracer): Promise<OpenedCache> {
    switch (place.kind) {
      case "mem":
        return new OpenedCache(new MemCache());
      case "none":
        return new OpenedCache(new NoCache());
      case "file": {
        const file = await opening("the cache", () => SqliteCache.open(place.path, { tracer }));
        return new OpenedCache(file, file);
      }
      default:
        return place satisfies never;
    }
  }

  /** Closes the file, if it is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

/** Whether there is something at the place that may hold rows. */
export function isStored(place: CachePlace): boolean {
  return place.kind === "file" && existsSync(place.path);
}

/**
 * Makes sure that what is stored at the place is a cache.
 *
 * @throws {BadInput} if it is not.
 */
export async function checkCache(place: CachePlace): Promise<void> {
  if (!isStored(place)) return;
  await using _ = await OpenedCache.open(place);
}
