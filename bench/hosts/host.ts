import { LiveTable, Rows, systemClock, type TableLike } from "@vantage/live";
import { PostgresTable } from "@vantage/live/postgres";
import { FakeClock } from "@vantage/live/testing";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { openCache } from "./cache_of_host.ts";
import { openPostgres } from "./clients.ts";
import { Floors } from "./floors.ts";
import type { HostAnswer } from "./host_counts.ts";
import { type HostOptions, PATIENCE_MS } from "./host_options.ts";
import { Ledger } from "./ledger.ts";
import { columnsOf, idsOf, ownerOf, PAGE, ROWS } from "./products.ts";

/** How many readers ask at once, each again as soon as it is answered. */
const READERS = 4;
/** After so many reads a reader lets others run: what is answered from memory waits for nothing. */
const READS_IN_TURN = 20;
const WRITES_PER_SECOND = 5;
const EXAMPLES = 3;
/** The rows that are read alone. */
const SINGLE_ROWS = [5, 505];

/** A way to read some of the rows. */
interface View {
  readonly name: string;
  readonly first: number;
  readonly count: number;
  read(): Promise<Rows>;
}

/** One of several hosts on one cache and one database: it reads, writes, and checks each answer. */
export class Host implements AsyncDisposable {
  readonly #options: HostOptions;
  readonly #opened: AsyncDisposableStack;
  readonly #ledger: Ledger;
  readonly #master: PostgresTable;
  readonly #table: LiveTable;
  readonly #floors: Floors;
  readonly #maxLagMs: number;
  readonly #views: readonly View[];
  readonly #chance: FakeClock;
  readonly #hearing: Promise<void>;
  readonly #versions = new Map<number, number>();
  readonly #counts = { reads: 0, writes: 0, violations: 0 };
  readonly #examples: string[] = [];

  private constructor(options: HostOptions, opened: AsyncDisposableStack, parts: {
    readonly ledger: Ledger;
    readonly master: PostgresTable;
    readonly table: LiveTable;
    readonly maxLagMs: number;
  }) {
    this.#options = options;
    this.#opened = opened;
    this.#ledger = parts.ledger;
    this.#master = parts.master;
    this.#table = parts.table;
    this.#maxLagMs = parts.maxLagMs;
    this.#floors = new Floors(parts.ledger, parts.maxLagMs);
    this.#views = viewsOf(parts.table);
    this.#chance = new FakeClock({ seed: options.seed + options.at });
    this.#hearing = this.#hear();
  }

  /** Opens clients, cache and table. */
  static async open(options: HostOptions): Promise<Host> {
    const opened = new AsyncDisposableStack();
    const ledger = opened.use(new Ledger(options.ledgerPath, ROWS));
    const postgres = openPostgres(options.postgresPort, options.at);
    opened.defer(async () => void await postgres.close());
    const master = await PostgresTable.open(postgres.client, "products");
    const { cache, liveStream, maxLagMs } = await openCache(options, postgres.client, opened);
    const cacheTimeoutMs = cache.getTimeoutMs ?? PATIENCE_MS;
    const table = opened.use(new LiveTable(master, "products", cache, { liveStream, cacheTimeoutMs }));
    return new Host(options, opened, { ledger, master, table, maxLagMs });
  }

