import type { Row, Value } from "../../table/row.ts";
import { Rows } from "../../table/rows.ts";

/** Values of every kind that a row can hold, including those that stores are known to lose. */
export const SAMPLE_VALUES: readonly (readonly [kind: string, value: Value])[] = [
  ["null", null],
  ["booleans", [true, false]],
  ["integers", [0, 1, -1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1]],
  ["numbers with a fraction", [0.1, -0.1, 1 / 3, 1e21, 1e300, Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON, 1.5]],
  ["NaN and the infinities", [NaN, Infinity, -Infinity]],
  ["small bigints apart from numbers", [0n, 1n, -1n, 5n, 2n ** 32n]],
  ["bigints of 64 bits", [2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n, -(2n ** 64n)]],
  ["bigints beyond 64 bits", [2n ** 64n, -(2n ** 64n) - 1n, 10n ** 40n, -(10n ** 40n), 2n ** 500n + 7n]],
  ["texts", [
    "",
    "a",
    "5",
    "true",
    "null",
    "undefined",
    "2024-01-01T00:00:00.000Z",
    "\n\r\t\0\u0001\u007f",
    "'\"`\\%_",
  ]],
  ["texts in Unicode", [
    "S\u0101\u013ca \ud55c\uad6d \u05e9\u05dc\u05d5\u05dd",
    "\u{1f950}\u{1f469}\u200d\u{1f373}",
    "cafe\u0301",
    "caf\u00e9",
    "\u2028\ufeff\uffff",
  ]],
  ["texts with half of a surrogate pair", ["\ud800", "a\udc00b", "\udfff\ud800", "\u{1f950}\ud83e", "\ufffd"]],
  ["a long text", "\u00e9a".repeat(40_000)],
  ["a long text that begins with a byte order mark", `\ufeff${"\u00e9".repeat(100)}`],
  ["dates", [new Date(0), new Date(1_700_000_000_123), new Date(-1), new Date(1), new Date(-62_198_755_200_000)]],
  ["dates far from 1970", Array.from({ length: 20 }, (_, ms) => new Date(-4_445_853_564_310_251 - ms))],
  ["the first, the last and no date", [new Date(8.64e15), new Date(-8.64e15), new Date(NaN)]],
  ["dates of every millisecond in a row", Array.from({ length: 200 }, (_, ms) => new Date(1_699_999_999_900 + ms))],
  ["bytes", [new Uint8Array(), new Uint8Array([0, 255, 128]), Uint8Array.from({ length: 300 }, (_, at) => at)]],
  ["bytes that are a part of a larger buffer", new Uint8Array(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2)],
  ["arrays", [[], [[]], [null, [1, ["a", [new Date(3)]]]], Array.from({ length: 300 }, (_, at) => at)]],
  ["objects", { empty: {}, a: { b: { c: [{ d: null }] } }, "": 0, "with space": "x", "\u{1f950}": 1, "\ud800": 2 }],
  ["an object with many fields", Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`field ${at}`, at]))],
  ["objects whose fields have the names of a prototype's", JSON.parse(namesOfAPrototype())],
  ["values that are nested deeply", deep(30)],
];

/** Rows of every shape. */
export const SAMPLE_ROWS: readonly (readonly [kind: string, rows: Rows])[] = [
  ["no rows", Rows.from([])],
  ["a row without columns", Rows.from([["a", {}]])],
  ["rows in the master's order", numbered(["2", "10", "1", "b", "a", "B", "\u00e9", "01", " 1", "-1", "1.0"])],
  ["ids in Unicode", numbered(["", " ", "\u{1f950}", "caf\u00e9", "cafe\u0301", "\ud800", "\udc00", "\ufffd", "\0"])],
  ["ids that look like keys", numbered(["page_1", "id/a", "a/b", "%2F", "/", "..", "view:", "all"])],
  [
    "ids that are the names of a prototype's members",
    numbered(["__proto__", "constructor", "toString", "hasOwnProperty"]),
  ],
  ["columns that are the names of a prototype's members", Rows.from([["a", JSON.parse(namesOfAPrototype())]])],
  [
    "columns that some rows lack, apart from null",
    Rows.from([["a", { x: null }], ["b", {}], ["c", { y: 1 }], ["d", { x: 1, y: null }]]),
  ],
  ["columns in another order in each row", Rows.from([["a", { x: 1, y: 2, z: 3 }], ["b", { z: 6, x: 4, y: 5 }]])],
  ["rows that have no column in common", sparse(300)],
  ["columns whose values are of different kinds", kinds()],
  ["a thousand rows", Rows.from(Array.from({ length: 1_000 }, (_, at) => [`row ${at}`, { at, name: `Row ${at}` }]))],
];

function namesOfAPrototype(): string {
  return '{"__proto__":{"polluted":true},"constructor":1,"prototype":2,"toString":null,"hasOwnProperty":"x","length":0}';
}

function deep(levels: number): Value {
  let value: Value = "innermost";
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { level, value };
  return value;
}

function numbered(ids: readonly string[]): Rows {
  return Rows.from(ids.map((id, at) => [id, { at }]));
}

function sparse(count: number): Rows {
  return Rows.from(Array.from({ length: count }, (_, at): [string, Row] => [`${at}`, { [`column ${at}`]: at }]));
}

function kinds(): Rows {
  return Rows.from(SAMPLE_VALUES.map(([kind, value]) => [kind, { value }]));
}
