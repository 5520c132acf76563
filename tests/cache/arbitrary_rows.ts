import fc from "fast-check";
import { type Row, Rows, type Value } from "@vantage/live";

/** Any text, broken surrogate pairs and the names of a prototype's members included. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 12, unit: "grapheme" }),
  fc.string({ maxLength: 8, unit: "binary" }),
  fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("__proto__", "constructor", "toString", "a", "b", "c", ""),
);

const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(null, true, false, NaN, Infinity, -Infinity),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double().map((number) => number === 0 ? 0 : number),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  anyText,
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 40 }),
);

/** Any value that a row can hold. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(anyText, tie("value")), { maxLength: 4 }).map((fields): Value => Object.fromEntries(fields)),
  ),
})).value;

/** Any row. */
export const anyRow: fc.Arbitrary<Row> = fc.array(fc.tuple(anyText, anyValue), { maxLength: 8 })
  .map((fields) => Object.fromEntries(fields));

/** Any rows, with columns in common or without. */
export const anyRows: fc.Arbitrary<Rows> = fc.uniqueArray(fc.tuple(anyText, anyRow), {
  maxLength: 8,
  selector: ([id]) => id,
}).map((entries) => Rows.from(entries));
