import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Row, Value } from "@vantage/live";
import { MAX_ROW_DEPTH, toRow, toValue } from "../../src/table/row.ts";
import { fromWire, type Json, rowFromWire, rowToWire, toWire } from "../../src/wire/wire_value.ts";
import { anyRow, anyValue } from "../cache/arbitrary_rows.ts";

/** Sent and received, as text. */
function sent(value: Value): Value {
  return fromWire(JSON.parse(JSON.stringify(toWire(value))));
}

function sentRow(row: Row): Row {
  return rowFromWire(JSON.parse(JSON.stringify(rowToWire(row))));
}

/** Fields named as marks are, that only look like them. */
const anyLookalike: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Value>("1", "NaN", 5, null, "AQI=", 5n, new Date(0)),
    fc.dictionary(
      fc.constantFrom("$bigint", "$number", "$date", "$bytes", "$object", "$", "$other", "a", "__proto__"),
      tie("value"),
      { maxKeys: 2, noNullPrototype: true },
    ),
    fc.array(tie("value"), { maxLength: 2 }),
  ),
})).value;

/** `levels` arrays, one in the other, around a value. */
function nested(levels: number, value: Json): Json {
  let outer = value;
  for (let level = 0; level < levels; level++) outer = [outer];
  return outer;
}

