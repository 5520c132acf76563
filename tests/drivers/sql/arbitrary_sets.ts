import fc from "fast-check";
import {
  type Condition,
  type Operator,
  OPERATORS,
  type Order,
  Pagination,
  type Query,
  type Value,
} from "@vantage/live";

/** Texts that a careless comparison takes for each other, or puts into another order. */
export const TEXTS: readonly string[] = [
  "",
  "a",
  "A",
  "b",
  "B",
  "ab",
  "a b",
  "a ",
  " a",
  "\u00e9",
  "\u00c9",
  "e\u0301",
  "Z",
  "\u00df",
  "ss",
  "\u0130",
  "\ufb01",
  "a\ue000",
  "\ufffd",
  "\uffff",
  "\u{1f950}",
  "%",
  "_",
  "\\",
  "it's",
  '"',
  "{",
  "}",
  ",",
  "NULL",
  "1",
  "10",
  "2",
  "true",
  "2024-01-01",
  "\u0001",
  "\u007f",
  "a\n",
];

/** Numbers that floats can hold. */
export const FLOATS: readonly number[] = [0, 1, -1, 1.5, -2.25, 0.1, 1e21, 1e300, 5e-324, 2 ** 53, 2 ** 63, -(2 ** 63)];

/** Numbers that 64 bits can hold. */
export const INTEGERS: readonly (number | bigint)[] = [0, 1, 2, 10, -1, 2 ** 53 - 1, 2n ** 53n, 2n ** 53n + 1n];

/** The first and last of these are the limits of 64 bits. */
export const LIMITS: readonly bigint[] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Dates that every database can hold. */
export const DATES: readonly Date[] = [
  "1000-01-01",
  "1582-10-10",
  "1969-12-31T23:59:59.999Z",
  "1970-01-01",
  "1970-01-01T00:00:00.001Z",
  "2024-02-29T12:00:00Z",
  "2024-03-31T01:30:00.123Z",
  "9999-12-31T23:59:59.999Z",
].map((text) => new Date(text));

/** Documents whose parts look alike. */
export const DOCUMENTS: readonly Value[] = [
  "a",
  "1",
  "",
  "\u{1f950}",
  1,
  1.5,
  0,
  true,
  false,
  [],
  [1, 2],
  [2, 1],
  [null],
  {},
  { a: 1, b: [true, "x"] },
  { b: [true, "x"], a: 1 },
  { a: 1 },
];

const BYTES = fc.uint8Array({ maxLength: 2 });

/** Operands that no column holds, or not all. */
const STRANGE: readonly Value[] = [
  NaN,
  Infinity,
  -Infinity,
  -0,
  new Date(NaN),
  new Date(8.64e15),
  new Date(-8.64e15),
  new Date("-000001-01-01"),
  new Date("+012345-06-07"),
  2n ** 63n,
  -(2n ** 63n) - 1n,
  2n ** 70n,
  2n ** 70n + 1n,
  10n ** 64n,
  -(10n ** 400n),
  10n ** 400n,
  9007199254740993n,
  0.30000000000000004,
  "a\0b",
  "\0",
  "a\ud800",
  "\udc00b",
  [],
  { a: "\0" },
  [NaN],
];

/** What each column of a table can hold, besides `null`. */
export type Held = Readonly<Record<string, readonly Value[]>>;

/** A value that the column can hold. */
export function heldBy(held: Held, column: string): fc.Arbitrary<Value> {
  const values = held[column] ?? [];
  return values.some((value) => value instanceof Uint8Array)
    ? fc.oneof(fc.constant(null), BYTES)
    : fc.constantFrom<Value>(null, ...values);
}

/** Queries of a table, with operands of the columns' values, of other kinds, and of such as no database holds. */
export function arbitraryQuery(held: Held, isDocument: (column: string) => boolean): fc.Arbitrary<Query> {
  const names = Object.keys(held);
  const any = fc.oneof(...names.map((name) => heldBy(held, name)), fc.constantFrom(...STRANGE));
  const operandFor = (column: string): fc.Arbitrary<Value> =>
    fc.oneof({ weight: 3, arbitrary: heldBy(held, column) }, { weight: 1, arbitrary: any });
  const condition = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...OPERATORS)).chain(
    ([column, drawn]): fc.Arbitrary<Condition> => {
      const operator: Operator = isDocument(column) && /^[gl]te?$/.test(drawn) ? "ne" : drawn;
      if (operator === "isNull" || operator === "notNull") return fc.constant([column, operator]);
      const operand = operator === "in" || operator === "notIn"
        ? fc.array(operandFor(column), { maxLength: 4 })
        : operandFor(column);
      return operand.map((value): Condition => [column, operator, value]);
    },
  );
  const ordered = names.filter((name) => !isDocument(name));
  const order: fc.Arbitrary<Order> = fc.tuple(fc.constantFrom(...ordered), fc.constantFrom("asc", "desc"));
  return fc.record({
    where: fc.array(condition, { maxLength: 3 }),
    // The order of ties is the table's own.
    orderBy: fc.array(order, { maxLength: 3 }).map((orders): Order[] => [...orders, ["id", "asc"]]),
    search: fc.constantFrom("", "", "", "a", "B", "%", "'", "_", "\\", "\u{1f950}", " ", "\ud800"),
    pagination: fc.option(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })), { nil: undefined })
      .map((page) => page && new Pagination(...page)),
  });
}
