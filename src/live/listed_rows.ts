import type { CachedRows, Fence } from "../cache/cache.ts";
import { isPromise } from "../base/maybe_promise.ts";
import type { Row } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { CatchUp } from "./catch_up.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Intents } from "./intents.ts";
import type { Invalidation } from "./invalidation.ts";
import type { ReadPolicy } from "./read_policy.ts";
import type { ListRequest, ReadRequest } from "./read_request.ts";
import { ReceivedRows } from "./received_rows.ts";

/** A row as a list has it now. */
export interface ListedRow {
  readonly row: Row;
  /** The entry of the list. */
  readonly held: CachedRows;
  /** The position that the row is up to date with, if that is known. */
  readonly fence: Fence | undefined;
}

/** What {@linkcode ListedRows} work with. */
export interface ListedRowsOptions {
  readonly cache: SafeCache;
  readonly invalidation: Invalidation;
  readonly catchUp: CatchUp;
  readonly intents: Intents;
  readonly received: ReceivedRows;
  /** Whether an entry is young enough to be served as fresh. */
  readonly isFresh: (held: CachedRows, policy: ReadPolicy) => boolean;
}

/** How many lists are remembered that were asked for last, besides those that were received. */
const LISTS = 16;

/**
 * The rows of lists that are held: those that were received for certain keys, and those of the lists that were asked for
 * last, which may have been in the cache.
 */
export class ListedRows {
  readonly #options: ListedRowsOptions;
  /** The one asked for last is at the end. */
  readonly #asked: ListRequest[] = [];
  /** What a cache that answers later has answered with: to look there for a row would be a call for each list. */
  readonly #held = new ReceivedRows();

  constructor(options: ListedRowsOptions) {
    this.#options = options;
  }

  /** A list is going to be asked for. */
  note(request: ListRequest): void {
    const { length } = this.#asked;
    if (length > 0 && this.#asked[length - 1]?.key === request.key) return;
    const known = this.#asked.findIndex(({ key }) => key === request.key);
    if (known !== -1) this.#asked.splice(known, 1);
    else if (length === LISTS) this.#asked.shift();
    this.#asked.push(request);
  }

  /** A cache that answers later has answered with a list. */
  saw(request: ReadRequest, rows: Rows): void {
    this.#held.remember(request, rows);
  }

  /** A row as a list has it, where the cache answers at once; `undefined` if that is not known. */
  now(id: string, policy: ReadPolicy): ListedRow | undefined {
    const { invalidation, cache } = this.#options;
    if (!invalidation.isQuiet) return undefined;
    for (const request of this.#listsOf(id)) {
      const held = cache.get(request.key);
      if (isPromise(held)) return undefined;
      const fence = held && this.#isUsable(held, policy) ? cache.fence(request.key) : undefined;
      const listed = held && fence !== undefined && !isPromise(fence) ? this.#in(request, held, fence, id) : undefined;
      if (listed !== undefined) return listed;
    }
    return undefined;
  }

  /** The same where the cache answers later. */
  async later(id: string, policy: ReadPolicy): Promise<ListedRow | undefined> {
    const lists = this.#likelyListsOf(id);
    const [{ key } = {}] = lists;
    // What is logged after the fence is not taken for known.
    const fence = key === undefined ? undefined : await this.#options.cache.fence(key);
    return fence === undefined ? undefined : await this.#find(id, lists, policy, fence);
  }

  /** The row alone. */
  async rowLater(id: string, policy: ReadPolicy): Promise<Row | undefined> {
    return (await this.#find(id, this.#likelyListsOf(id), policy, undefined))?.row;
  }

  /** The first list is looked at alone: most often it has the row. */
  async #find(
    id: string,
    [first, ...others]: readonly ReadRequest[],
    policy: ReadPolicy,
    fence: Fence | undefined,
  ): Promise<ListedRow | undefined> {
    const { invalidation, cache } = this.#options;
    if (first === undefined || !invalidation.isQuiet) return undefined;
    const look = async (request: ReadRequest): Promise<ListedRow | undefined> => {
      const held = await cache.get(request.key);
      return held && this.#isUsable(held, policy) ? this.#in(request, held, fence, id) : undefined;
    };
    const listed = await look(first);
    if (listed !== undefined || !invalidation.isQuiet) return listed;
    return (await Promise.all(others.map(look))).find((found) => found !== undefined);
  }

  /** The lists that had a row when they were seen last, and then those that were asked for and not seen, which may have it. */
  #likelyListsOf(id: string): readonly ReadRequest[] {
    const { received } = this.#options;
    const unseen = this.#asked.filter(({ key }) => !this.#held.has(key) && !received.has(key));
    const all = [...this.#held.requestsOf(id), ...received.requestsOf(id), ...unseen.reverse()];
    return [...new Map(all.map((request) => [request.key, request])).values()];
  }

  /**
   * The lists that may have a row: first those asked for last, since most often one of them has it, then those that it was
   * received for, which takes a search through all of them.
   */
  *#listsOf(id: string): Generator<ReadRequest> {
    const asked = this.#asked;
    for (let index = asked.length - 1; index >= 0; index--) {
      const request = asked[index];
      if (request !== undefined) yield request;
    }
    for (const request of this.#options.received.requestsOf(id)) {
      if (!asked.some(({ key }) => key === request.key)) yield request;
    }
  }

  #isUsable(held: CachedRows, policy: ReadPolicy): boolean {
    const { intents, isFresh } = this.#options;
    return isFresh(held, policy) && !(held.intentsDueAt !== undefined && intents.isOverdue(held.intentsDueAt));
  }

  #in(request: ReadRequest, held: CachedRows, fence: Fence | undefined, id: string): ListedRow | undefined {
    const behind = this.#options.catchUp.replay(request, held);
    const isUnknown = behind !== undefined && (behind.replayed.isDead || behind.replayed.holes.has(id));
    const row = isUnknown ? undefined : (behind?.replayed ?? held).rows.get(id);
    return row && { row, held, fence: behind?.fence ?? fence };
  }
}
