import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type Row, Rows, sameRow } from "@vantage/live";

function rowsOf(row: unknown): Rows {
  return Reflect.apply(Rows.from, Rows, [[["id", row]]]);
}

describe("Rows", () => {
  it("Rows.from() keeps the order it is given, and hands out frozen copies", () => {
    const given = { name: "Bun", tags: ["x", { deep: 1 }] };
    const rows = Rows.from([["10", given], ["2", {}]]);
    given.name = "Mine";
    given.tags.push("y");
    assert.deepEqual(rows.ids(), ["10", "2"]);
    assert.deepEqual(rows.get("10"), { name: "Bun", tags: ["x", { deep: 1 }] });
    assert.throws(() => Object.assign(rows.get("10") ?? {}, { name: "Mine" }), TypeError);
    const tags = rows.get("10")?.tags;
    assert(Array.isArray(tags));
    assert.throws(() => tags.push("z"), TypeError);
  });

  it("is a ReadonlyMap in every way of reading, and has no way of writing", () => {
    const rows = Rows.from([["a", { n: 1 }], ["b", { n: 2 }]]);
    const seen: unknown[] = [];
    rows.forEach((row, id, all) => seen.push([id, row.n, all === rows]));
    assert.deepEqual(seen, [["a", 1, true], ["b", 2, true]]);
    assert.deepEqual([...rows.keys()], ["a", "b"]);
    assert.deepEqual([...rows.values()], [{ n: 1 }, { n: 2 }]);
    assert.deepEqual([...rows.entries()], [...rows]);
    assert.equal(rows.size, 2);
    assert(rows.has("a") && !rows.has("c"));
    assert.equal(rows.get("c"), undefined);
    assert.deepEqual(rows.first(), ["a", { n: 1 }]);
    assert.equal(Rows.from([]).first(), undefined);
    for (const name of ["set", "delete", "clear"]) assert.equal(Reflect.get(rows, name), undefined);
    assert.equal(Rows.from(rows), rows);
  });

  it("equals() compares ids, their order, and rows; JSON and the console show the content", () => {
    const rows = Rows.from([["a", { n: 1, m: 2 }], ["b", { n: 2 }]]);
    assert(rows.equals(Rows.from([["a", { m: 2, n: 1 }], ["b", { n: 2 }]])));
    assert(!rows.equals(Rows.from([["b", { n: 2 }], ["a", { n: 1, m: 2 }]])));
    assert(!rows.equals(Rows.from([["a", { n: 1, m: 2 }]])));
    assert(!rows.equals(Rows.from([["a", { n: 1, m: 2 }], ["b", { n: 3 }]])));
    assert(!rows.equals(Rows.from([["a", { n: 1, m: 2 }], ["c", { n: 2 }]])));
    assert.equal(JSON.stringify(rows), '[["a",{"n":1,"m":2}],["b",{"n":2}]]');
    assert.match(inspect(rows), /^Rows Map\(2\) \{\s*.a.\s*=>/);
  });

  it("Rows.from() leaves out what is undefined, and makes -0 the same as 0", () => {
    const row = rowsOf({ a: undefined, b: -0 }).get("id");
    assert.deepEqual(Object.keys(row ?? {}), ["b"]);
    assert(Object.is(row?.b, 0));
  });

  it("Rows.from() keeps a column named __proto__ a column", () => {
    const row = rowsOf(JSON.parse('{"__proto__": {"polluted": true}}')).get("id") ?? {};
    assert.deepEqual(Object.keys(row), ["__proto__"]);
    assert.equal(Reflect.get(row, "polluted"), undefined);
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });

  it("Rows.from() takes objects without a prototype, and subclasses of Uint8Array as plain bytes", () => {
    const row = rowsOf(Object.assign(Object.create(null), { bytes: Buffer.from([1, 2]) })).get("id");
    assert.equal(Object.getPrototypeOf(row), Object.prototype);
    assert.equal(Object.getPrototypeOf(row?.bytes), Uint8Array.prototype);
  });

  it("Rows.from() names what no row can hold, and where it stands", () => {
    class Money {}
    const cycle: { deep: { self?: unknown } } = { deep: {} };
    cycle.deep.self = cycle;
    const list: unknown[] = [];
    list.push(list);
    for (
      const [row, message] of [
        [{ f: () => 1 }, /a function \(at f\)/],
        [{ a: [{ s: Symbol("x") }] }, /symbol Symbol\(x\) \(at a\[0\]\.s\)/],
        [{ price: new Money() }, /an object of class Money \(at price\)/],
        [{ when: new Map() }, /class Map \(at when\)/],
        [{ a: [undefined] }, /undefined \(at a\[0\]\)/],
        [cycle, /cycle, or more than 64 levels, at deep\.self/],
        [{ list }, /cycle, or more than 64 levels, at list\[0\]/],
        [[1], /plain object, got an array/],
        ["Bun", /plain object, got "Bun"/],
        [null, /plain object, got null/],
        [new Money(), /class Money/],
      ] as const
    ) assert.throws(() => rowsOf(row), { name: "TypeError", message });
  });

  it("Rows.from() refuses ids that are not strings, and ids that stand twice", () => {
    assert.throws(() => Reflect.apply(Rows.from, Rows, [[[5, {}]]]), /id must be a string, got number 5/);
    assert.throws(() => Rows.from([["a", {}], ["a", {}]]), /Two rows have the id "a"/);
  });
});

describe("sameRow", () => {
  it("holds for the same columns in another order", () => {
    assert(sameRow({ a: 1, b: { x: 1, y: [2] } }, { b: { y: [2], x: 1 }, a: 1 }));
  });

  it("compares dates by time, bytes by bytes, and NaN as equal to itself", () => {
    const row = (): Row => ({ at: new Date(5), bytes: new Uint8Array([1, 2]), nan: NaN, bad: new Date(NaN), big: 5n });
    assert(sameRow(row(), row()));
  });

  it("keeps apart what is not the same", () => {
    const pairs: readonly (readonly [Row, Row])[] = [
      [{ a: 1 }, {}],
      [{ a: 1 }, { b: 1 }],
      [{ a: 1 }, { a: 1, b: null }],
      [{ a: 1 }, { a: 1n }],
      [{ a: 1 }, { a: "1" }],
      [{ a: null }, { a: {} }],
      [{ a: new Date(5) }, { a: new Date(6) }],
      [{ a: new Date(5) }, { a: {} }],
      [{ a: new Uint8Array([1]) }, { a: [1] }],
      [{ a: new Uint8Array([1]) }, { a: new Uint8Array([2]) }],
      [{ a: [1] }, { a: [1, 2] }],
      [{ a: [] }, { a: {} }],
      [{ a: { toString: 1 } }, { a: {} }],
    ];
    for (const [a, b] of pairs) {
      assert(!sameRow(a, b) && !sameRow(b, a), JSON.stringify([Object.keys(a), Object.keys(b)]));
    }
  });
});
