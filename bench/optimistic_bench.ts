import { LiveTable, MemCache, type TableLike } from "@vantage/live";
import assert from "node:assert/strict";
import { firstPage, openBakery, productId } from "./fixture.ts";
import { measure } from "./measure.ts";

const HITS = 1_000;
const ROWS = 100;
/** With each write that is accepted, what is shown is made anew. */
const CHANGES = 20;

const { products: bakery } = await openBakery(ROWS);

/** A table on which nothing is written: each write stays pending. */
function stuck(): TableLike {
  const held = new LiveTable(bakery, "held", new MemCache());
  held.setOnline(false);
  return held;
}

/** A table that shows `pending` writes to its rows. */
async function tableWith(pending: number, optimistic: boolean): Promise<LiveTable> {
  const table = new LiveTable(bakery, "product", new MemCache(), {
    optimistic,
    writeTarget: pending > 0 ? stuck() : undefined,
    queueCapacity: 100_000,
  });
  assert.equal((await table.withQuery(firstPage(ROWS)).listValues()).size, ROWS);
  for (let index = 0; index < pending; index++) {
    table.enqueue({ kind: "patch", id: productId(index % ROWS), partial: { price: index } });
  }
  return table;
}

for (const optimistic of [false, true]) {
  const page = (await tableWith(0, optimistic)).withQuery(firstPage(ROWS));
  measure({
    group: "memory hit of 100 rows, with nothing pending",
    name: optimistic ? "optimistic" : "not optimistic",
    baseline: !optimistic,
    operations: HITS,
    run: async () => {
      for (let index = 0; index < HITS; index++) await page.listValues();
    },
  });
}

for (const pending of [0, 1, 10, 100, 1_000]) {
  const page = (await tableWith(pending, true)).withQuery(firstPage(ROWS));
  measure({
    group: "memory hit of 100 rows, the same writes pending",
    name: `${pending} pending`,
    baseline: pending === 0,
    operations: HITS,
    run: async () => {
      for (let index = 0; index < HITS; index++) await page.listValues();
    },
  });
}

for (const pending of [1, 10, 100, 1_000]) {
  const table = await tableWith(pending, true);
  const page = table.withQuery(firstPage(ROWS));
  let price = 0;
  measure({
    group: "memory hit of 100 rows, after one more write each time",
    name: `${pending} pending`,
    baseline: pending === 1,
    operations: CHANGES,
    run: async () => {
      for (let index = 0; index < CHANGES; index++) {
        const write = table.enqueue({ kind: "patch", id: productId(7), partial: { price: price++ } });
        await page.listValues();
        write.cancel();
      }
    },
  });
}
