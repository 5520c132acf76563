import { existsSync } from "node:fs";
import { LiveTable, MemTable } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { BadInput, opening } from "./bad_input.ts";
import { connectSurreal } from "./connected_surreal.ts";
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
  type SurrealMaster,
} from "./places.ts";
import { progressBar } from "./progress_bar.ts";
import { checkSeedable, seedBakery } from "./seeding.ts";
import { checkSurrealSeedable, seedSurreal } from "./surreal_bakery.ts";
import { formatMs, round } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";

const MAX_ROWS = 10_000_000;

export const seedVerb: Verb = {
  name: "seed",
  words: [],
  summary: "fill the master with the bakery: clients, products and orders",
  details: [
    "Replaces what the demo filled before; refuses a database that it did not create.",
    "Other processes with the file open see it at once; a server of it emits an event.",
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
  const size = sizeOf(places.entity, rows);
  if (places.master.kind === "surreal") return await seedServer(places.master, places, size, context);
  const master = fileMasterOf(places, "seed");
  const { path } = master;
  if (existsSync(path)) await opening(`the master ${JSON.stringify(path)}`, () => checkSeedable(path));
  await checkCache(places.cache);
  makeDemoFolder(filesOf(places));
  const startedAt = performance.now();
  await seedBakery(path, { size, onProgress: progressBar(context.out) });
  const ms = performance.now() - startedAt;
  await invalidateAll(master, places.cache);
  printSeeded(context.out, path, size, ms);
  return { document: { verb: "seed", master: path, rows: { ...size }, ms: round(ms) } };
}

async function seedServer(master: SurrealMaster, places: Places, size: BakerySize, { out }: Context): Promise<Answer> {
  const db = await connectSurreal(master);
  try {
    await checkSurrealSeedable(db, master.host);
    await checkCache(places.cache);
    makeDemoFolder(filesOf(places));
    const startedAt = performance.now();
    await seedSurreal(db, size, progressBar(out));
    const ms = performance.now() - startedAt;
    await invalidateAll(master, places.cache);
    printSeeded(out, shownMaster(master), size, ms);
    return { document: { verb: "seed", master: shownMaster(master), rows: { ...size }, ms: round(ms) } };
  } finally {
    await db.close();
  }
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
