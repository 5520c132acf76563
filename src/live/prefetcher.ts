import type { CacheKeys } from "../cache/cache_key.ts";
import { TableError } from "../table/errors.ts";
import type { Pagination } from "../table/pagination.ts";
import type { Rows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { Counters } from "./live_stats.ts";
import type { Master } from "./master.ts";
import type { ListRequest } from "./read_request.ts";

/** What a {@linkcode Prefetcher} works with. */
export interface PrefetcherOptions {
  readonly master: Master;
  readonly keys: CacheKeys;
  readonly reads: { prefetch(request: ListRequest, options: CallOptions): Promise<Rows> };
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** Of how many views it is remembered where their readers are. */
const MAX_VIEWS = 100;

/** Where the readers of a view are, and the reads ahead of them that are in flight. */
interface Ahead {
  page: number;
  readonly flights: Map<number, AbortController>;
}

/**
 * Reads the next pages behind the answer for a page, one after the other. Turning to another page ends the reads of pages
 * that are not among its next ones, unless another reader waits for them.
 */
export class Prefetcher {
  readonly #options: PrefetcherOptions;
  /** By the key of the first page; the view turned to longest ago first. */
  readonly #views = new Map<string, Ahead>();

  constructor(options: PrefetcherOptions) {
    this.#options = options;
  }

  /** A reader turns to the page of `request`: once that is answered, the next pages are read. */
  follow(request: ListRequest, answer: Promise<Rows<object>>): void {
    const { within: { pagination }, policy: { prefetchPages } } = request;
    if (pagination === undefined) return;
    const ahead = this.#aheadOf(request, pagination);
    const { page, limit } = pagination;
    ahead.page = page;
    for (const [other, flight] of ahead.flights) {
      if (other < page || other > page + prefetchPages) flight.abort();
    }
    // A short page is the last one; a failure is the reader's.
    answer.then((rows) => rows.size < limit ? undefined : this.#readAhead(ahead, request, pagination), () => {});
  }

  async #readAhead(ahead: Ahead, request: ListRequest, pagination: Pagination): Promise<void> {
    const { page, limit } = pagination;
    const last = page + request.policy.prefetchPages;
    for (let next = page + 1; next <= last && ahead.page === page; next++) {
      const rows = await this.#read(ahead, this.#pageOf(request, pagination.withPage(next)), next);
      if (rows === undefined || rows.size < limit) return;
    }
  }

  async #read(ahead: Ahead, request: ListRequest, page: number): Promise<Rows | undefined> {
    const flight = new AbortController();
    ahead.flights.set(page, flight);
    try {
      return await this.#options.reads.prefetch(request, { signal: flight.signal });
    } catch (error) {
      if (!flight.signal.aborted) this.#report(request, error);
      return undefined;
    } finally {
      if (ahead.flights.get(page) === flight) ahead.flights.delete(page);
    }
  }

  #pageOf({ within, policy }: ListRequest, pagination: Pagination): ListRequest {
    const { master, keys } = this.#options;
    const next = master.narrow({ ...within, pagination });
    return { key: keys.ofList(next), within: next, id: undefined, policy };
  }

  #aheadOf({ within }: ListRequest, pagination: Pagination): Ahead {
    const view = this.#options.keys.ofList({ ...within, pagination: pagination.withPage(1) });
    const ahead = this.#views.get(view) ?? { page: 0, flights: new Map() };
    this.#views.delete(view);
    this.#views.set(view, ahead);
    for (const oldest of this.#views.keys()) {
      if (this.#views.size <= MAX_VIEWS) break;
      this.#views.delete(oldest);
    }
    return ahead;
  }

  #report({ key }: ListRequest, error: unknown): void {
    if (error instanceof TableError && error.code === "closed") return;
    this.#options.counters.failedBehind++;
    this.#options.trace?.event({
      target: "vantage_live::read",
      level: "warn",
      name: "page not prefetched",
      key,
      error,
    });
  }
}
