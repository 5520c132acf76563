import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareValues } from "../../../src/table/compare_values.ts";
import { floatComparison, storableText } from "../../../src/drivers/sql/storable.ts";
import type { Sign } from "../../../src/drivers/sql/sql_dialect.ts";

const SIGNS: readonly Sign[] = ["<", "<=", ">", ">="];

function holds<T extends string | number | bigint>(value: T, sign: Sign, operand: T): boolean {
  const order = compareValues(value, operand);
  return sign === "<" ? order < 0 : sign === "<=" ? order <= 0 : sign === ">" ? order > 0 : order >= 0;
}

describe("A comparison with what a database can hold is like the one that was asked for:", () => {
  it("of texts, around a NUL and halves of surrogate pairs", () => {
    const stored = ["", "a", "a\u0001", "a\ud7ff", "a\ue000", "a\ue000b", "a\u{1f950}", "ab", "b", "\ud7ff", "\ue000"];
    const operands = [
      "a",
      "a\0",
      "a\0b",
      "\0",
      "a\ud800",
      "a\udfff",
      "a\udc00b",
      "\ud83d",
      "a\ud83d\0",
      "a\0\ud83d",
      "a\u{1f950}",
    ];
    for (const operand of operands) {
      for (const sign of SIGNS) {
        const asked = storableText(sign, operand, false);
        assert(asked.operand.isWellFormed() && !asked.operand.includes("\0"));
        for (const text of stored) {
          assert.equal(
            holds(text, asked.sign, asked.operand),
            holds(text, sign, operand),
            JSON.stringify([text, sign, operand]),
          );
        }
      }
    }
  });

  it("of floats, around integers that are none", () => {
    const stored = [-Infinity, -1e300, -(2 ** 53), 0, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 1e300, Infinity, NaN];
    const operands = [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 10n ** 400n, -(10n ** 400n), 0n];
    for (const operand of operands) {
      for (const sign of SIGNS) {
        const asked = floatComparison(sign, operand);
        for (const float of stored) {
          assert.equal(
            holds(float, asked.sign, asked.operand),
            holds<number | bigint>(float, sign, operand),
            `${float} ${sign} ${operand}`,
          );
        }
      }
    }
  });
});
