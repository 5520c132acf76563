import { QueryClient } from "@tanstack/query-core";
import { LiveTable, MemCache, type StandardSchema } from "@vantage/live";
import { LRUCache } from "lru-cache";
import assert from "node:assert/strict";
import { firstPage, openBakery, productId } from "./fixture.ts";
import { measure } from "./measure.ts";

const GROUP = "memory hit, 1000 in a row";
const OPERATIONS = 1_000;
const ID = productId(42);

const { products: master, database } = await openBakery(1_000);
const dated = await openBakery(1_000, { dated: true });
const masterCalls = (): number => database.calls;

const live = new LiveTable(master, "product", new MemCache()).page(1, 100);
const datedLive = new LiveTable(dated.products, "product", new MemCache()).page(1, 100);
const page = master.withQuery(firstPage(100));
const lru = new LRUCache({ max: 1_000, fetchMethod: () => page.listValues() });
const queries = new QueryClient();
const query = { queryKey: ["product", 1], queryFn: () => page.listValues(), staleTime: Infinity };

/** Looks at each row. A hit must not call it. */
const priced: StandardSchema<{ price: number }> = {
  "~standard": {
    version: 1,
    vendor: "bench",
    validate: (value) => {
      const { price } = value as { price?: unknown };
      return typeof price === "number" ? { value: { price } } : { issues: [{ message: "No number", path: ["price"] }] };
    },
  },
};
const typed = live.typed(priced);
const datedTyped = datedLive.typed(priced);

for (const read of [live, datedLive, { listValues: () => lru.fetch("product/1") }]) {
  assert.equal((await read.listValues())?.size, 100);
}
assert.equal((await queries.fetchQuery(query)).size, 100);
assert.equal((await live.getValue(ID))?.id, ID);

measure({
  group: GROUP,
  name: "await of nothing",
  baseline: true,
  operations: OPERATIONS,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await undefined;
  },
});

measure({
  group: GROUP,
  name: "listValues(), 100 rows",
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await live.listValues();
  },
});

measure({
  group: GROUP,
  name: "getValue(id)",
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await live.getValue(ID);
  },
});

measure({
  group: GROUP,
  name: "listValues(), dated",
  operations: OPERATIONS,
  masterCalls: () => dated.database.calls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await datedLive.listValues();
  },
});

for (
  const [name, read] of [
    ["typed().list(), 100 rows", () => typed.list()],
    ["typed().get(id)", () => typed.get(ID)],
    ["typed().list(), dated", () => datedTyped.list()],
  ] as const
) {
  measure({
    group: GROUP,
    name,
    operations: OPERATIONS,
    masterCalls,
    run: async () => {
      for (let index = 0; index < OPERATIONS; index++) await read();
    },
  });
}

measure({
  group: GROUP,
  name: "lru-cache: fetch(key)",
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await lru.fetch("product/1");
  },
});

measure({
  group: GROUP,
  name: "query-core: fetchQuery()",
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await queries.fetchQuery(query);
  },
});
