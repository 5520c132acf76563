import { existsSync } from "node:fs";
import { LiveTable } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { BadInput, opening } from "./bad_input.ts";
import { BAKERY_TABLES, type BakerySize, SMALL_BAKERY } from "./bakery.ts";
import { KeptMap } from "./kept_map.ts";
import { checkCache, isStored, OpenedCache } from "./opened_cache.ts";
import { isDescription, OpenedMaster } from "./opened_master.ts";
import { type Output, paint } from "./output.ts";
import {
  cacheKeyOf,
  type FileMaster,
  fileMasterOf,
  filesOf,
  makeDemoFolder,
  type Places,
  placesOf,
  type PostgresMaster,
} from "./places.ts";
import { seedPostgres } from "./postgres_seeding.ts";
import { progressBar } from "./progress_bar.ts";
import { checkSeedable, seedBakery, type SeedingOptions } from "./seeding.ts";
import { formatMs, round } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";

const MAX_ROWS = 10_000_000;

export const seedVerb: Verb = {
  name: "seed",
  words: [],
  summary: "fill the master with the bakery: clients, products and orders",
  details: [
    "Replaces what the demo filled before; refuses a database that it did not create.",
    "Other processes with the file open see it at once; a server of it emits an event, and so does PostgreSQL.",
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
  const master = places.master.kind === "postgres" ? places.master : fileMasterOf(places, "seed");
  const size = sizeOf(places.entity, rows);
  const shown = master.kind === "file" ? master.path : master.shown;
  if (master.kind === "file") await checkFile(master);
  await checkCache(places.cache);
  makeDemoFolder(filesOf(places));
  const startedAt = performance.now();
  await fill(master, { size, onProgress: progressBar(context.out) });
  const ms = performance.now() - startedAt;
  await invalidateAll(places);
  printSeeded(context.out, shown, size, ms);
  return { document: { verb: "seed", master: shown, rows: { ...size }, ms: round(ms) } };
}

async function checkFile({ path }: FileMaster): Promise<void> {
  if (existsSync(path)) await opening(`the master ${JSON.stringify(path)}`, () => checkSeedable(path));
}

async function fill(master: FileMaster | PostgresMaster, options: SeedingOptions): Promise<void> {
  if (master.kind === "file") await seedBakery(master.path, options);
  else await opening(`the master ${master.shown}`, () => seedPostgres(master, options));
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
async function invalidateAll(places: Places): Promise<void> {
  const { master, cache } = places;
  if (!isStored(cache)) return;
  await using opened = await OpenedCache.open(cache);
  const known = new KeptMap({ path: undefined, isValue: isDescription });
  for (const { name } of BAKERY_TABLES) {
    await using table = await OpenedMaster.open({ ...places, entity: name }, known);
    await using live = new LiveTable(table.table, cacheKeyOf(name, master), opened.cache);
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
