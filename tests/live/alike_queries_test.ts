import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemCache, MemTable, Pagination, type Query, type Value } from "@vantage/live";

const VALUES: readonly Value[] = [
  null,
  true,
  "true",
  1,
  2,
  "1",
  "1n",
  10n,
  "",
  "null",
  "[1,2]",
  [],
  [1],
  [1, 2],
  [2, 1],
  [12],
  12,
  [1, 1, 2],
  [[1, 2]],
  [[2, 1]],
  ["1", "2"],
  ["1,2"],
  {},
  { a: 1 },
  { a: 1, b: 2 },
  { a: [1, 2] },
  { a: [2, 1] },
  new Date(1),
  "@1",
  new Uint8Array([1]),
  new Uint8Array([1, 2]),
  new Uint8Array([0x12]),
  new Uint8Array(),
  "h'01'",
];

const rows = VALUES.map((value, at) => [`r${at}`, { value, other: at % 3 }] as const);

/** Queries that come close to each other. */
const QUERIES: readonly Query[] = [
  ...VALUES.flatMap((value): Query[] => [
    { where: [["value", "eq", value]] },
    { where: [["value", "ne", value]] },
    { where: [["value", "in", [value]]] },
    { where: [["value", "notIn", [value]]] },
    { where: [["value", "gte", value]] },
  ]),
  { where: [["value", "in", [1, 2]]] },
  { where: [["value", "in", [12]]] },
  { where: [["value", "in", [[1, 2]]]] },
  { where: [["value", "in", [[2, 1]]]] },
  { where: [["value", "in", [[1, 2], [2, 1]]]] },
  { where: [["value", "in", []]] },
  { where: [["value", "isNull"]] },
  { where: [["value", "notNull"]] },
  { where: [["value", "eq", 1], ["other", "eq", 1]] },
  { where: [["other", "eq", 1]] },
  { search: "1" },
  { search: "n" },
  { search: "n", where: [["other", "eq", 1]] },
  { orderBy: [["other", "asc"]] },
  { orderBy: [["other", "desc"]] },
  { orderBy: [["other", "asc"], ["value", "desc"]] },
  { orderBy: [["value", "desc"], ["other", "asc"]] },
  { pagination: new Pagination(1, 2) },
  { pagination: new Pagination(2, 2) },
  { pagination: new Pagination(1, 4) },
  { pagination: new Pagination(1, 49) },
  { pagination: new Pagination(1, 51) },
  { pagination: new Pagination(1) },
  { pagination: new Pagination(2) },
  { search: "1", pagination: new Pagination(1, 2) },
  {},
];

describe("LiveTable", () => {
  it("serves every query its own rows, however much it is like another that is held", async () => {
    const master = new MemTable("t", { rows });
    await using table = new LiveTable(master, "t", new MemCache());
    for (const query of [...QUERIES, ...QUERIES.toReversed()]) {
      const expected = (await master.withQuery(query).listValues()).ids();
      assert.deepEqual(
        (await table.withQuery(query).listValues()).ids(),
        expected,
        table.withQuery(query).listCacheKey,
      );
    }
    assert(table.stats().hits >= QUERIES.length, "each was held the second time");
  });

  it("finds a row by its id in every narrowed set that has it, and in no other", async () => {
    const master = new MemTable("t", { rows });
    await using table = new LiveTable(master, "t", new MemCache());
    for (const query of QUERIES) {
      const { pagination: _, ...set } = query;
      const ids = (await master.withQuery(set).listValues()).ids();
      for (const id of ["r0", "r13", "r14"]) {
        const found = await table.withQuery(query).getValue(id);
        assert.equal(found !== undefined, ids.includes(id), `${id} of ${table.withQuery(query).listCacheKey}`);
      }
    }
  });

  it("shares an entry between the same query in other words", async () => {
    await using table = new LiveTable(new MemTable("t", { rows }), "t", new MemCache());
    const same: readonly (readonly [Query, Query])[] = [
      [{ where: [["value", "in", [1, 2]]] }, { where: [["value", "in", [2, 1, 2]]] }],
      [{ where: [["value", "notIn", [1, 2]]] }, { where: [["value", "notIn", [2, 1]]] }],
      [{ where: [["value", "eq", { a: 1, b: 2 }]] }, { where: [["value", "eq", { b: 2, a: 1 }]] }],
      [{ where: [["value", "eq", null]] }, { where: [["value", "isNull"]] }],
      [{ where: [["value", "ne", null]] }, { where: [["value", "notNull"]] }],
      [{ where: [["other", "eq", 1], ["value", "eq", 1]] }, { where: [["value", "eq", 1], ["other", "eq", 1]] }],
      [{ where: [["other", "eq", 1]] }, { where: [["other", "eq", 1], ["other", "eq", 1]] }],
      [{ search: "" }, {}],
      [{ where: [], orderBy: [] }, {}],
      [{ pagination: new Pagination(1) }, { pagination: new Pagination(1, 50) }],
    ];
    for (const [one, other] of same) {
      assert.equal(table.withQuery(one).listCacheKey, table.withQuery(other).listCacheKey);
    }
  });
});
