import type { LiveTable } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";
import { defineTracer, type Tracer, type TraceRecord } from "@vantage/live/trace";
import { type HostTables, openTables } from "./host_parts.ts";
import {
  type HostCounts,
  type HostOptions,
  type HostSays,
  type HostTold,
  type StopAt,
  WRITE_TIMEOUT_MS,
} from "./host_talk.ts";
import { countTime } from "./lived_time.ts";
import { columnOf, type Contents, IDS, ownRowOf, type TableName, TABLES } from "./shop_tables.ts";
import { differenceOf, VIEWS } from "./shop_views.ts";
import { Stops } from "./stoppable.ts";

/** How many things are under way at once. */
const AT_ONCE = 3;
/** How long it rests between two things at the most. */
const MAX_PAUSE_MS = 40;
/** How much of what was traced is kept. */
const MOST_TRACED = 400;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One of many hosts: it reads and writes at random. */
export class Host {
  readonly #options: HostOptions;
  readonly #say: (what: HostSays) => void;
  readonly #chance: FakeClock;
  readonly #stops: Stops;
  readonly #traced: string[] = [];
  readonly #tables: Promise<HostTables>;
  /** The versions of its column that were acknowledged, by table and id. */
  readonly #floors = new Map<string, number>();
  /** The tables in which its own row is being inserted or deleted. */
  readonly #busy = new Set<TableName>();
  readonly #column: string;
  #version: number;
  #isRunning = false;
  #loops: Promise<unknown> = Promise.resolve();
  #counts = { reads: 0, writes: 0, failures: 0 };
  #hitsBefore = 0;
  #slowestReadMs = 0;

  /** Begins to open everything; `say` receives what it has to say. */
  constructor(options: HostOptions, say: (what: HostSays) => void) {
    this.#options = options;
    this.#say = say;
    this.#chance = new FakeClock({ seed: options.seed });
    this.#column = columnOf(options.host);
    this.#version = options.firstVersion;
    this.#stops = new Stops(() => this.#chance.random(), (at) => say({ kind: "stopped", at }));
    this.#tables = openTables(options, this.#stops, this.#tracer());
  }

  /** Does what it is told. */
  async take(told: HostTold): Promise<void> {
    const tables = await this.#tables;
    switch (told.kind) {
      case "run":
        return this.#run(tables);
      case "rest":
        return await this.#rest(tables);
      case "look":
        return await this.#look(tables, told.truth);
      case "write":
        return await this.#writeAlone(tables, told.table, told.id);
      case "stop":
        return this.#stopAt(tables, told.at);
      case "trace":
        return this.#say({ kind: "trace", lines: this.#traced });
      default:
        return told satisfies never;
    }
  }

  /** Resolves once everything is open. */
  async open(): Promise<void> {
    await this.#tables;
    this.#say({ kind: "ready" });
  }