  /** What was done so far. */
  get answer(): HostAnswer {
    const { hits, misses, masterReads, rowsReceived, cacheFailures, failedReads, failedWrites } = this.#table.stats();
    const { user, system } = process.cpuUsage();
    const counts = {
      ...this.#counts,
      ...{ hits, misses, masterReads, masterRows: rowsReceived, cpuMs: (user + system) / 1_000 },
      failures: cacheFailures + failedReads + failedWrites,
    };
    return { counts, examples: this.#examples };
  }

  /** Reads everything, so that everything is held. */
  async warm(): Promise<void> {
    for (const view of this.#views) await this.#read(view);
  }

  /** Reads for a while, and writes if `changes`. */
  async run(ms: number, changes: boolean): Promise<void> {
    const end = performance.now() + ms;
    const readers = Array.from({ length: READERS }, () => this.#readUntil(end));
    await Promise.all([...readers, changes ? this.#writeUntil(end) : undefined]);
  }

  /** Now that nothing changes any more, all that is read must be what the database has. */
  async compare(): Promise<void> {
    if (this.#maxLagMs > 0) await systemClock.wait(this.#maxLagMs);
    const truth = Rows.from(await this.#master.listValues());
    for (const { name, read } of this.#views) {
      for (const [id, { version }] of await read()) {
        const newest = truth.get(id)?.version;
        if (version !== newest) {
          this.#violate(`${name} at rest: row ${id} is at ${version}, in the database at ${newest}`);
        }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
    await this.#hearing;
  }

  async #readUntil(end: number): Promise<void> {
    while (performance.now() < end) {
      for (let turn = 0; turn < READS_IN_TURN; turn++) {
        const view = this.#views[this.#next(this.#views.length)];
        if (view !== undefined) await this.#read(view);
      }
      await setImmediate();
    }
  }

  async #read({ name, first, count, read }: View): Promise<void> {
    const floors = this.#floors.of(first, count);
    const rows = await read();
    this.#counts.reads++;
    if (rows.size !== count) this.#violate(`${name}: ${rows.size} rows in place of ${count}`);
    for (const [id, { version, stock, mark }] of rows) {
      const floor = floors[Number(id) - first] ?? NaN;
      if (!(Number(version) >= floor)) this.#violate(`${name}: row ${id} is at ${version}, and ${floor} was settled`);
      const whole = columnsOf(Number(version));
      if (stock !== whole.stock || mark !== whole.mark) this.#violate(`${name}: row ${id} is of several versions`);
    }
  }

  async #writeUntil(end: number): Promise<void> {
    const own = idsOf(this.#options.at, this.#options.hosts);
    while (performance.now() < end) {
      const id = own[this.#next(own.length)] ?? 0;
      const version = (this.#versions.get(id) ?? 0) + 1;
      this.#versions.set(id, version);
      await this.#table.patchValue(`${id}`, columnsOf(version));
      this.#floors.know(id, version);
      this.#ledger.settle(id, version);
      this.#counts.writes++;
      await systemClock.wait(1_000 / WRITES_PER_SECOND);
    }
  }

  /** What others have changed in the database must be seen once its event has been delivered: here, or by the log everywhere. */
  async #hear(): Promise<void> {
    const { at, hosts, listens } = this.#options;
    const listensItself = at === 0 || listens === "each";
    for await (const event of this.#table.events.subscribe({ background: true })) {
      if (event.kind === "changed" || ownerOf(Number(event.id), hosts) !== hosts) continue;
      const id = Number(event.id);
      const version = this.#ledger.announced(id);
      this.#floors.know(id, version);
      if (listensItself) this.#ledger.settle(id, version);
    }
  }

  #violate(what: string): void {
    this.#counts.violations++;
    if (this.#examples.length < EXAMPLES) this.#examples.push(`host ${this.#options.at}: ${what}`);
  }

  #next(bound: number): number {
    return Math.floor(this.#chance.random() * bound);
  }
}

/** All pages and all categories, of a hundred rows each, and some rows alone. */
function viewsOf(table: LiveTable): readonly View[] {
  const views: View[] = [];
  for (let number = 0; number < ROWS / PAGE; number++) {
    const first = number * PAGE;
    const [page, category] = [table.page(number + 1, PAGE), table.where("category", "eq", number)];
    views.push({ name: `page ${number + 1}`, first, count: PAGE, read: () => page.listValues() });
    views.push({ name: `category ${number}`, first, count: PAGE, read: () => category.listValues() });
  }
  for (const id of SINGLE_ROWS) {
    views.push({
      name: `row ${id}`,
      first: id,
      count: 1,
      read: () => oneRow(table, `${id}`),
    });
  }
  return views;
}

async function oneRow(table: TableLike, id: string): Promise<Rows> {
  const row = await table.getValue(id);
  return Rows.from(row === undefined ? [] : [[id, row]]);
}
