/**
 * What a user of the npm package does, printed as JSON. The tests compile it against the installed package, and run it in
 * a folder with an empty file `empty.db`; the argument is the address of a served shop.
 */
import process from "node:process";
import { LiveTable, MemTable, type Row, TableError } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { SqliteTable } from "@vantage/live/sqlite";
import { firstSteps } from "./first_steps.ts";
import { memShop } from "./mem_shop.ts";
import { networkShop } from "./network_shop.ts";

/** "open", or the code of the typed error. */
async function opening(open: () => Promise<AsyncDisposable>): Promise<string> {
  try {
    await using _opened = await open();
    return "open";
  } catch (error) {
    if (error instanceof TableError) return error.code;
    throw error;
  }
}

/** How many of the rows that a master gave come back from the bytes of an SqliteCache as they were, or the code of the error. */
async function storing(): Promise<number | string> {
  const rows = Array.from(
    { length: 100 },
    (_, index) => [`${index}`, { name: `Bun ${index} \u{1F950}`, price: index / 3 }],
  );
  const master = new MemTable("products", { rows: rows as [string, Row][] });
  try {
    const cache = await SqliteCache.open(":memory:");
    const table = new LiveTable(master, "products", cache);
    await table.listValues();
    const stored = await table.listValues();
    const hits = table.stats().hits;
    await table.close();
    await cache.close();
    return hits === 1 ? [...stored].filter(([id, row]) => row.name === `Bun ${id} \u{1F950}`).length : "no hit";
  } catch (error) {
    if (error instanceof TableError) return error.code;
    throw error;
  }
}

console.log(JSON.stringify({
  memory: await firstSteps(memShop()),
  network: await firstSteps(await networkShop(process.argv[2] ?? "")),
  sqliteCache: await storing(),
  sqliteTable: await opening(() => SqliteTable.open("empty.db", "products")),
}));
