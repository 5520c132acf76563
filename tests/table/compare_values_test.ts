import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { MemTable, type Operator, type Row, type Value } from "@vantage/live";
import { canonicalValue } from "../../src/table/canonical_value.ts";
import { compareValues, equalValues } from "../../src/table/compare_values.ts";
import { canonicalQuery } from "../../src/table/canonical_query.ts";
import { toQuery } from "../../src/table/check_query.ts";
import { sameValue } from "../../src/table/row.ts";
import { ValueSet } from "../../src/table/value_set.ts";
import { rowMatches } from "../../src/table/evaluate_query.ts";
import { value } from "./arbitrary_value.ts";

const sign = (a: Value, b: Value): number => Math.sign(compareValues(a, b));

describe("compareValues", () => {
  it("is total and antisymmetric, and every value equals itself and its copy", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.equal(sign(a, b) + sign(b, a), 0);
        assert(!Number.isNaN(compareValues(a, b)));
        assert.equal(compareValues(a, structuredClone(a)), 0);
      }),
      { numRuns: 3000 },
    );
  });

  it("is transitive, and what is equal stands in the same place", () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        const [x, y, z] = [a, b, c].sort(compareValues) as [Value, Value, Value];
        assert(sign(x, y) <= 0 && sign(y, z) <= 0 && sign(x, z) <= 0);
        if (sign(x, y) === 0) assert.equal(sign(x, z), sign(y, z));
      }),
      { numRuns: 3000 },
    );
  });

  it("keeps the order of kinds, numbers, dates and text", () => {
    const ordered: readonly Value[] = [
      null,
      false,
      true,
      -Infinity,
      -1n,
      0,
      2 ** 53,
      2n ** 53n + 1n,
      2 ** 53 + 2,
      Infinity,
      NaN,
      new Date(-8.64e15),
      new Date(0),
      new Date(8.64e15),
      new Date(NaN),
      "",
      "a",
      "\ud7ff",
      "\ud800",
      "\ud800a",
      "\udc00",
      "\ue000",
      "\uffff",
      "\u{1f950}",
      new Uint8Array(),
      new Uint8Array([1]),
      new Uint8Array([1, 0]),
      new Uint8Array([2]),
      [],
      [null],
      [null, null],
      [false],
      [0],
      [1],
      [1, 2],
      [2],
      [""],
      {},
      { a: 1 },
      { a: 1, b: 1 },
      { a: 2 },
      { b: 0 },
    ]; // deno-fmt-ignore
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) assert.equal(sign(a, b), Math.sign(i - j), `${i} ${j}`);
    }
  });

  it("compares dates and bytes of another realm, and subclasses", () => {
    const foreign = (code: string): Value => runInNewContext(code);
    assert(equalValues(foreign("new Date(5)"), new Date(5)));
    assert(sign(foreign("new Date(5)"), new Date(4)) > 0);
    assert(equalValues(foreign("new Uint8Array([1, 2])"), Buffer.from([1, 2])));
    assert(equalValues(foreign("[1, { a: 1 }]"), [1n, { a: 1 }]));
  });
});

describe("canonicalValue", () => {
  it("is the same exactly for the same values", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.equal(canonicalValue(a) === canonicalValue(b), sameValue(a, b));
        if (sameValue(a, b)) assert(equalValues(a, b));
      }),
      { numRuns: 5000 },
    );
  });
});

describe("ValueSet", () => {
  it("has what equals one of its values, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), value, (values, sought) => {
        assert.equal(new ValueSet(values).has(sought), values.some((one) => equalValues(one, sought)));
        for (const one of values) assert(new ValueSet(values).has(one));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("canonicalQuery", () => {
  const operators = ["eq", "ne", "gt", "lte"] as const;

  it("is equal for two conditions exactly if operator, column and operand are", () => {
    const condition = fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom(...operators), value);
    fc.assert(
      fc.property(condition, condition, (one, other) => {
        const query = (where: typeof one): string => canonicalQuery(toQuery({ where: [where] }, "t", []));
        const same = one[0] === other[0] && one[1] === other[1] && sameValue(one[2], other[2]);
        assert.equal(query(one) === query(other), same);
      }),
      { numRuns: 3000 },
    );
  });

  it("two queries with one canonical text hold the same rows", () => {
    const operand = fc.constantFrom<Value>([1, 2], [2, 1], [1n, 2], [[1, 2]], NaN, 1, 1n, "1", new Date(NaN));
    fc.assert(
      fc.property(operand, operand, fc.constantFrom(...operators, "in" as const), value, (a, b, operator, v) => {
        if (operator === "in" && !(Array.isArray(a) && Array.isArray(b))) return;
        const queries = [a, b].map((one) => toQuery({ where: [["x", operator, one]] }, "t", []));
        const [one, other] = queries.map(canonicalQuery);
        if (one !== other) return;
        const [first, second] = queries.map((query) => rowMatches({ x: v }, query, []));
        assert.equal(first, second);
      }),
      { numRuns: 3000 },
    );
    const key = (list: Value): string => canonicalQuery(toQuery({ where: [["x", "eq", list]] }, "t", []));
    assert.notEqual(key([1, 2]), key([2, 1]), "lists are equal in one order only");
  });
});

describe("MemTable, ordering", () => {
  it("a NaN, an invalid date or a mixture of kinds does not disorder the others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 12 }), async (values) => {
        const rows = values.map((x, index): [string, Row] => [String(index), { x }]);
        const table = new MemTable("t", { rows });
        const ordered = [...(await table.orderBy("x").listValues()).values()].map((row) => row.x ?? null);
        for (const [index, x] of ordered.entries()) {
          assert(index === 0 || compareValues(ordered[index - 1] ?? null, x) <= 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("gt, gte, lt and lte hold as the order says, and never for null, lists and objects", async () => {
    const values: Value[] = [3, NaN, 5n, new Date(NaN), new Date(1), "x", [1], { a: 1 }, null];
    const table = new MemTable("t", { rows: values.map((x, index) => [String(index), { x }] as const) });
    const ids = async (column: string, operator: Operator, operand: Value): Promise<string> =>
      (await table.where(column, operator, operand).listValues()).ids().join("");
    assert.equal(await ids("x", "gt", 4), "12");
    assert.equal(await ids("x", "gte", NaN), "1");
    assert.equal(await ids("x", "lt", NaN), "02");
    assert.equal(await ids("x", "gt", new Date(0)), "34");
    assert.equal(await ids("x", "eq", new Date(NaN)), "3");
    assert.equal(await ids("x", "eq", 5), "2");
    assert.equal(await ids("x", "eq", [1n]), "6");
    for (const operand of [[0], [1], { a: 0 }, { a: 1 }]) assert.equal(await ids("x", "gte", operand), "");
  });
});
