import type { CachedRows } from "../cache/cache.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { type Rows, shareRows } from "../table/rows.ts";
import { type CatchUp, type CaughtUp, isIncomplete } from "./catch_up.ts";
import type { Derivation } from "./derivation.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Intents } from "./intents.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Observed } from "./observed.ts";
import type { ReadPolicy } from "./read_policy.ts";
import { isForRow, type ReadRequest, type RowRequest } from "./read_request.ts";
import type { StaleRows } from "./stale_answers.ts";

/** What a {@linkcode Peek} works with. */
export interface PeekOptions {
  readonly cache: SafeCache;
  readonly invalidation: Invalidation;
  readonly catchUp: CatchUp;
  readonly intents: Intents;
  readonly observed: Observed;
  readonly derivation: Pick<Derivation, "wholeFor" | "cut">;
  /** What a row's own request would be answered with from a list. */
  readonly listedNow: (request: RowRequest) => CachedRows | undefined;
  /** Whether an entry is young enough to be served as fresh. */
  readonly isFresh: (held: CachedRows, policy: ReadPolicy) => boolean;
  /** What is served of an entry while it is read again, if that is allowed. */
  readonly whileStale: (request: ReadRequest, held: CachedRows) => StaleRows | undefined;
}

/** What a read would be answered with. */
export interface Peeked extends CachedRows {
  /** Of stale rows, whether one is known to have changed since. */
  readonly isOutdated?: ((id: string) => boolean) | undefined;
}

/** Looks at what a read would be answered with now if it were not to ask the master. Counts and stores nothing. */
export class Peek {
  readonly #options: PeekOptions;
  /** What was last cut for a request, and from which rows. */
  readonly #cuts = new WeakMap<ReadRequest, { readonly of: Rows; readonly rows: Rows }>();

  constructor(options: PeekOptions) {
    this.#options = options;
  }

  /** Whether rows are young enough to be served as fresh. */
  isFresh({ policy }: ReadRequest, held: CachedRows): boolean {
    return this.#options.isFresh(held, policy);
  }

  /** Whether a read would be answered with an entry, brought up to date by what it is `behind`. */
  isServed(policy: ReadPolicy, held: CachedRows, behind: CaughtUp | undefined): boolean {
    return this.#options.isFresh(held, policy) && !this.#isOverdue(held) &&
      (behind === undefined || !isIncomplete(behind));
  }

  /** The rows, brought up to date, or `undefined`. */
  look(request: ReadRequest): MaybePromise<Peeked | undefined> {
    const { invalidation, cache } = this.#options;
    const { recording, suspect } = invalidation;
    if (recording !== undefined) return recording.then(() => this.look(request));
    const held = suspect ? undefined : cache.get(request.key);
    if (isPromise(held)) return held.then((later) => this.#current(request, later) ?? this.#cut(request));
    return this.#current(request, held) ?? this.#cut(request);
  }

  /** The same if the cache answers at once; otherwise `undefined`. */
  lookAtOnce(request: ReadRequest): Peeked | undefined {
    const { observed } = this.#options;
    const held = this.look(request);
    if (held === undefined || isPromise(held)) return undefined;
    if (observed.served < observed.recorded) observed.serve();
    return held;
  }

  #current(request: ReadRequest, held: CachedRows | undefined): Peeked | undefined {
    if (held === undefined) return undefined;
    const behind = this.#options.catchUp.replay(request, held);
    if (this.isServed(request.policy, held, behind)) {
      return { rows: shareRows(behind?.replayed.rows ?? held.rows), fetchedAt: held.fetchedAt };
    }
    return this.isFresh(request, held) && this.#isOverdue(held) ? undefined : this.#stale(request, held);
  }

  /** The row as a list has it, or the rows as they are cut from the whole set, if that is held. */
  #cut(request: ReadRequest): MaybePromise<Peeked | undefined> {
    const listed = isForRow(request) ? this.#options.listedNow(request) : undefined;
    if (listed !== undefined) return listed;
    const asked = this.#options.derivation.wholeFor(request);
    const whole = asked && this.look(asked);
    return isPromise(whole) ? whole.then((later) => this.#cutFrom(request, later)) : this.#cutFrom(request, whole);
  }

  #cutFrom(request: ReadRequest, whole: Peeked | undefined): Peeked | undefined {
    if (whole === undefined) return undefined;
    const known = this.#cuts.get(request);
    const cut = known?.of === whole.rows
      ? known
      : { of: whole.rows, rows: this.#options.derivation.cut(request, whole.rows) };
    this.#cuts.set(request, cut);
    return { ...whole, rows: shareRows(cut.rows) };
  }

  #isOverdue({ intentsDueAt }: CachedRows): boolean {
    return intentsDueAt !== undefined && this.#options.intents.isOverdue(intentsDueAt);
  }

  #stale(request: ReadRequest, held: CachedRows): Peeked | undefined {
    const served = this.#options.whileStale(request, held);
    return served && { ...served, rows: shareRows(served.rows) };
  }
}
