import type { Clock } from "../base/clock.ts";
import { escapeKeyPart } from "../cache/cache_key.ts";
import type { StreamCursor } from "../stream/live_stream.ts";
import { rowsOf } from "../table/rows.ts";
import type { SafeCache } from "./guarded_cache.ts";

/** What a {@linkcode CacheCursor} works with. */
export interface CacheCursorOptions {
  readonly cache: SafeCache;
  /** The prefix of the scope. */
  readonly prefix: string;
  /** The name of what the stream reads. */
  readonly resumes: string;
  /** Whether what the cache holds may lack a change. */
  readonly isSuspect: () => boolean;
  readonly clock: Clock;
  readonly onCaughtUp: () => void;
}

/** The only field of the only row of the entry. */
const POSITION = "position";

/**
 * How far a stream has been applied, as an entry in the scope that it keeps fresh: what invalidates the scope drops it, an old
 * copy of the cache has an old one, and a cache that drops it for want of room loses no more than a position.
 */
export class CacheCursor implements StreamCursor {
  readonly #options: CacheCursorOptions;
  readonly #key: string;

  constructor(options: CacheCursorOptions) {
    this.#options = options;
    this.#key = `${options.prefix}stream/${escapeKeyPart(options.resumes)}`;
  }

  onCaughtUp(): void {
    this.#options.onCaughtUp();
  }

  async load(): Promise<string | undefined> {
    const held = await this.#options.cache.get(this.#key);
    const position = held?.rows.get(POSITION)?.[POSITION];
    return typeof position === "string" ? position : undefined;
  }

  async store(position: string): Promise<void> {
    const { cache, isSuspect, clock } = this.#options;
    const fence = await cache.fence(this.#key);
    if (fence === undefined || isSuspect()) return;
    const rows = rowsOf(new Map([[POSITION, Object.freeze({ [POSITION]: position })]]));
    await cache.put(this.#key, { rows, fetchedAt: clock.now() }, fence);
  }
}
