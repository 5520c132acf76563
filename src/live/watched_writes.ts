import type { Write } from "../queue/write.ts";
import type { Row } from "../table/row.ts";
import type { FailedWrite } from "./failed_write.ts";
import { checkListener, once } from "./live_observer.ts";
import { NEVER_SEEN, Subscriptions } from "./subscriptions.ts";

/** The writes of a table that are not done, as one frozen object. A new one is made only when there are others. */
export interface WritesSnapshot<R extends object = Row> {
  /** Those that are queued or in flight, in the order in which they were made, as `pendingWrites()` has them. */
  readonly pending: readonly Write<R>[];
  /** Those that failed for good and are kept in the outbox, as `failedWrites()` has them. */
  readonly failed: readonly FailedWrite<R>[];
  /** Grows by one with each snapshot. */
  readonly revision: number;
}

/** Shows the writes of a table that are not done. Its functions need no `this`. */
export interface WritesObserver<R extends object = Row> {
  /** What is known now. The same object until there are other writes. */
  readonly getSnapshot: () => WritesSnapshot<R>;
  /**
   * Calls `listener` once after it has subscribed, and after each change of the snapshot, as {@linkcode LiveStore.subscribe}
   * does. Writes that have failed are read from the outbox while there are listeners.
   */
  readonly subscribe: (listener: () => void) => () => void;
}

/** What {@linkcode WatchedWrites} work with. */
export interface WatchedWritesOptions {
  readonly pending: () => readonly Write[];
  /** Calls the listener from then on when others are pending. */
  readonly onPending: (listener: () => void) => void;
  readonly failures: () => Promise<readonly FailedWrite[]>;
  /** Called with what the outbox, or a listener, has thrown. */
  readonly onOutboxFailure: (error: unknown) => void;
  readonly onListenerFailure: (error: unknown) => void;
}

/** Keeps the snapshot of the writes of a table that are not done. */
export class WatchedWrites {
  readonly observer: WritesObserver = Object.freeze({
    getSnapshot: () => this.#current(),
    subscribe: (listener: () => void) => this.#subscribe(listener),
  });
  readonly #options: WatchedWritesOptions;
  readonly #subscriptions: Subscriptions;
  #snapshot: WritesSnapshot = Object.freeze({ pending: [], failed: [], revision: 0 });
  /** Whether it is noted when other writes are pending: from the first subscription on, so that nobody else pays for it. */
  #isNoted = false;
  #isOutdated = true;
  /** How often writes have failed, or were retried or discarded; and up to where that is known here. */
  #changes = 0;
  #known = -1;
  #isReading = false;

  constructor(options: WatchedWritesOptions) {
    this.#options = options;
    this.#subscriptions = new Subscriptions({
      revision: () => this.#current().revision,
      onFailure: options.onListenerFailure,
    });
  }

  /** Other writes have failed, or do not count as failed any more. */
  failuresChanged(): void {
    this.#changes++;
    if (this.#subscriptions.size > 0) void this.#readFailures();
  }

  #subscribe(listener: () => void): () => void {
    if (!this.#isNoted) this.#options.onPending(() => this.#pendingChanged());
    this.#isNoted = true;
    const leave = this.#subscriptions.add(checkListener(listener), NEVER_SEEN);
    void this.#readFailures();
    return once(leave);
  }

  #pendingChanged(): void {
    this.#isOutdated = true;
    if (this.#subscriptions.size > 0) this.#subscriptions.announce();
  }

  #current(): WritesSnapshot {
    if (this.#isNoted && !this.#isOutdated) return this.#snapshot;
    this.#isOutdated = false;
    const pending = this.#options.pending();
    const { pending: before } = this.#snapshot;
    if (pending.length !== before.length || pending.some(({ id }, index) => id !== before[index]?.id)) {
      this.#show({ pending: Object.freeze([...pending]) });
    }
    return this.#snapshot;
  }

  #show(changes: Partial<WritesSnapshot>): void {
    this.#snapshot = Object.freeze({ ...this.#snapshot, ...changes, revision: this.#snapshot.revision + 1 });
  }

  async #readFailures(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#known !== this.#changes) {
      this.#known = this.#changes;
      try {
        this.#takeFailures(await this.#options.failures());
      } catch (error) {
        this.#options.onOutboxFailure(error);
      }
    }
    this.#isReading = false;
  }

  #takeFailures(failed: readonly FailedWrite[]): void {
    if (failed.length === 0 && this.#snapshot.failed.length === 0) return;
    this.#show({ failed: Object.freeze([...failed]) });
    this.#subscriptions.announce();
  }
}
