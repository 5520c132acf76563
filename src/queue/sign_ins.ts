/** A refusal: the sign-in in which the attempt began, and how many attempts had succeeded before it. */
interface Refusal {
  readonly signIn: number;
  readonly successes: number;
}

/**
 * Tells whether a master that refuses an attempt refuses the user's credentials, or that one write whatever they are. Every
 * attempt belongs to the last sign-in before it began: a refusal of an earlier one says nothing of the credentials now.
 */
export class SignIns<T extends object> {
  /** The sign-in that an attempt belongs to. */
  readonly #signInOf = new WeakMap<T, number>();
  readonly #refusals = new WeakMap<T, Refusal>();
  #last = 0;
  #successes = 0;
  /** The last sign-in in which an attempt began that succeeded, and which success it was. */
  #proof = { signIn: -1, success: 0 };

  /** The user may have signed in. */
  next(): void {
    this.#last++;
  }

  /** An attempt begins. */
  begin(item: T): void {
    this.#signInOf.set(item, this.#last);
  }

  /** An attempt succeeded. */
  succeeded(item: T): void {
    const signIn = this.#signInOf.get(item) ?? 0;
    this.#successes++;
    if (signIn >= this.#proof.signIn) this.#proof = { signIn, success: this.#successes };
  }

  /** Whether the user has signed in since the last attempt began. */
  isOutdated(item: T): boolean {
    return this.#signInOf.get(item) !== this.#last;
  }

  /**
   * An attempt was refused. Returns whether the same was refused before, and another attempt has succeeded since that began in
   * that sign-in or later. A success from before may be one with credentials that have expired since.
   */
  refused(item: T): boolean {
    const [before, { signIn, success }] = [this.#refusals.get(item), this.#proof];
    if (before !== undefined && signIn >= before.signIn && success > before.successes) return true;
    this.#refusals.set(item, { signIn: this.#signInOf.get(item) ?? 0, successes: this.#successes });
    return false;
  }
}
