import { existsSync } from "node:fs";
import { LiveTable, MemTable } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { BadInput, opening } from "./bad_input.ts";
import { BAKERY_TABLES, type BakerySize, SMALL_BAKERY } from "./bakery.ts";
import { checkCache, isStored, OpenedCache } from "./opened_cache.ts";
import { type Output, paint } from "./output.ts";
import {
  cacheKeyOf,
  type CachePlace,
  fileMasterOf,
  filesOf,
  makeDemoFolder,
  type MasterPlace,
  type Places,
  placesOf,
  shownMaster,
} from "./places.ts";
import { seedPostgres } from "./postgres_seeding.ts";
import { progressBar } from "./progress_bar.ts";
import { checkSeedable, seedBakery, type SeedingOptions } from "./seeding.ts";
import { seedSurreal } from "./surreal_bakery.ts";
import { formatMs, round } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";

const MAX_ROWS = 10_000_000;

export const seedVerb: Verb = {
  name: "seed",
  words: [],
  summary: "fill the master with the bakery: clients, products and orders",
  details: [
    "Replaces what the demo filled before; refuses a database that it did not create.",
    "Other processes with the file open see it at once; a server of it emits an event, and so do the databases.",
    "With --rows, the table of --entity gets that many rows, the others their default.",
  ],
  flags: [
    { name: "rows", value: "<n>", help: "how many rows the table gets; they are the same each time" },
    ...TABLE_FLAGS,
    ...COMMON_FLAGS,
  ],
  run: seed,
};

async function seed(args: Arguments, context: Context): Promise<Answer> {
  const rows = args.whole("rows", { max: MAX_ROWS });
  const places = placesOf(args);
  const { master, cache } = places;
  const size = sizeOf(places.entity, rows);
  await checkMaster(places);
  await checkCache(cache);
  makeDemoFolder(filesOf(places));
  const startedAt = performance.now();
  await fill(places, { size, onProgress: progressBar(context.out) });
  const ms = performance.now() - startedAt;
  await invalidateAll(master, cache);
  printSeeded(context.out, shownMaster(master), size, ms);
  return { document: { verb: "seed", master: shownMaster(master), rows: { ...size }, ms: round(ms) } };
}

/** A database looks for itself whether it can be filled. */
async function checkMaster(places: Places): Promise<void> {
  if (isDatabase(places.master)) return;
  const { path } = fileMasterOf(places, "seed");
  if (existsSync(path)) await opening(`the master ${JSON.stringify(path)}`, () => checkSeedable(path));
}

function isDatabase({ kind }: MasterPlace): boolean {
  return kind === "postgres" || kind === "surreal";
}

async function fill(places: Places, options: SeedingOptions): Promise<void> {
  const { master } = places;
  if (master.kind === "surreal") return await seedSurreal(master, options);
  if (master.kind === "postgres") {
    return await opening(`the master ${shownMaster(master)}`, () => seedPostgres(master, options));
  }
  await seedBakery(fileMasterOf(places, "seed").path, options);
}

function sizeOf(entity: string, rows: number | undefined): BakerySize {
  const known = BAKERY_TABLES.some(({ name }) => name === entity);
  if (!known) {
    const accepted = BAKERY_TABLES.map(({ name }) => name).join(", ");
    throw new BadInput(`The bakery has no ${JSON.stringify(entity)}; accepted are ${accepted}`);
  }
  return rows === undefined ? SMALL_BAKERY : { ...SMALL_BAKERY, [entity]: rows };
}

/** Invalidates cached rows from before, if there is a cache. */
async function invalidateAll(master: MasterPlace, place: CachePlace): Promise<void> {
  if (!isStored(place)) return;
  await using opened = await OpenedCache.open(place);
  for (const { name } of BAKERY_TABLES) {
    // What is held is dropped, whatever the master is.
    await using live = new LiveTable(new MemTable(name), cacheKeyOf(name, master), opened.cache);
    await live.invalidate();
  }
}

function printSeeded(out: Output, path: string, size: BakerySize, ms: number): void {
  out.table(["table", "rows"], BAKERY_TABLES.map(({ name }) => [name, size[name]]));
  out.line();
  const total = size.clients + size.products + size.orders;
  const rate = Math.round(total / ms * 1_000);
  out.line(paint("cyan", "seeded"), ` ${formatMs(ms)}  ${total} rows in ${path}, ${rate} a second`);
}
