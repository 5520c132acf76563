import { existsSync } from "node:fs";
import {
  type LiveStream,
  LiveTable,
  NotFoundError,
  type Refs,
  type RetryPolicy,
  type Table,
  type TableLike,
} from "@vantage/live";
import { type SqliteOutbox, SqliteTable } from "@vantage/live/sqlite";
import type { Arguments } from "./args.ts";
import { BadInput, opening } from "./bad_input.ts";
import { SMALL_BAKERY } from "./bakery.ts";
import { KeptMap } from "./kept_map.ts";
import { checkCache, OpenedCache } from "./opened_cache.ts";
import { describeServed, isDescription, type KnownTables, OpenedMaster } from "./opened_master.ts";
import type { OpenedStream } from "./opened_stream.ts";
import { checkOutbox, LEASE_MS, openOutbox, StoredWrites } from "./stored_writes.ts";
import type { Output } from "./output.ts";
import {
  cacheKeyOf,
  type CachePlace,
  type FileMaster,
  filesOf,
  makeDemoFolder,
  type MasterPlace,
  type Places,
  placesOf,
} from "./places.ts";
import { previewBakery, seedBakery } from "./seeding.ts";
import { TimedReads } from "./timed_reads.ts";
import type { Answer, Context } from "./verb.ts";

/** What the outbox is opened for: to show or send what waits, if there is one; or to accept writes, which makes it. */
export type OutboxUse = "show" | "accept";

/** Options of a {@linkcode Wiring}. */
export interface WiringOptions {
  readonly tracer: Context["tracer"];
  /** The events to subscribe to. */
  readonly liveStream?: LiveStream | undefined;
  /** The known descriptions of served tables. */
  readonly known?: KnownTables | undefined;
  /** What the outbox is opened for. Nothing is sent from it before the table is set online. */
  readonly outbox?: OutboxUse | undefined;
  /** The tables that `getRef` answers with. */
  readonly refs?: Refs | undefined;
  /** When a write is sent again, with an outbox. */
  readonly retry?: RetryPolicy | undefined;
}

/** The resources of a {@linkcode Wiring}, which closes them. */
interface Opened {
  readonly master: OpenedMaster;
  readonly cache: OpenedCache;
  readonly known: KnownTables;
  readonly outbox: SqliteOutbox | undefined;
}

/** A master, a cache, perhaps an outbox, and the live table that joins them. */
export class Wiring implements AsyncDisposable {
  readonly places: Places;
  readonly master: Table;
  readonly live: LiveTable;
  readonly reads: TimedReads;
  /** What is in the outbox; `undefined` without one. */
  readonly stored: StoredWrites | undefined;
  readonly #master: OpenedMaster;
  readonly #cache: OpenedCache;
  readonly #outbox: SqliteOutbox | undefined;
  readonly #lastMisses: KeptMap<number>;
  readonly #known: KnownTables;

