import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Cache, LiveTable, MemTable } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { FaultyTable } from "@vantage/live/testing";
import { newPath } from "../conformance/temp_folder.ts";
import { LOGGING_CACHES } from "./fixture.ts";

const ROWS_PER_PAGE = 5;

interface Paged {
  readonly table: LiveTable;
  readonly reads: () => number;
  readonly readAll: () => Promise<void>;
}

/** A table whose ordered pages are read. */
function paged(pages: number, cache: Cache): Paged {
  const rows = Array.from(
    { length: pages * ROWS_PER_PAGE },
    (_, n) => [`r${n}`, { id: `r${n}`, n, note: "" }] as const,
  );
  const master = new FaultyTable(new MemTable("products", { rows, idField: "id" }));
  const table = new LiveTable(master, "products", cache);
  const readAll = async (): Promise<void> => {
    for (let page = 1; page <= pages; page++) await table.orderBy("n").page(page, ROWS_PER_PAGE).listValues();
  };
  return { table, readAll, reads: () => master.plan.count("listValues") };
}

describe("An own patch of a column that pages are not ordered by", () => {
  for (const { kind, cache } of LOGGING_CACHES) {
    for (const pages of [3, 80]) {
      it(`reads none of ${pages} pages again, with ${kind}`, async () => {
        const { table, reads, readAll } = paged(pages, cache());
        await readAll();
        await table.patchValue("r7", { note: "new" });
        await readAll();
        assert.equal((await table.orderBy("n").page(2, ROWS_PER_PAGE).listValues()).get("r7")?.note, "new");
        assert.equal(reads(), pages);
        await table.close();
      });
    }
  }

  it("reads none again with a cache that was opened again, if the row was listed lately", async () => {
    const path = newPath("columns.db");
    for (const isFirst of [true, false]) {
      await using cache = await SqliteCache.open(path);
      const { table, reads, readAll } = paged(10, cache);
      await readAll();
      if (!isFirst) await table.patchValue("r7", { note: "new" });
      await readAll();
      assert.equal(reads(), isFirst ? 10 : 0);
      await table.close();
    }
  });
});
