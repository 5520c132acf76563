import { LiveTable, MemCache } from "@vantage/live";
import { firstPage, openBakery } from "./fixture.ts";
import { measure } from "./measure.ts";

const GROUP = "miss of 100 rows";
const OPERATIONS = 20;

const { products: master, database } = await openBakery(1_000);
const masterCalls = (): number => database.calls;
const page = master.withQuery(firstPage(100));
const table = new LiveTable(master, "product", new MemCache());
const live = table.page(1, 100);

measure({
  group: GROUP,
  name: "SqliteTable itself",
  baseline: true,
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await page.listValues();
  },
});

measure({
  group: GROUP,
  name: "MemCache, invalidate() and miss",
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) {
      await table.invalidate();
      await live.listValues();
    }
  },
});

measure({
  group: GROUP,
  name: "MemCache, invalidate() alone",
  operations: 1_000,
  masterCalls,
  run: async () => {
    for (let index = 0; index < 1_000; index++) await table.invalidate();
  },
});
