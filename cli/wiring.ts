import { existsSync } from "node:fs";
import { type LiveStream, LiveTable, type TableLike } from "@vantage/live";
import { SqliteTable } from "@vantage/live/table/sqlite";
import type { Arguments } from "./args.ts";
import { BadInput, opening } from "./bad_input.ts";
import { SMALL_BAKERY } from "./bakery.ts";
import { LastMisses } from "./last_misses.ts";
import { checkCache, OpenedCache } from "./opened_cache.ts";
import { cacheKeyOf, makeDemoFolder, type Places, placesOf } from "./places.ts";
import { previewBakery, seedBakery } from "./seeding.ts";
import { TimedReads } from "./timed_reads.ts";
import type { Answer, Context } from "./verb.ts";

/** How to wire a table. */
export interface WiringOptions {
  readonly tracer: Context["tracer"];
  readonly liveStream?: LiveStream | undefined;
}

/** A master, a cache, and the live table that joins them. */
export class Wiring implements AsyncDisposable {
  readonly places: Places;
  readonly master: SqliteTable;
  readonly live: LiveTable;
  readonly reads: TimedReads;
  readonly #cache: OpenedCache;
  readonly #lastMisses: LastMisses;

  private constructor(places: Places, master: SqliteTable, cache: OpenedCache, options: WiringOptions) {
    this.places = places;
    this.master = master;
    this.#cache = cache;
    this.live = new LiveTable(master, cacheKeyOf(places.entity, places.master), cache.cache, options);
    this.#lastMisses = new LastMisses(
      places.cache.kind === "file" ? `${places.cache.path}.last-misses.json` : undefined,
    );
    this.reads = new TimedReads(this.#lastMisses);
  }

  /**
   * Opens master and cache; the cache is made if it is missing.
   *
   * @throws {BadInput} if one of them cannot be opened.
   */
  static async open(places: Places, options: WiringOptions): Promise<Wiring> {
    const master = await openMaster(places);
    try {
      return new Wiring(places, master, await OpenedCache.open(places.cache, options.tracer), options);
    } catch (error) {
      await master.close();
      throw error;
    }
  }

  /** Closes everything, in the order in which it depends on each other. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.live.close();
    await this.#cache[Symbol.asyncDispose]();
    await this.master.close();
    this.#lastMisses.save();
  }
}

/** What to do with a table. */
export interface Task<P> {
  /** Checks what was given against the table, before anything is made or changed. */
  check(table: TableLike): P;
  /** Does it. */
  run(wiring: Wiring, plan: P): Promise<Answer>;
  /** The events to listen to. */
  readonly liveStream?: LiveStream | undefined;
}

/**
 * Checks everything first; then makes what is missing, and runs the task.
 *
 * @throws {BadInput} if anything given cannot be used; then nothing was changed.
 */
export async function onTable<P>(args: Arguments, context: Context, task: Task<P>): Promise<Answer> {
  const places = placesOf(args);
  const plan = await checkMaster(places, (table) => task.check(table));
  await checkCache(places.cache);
  makeDemoFolder(places);
  if (isToBeSeeded(places)) {
    await seedBakery(places.master, { size: SMALL_BAKERY, onlyIfMissing: true });
    context.out.note(`Nothing was there yet: filled ${places.master} with the bakery.`);
  }
  await using wiring = await Wiring.open(places, { tracer: context.tracer, liveStream: task.liveStream });
  return await task.run(wiring, plan);
}

/** Whether the default master waits for its first use. An explicit one is never filled unasked. */
function isToBeSeeded({ master, masterIsDefault }: Places): boolean {
  return masterIsDefault && !existsSync(master);
}

async function checkMaster<P>(places: Places, check: (table: TableLike) => P): Promise<P> {
  if (isToBeSeeded(places)) {
    const preview = previewBakery();
    try {
      return check(await opening("the master", () => SqliteTable.open(preview, places.entity)));
    } finally {
      preview.close();
    }
  }
  await using master = await openMaster(places);
  return check(master);
}

async function openMaster({ master, entity }: Places): Promise<SqliteTable> {
  if (!existsSync(master)) {
    throw new BadInput(`There is no master ${JSON.stringify(master)}; "demo seed --master ${master}" makes one`);
  }
  return await opening(`${JSON.stringify(entity)} in the master`, () => SqliteTable.open(master, entity));
}
