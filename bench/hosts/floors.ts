import type { Ledger } from "./ledger.ts";
import { ROWS } from "./products.ts";

/** How often the ledger is copied: so much more than the bound an answer may be late unnoticed. */
const COPY_MS = 10;

/** The ledger as it was. */
interface Copy {
  readonly at: number;
  readonly versions: Uint32Array;
}

/** The oldest version of each row that a host may show to a reader who asks now. */
export class Floors {
  readonly #ledger: Ledger;
  readonly #maxLagMs: number;
  /** What this host has written and heard, by id. */
  readonly #known = new Uint32Array(ROWS);
  /** From the oldest that matters to the newest. */
  readonly #copies: Copy[] = [];

  /** `maxLagMs` is how late what others have settled may be seen here; 0 if it must be seen at once. */
  constructor(ledger: Ledger, maxLagMs: number) {
    this.#ledger = ledger;
    this.#maxLagMs = maxLagMs;
  }

  /** From now on this host must show the version. */
  know(id: number, version: number): void {
    this.#known[id] = Math.max(this.#known[id] ?? 0, version);
  }

  /** The floors of `count` rows from `first` on, as of now. */
  of(first: number, count: number): Uint32Array {
    const settled = this.#maxLagMs === 0
      ? this.#ledger.settled(first, count)
      : this.#before().slice(first, first + count);
    return settled.map((version, at) => Math.max(version, this.#known[first + at] ?? 0));
  }

  /** What was settled `maxLagMs` ago. */
  #before(): Uint32Array {
    const now = performance.now();
    if (now - (this.#copies.at(-1)?.at ?? -Infinity) >= COPY_MS) {
      this.#copies.push({ at: now, versions: this.#ledger.settled(0, ROWS) });
    }
    while ((this.#copies[1]?.at ?? Infinity) <= now - this.#maxLagMs) this.#copies.shift();
    const [oldest] = this.#copies;
    return oldest !== undefined && oldest.at <= now - this.#maxLagMs ? oldest.versions : new Uint32Array(ROWS);
  }
}
