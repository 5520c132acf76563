import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import {
  type Condition,
  defineTable,
  MemTable,
  type Operator,
  OPERATORS,
  type Order,
  Pagination,
  type Query,
  type Row,
  Rows,
  type Table,
  UnsupportedError,
  type Value,
} from "@vantage/live";
import { type Abilities, ALL_ABILITIES, leavesWork, partialSource } from "./partial_source.ts";

const value: fc.Arbitrary<Value> = fc.constantFrom<Value>(null, 0, 1, 2, "", "a", "B", "b");
const column = fc.constantFrom("x", "y", "z");
const row: fc.Arbitrary<Row> = fc.dictionary(column, value).map((fields) => ({ ...fields }));
const id = fc.constantFrom("1", "2", "3", "4", "5", "6");
const entries = fc.uniqueArray(fc.tuple(id, row), { maxLength: 6, selector: ([one]) => one });
const condition: fc.Arbitrary<Condition> = fc.tuple(column, fc.constantFrom(...OPERATORS), value, fc.array(value)).map(
  ([name, operator, one, several]): Condition => {
    if (operator === "isNull" || operator === "notNull") return [name, operator];
    return [name, operator as Operator, operator === "in" || operator === "notIn" ? several : one];
  },
);
const query: fc.Arbitrary<Query> = fc.record({
  where: fc.array(condition, { maxLength: 2 }),
  orderBy: fc.array(fc.tuple(column, fc.constantFrom("asc", "desc")), { maxLength: 2 }) as fc.Arbitrary<Order[]>,
  search: fc.constantFrom("", "a", "b"),
  pagination: fc.option(
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })).map(([page, size]) =>
      new Pagination(page, size)
    ),
    { nil: undefined },
  ),
});

type Method = "list" | "some" | "count" | "get" | "patch" | "delete" | "deleteAll" | "insert" | "replace";
const METHODS = ["list", "some", "count", "get", "patch", "delete", "deleteAll", "insert", "replace"] as const;
type Call = readonly [method: Method, id: string, row: Row];

async function answerOf(table: Table, [method, id, row]: Call): Promise<unknown> {
  switch (method) {
    case "list":
      return (await table.listValues()).toArray();
    case "some":
      return await table.getSomeValue();
    case "count":
      return await table.getCount();
    case "get":
      return await table.getValue(id);
    case "patch":
      return await table.patchValue(id, row);
    case "delete":
      return await table.delete(id);
    case "deleteAll":
      return await table.deleteAll();
    case "insert":
      return await table.insertValue(id, row);
    case "replace":
      return await table.replaceValue(id, row);
    default:
      return method satisfies never;
  }
}

/** The answer, or the name of the error. */
async function outcomeOf(table: Table, call: Call): Promise<unknown> {
  try {
    return await answerOf(table, call);
  } catch (error) {
    return error instanceof Error && error.name !== "Error" ? error.name : String(error);
  }
}

/** Whether a table over a source with these abilities has to refuse. */
function isRefused([method]: Call, { query }: Table, abilities: Abilities): boolean {
  const canFind = abilities.get === "present" || (abilities.get === "absent" && !abilities.page);
  const canCount = abilities.count === "present" || (abilities.count === "absent" && !abilities.page);
  const isNarrowed = query.where !== undefined || query.search !== undefined;
  const narrowsAlone = !isNarrowed || (abilities.scoped && !leavesWork(query, abilities, false));
  switch (method) {
    case "list":
    case "some":
      return query.pagination !== undefined && abilities.page && leavesWork(query, abilities, true);
    case "count":
      return !canCount || (abilities.page && leavesWork(query, abilities, false));
    case "get":
      return !canFind;
    case "patch":
    case "delete":
      return !narrowsAlone && !canFind;
    case "deleteAll":
      return query.pagination !== undefined || (!isNarrowed && abilities.deleteAll !== "present");
    case "insert":
    case "replace":
      return false;
    default:
      return method satisfies never;
  }
}

describe("A table over a source that can do some things", () => {
  it("answers as one that can do all, or refuses, whatever the source can do", async () => {
    const call: fc.Arbitrary<Call> = fc.tuple(fc.constantFrom(...METHODS), id, row);
    await fc.assert(
      fc.asyncProperty(entries, query, call, async (rows, query, call) => {
        const whole = new MemTable("t", { rows });
        const expected = await outcomeOf(whole.withQuery(query), call);
        const all = await whole.listValues();
        const some = (await whole.withQuery(query).listValues()).toArray();
        for (const abilities of ALL_ABILITIES) {
          const held = new Map(rows);
          const table = defineTable(partialSource(held, abilities)).withQuery(query);
          const outcome = await outcomeOf(table, call);
          const told = JSON.stringify(abilities);
          if (isRefused(call, table, abilities)) {
            assert.equal(outcome, UnsupportedError.name, told);
            assert.deepEqual([...held], rows, told);
            continue;
          }
          assert.deepEqual(Rows.from(held), all, told);
          if (call[0] !== "some" || outcome === undefined) assert.deepEqual(outcome, expected, told);
          else assert(some.some((entry) => isDeepStrictEqual(entry, outcome)), told);
        }
      }),
      { numRuns: 20 },
    );
  });
});
