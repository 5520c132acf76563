import { existsSync } from "node:fs";
import { type LiveStream, LiveTable, NotFoundError, type Table, type TableLike } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import type { Arguments } from "./args.ts";
import { BadInput, opening } from "./bad_input.ts";
import { SMALL_BAKERY } from "./bakery.ts";
import { KeptMap } from "./kept_map.ts";
import { checkCache, OpenedCache } from "./opened_cache.ts";
import { describeServed, isDescription, type KnownTables, OpenedMaster } from "./opened_master.ts";
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

/** How to wire a table. */
export interface WiringOptions {
  readonly tracer: Context["tracer"];
  readonly liveStream?: LiveStream | undefined;
  /** What is known of the tables of servers. */
  readonly known?: KnownTables | undefined;
}

/** What was opened for a {@linkcode Wiring}, which closes it. */
interface Opened {
  readonly master: OpenedMaster;
  readonly cache: OpenedCache;
  readonly known: KnownTables;
}

/** A master, a cache, and the live table that joins them. */
export class Wiring implements AsyncDisposable {
  readonly places: Places;
  readonly master: Table;
  readonly live: LiveTable;
  readonly reads: TimedReads;
  readonly #master: OpenedMaster;
  readonly #cache: OpenedCache;
  readonly #lastMisses: KeptMap<number>;
  readonly #known: KnownTables;

  private constructor(places: Places, { master, cache, known }: Opened, { tracer, liveStream }: WiringOptions) {
    this.places = places;
    this.master = master.table;
    this.#master = master;
    this.#cache = cache;
    this.#known = known;
    const cacheKey = cacheKeyOf(places.entity, places.master);
    this.live = new LiveTable(this.master, cacheKey, cache.cache, { tracer, liveStream });
    this.#lastMisses = new KeptMap({ path: besides(places.cache, "last-misses"), isValue: isTime });
    this.reads = new TimedReads(this.live, this.#lastMisses);
  }

  /**
   * Opens master and cache; the cache is made if it is missing.
   *
   * @throws {BadInput} if one of them cannot be opened.
   * @throws {UnavailableError} if the master is a server that is away.
   */
  static async open(places: Places, options: WiringOptions): Promise<Wiring> {
    const known = options.known ?? knownTables(places.cache);
    const master = await OpenedMaster.open(places, known);
    try {
      const cache = await OpenedCache.open(places.cache, options.tracer);
      return new Wiring(places, { master, cache, known }, options);
    } catch (error) {
      await master[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Closes everything, in the order in which it depends on each other. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.live.close();
    await this.#cache[Symbol.asyncDispose]();
    await this.#master[Symbol.asyncDispose]();
    this.#lastMisses.save();
    this.#known.save();
  }
}

/** What to do with a table. */
export interface Task<P> {
  /**
   * Whether a server must be there even if the cache could answer, as for writes. It is asked anew what its table is like;
   * otherwise what it said last will do.
   */
  readonly needsMaster?: boolean | undefined;
  /** Checks what was given against the table, before anything is made or changed. */
  check(table: TableLike): P;
  /** Does it. */
  run(wiring: Wiring, plan: P): Promise<Answer>;
  /** The events to listen to. */
  readonly streamOf?: ((master: MasterPlace, entity: string) => LiveStream) | undefined;
}

/**
 * Checks everything first; then makes what is missing, and runs the task.
 *
 * @throws {BadInput} if anything given cannot be used; then nothing was changed.
 * @throws {UnavailableError} if the master is a server that is away, and is needed.
 */
export async function onTable<P>(args: Arguments, context: Context, task: Task<P>): Promise<Answer> {
  const places = placesOf(args);
  const { master, entity, cache } = places;
  const known = knownTables(cache);
  if (master.kind === "server" && task.needsMaster === true) await describeServed(entity, master, known);
  const plan = await checkMaster(places, known, (table) => task.check(table)).catch((error) => {
    throw error.cause instanceof NotFoundError && args.firstWord !== undefined
      ? new BadInput(`${error.message}; nor is it a verb, which demo help names`, { cause: error })
      : error;
  });
  await checkCache(cache);
  makeDemoFolder(filesOf(places));
  if (master.kind === "file" && await seedIfMissing(master)) tellSeeded(context.out, master);
  const liveStream = task.streamOf?.(master, entity);
  await using wiring = await Wiring.open(places, { tracer: context.tracer, liveStream, known });
  return await task.run(wiring, plan);
}

/** Fills the demo's own master on its first use; answers whether it was that. */
export async function seedIfMissing(master: FileMaster): Promise<boolean> {
  if (!isToBeSeeded(master)) return false;
  await seedBakery(master.path, { size: SMALL_BAKERY, onlyIfMissing: true });
  return true;
}

/** Says that the demo's own master was filled. */
export function tellSeeded(out: Output, { path }: FileMaster): void {
  out.note(`Nothing was there yet: filled ${path} with the bakery.`);
}

/** Whether the default master waits for its first use. An explicit one is never filled unasked. */
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
  return new KeptMap({ path: besides(cache, "tables"), isValue: isDescription });
}

/** A file next to the cache, if that is a file. */
function besides(cache: CachePlace, name: string): string | undefined {
  return "path" in cache ? `${cache.path}.${name}.json` : undefined;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}
