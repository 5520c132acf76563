import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Column,
  type Condition,
  MemTable,
  type Operator,
  OPERATORS,
  type Order,
  Pagination,
  type Query,
  type Row,
  type TableLike,
  type Value,
} from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { apply, arbitraryStep, assertSameAnswer, shownQuery } from "../parity.ts";

/** The columns, with the values that each can hold and give back as what they were. */
const TEXTS = [
  "",
  "a",
  "b",
  "B",
  "ab",
  "a b",
  "\u00e9",
  "Z",
  "\ufb01",
  "\u{1f950}",
  "%",
  "_",
  "it's",
  '"',
  "1",
  "10",
  "true",
  "a\0b",
  "\0",
  "2024-01-01",
];
const HELD: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  name: fc.constantFrom(null, ...TEXTS),
  note: fc.oneof(fc.constantFrom(null, ...TEXTS), fc.string({ maxLength: 6 })),
  price: fc.oneof(fc.constantFrom(null, 0, 1, 1.5, -2.25, 1e300, Infinity, -Infinity), fc.integer()),
  stock: fc.constantFrom<Value>(null, 0, 1, 2, 10, -1, 2 ** 53 - 1, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  active: fc.constantFrom(null, true, false),
  at: fc.constantFrom<Value>(
    null,
    ...[0, 1, -1, 1_700_000_000_123, 8.64e15, -8.64e15, 253_402_214_400_000, -62_200_000_000_000].map((ms) =>
      new Date(ms)
    ),
    "soon",
    "2024-02-30",
    5,
  ),
  any: fc.oneof(
    fc.constantFrom<Value>(null, 0, 1, 1.5, -7, Infinity, 2n ** 53n + 1n, "", "1", "a", "a\0b", "\u{1f950}", "\uffff"),
    fc.uint8Array({ maxLength: 2 }),
  ),
  raw: fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 2 })),
};
const NAMES = Object.keys(HELD);
const SEARCHED = ["name", "note"];
const COLUMNS: readonly Column[] = ["id", ...NAMES].map((name) => ({
  name,
  flags: SEARCHED.includes(name) ? ["searchable"] : [],
}));
const CREATE = `CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, note TEXT, price REAL, stock INTEGER, active BOOLEAN,
  at TIMESTAMP, "any", raw BLOB)`;

/** Operands come from any column's values, so that kinds are mixed. */
const operand: fc.Arbitrary<Value> = fc.oneof(
  ...Object.values(HELD),
  fc.constantFrom<Value>(NaN, new Date(NaN), 2n ** 70n, -(10n ** 400n), 2n ** 63n, new Date("9999-12-31")),
);
const condition: fc.Arbitrary<Condition> = fc.tuple(fc.constantFrom(...NAMES, "id"), fc.constantFrom(...OPERATORS))
  .chain(([column, operator]): fc.Arbitrary<Condition> => {
    switch (operator) {
      case "isNull":
      case "notNull":
        return fc.constant([column, operator]);
      case "in":
      case "notIn":
        return fc.array(operandFor(column), { maxLength: 4 }).map((values): Condition => [column, operator, values]);
      default:
        return operandFor(column).map((value): Condition => [column, operator as Operator, value]);
    }
  });
const order: fc.Arbitrary<Order> = fc.tuple(
  fc.constantFrom(...NAMES, "id"),
  fc.constantFrom<"asc" | "desc">("asc", "desc"),
);
const query: fc.Arbitrary<Query> = fc.record({
  where: fc.array(condition, { maxLength: 3 }),
  orderBy: fc.array(order, { maxLength: 2 }),
  search: fc.constantFrom("", "", "a", "B", "%", "'", "\u{1f950}", " "),
  pagination: fc.option(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })), { nil: undefined })
    .map((page) => page && new Pagination(...page)),
});
const narrowing = query.map(({ where, search }): Query => ({ where, search }));
const id = fc.constantFrom("a", "b", "c", "1", "10", "2", "\u00e9", "x'y", "%");
const row: fc.Arbitrary<Row> = fc.record(HELD, { requiredKeys: [] }).map(given);
const rows: fc.Arbitrary<Row[]> = fc.array(row, { maxLength: 12 });

const step = arbitraryStep({ id, row, set: narrowing });

const [seed = 0] = crypto.getRandomValues(new Int32Array(1));

describe("SqliteTable is like a MemTable:", () => {
  it(`it holds the same rows in the same order, whatever the query (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.array(query, { minLength: 1, maxLength: 6 }), async (inserted, queries) => {
        const [sqlite, memory, close] = await openBoth();
        for (const [at, row] of inserted.entries()) {
          for (const table of [sqlite, memory]) await table.insertValue(`${(at * 7) % 13}`, row);
        }
        for (const query of queries) await assertAlike(sqlite.withQuery(query), memory.withQuery(query));
        close();
      }),
      { seed, numRuns: 150 },
    );
  });

  it(`it answers the same to the same writes, and holds the same afterwards (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const [sqlite, memory, close] = await openBoth();
        for (const step of steps) assertSameAnswer(await apply(step, sqlite), await apply(step, memory));
        await assertAlike(sqlite, memory);
        close();
      }),
      { seed, numRuns: 200 },
    );
  });
});

/** A row without the columns that were not drawn. */
function given(drawn: { readonly [column: string]: Value | undefined }): Row {
  return Object.fromEntries(
    Object.entries(drawn).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}

/** A value that the column could hold, or one of another kind. */
function operandFor(column: string): fc.Arbitrary<Value> {
  return fc.oneof(HELD[column] ?? id, operand);
}

async function openBoth(): Promise<readonly [sqlite: TableLike, memory: TableLike, close: () => void]> {
  const db = new DatabaseSync(":memory:");
  db.exec(CREATE);
  const sqlite = await SqliteTable.open(db, "t", { searchFields: SEARCHED });
  return [sqlite, new MemTable("t", { columns: COLUMNS, idField: "id" }), () => db.close()];
}

async function assertAlike(sqlite: TableLike, memory: TableLike): Promise<void> {
  const [actual, expected] = [await sqlite.listValues(), await memory.listValues()];
  assert.deepEqual(actual.ids(), expected.ids(), shownQuery(memory.query));
  for (const [id, row] of expected) assertSameAnswer(actual.get(id), row);
  assert.equal(await sqlite.getCount(), await memory.getCount());
  for (const id of ["0", "7", "1", "a", "99"]) assertSameAnswer(await sqlite.getValue(id), await memory.getValue(id));
}
