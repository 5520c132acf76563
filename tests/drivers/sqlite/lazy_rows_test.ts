import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type RowEntry, Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";

const ENTRIES: readonly RowEntry[] = [
  ["a", { n: 1, at: new Date(5), raw: new Uint8Array([1, 2]), big: 2n ** 70n }],
  ["b", { n: 2, tags: ["x", { deep: NaN }] }],
];

/** The rows as a SqliteCache gives them back: not made before they are looked at. */
async function lazy(entries: readonly RowEntry[]): Promise<Rows> {
  await using cache = await SqliteCache.open(newPath("lazy_rows"));
  await cache.put("t/all", { rows: Rows.from(entries), fetchedAt: 1 });
  const rows = (await cache.get("t/all"))?.rows;
  assert(rows);
  return rows;
}

describe("Rows that are made when they are looked at", () => {
  it("are deeply equal to the same rows, on either side, and to no others", async () => {
    assert(isDeepStrictEqual(await lazy(ENTRIES), Rows.from(ENTRIES)));
    assert(isDeepStrictEqual(Rows.from(ENTRIES), await lazy(ENTRIES)));
    assert.deepEqual(await lazy(ENTRIES), await lazy(ENTRIES));
    const others: readonly (readonly RowEntry[])[] = [
      [],
      ENTRIES.slice(0, 1),
      [...ENTRIES].reverse(),
      ENTRIES.map(([id, row]) => [id, { ...row, n: 9 }]),
      ENTRIES.map(([id, row]) => [id, "at" in row ? { ...row, at: new Date(6) } : row]),
      ENTRIES.map(([id, row]) => [id, "raw" in row ? { ...row, raw: new Uint8Array([1, 3]) } : row]),
      ENTRIES.map(([id, row]) => [`${id}!`, row]),
    ];
    for (const other of others) {
      assert(!isDeepStrictEqual(await lazy(ENTRIES), Rows.from(other)));
      assert(!isDeepStrictEqual(await lazy(other), Rows.from(ENTRIES)));
      assert.notDeepEqual({ rows: await lazy(ENTRIES) }, { rows: await lazy(other) });
    }
  });

  it("structuredClone() copies them, and JSON writes them", async () => {
    assert(Rows.from(structuredClone(await lazy(ENTRIES)).content).equals(Rows.from(ENTRIES)));
    const written = ENTRIES.slice(1);
    assert.equal(JSON.stringify(await lazy(written)), JSON.stringify(written));
    assert.deepEqual((await lazy(written)).toArray(), written);
  });
});
