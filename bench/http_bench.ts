import { type Cache, LiveTable, MemCache } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { RestTable } from "@vantage/live/rest";
import { firstPage, temporaryPath } from "./fixture.ts";
import { measure } from "./measure.ts";
import { ServerProcess } from "./server_process.ts";

const GROUP = "100 rows over loopback HTTP";
const OPERATIONS = 20;

/** Ends with this process. */
const server = await ServerProcess.start(1_000);
let requests = 0;
const masterCalls = (): number => requests;
const master = await RestTable.open(server.url, { fetch: (input, init) => (requests++, fetch(input, init)) });
const page = master.withQuery(firstPage(100));

measure({
  group: GROUP,
  name: "RestTable itself",
  baseline: true,
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await page.listValues();
  },
});

await measureCache(new MemCache(), 1_000);
await measureCache(await SqliteCache.open(temporaryPath("cache.db")), 50);

async function measureCache(cache: Cache, hits: number): Promise<void> {
  const { name } = cache.constructor;
  const table = new LiveTable(master, "product", cache);
  const live = table.page(1, 100);
  await live.listValues();
  measure({
    group: GROUP,
    name: `${name}, hit`,
    operations: hits,
    masterCalls,
    run: async () => {
      for (let index = 0; index < hits; index++) await live.listValues();
    },
  });
  measure({
    group: GROUP,
    name: `${name}, invalidate() and miss`,
    operations: OPERATIONS,
    masterCalls,
    run: async () => {
      for (let index = 0; index < OPERATIONS; index++) {
        await table.invalidate();
        await live.listValues();
      }
    },
  });
}
