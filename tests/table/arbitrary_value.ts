import fc from "fast-check";
import type { Value } from "@vantage/live";

/** Short texts of characters that are close to each other, or mean something to who writes queries as text. */
export const text: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(
    "a",
    "B",
    "\u0000",
    "\ud7ff",
    "\ud800",
    "\udbff",
    "\udc00",
    "\ue000",
    "\uffff",
    "\u{1f950}",
    '"',
    ",",
  ),
  maxLength: 4,
});
const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(null, true, false, 0, 1, 1n, 0n, NaN, Infinity, -Infinity, 2 ** 53, 2n ** 53n, 2n ** 53n + 1n),
  fc.constantFrom<Value>(
    1e300,
    10n ** 300n,
    1e21,
    10n ** 21n,
    10n ** 400n,
    -(10n ** 400n),
    0.1,
    "1",
    "1n",
    "null",
    "NaN",
  ),
  fc.constantFrom(NaN, 0, 1, -1, 8.64e15, -8.64e15).map((time): Value => new Date(time)),
  fc.array(fc.constantFrom(0, 1, 2, 0x12), { maxLength: 3 }).map((bytes): Value => new Uint8Array(bytes)),
  fc.double({ noDefaultInfinity: false }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  text,
);
/** Any value, with many that are nearly alike. */
export const value: fc.Arbitrary<Value> = fc.letrec<{ any: Value }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, depthSize: "small" },
    { arbitrary: scalar, weight: 5 },
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "\uffff", "\u{1f950}"), tie("any"), { maxKeys: 3 })
      .map((fields): Value => ({ ...fields })),
  ),
})).any;
