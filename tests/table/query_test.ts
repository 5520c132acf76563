import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Condition, defineTable, MemTable, type Order, Pagination, type Query, type Table } from "@vantage/live";
import { toQuery } from "../../src/table/check_query.ts";
import { andWhere } from "../../src/table/query.ts";

/** An operand that counts how often it is read. */
function counted(): { readonly operand: number[]; readonly reads: () => number } {
  let reads = 0;
  const operand: number[] = [];
  Object.defineProperty(operand, 0, { enumerable: true, get: () => (reads++, 1) });
  return { operand, reads: () => reads };
}

describe("A query that grows", () => {
  it("where() checks and copies a condition once, however many follow", () => {
    const { operand, reads } = counted();
    let table: Table = new MemTable("t").where("a", "in", operand);
    const before = reads();
    for (let step = 0; step < 100; step++) table = table.where("a", "ne", step).orderBy(`c${step}`);
    assert.equal(reads(), before);
    assert.equal(table.query.where?.length, 101);
    assert.equal(table.query.orderBy?.length, 100);
  });

  it("is the same as one given at once", () => {
    const condition = fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom("eq", "gt"), fc.integer());
    const order = fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom("asc", "desc"));
    const step = fc.oneof(
      condition.map((where) => ({ where })),
      order.map((orderBy) => ({ orderBy })),
      fc.string().map((search) => ({ search })),
      fc.integer({ min: 1, max: 9 }).map((page) => ({ page })),
    );
    fc.assert(fc.property(fc.array(step), (steps) => {
      let table: Table = new MemTable("t", { columns: [{ name: "a" }, { name: "b" }] });
      const where: Condition[] = [];
      const orderBy: Order[] = [];
      let [search, pagination]: [string, Pagination | undefined] = ["", undefined];
      for (const one of steps) {
        const before = table;
        const queryBefore = JSON.stringify(before.query);
        if ("where" in one) {
          where.push(one.where as Condition);
          table = table.where(...one.where as [string, "eq", number]);
        } else if ("orderBy" in one) {
          orderBy.push(one.orderBy as Order);
          table = table.orderBy(...one.orderBy as [string, "asc"]);
        } else if ("search" in one) {
          search = one.search;
          table = table.search(search);
        } else {
          pagination = new Pagination(one.page, 7);
          table = table.page(one.page, 7);
        }
        assert.equal(JSON.stringify(before.query), queryBefore);
      }
      assert.deepEqual(table.query, table.withQuery({ where, orderBy, search, pagination }).query);
    }));
  });

  it("is checked anew for another table", async () => {
    const any = new MemTable("any").where("nmae", "eq", 1);
    const strict = new MemTable("strict", { columns: [{ name: "name" }] });
    assert.throws(() => strict.withQuery(any.query), /Unknown column "nmae".*accepted are name/);
    const added = andWhere(strict.where("name", "eq", 1).query, "nmae", "eq", 1);
    assert.throws(() => strict.withQuery(added), /Unknown column "nmae"/);
    assert.equal((await strict.withQuery(strict.where({ name: 1 }).query).listValues()).size, 0);
    const other = new MemTable("other", { columns: [{ name: "nmae" }] }).where("nmae", "eq", 1);
    assert.throws(() => strict.withQuery(other.query), /Unknown column "nmae"/);
    assert.throws(() => strict.orderBy("nmae"), /Unknown column "nmae"/);
  });

  it("keeps dates and bytes from whoever looks at it", () => {
    const table = new MemTable("t").where("at", "gt", new Date(5)).where("raw", "eq", new Uint8Array([1]));
    const { query } = table;
    const [[, , date] = [], [, , bytes] = []] = query.where ?? [];
    (date as Date).setTime(9);
    (bytes as Uint8Array).fill(9);
    const expected = [["at", "gt", new Date(5)], ["raw", "eq", new Uint8Array([1])]];
    assert.deepEqual(table.query.where, expected);
    assert.deepEqual(table.where("a", "eq", 1).query.where?.slice(0, 2), expected);
    const narrowed = new MemTable("t").where("at", "gt", new Date(5)).where("n", "eq", 1);
    const [[, , first] = []] = narrowed.query.where ?? [];
    (first as Date).setTime(9);
    assert.deepEqual(narrowed.query.where?.[0], ["at", "gt", new Date(5)]);
    // Passed on, it says what was made of it.
    assert.deepEqual(table.withQuery(query).query.where?.[0], ["at", "gt", new Date(9)]);
  });

  it("hands dates and bytes to the source as copies", async () => {
    const table = defineTable({
      name: "t",
      capabilities: { where: ["gt"] },
      list: ({ query }) => {
        for (const [, , operand] of query.where ?? []) (operand as Date).setTime(0);
        return [];
      },
    }).where("at", "gt", new Date(5));
    await table.listValues();
    assert.deepEqual(table.query.where, [["at", "gt", new Date(5)]]);
  });

  it("refuses what is no query, by name", () => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [null, /A query must be an object, got null/],
      ["a", /A query must be an object, got "a"/],
      [[], /A query must be an object, got an array/],
      [{ wheer: [] }, /A query has no part "wheer"; accepted are where, orderBy, search, pagination/],
      [{ where: {} }, /where must be an array, got an object/],
      [{ orderBy: "a" }, /orderBy must be an array, got "a"/],
      [{ search: 1 }, /search must be a string, got number 1/],
      [{ pagination: { page: 1 } }, /pagination must be a Pagination, got an object/],
    ];
    for (const [query, message] of cases) {
      assert.throws(() => toQuery(query as Query, "t", []), { name: "TypeError", message });
    }
    // deno-lint-ignore no-explicit-any -- what a caller without types may pass
    const table = new MemTable("t") as any;
    for (const columns of [null, undefined, 5]) {
      assert.throws(() => table.where(columns), {
        name: "TypeError",
        message: /A column in a condition must be a name/,
      });
    }
  });
});
