import type { Clock } from "../base/clock.ts";
import type { CachedRows } from "../cache/cache.ts";
import { TableError } from "../table/errors.ts";
import type { CallOptions } from "../table/table_like.ts";
import { rowsOf } from "../table/rows.ts";
import type { Trace } from "../trace/tracer.ts";
import type { CatchUp } from "./catch_up.ts";
import type { Counters } from "./live_stats.ts";
import type { Fetched } from "./loader.ts";
import type { Master } from "./master.ts";
import type { ReceivedRows } from "./received_rows.ts";
import { ofAnyAge, type ReadRequest } from "./read_request.ts";
import { changedPolicy, isWithin } from "./read_policy.ts";
import type { Refreshed } from "./refreshed.ts";
import type { Superseded } from "./superseded.ts";

/** What {@linkcode StaleAnswers} work with. */
export interface StaleAnswersOptions {
  readonly master: Master;
  readonly catchUp: CatchUp;
  readonly received: ReceivedRows;
  readonly superseded: Superseded;
  readonly refreshed: Refreshed;
  /** The entry under a key, fresh or not. */
  readonly held: (key: string) => Promise<CachedRows | undefined>;
  /** Reads what is stale or not held. */
  readonly fetch: (request: ReadRequest) => Promise<unknown>;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** Rows that are served though they are stale. */
export interface StaleRows extends Fetched {
  /** Whether a row is known to have changed since. */
  readonly isOutdated: (id: string) => boolean;
}

/**
 * Decides what is served of entries that are stale, where the policy of the reader allows it, and reads them again behind
 * the answer. No row that is served is from before a write that has settled.
 */
export class StaleAnswers {
  readonly #options: StaleAnswersOptions;
  /** The keys that are being read behind, and whether a reader has been served stale rows meanwhile. */
  readonly #behind = new Map<string, { isWanted: boolean }>();

  constructor(options: StaleAnswersOptions) {
    this.#options = options;
  }

  /** What is served while the entry is read again. Every write must be in it for certain: otherwise it is waited for. */
  whileStale(request: ReadRequest, held: CachedRows): StaleRows | undefined {
    return request.policy.whileStale === "serve" ? this.#lastKnown(request, held, true) : undefined;
  }

  /**
   * What is served in place of an error of the master. A write that the master may not have applied need not be in it.
   *
   * @throws the error, if nothing may be served.
   */
  async onFailure(request: ReadRequest, options: CallOptions | undefined, error: unknown): Promise<Fetched> {
    if (options?.signal?.aborted || isRefusal(error)) throw error;
    const held = await this.#options.held(request.key) ?? await this.#listed(request);
    options?.signal?.throwIfAborted();
    const served = held && this.#lastKnown(request, held, false);
    if (served === undefined) throw error;
    this.mark(served, options, { error });
    return { ...served, isUnsettled: true };
  }

  /** Counts an answer that is served though it is stale, and says so to the reader. */
  mark({ fetchedAt }: Fetched, options: CallOptions | undefined, failure?: { readonly error: unknown }): void {
    this.#options.counters.servedStale++;
    options?.onUnsettled?.();
    options?.onStale?.({ fetchedAt, ...failure });
  }

  /**
   * Reads a stale entry again, unless that is being done: then once more after it, if a change has come meanwhile. So nothing
   * is served for longer than two reads of the master take. A failure changes nothing that is held.
   */
  readBehind(request: ReadRequest): void {
    const running = this.#behind.get(request.key);
    if (running === undefined) void this.#read(request);
    else running.isWanted = true;
  }

  async #read(request: ReadRequest): Promise<void> {
    const { key } = request;
    const running = { isWanted: false };
    this.#behind.set(key, running);
    try {
      await this.#options.fetch(waiting(request));
      while (running.isWanted) {
        running.isWanted = false;
        await this.#options.fetch(ofAnyAge(waiting(request)));
      }
    } catch (error) {
      this.#report(key, error);
    } finally {
      this.#behind.delete(key);
    }
  }

  /** The row of a request as a list has it, where the master returns the same row for its id. */
  async #listed(request: ReadRequest): Promise<CachedRows | undefined> {
    const { master, catchUp, received, held } = this.#options;
    const { id, within } = request;
    if (id === undefined || !master.within(within).capabilities.sameRows) return undefined;
    for (const { key } of received.requestsOf(id)) {
      const list = await held(key);
      const row = list?.rows.get(id);
      if (list === undefined || row === undefined || !catchUp.isIn(request, row)) continue;
      return { ...list, rows: rowsOf(new Map([[id, row]])) };
    }
    return undefined;
  }

  #lastKnown(request: ReadRequest, held: CachedRows, withAllWrites: boolean): StaleRows | undefined {
    const { fetchedAt } = held;
    const { superseded, clock } = this.#options;
    if (!isWithin(request.policy.maxAgeMs, clock.now() - fetchedAt)) return undefined;
    if (superseded.isSince(request.key, fetchedAt)) return undefined;
    const known = this.#options.catchUp.lastKnown(request, held);
    if (known === undefined || (withAllWrites && !known.hasAllWrites)) return undefined;
    return { rows: known.rows, fetchedAt, isOutdated: known.isOutdated };
  }

  #report(key: string, error: unknown): void {
    if (error instanceof TableError && error.code === "closed") return;
    const { counters, refreshed, trace } = this.#options;
    counters.failedBehind++;
    refreshed.emit(key, { error });
    trace?.event({ target: "vantage_live::read", level: "warn", name: "not read again", key, error });
  }
}

/** Whether the master was reached and has refused; what is held must not be served then. */
export function isRefusal(error: unknown): boolean {
  return error instanceof TableError && !error.retriable && error.code !== "invalid_answer";
}

/** A request that is answered with nothing but what the master has. */
function waiting(request: ReadRequest): ReadRequest {
  return { ...request, policy: changedPolicy(request.policy, { whileStale: "wait", onMasterFailure: "reject" }) };
}
