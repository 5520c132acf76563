import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Rows } from "@vantage/live";
import { rowsOf } from "../../src/table/rows.ts";
import { keepSameRows, sameIds } from "../../src/live/same_rows.ts";

const rows = (...entries: readonly (readonly [string, number])[]): Rows =>
  Rows.from(entries.map(([id, n]) => [id, { n }] as const));

describe("keepSameRows()", () => {
  it("answers with the rows from before if nothing differs", () => {
    const before = rows(["a", 1], ["b", 2]);
    assert.equal(keepSameRows(before, rows(["a", 1], ["b", 2])), before);
    assert.equal(keepSameRows(rows(), rows()).size, 0);
  });

  it("answers with the new rows if there were none, or none of them is left", () => {
    const now = rows(["a", 1]);
    assert.equal(keepSameRows(undefined, now), now);
    assert.equal(keepSameRows(rows(["a", 2], ["b", 1]), now), now);
  });

  it("answers with the new rows if they hold the same objects", () => {
    const before = rows(["a", 1], ["b", 2]);
    const now = rowsOf(new Map([...before].reverse()));
    assert.equal(keepSameRows(before, now), now);
  });

  it("takes the order and the ids of the new rows, and the objects of those from before", () => {
    const before = rows(["a", 1], ["b", 2], ["c", 3]);
    const kept = keepSameRows(before, rows(["c", 3], ["d", 4], ["a", 9], ["b", 2]));
    assert.deepEqual(kept.ids(), ["c", "d", "a", "b"]);
    assert.deepEqual([...kept.values()].map(({ n }) => n), [3, 4, 9, 2]);
    assert.equal(kept.get("b"), before.get("b"));
    assert.equal(kept.get("c"), before.get("c"));
  });

  it("sees a row that has moved, gone or come", () => {
    const before = rows(["a", 1], ["b", 2]);
    for (const now of [rows(["b", 2], ["a", 1]), rows(["a", 1]), rows(["a", 1], ["b", 2], ["c", 3])]) {
      const kept = keepSameRows(before, now);
      assert.deepEqual(kept.ids(), now.ids());
      assert.equal(kept.get("a"), before.get("a"));
    }
  });
});

describe("sameIds()", () => {
  it("compares ids and their order, and nothing else", () => {
    assert(sameIds(rows(["a", 1], ["b", 2]), rows(["a", 3], ["b", 4])));
    assert(sameIds(undefined, undefined));
    assert(!sameIds(undefined, rows()));
    assert(!sameIds(rows(), undefined));
    assert(!sameIds(rows(["a", 1]), rows(["a", 1], ["b", 2])));
    assert(!sameIds(rows(["a", 1], ["b", 2]), rows(["b", 2], ["a", 1])));
  });
});
