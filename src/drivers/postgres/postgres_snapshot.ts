/**
 * The transactions that were running at one moment, as `pg_current_snapshot()` writes it: `xmin:xmax:xip,…`. Those from
 * `xmax` on had not begun.
 */
export class PostgresSnapshot {
  readonly #end: bigint;
  readonly #running: ReadonlySet<bigint>;

  constructor(text: string) {
    const [, end = "0", running = ""] = text.split(":");
    this.#end = BigInt(end);
    this.#running = new Set(running === "" ? [] : running.split(",").map(BigInt));
  }

  /** Whether a transaction had ended, so that readers see what it did. */
  hasEnded(xid: bigint): boolean {
    return xid < this.#end && !this.#running.has(xid);
  }

  /** The whole number of a transaction, of which the log has only the last 32 bits. It began not long ago. */
  whole(xid: number): bigint {
    const near = (this.#end >> 32n << 32n) | BigInt(xid);
    const half = 1n << 31n;
    if (near > this.#end + half) return near - (1n << 32n);
    return near < this.#end - half ? near + (1n << 32n) : near;
  }
}