  #run(tables: HostTables): void {
    this.#isRunning = true;
    this.#counts = { reads: 0, writes: 0, failures: 0 };
    this.#slowestReadMs = 0;
    this.#hitsBefore = hitsOf(tables);
    this.#loops = Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (this.#isRunning) {
        await this.#step(tables);
        await pause(this.#next(MAX_PAUSE_MS));
      }
    }));
  }

  async #rest(tables: HostTables): Promise<void> {
    this.#isRunning = false;
    await this.#loops;
    const counts: HostCounts = { ...this.#counts, hits: hitsOf(tables) - this.#hitsBefore };
    this.#say({ kind: "resting", counts, slowestReadMs: this.#slowestReadMs });
  }

  async #step(tables: HostTables): Promise<void> {
    const name = this.#oneOf(TABLES);
    const table = tables.get(name);
    if (table === undefined) return;
    const lot = this.#next(500);
    if (lot < 380) await this.#read(table, name);
    else if (lot < 470) await this.#patch(table, name, this.#oneOf(IDS));
    else if (lot < 499) await this.#insertOrDelete(table, name);
    else await this.#attempt("invalidate", () => table.invalidate());
  }

  /** What it has written itself is there in each of its reads, whatever is broken. */
  async #read(table: LiveTable, name: TableName): Promise<void> {
    const view = this.#oneOf(VIEWS);
    const floors = new Map(this.#floors);
    const stop = countTime((ms) => this.#slowestReadMs = Math.max(this.#slowestReadMs, ms));
    const content = await this.#attempt(`read ${name}, ${view.name}`, () => view.read(table));
    stop();
    this.#counts.reads++;
    for (const [id, values] of Object.entries(content ?? {})) {
      this.#checkOwn(`${name}, ${view.name}`, name, id, values, floors);
    }
  }

  #checkOwn(
    where: string,
    table: TableName,
    id: string,
    values: readonly number[],
    floors: ReadonlyMap<string, number>,
  ): void {
    const floor = floors.get(`${table} ${id}`);
    const version = values[this.#options.host];
    if (floor === undefined || version === undefined || version >= floor) return;
    this.#note("OLD", { where, id, version, floor });
    this.#say({ kind: "wrong", what: `${where}: ${id} is at ${version}, and ${floor} was acknowledged to this host` });
  }

  async #patch(table: LiveTable, name: TableName, id: string): Promise<number | undefined> {
    const version = ++this.#version;
    const row = await this.#attempt(`write ${name} ${id}`, () => table.patchValue(id, { [this.#column]: version }));
    if (row === undefined) return undefined;
    this.#acknowledged(name, id, version);
    return version;
  }

  async #insertOrDelete(table: LiveTable, name: TableName): Promise<void> {
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    const id = ownRowOf(this.#options.host);
    const version = ++this.#version;
    this.#say({ kind: "trying", table: name, id });
    if (this.#next(2) === 0) {
      const row = { text: "own", [this.#column]: version };
      const done = await this.#attempt(`write ${name} ${id}`, async () => {
        await table.delete(id);
        return await table.insertValue(id, row);
      });
      if (done !== undefined) this.#say({ kind: "written", table: name, id, version });
    } else {
      const done = await this.#attempt(`write ${name} ${id}`, () => table.delete(id).then(() => true));
      if (done !== undefined) this.#say({ kind: "written", table: name, id });
    }
    this.#busy.delete(name);
  }

  #acknowledged(table: TableName, id: string, version: number): void {
    const known = this.#floors.get(`${table} ${id}`) ?? 0;
    this.#floors.set(`${table} ${id}`, Math.max(known, version));
    this.#counts.writes++;
    this.#note("written", { table, id, version });
    this.#say({ kind: "written", table, id, version });
  }

  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#counts.failures++;
      const { name, message } = error as Error; // The module throws nothing else.
      this.#note("failed", { what, name });
      const isLate = message === `The master has not answered within ${WRITE_TIMEOUT_MS} ms`;
      this.#say({ kind: "failed", what, error: `${name}: ${message}`, isLate });
      return undefined;
    }
  }

  /** Some tables, in every way, all at once. */
  async #look(tables: HostTables, truth: Partial<Contents>): Promise<void> {
    const [hitsBefore, failuresBefore] = [hitsOf(tables), failuresOf(tables)];
    const looks = [...tables].flatMap(([name, table]) => {
      const content = truth[name];
      if (content === undefined) return [];
      return VIEWS.map(async (view) => {
        const read = await this.#attempt(`read ${name}, ${view.name}`, () => view.read(table));
        if (read === undefined) return `${name}, ${view.name}: the read failed`;
        return differenceOf(name, view, read, view.of(content));
      });
    });
    const differences = (await Promise.all(looks)).filter((difference) => difference !== undefined);
    if (differences.length > 0) this.#note("looked", { differences: differences.length, first: differences[0] });
    const cacheFailures = failuresOf(tables) - failuresBefore;
    this.#say({ kind: "looked", differences, hits: hitsOf(tables) - hitsBefore, cacheFailures });
  }

  async #writeAlone(tables: HostTables, name: TableName, id: string): Promise<void> {
    const failuresBefore = failuresOf(tables);
    const table = tables.get(name);
    const version = table && await this.#patch(table, name, id);
    this.#say({ kind: "wrote", version: version ?? 0, isLogged: failuresOf(tables) === failuresBefore });
  }

  /** Stops where it is told to, and does what leads there. */
  #stopAt(tables: HostTables, at: StopAt): void {
    // Of a write to the last one only the cache could tell.
    const name = at === "intent" || at === "log" ? "notes" : this.#oneOf(TABLES);
    const table = tables.get(name);
    if (table === undefined) return;
    this.#stops.at(at, name);
    if (at === "intent" || at === "log") return void this.#patch(table, name, this.#oneOf(IDS));
    void this.#attempt("invalidate", () => table.invalidate());
    if (at === "miss") void this.#attempt("a miss", () => table.listValues());
  }

  #tracer(): Tracer {
    const note = ({ name, fields }: TraceRecord): void => this.#note(name, fields);
    return defineTracer({
      enabled: (target, level) => target === "vantage_live::stream" || level === "warn" || level === "error",
      span: ({ name, fields: first }) => ({ end: (fields) => this.#note(name, { ...first, ...fields }) }),
      event: note,
    });
  }

  #note(name: string, fields: object): void {
    this.#traced.push(`${new Date().toISOString().slice(14, 23)} ${name} ${JSON.stringify(fields)}`);
    if (this.#traced.length > MOST_TRACED) this.#traced.shift();
  }

  #oneOf<T>(items: readonly T[]): T {
    return items[this.#next(items.length)] as T; // There are some.
  }

  #next(bound: number): number {
    return Math.floor(this.#chance.random() * bound);
  }
}

function hitsOf(tables: HostTables): number {
  return [...tables.values()].reduce((sum, table) => sum + table.stats().hits, 0);
}

function failuresOf(tables: HostTables): number {
  return [...tables.values()].reduce((sum, table) => sum + table.stats().cacheFailures, 0);
}
