import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Condition, MemTable, OPERATORS, type Order, type Query, type Value } from "@vantage/live";
import { canonicalQuery } from "../../src/table/canonical_query.ts";
import { toQuery } from "../../src/table/check_query.ts";
import { sameValue } from "../../src/table/row.ts";
import { text, value } from "./arbitrary_value.ts";

/** Names and texts that could be read as parts of the canonical text. */
const HOSTILE = [
  "x",
  "y",
  '"x"',
  '"x" asc',
  '"x" eq 1',
  "where=",
  ";order=",
  ";search=",
  "&",
  ",",
  "[",
  "\ud800",
  "\\",
];
const column = fc.oneof(fc.constantFrom("x", "y"), fc.constantFrom(...HOSTILE), text.filter((name) => name !== ""));

/** Operands come from few values, so that two queries meet. */
function queryOver(values: readonly Value[]): fc.Arbitrary<Query> {
  const operand = fc.constantFrom(...values);
  const condition = fc.tuple(column, fc.constantFrom(...OPERATORS), operand, fc.array(operand, { maxLength: 3 })).map(
    ([name, operator, one, several]): Condition => {
      if (operator === "isNull" || operator === "notNull") return [name, operator];
      return [name, operator, operator === "in" || operator === "notIn" ? several : one];
    },
  );
  return fc.record({
    where: fc.array(condition, { maxLength: 3 }),
    orderBy: fc.array(fc.tuple(column, fc.constantFrom("asc", "desc")), { maxLength: 2 }) as fc.Arbitrary<Order[]>,
    search: fc.oneof(fc.constantFrom("", "a"), fc.constantFrom(...HOSTILE)),
  });
}

/** The same set in other words: in another order, and some of it twice. */
function reworded({ where = [], ...rest }: Query, at: number): Query {
  const turned = [...where.slice(at), ...where.slice(0, at), ...where.slice(0, at)].map((condition): Condition => {
    const [name, operator, operand] = condition;
    if (!Array.isArray(operand) || (operator !== "in" && operator !== "notIn")) return condition;
    return [name, operator, [...operand, ...operand].reverse()];
  });
  return { ...rest, where: turned };
}

/** One part of a query taken from another. */
function mixed(query: Query, other: Query, part: number): Query {
  const where = query.where ?? [];
  switch (part) {
    case 0:
      return { ...query, where: [...where.slice(1), ...other.where?.slice(0, 1) ?? []] };
    case 1:
      return { ...query, where: where.map(([name, , operand], at) => [name, other.where?.[at]?.[1] ?? "eq", operand]) };
    case 2:
      return { ...query, orderBy: other.orderBy };
    default:
      return { ...query, search: other.search };
  }
}

/** Two queries that are alike, and rows that tell most of them apart. */
const pairs = fc.array(value, { minLength: 1, maxLength: 4 }).chain((values) => {
  const of = queryOver(values);
  const other = fc.tuple(of, of, fc.nat(2), fc.nat(3), fc.nat(2)).map(([one, another, at, part, kind]) =>
    [one, kind === 0 ? reworded(one, at) : kind === 1 ? mixed(one, another, part) : another] as const
  );
  const row = fc.dictionary(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom("x", "y") }, column),
    fc.constantFrom(...values),
  );
  return fc.tuple(other, fc.array(row.map((fields) => ({ ...fields })), { maxLength: 6 }));
});

function checked(query: Query): Query | undefined {
  try {
    return toQuery(query, "t", []);
  } catch {
    // An operator that was mixed with an operand that it does not take.
    return undefined;
  }
}

function sameCondition([a, by, one = null]: Condition, [b, how, other = null]: Condition): boolean {
  if (a !== b || by !== how) return false;
  if (by !== "in" && by !== "notIn") return sameValue(one, other);
  return containsAll(one as Value[], other as Value[], sameValue) &&
    containsAll(other as Value[], one as Value[], sameValue);
}

function containsAll<T>(all: readonly T[], some: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return some.every((one) => all.some((other) => same(one, other)));
}

function sameWords(one: Query, other: Query): boolean {
  const [a, b] = [one.where ?? [], other.where ?? []];
  return containsAll(a, b, sameCondition) && containsAll(b, a, sameCondition) && one.search === other.search &&
    JSON.stringify(one.orderBy) === JSON.stringify(other.orderBy);
}

describe("canonicalQuery, of whole queries", () => {
  it("is equal for two exactly if they have the same conditions, order and search; then they find the same rows", async () => {
    const seen = { equal: 0, different: 0, tellsApart: 0 };
    await fc.assert(
      fc.asyncProperty(pairs, async ([[first, second], rows]) => {
        const [one, other] = [checked(first), checked(second)];
        if (one === undefined || other === undefined) return;
        const isEqual = canonicalQuery(one) === canonicalQuery(other);
        assert.equal(isEqual, sameWords(one, other));
        const table = new MemTable("t", { rows: rows.map((row, at) => [`${at}`, row]) });
        const found = await Promise.all([one, other].map((query) => table.withQuery(query).listValues()));
        const [ids = [], otherIds = []] = found.map((rows) => rows.ids());
        if (isEqual) assert.deepEqual(ids, otherIds);
        seen[isEqual ? "equal" : "different"]++;
        if (ids.join() !== otherIds.join()) seen.tellsApart++;
      }),
      { numRuns: 1500 },
    );
    for (const [what, count] of Object.entries(seen)) assert(count > 60, `${what}: only ${count}`);
  });
});
