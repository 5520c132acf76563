import { systemClock } from "@vantage/live";
import type { Ledger } from "./ledger.ts";
import { columnsOf, idsOf } from "./products.ts";

/** Runs a statement with parameters. */
export type RunSql = (sql: string, params: readonly unknown[]) => Promise<unknown>;

const UPDATE = "UPDATE products SET version = $1, stock = $2, mark = $3 WHERE id = $4";
/** How long a change may be on its way to a host. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 5;

/**
 * Changes rows by SQL, as another program that knows of no cache. A row is changed again only when the hosts have been told
 * of its last change, so that an event of it can mean no other version.
 */
export class OutsideChanges {
  readonly #ids: readonly number[];
  readonly #ledger: Ledger;
  readonly #run: RunSql;
  #next = 0;

  constructor(hosts: number, ledger: Ledger, run: RunSql) {
    this.#ids = idsOf(hosts, hosts);
    this.#ledger = ledger;
    this.#run = run;
  }

  /** Changes so many rows a second for a while, and gives how many it has changed. */
  async run(ms: number, perSecond: number): Promise<number> {
    const startedAt = performance.now();
    let changed = 0;
    for (;;) {
      await systemClock.wait(Math.max(0, startedAt + changed * 1_000 / perSecond - performance.now()));
      if (performance.now() >= startedAt + ms) return changed;
      await this.#change(this.#ids[this.#next++ % this.#ids.length] ?? 0);
      changed++;
    }
  }

  /** Resolves when the hosts have been told of all changes. */
  async delivered(): Promise<void> {
    for (const id of this.#ids) await this.#deliveredOf(id);
  }

  async #change(id: number): Promise<void> {
    const version = await this.#deliveredOf(id) + 1;
    this.#ledger.announce(id, version);
    const { stock, mark } = columnsOf(version);
    await this.#run(UPDATE, [version, stock, mark, id]);
  }

  async #deliveredOf(id: number): Promise<number> {
    const announced = this.#ledger.announced(id);
    const end = performance.now() + PATIENCE_MS;
    while ((this.#ledger.settled(id, 1)[0] ?? 0) < announced) {
      if (performance.now() > end) throw new Error(`No host has heard of version ${announced} of row ${id}`);
      await systemClock.wait(PAUSE_MS);
    }
    return announced;
  }
}