describe("Values on the wire", () => {
  it("toWire() and fromWire() carry every value without loss", () => {
    fc.assert(fc.property(anyValue, (value) => assert.deepEqual(sent(value), toValue(value, "value"))));
  });

  it("rowToWire() and rowFromWire() carry every row without loss", () => {
    fc.assert(fc.property(anyRow, (row) => {
      const arrived = sentRow(row);
      assert.deepEqual(arrived, toRow(row));
      assert.deepEqual(Object.keys(arrived), Object.keys(row));
      assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
    }));
  });

  it("toWire() and fromWire() carry objects that look like marks", () => {
    fc.assert(fc.property(anyLookalike, (value) => {
      assert.deepEqual(sent(value), toValue(value, "value"));
      assert.deepEqual(sentRow({ value, $date: value }), toRow({ value, $date: value }));
    }));
  });

  it("toWire() has a mark for what JSON cannot say, and none for the rest", () => {
    const cases: readonly (readonly [Value, Json])[] = [
      [5n, { $bigint: "5" }],
      [-(2n ** 70n), { $bigint: "-1180591620717411303424" }],
      [NaN, { $number: "NaN" }],
      [Infinity, { $number: "Infinity" }],
      [-Infinity, { $number: "-Infinity" }],
      [new Date(5), { $date: 5 }],
      [new Date(NaN), { $date: null }],
      [new Uint8Array([1, 2]), { $bytes: "AQI=" }],
      [new Uint8Array(), { $bytes: "" }],
      [{ $date: 5 }, { $object: { $date: 5 } }],
      [{ $: 1 }, { $object: { $: 1 } }],
      [{ $object: { a: 1 } }, { $object: { $object: { a: 1 } } }],
      [{ $date: 5, b: 1 }, { $date: 5, b: 1 }],
      [{ $date: new Date(5) }, { $object: { $date: { $date: 5 } } }],
      [{}, {}],
      [[null, true, 1.5, "\ud800"], [null, true, 1.5, "\ud800"]],
    ];
    for (const [value, wire] of cases) {
      assert.deepEqual(toWire(value), wire);
      assert.deepEqual(sent(value), value);
    }
  });

  it("rowToWire() never takes a column for a mark", () => {
    assert.deepEqual(rowToWire({ $date: 5 }), { $date: 5 });
    assert.deepEqual(rowFromWire({ $date: 5 }), { $date: 5 });
    assert.deepEqual(rowFromWire({ $unknown: { $date: 5 } }), { $unknown: new Date(5) });
  });

  it("fromWire() reads -0 as 0, as rows hold it", () => {
    assert(Object.is(fromWire(JSON.parse("-0")), 0));
    assert(Object.is((rowFromWire(JSON.parse('{"x":[-0]}'))["x"] as number[])[0], 0));
  });

  it("fromWire() gives values that nobody can change", () => {
    const row = rowFromWire({ list: [{ a: 1 }], object: { $object: { $date: 1 } } });
    for (const value of [row, row["list"], (row["list"] as Row[])[0], row["object"]]) assert(Object.isFrozen(value));
  });

  it("fromWire() keeps __proto__ a name", () => {
    const row = rowFromWire(JSON.parse('{"__proto__":{"x":1},"a":{"__proto__":{"$date":0}}}'));
    assert.deepEqual(Object.keys(row), ["__proto__", "a"]);
    assert.equal(Object.getPrototypeOf(row["a"]), Object.prototype);
    assert.deepEqual(Object.entries(row["a"] as Row), [["__proto__", new Date(0)]]);
  });

  it("fromWire() refuses a mark that is not followed by what it announces", () => {
    const wrong: Json[] = [
      ...["", "-", "1.5", "1e3", "0x1", " 1", "1n", "+1", "1".repeat(5000), 5, null, [], {}].map(($bigint) => ({
        $bigint,
      })),
      ...["nan", "1", "", "+Infinity", 5, null, []].map(($number) => ({ $number })),
      ...["5", true, [], {}, "1970-01-01"].map(($date) => ({ $date })),
      ...["A", "AQI", "AQI==", "A===", "====", "AQ I", "AQI=\n", "-_==", "=AAA", 5, null, []].map(($bytes) => ({
        $bytes,
      })),
      ...[[], null, "x", 5].map(($object) => ({ $object })),
      { $: 1 },
      { $unknown: 1 },
      { $Date: 1 },
    ];
    for (const wire of wrong) {
      assert.throws(() => fromWire(wire), TypeError, JSON.stringify(wire));
      assert.throws(() => rowFromWire({ x: [wire] }), TypeError);
      assert.throws(() => fromWire({ $object: { x: wire } }), TypeError);
    }
  });

  it("fromWire() takes dates beyond the calendar for invalid ones", () => {
    assert.deepEqual(fromWire({ $date: 9e15 }), new Date(NaN));
    assert.deepEqual(fromWire({ $date: 1.9 }), new Date(1));
  });

  it("rowFromWire() refuses what is no row", () => {
    for (const wire of [undefined, null, 5, "x", true, [], [["a", 1]]]) {
      assert.throws(() => rowFromWire(wire), TypeError);
    }
  });

  it("fromWire() reads as many levels as a row can have, and refuses one more", () => {
    const deepest = nested(MAX_ROW_DEPTH - 1, { $date: 5 });
    assert.deepEqual(toRow(rowFromWire({ x: deepest })), rowFromWire({ x: deepest }));
    assert.deepEqual(toValue(fromWire([deepest]), "x"), fromWire([deepest]));
    for (const inner of [[], {}, { $object: {} }, { a: 1 }]) {
      const tooDeep = nested(MAX_ROW_DEPTH - 1, inner);
      assert.throws(() => rowFromWire({ x: tooDeep }), TypeError);
      assert.throws(() => fromWire([tooDeep]), TypeError);
      assert.throws(() => toRow({ x: nested(MAX_ROW_DEPTH - 1, []) }), TypeError);
    }
    assert.throws(() => fromWire(nested(100_000, 1)), TypeError);
  });

  it("fromWire() takes any JSON, or refuses it with a TypeError", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), anyLookalike, (json, lookalike) => {
      for (const wire of [json, lookalike] as Json[]) {
        try {
          toValue(
            fromWire(JSON.parse(JSON.stringify(wire, (_, value) => typeof value === "bigint" ? "1" : value))),
            "x",
          );
        } catch (error) {
          assert(error instanceof TypeError, String(error));
        }
      }
    }));
  });
});
