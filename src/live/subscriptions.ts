import { isPromise } from "../base/maybe_promise.ts";

/** Called without arguments when something has changed. What it returns is not used. */
export type Listener = () => void;

interface Subscription {
  readonly listener: Listener;
  /** The revision that the listener knows of. */
  seen: number;
}

/** A revision that nothing has: who has seen it is called once in any case. */
export const NEVER_SEEN = -1;

/** What {@linkcode Subscriptions} work with. */
export interface SubscriptionsOptions {
  /** The present revision. */
  readonly revision: () => number;
  /** Called with what a listener threw, or rejected with. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Calls listeners when there is a revision that they have not seen: in the order in which they subscribed, each once
 * however many revisions there were, and never within the call that made the revision or within another listener.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #all = new Set<Subscription>();
  #isAnnounced = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** How many subscriptions there are. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * Adds a subscription of a listener that has seen revision `seen`; a listener may have several. The returned function
   * removes it, after which the listener is not called on its behalf.
   */
  add(listener: Listener, seen: number): () => void {
    const subscription: Subscription = { listener, seen };
    this.#all.add(subscription);
    this.announce();
    return () => void this.#all.delete(subscription);
  }

  /** Announces that there may be a new revision. */
  announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    this.#isAnnounced = false;
    for (const subscription of [...this.#all]) {
      const revision = this.#options.revision();
      // An earlier listener may have removed it.
      if (!this.#all.has(subscription) || subscription.seen === revision) continue;
      subscription.seen = revision;
      this.#call(subscription.listener);
    }
  }

  #call(listener: Listener): void {
    const { onFailure } = this.#options;
    try {
      const answer: unknown = listener();
      if (isPromise(answer)) answer.then(undefined, onFailure);
    } catch (error) {
      onFailure(error);
    }
  }
}
