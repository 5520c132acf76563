/**
 * What a user of the npm package does, printed as JSON. The tests compile it against the installed package, and run it in
 * a folder with an empty file `empty.db`; the argument is the address of a served shop.
 */
import process from "node:process";
import { TableError } from "@vantage/live";
import { SqliteCache } from "@vantage/live/cache/sqlite";
import { SqliteTable } from "@vantage/live/table/sqlite";
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

console.log(JSON.stringify({
  memory: await firstSteps(memShop()),
  network: await firstSteps(await networkShop(process.argv[2] ?? "")),
  sqliteCache: await opening(() => SqliteCache.open(":memory:")),
  sqliteTable: await opening(() => SqliteTable.open("empty.db", "products")),
}));
