import type { Change } from "../change/change.ts";
import type { CatchUp } from "./catch_up.ts";
import type { Changes } from "./changes.ts";
import { type EntryHistory, type ReplayedChange, withoutRow } from "./entry_history.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Peek } from "./peek.ts";
import type { ReadPolicy } from "./read_policy.ts";
import type { ReadThrough } from "./read_through.ts";

/** What is known of one key of the cache. */
export interface Explanation {
  /** The key. */
  readonly key: string;
  /** Whether the entry would answer a read now, without the master. */
  readonly held: boolean;
  /** When the master was asked for the entry, in milliseconds since the epoch; absent if there is no entry. */
  readonly fetchedAt?: number | undefined;
  /** How many rows the entry has. */
  readonly rows?: number | undefined;
  /**
   * What has changed since the entry was read from the master as a whole, and what that did to the entry, oldest first, up to
   * what made it dead. Of the changes that are in the entry already, the last 32 that this table put there are known, for
   * the last 256 entries that it stored. Of an entry of another process, its handle is needed: take the key from there.
   */
  readonly changes: readonly ReplayedChange[];
  /** The last change that this table published. Others on the same cache may have published later ones. */
  readonly lastChange?: Change | undefined;
}

/** What an {@linkcode Explainer} works with. */
export interface ExplainerOptions {
  readonly reads: ReadThrough;
  readonly catchUp: CatchUp;
  readonly history: EntryHistory;
  readonly peek: Peek;
  readonly invalidation: Invalidation;
  readonly changes: Changes;
  /** The policy of the table. */
  readonly policy: ReadPolicy;
}

/** Says what a read would find in the cache, and why. Counts and changes nothing. */
export class Explainer {
  readonly #options: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  /** Explains a key of this table. */
  async explain(key: string): Promise<Explanation> {
    const { reads, peek, catchUp, history, changes, policy } = this.#options;
    const held = await reads.held(key);
    const request = history.requestOf(key);
    const behind = held && request && catchUp.replay(request, held);
    // If it is not known what the entry is for, the changes may have made it dead.
    const isKnown = request !== undefined || held?.since === undefined;
    return {
      key,
      held: held !== undefined && isKnown && peek.isServed(request?.policy ?? policy, held, behind),
      fetchedAt: held?.fetchedAt,
      rows: held?.rows.size,
      changes: freeze(
        held === undefined ? this.#changesUpToEnd(key) : [
          ...history.taken(key, held.fetchedAt),
          ...behind === undefined ? [] : history.pending(key, behind),
        ],
      ),
      lastChange: changes.last,
    };
  }

  /** The changes of an entry that was invalidated, and what invalidated it last. */
  #changesUpToEnd(key: string): readonly ReplayedChange[] {
    const { invalidatedAt, invalidatedBy } = this.#options.invalidation;
    const taken = this.#options.history.takenBefore(key, invalidatedAt);
    if (taken === undefined || invalidatedBy === undefined) return [];
    return [...taken, { change: withoutRow(invalidatedBy), effect: "dead" }];
  }
}

/** The cache may keep the same changes. */
function freeze(changes: readonly ReplayedChange[]): readonly ReplayedChange[] {
  for (const { change } of changes) {
    if (change.kind !== "changed") Object.freeze(change.columns);
    Object.freeze(change);
  }
  return changes.map((one) => Object.freeze({ ...one }));
}
