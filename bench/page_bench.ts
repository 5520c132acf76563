import { type Cache, LiveTable, MemCache, NoCache } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { firstPage, openBakery, temporaryPath } from "./fixture.ts";
import { measure } from "./measure.ts";

const { products: master, database } = await openBakery(1_000);
const masterCalls = (): number => database.calls;
const memory = new MemCache();
const file = await SqliteCache.open(temporaryPath("cache.db"));

for (const itemsPerPage of [10, 100, 1_000]) {
  const group = `a page of ${itemsPerPage} rows`;
  // About the same number of rows in each run, so that runs take about equally long.
  const operations = 2_000 / itemsPerPage;
  const page = master.withQuery(firstPage(itemsPerPage));
  measureReads("SqliteTable itself", page, { group, operations, baseline: true });
  measureReads("NoCache, miss", tableBy(new NoCache(), itemsPerPage).page(1, itemsPerPage), { group, operations });
  await measureCache(memory, itemsPerPage, { group, operations, hits: 1_000 });
  await measureCache(file, itemsPerPage, { group, operations, hits: operations });
}

/** A table with a separate cacheKey for each page size, so that one does not invalidate the entries of another. */
function tableBy(cache: Cache, itemsPerPage: number): LiveTable {
  return new LiveTable(master, `product by ${itemsPerPage}`, cache);
}

async function measureCache(
  cache: Cache,
  itemsPerPage: number,
  { group, operations, hits }: { readonly group: string; readonly operations: number; readonly hits: number },
): Promise<void> {
  const table = tableBy(cache, itemsPerPage);
  const live = table.page(1, itemsPerPage);
  const { name } = cache.constructor;
  await live.listValues();
  measureReads(`${name}, hit`, live, { group, operations: hits });
  measure({
    group,
    name: `${name}, invalidate() and miss`,
    operations,
    masterCalls,
    run: async () => {
      for (let index = 0; index < operations; index++) {
        await table.invalidate();
        await live.listValues();
      }
    },
  });
}

function measureReads(
  name: string,
  page: { listValues(): Promise<unknown> },
  options: { readonly group: string; readonly operations: number; readonly baseline?: boolean },
): void {
  const { operations } = options;
  measure({
    ...options,
    name,
    masterCalls,
    run: async () => {
      for (let index = 0; index < operations; index++) await page.listValues();
    },
  });
}