  private constructor(places: Places, { master, cache, known, outbox }: Opened, options: WiringOptions) {
    const { tracer, retry, liveStream, refs } = options;
    this.places = places;
    this.master = master.table;
    this.#master = master;
    this.#cache = cache;
    this.#known = known;
    const cacheKey = cacheKeyOf(places.entity, places.master);
    const waiting = outbox && { outbox, optimistic: true, outboxLeaseMs: LEASE_MS, retry };
    this.live = new LiveTable(this.master, cacheKey, cache.cache, { tracer, liveStream, refs, ...waiting });
    if (outbox !== undefined) this.live.setOnline(false);
    this.stored = outbox && new StoredWrites(outbox, this.live);
    this.#outbox = outbox;
    this.#lastMisses = new KeptMap({ path: pathBeside(places.cache, "last-misses"), isValue: isTime });
    this.reads = new TimedReads(this.live, this.#lastMisses);
  }

  /**
   * Opens master and cache, creating the cache if missing.
   *
   * @throws {BadInput} if one of them cannot be opened.
   * @throws {UnavailableError} if the master is a server that does not answer.
   */
  static async open(places: Places, options: WiringOptions): Promise<Wiring> {
    const known = options.known ?? knownTables(places.cache);
    const master = await OpenedMaster.open(places, known);
    try {
      const outbox = await outboxOf(places, options.outbox);
      const cache = await OpenedCache.open(places.cache, options.tracer);
      return new Wiring(places, { master, cache, known, outbox }, options);
    } catch (error) {
      await master[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Closes everything in the order of dependencies. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.live.close();
    await this.#outbox?.close();
    await this.#cache[Symbol.asyncDispose]();
    await this.#master[Symbol.asyncDispose]();
    this.#lastMisses.save();
    this.#known.save();
  }
}

/** A task with a table. */
export interface Task<P> {
  /**
   * Whether a server must answer even if the cache could, as for writes. Its table is described again; otherwise the
   * last description is used.
   */
  readonly needsMaster?: boolean | undefined;
  /** What the outbox is opened for; by default it is not. */
  readonly outbox?: OutboxUse | undefined;
  /** The tables that `getRef` answers with. */
  readonly refs?: Refs | undefined;
  /** Checks arguments against the table, before anything is created or changed. */
  check(table: TableLike): P;
  /** Runs the task. */
  run(wiring: Wiring, plan: P): Promise<Answer>;
  /** The events to subscribe to. */
  readonly streamOf?: ((master: MasterPlace, entity: string) => Promise<OpenedStream>) | undefined;
}

/**
 * Checks everything first, then creates what is missing and runs the task.
 *
 * @throws {BadInput} if any argument is invalid; then nothing was changed.
 * @throws {UnavailableError} if the master is needed, and is a server that does not answer.
 */
export async function onTable<P>(args: Arguments, context: Context, task: Task<P>): Promise<Answer> {
  const places = placesOf(args);
  const { master, entity, cache } = places;
  const known = knownTables(cache);
  if (master.kind === "server" && task.needsMaster === true) await describeServed(entity, master, known);
  const plan = await checkMaster(places, known, (table) => task.check(table)).catch((error) => {
    throw error.cause instanceof NotFoundError && args.firstWord !== undefined
      ? new BadInput(`${error.message}; nor is it a verb, see demo help`, { cause: error })
      : error;
  });
  await checkCache(cache);
  if (task.outbox !== undefined) await checkOutbox(places.outbox);
  makeDemoFolder(filesOf(places));
  if (master.kind === "file" && await seedIfMissing(master)) printSeeded(context.out, master);
  await using opened = await task.streamOf?.(master, entity);
  const options = { tracer: context.tracer, liveStream: opened?.stream, known, outbox: task.outbox, refs: task.refs };
  await using wiring = await Wiring.open(places, options);
  return await task.run(wiring, plan);
}

/** Opens the outbox, which is made only to accept a write. */
async function outboxOf({ outbox }: Places, use: OutboxUse | undefined): Promise<SqliteOutbox | undefined> {
  const isNeeded = use === "accept" || (use !== undefined && existsSync(outbox));
  return isNeeded ? await openOutbox(outbox) : undefined;
}

/** Fills the demo's default master on first use; returns whether it did. */
export async function seedIfMissing(master: FileMaster): Promise<boolean> {
  if (!isToBeSeeded(master)) return false;
  await seedBakery(master.path, { size: SMALL_BAKERY, onlyIfMissing: true });
  return true;
}

/** Prints that the demo's default master was filled. */
export function printSeeded(out: Output, { path }: FileMaster): void {
  out.note(`First use: filled ${path} with the bakery.`);
}

/** Whether the default master does not exist yet. An explicit one is never filled without a request. */
function isToBeSeeded(master: MasterPlace): boolean {
  return master.kind === "file" && master.isDefault && !existsSync(master.path);
}

async function checkMaster<P>(places: Places, known: KnownTables, check: (table: TableLike) => P): Promise<P> {
  if (isToBeSeeded(places.master)) {
    const preview = previewBakery();
    try {
      const { entity } = places;
      return check(await opening(`${JSON.stringify(entity)} in the bakery`, () => SqliteTable.open(preview, entity)));
    } finally {
      preview.close();
    }
  }
  await using master = await OpenedMaster.open(places, known);
  return check(master.table);
}

function knownTables(cache: CachePlace): KnownTables {
  return new KeptMap({ path: pathBeside(cache, "tables"), isValue: isDescription });
}

/** A file next to the cache, if the cache is a file. */
function pathBeside(cache: CachePlace, name: string): string | undefined {
  return "path" in cache ? `${cache.path}.${name}.json` : undefined;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}
