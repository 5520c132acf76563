import type { PostgresSnapshot } from "./postgres_snapshot.ts";

/**
 * The transactions that were running when events began, or began anew. The log may have had the end of one already, which
 * readers did not see yet, as while a replica has to confirm it: no event tells of it.
 */
export class UnseenTransactions {
  readonly #running = new Map<number, { hasEnded: boolean }>();

  /** Events begin anew, while these are running. */
  begin(running: readonly number[]): void {
    this.#running.clear();
    for (const xid of running) this.#running.set(xid, { hasEnded: false });
  }

  /**
   * Whether a transaction has ended that no event tells of.
   *
   * @param told those that events have told of before the snapshot was taken
   */
  review(snapshot: PostgresSnapshot, told: readonly number[]): boolean {
    for (const xid of told) this.#running.delete(xid);
    let isAny = false;
    for (const [xid, state] of this.#running) {
      // One that has ended since the log was read is told of next time.
      if (state.hasEnded) isAny = this.#running.delete(xid);
      else state.hasEnded = snapshot.hasEnded(snapshot.whole(xid));
    }
    return isAny;
  }
}
