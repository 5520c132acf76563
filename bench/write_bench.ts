import { LiveTable, MemCache, type TableLike } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { openBakery, productId, temporaryPath } from "./fixture.ts";
import { measure } from "./measure.ts";

const OPERATIONS = 100;

const { products: master, database } = await openBakery(OPERATIONS);
const masterCalls = (): number => database.calls;
let price = 0;

measureWrites("SqliteTable itself", master, true);
measureWrites("MemCache", new LiveTable(master, "product", new MemCache()));
measureWrites("SqliteCache", new LiveTable(master, "product", await SqliteCache.open(temporaryPath("cache.db"))));

function measureWrites(name: string, table: TableLike, baseline = false): void {
  measure({
    group: "patchValue(), one after the other",
    name,
    baseline,
    operations: OPERATIONS,
    masterCalls,
    run: async () => {
      for (let index = 0; index < OPERATIONS; index++) await table.patchValue(productId(index), { price: price++ });
    },
  });
  measure({
    group: "patchValue(), 100 in flight",
    name,
    baseline,
    operations: OPERATIONS,
    masterCalls,
    run: async () => {
      const write = (_: unknown, index: number): Promise<unknown> =>
        table.patchValue(productId(index), { price: price++ });
      await Promise.all(Array.from({ length: OPERATIONS }, write));
    },
  });
}
