import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemTable, type Operator, type Value } from "@vantage/live";

const GREATER_OR_LESS = ["gt", "gte", "lt", "lte"] as const;

/** One of each kind, and its like. */
const KINDS: Readonly<Record<string, readonly [less: Value, more: Value]>> = {
  boolean: [false, true],
  number: [1, 2],
  bigint: [3n, 4n],
  date: [new Date(0), new Date(1)],
  text: ["a", "b"],
  bytes: [new Uint8Array([1]), new Uint8Array([2])],
  list: [[1], [2]],
  object: [{ a: 1 }, { a: 2 }],
};

/** Whether a row with `value` is in the set of `operator operand`. */
async function holds(value: Value, operator: Operator, operand?: Value): Promise<boolean> {
  const table = new MemTable("t", { rows: [["a", { value }]] });
  const narrowed = operand === undefined ? table.where("value", operator) : table.where("value", operator, operand);
  return (await narrowed.listValues()).size === 1;
}

describe("A condition in memory", () => {
  it("with gt, gte, lt or lte never holds for null, lists and objects, not even for the same", async () => {
    for (const operator of GREATER_OR_LESS) {
      for (const value of [null, [1], [], { a: 1 }, {}]) {
        assert.equal(await holds(value, operator, value), false, `${operator} ${JSON.stringify(value)}`);
        assert.equal(await holds(value, operator, [0]), false);
        assert.equal(await holds(value, operator, 0), false);
      }
    }
  });

  it("with gt, gte, lt or lte compares within one kind alone", async () => {
    for (const [name, [value]] of Object.entries(KINDS)) {
      for (const [other, [operand]] of Object.entries(KINDS)) {
        const areNumbers = /number|bigint/.test(name) && /number|bigint/.test(other);
        if (name === other || areNumbers) continue;
        for (const operator of GREATER_OR_LESS) {
          assert.equal(await holds(value, operator, operand), false, `${name} ${operator} ${other}`);
        }
      }
    }
  });

  it("tells the less from the more, and both from the same", async () => {
    for (const name of ["boolean", "number", "bigint", "date", "text", "bytes"]) {
      const [less, more] = KINDS[name] ?? [];
      assert(less !== undefined && more !== undefined);
      for (
        const [value, operand, expected] of [
          [less, more, [false, false, true, true]],
          [more, less, [true, true, false, false]],
          [less, less, [false, true, false, true]],
        ] as const
      ) {
        const found = await Promise.all(GREATER_OR_LESS.map((operator) => holds(value, operator, operand)));
        assert.deepEqual(found, expected, name);
      }
    }
  });

  it("compares text by code point, and what begins like another as less", async () => {
    const ordered = [
      "",
      "a",
      "a\0",
      "aa",
      "b",
      "\ud7ff",
      "\ue000",
      "\uffff",
      "\u{10000}",
      "\u{10001}",
      "\u{10400}",
      "\u{10401}",
      "\u{10ffff}",
    ];
    for (const [at, value] of ordered.entries()) {
      for (const [than, operand] of ordered.entries()) {
        assert.equal(await holds(value, "gt", operand), at > than, `${at} gt ${than}`);
        assert.equal(await holds(value, "gte", operand), at >= than, `${at} gte ${than}`);
        assert.equal(await holds(value, "lt", operand), at < than, `${at} lt ${than}`);
        assert.equal(await holds(value, "lte", operand), at <= than, `${at} lte ${than}`);
      }
    }
  });

  it("compares bytes one by one, and what begins like others as less", async () => {
    const ordered = [[], [0], [0, 0], [0, 255], [1], [1, 0], [128], [255]].map((bytes) => new Uint8Array(bytes));
    for (const [at, value] of ordered.entries()) {
      for (const [than, operand] of ordered.entries()) {
        assert.equal(await holds(value, "gt", operand), at > than, `${at} gt ${than}`);
        assert.equal(await holds(value, "gte", operand), at >= than, `${at} gte ${than}`);
        assert.equal(await holds(value, "lt", operand), at < than, `${at} lt ${than}`);
        assert.equal(await holds(value, "lte", operand), at <= than, `${at} lte ${than}`);
      }
    }
  });

  it("takes a number and a bigint of the same size as equal", async () => {
    assert.equal(await holds(1, "eq", 1n), true);
    assert.equal(await holds(1n, "in", [1]), true);
    assert.equal(await holds(1n, "ne", 1), false);
    assert.equal(await holds(1n, "eq", true), false);
    assert.equal(await holds("1", "eq", 1), false);
  });

  it("takes lists with the same items in another order as different", async () => {
    assert.equal(await holds([1, 2], "eq", [1, 2]), true);
    assert.equal(await holds([1, 2], "eq", [2, 1]), false);
    assert.equal(await holds([1, 2], "in", [[2, 1]]), false);
    assert.equal(await holds([1, 2], "in", [[2, 1], [1, 2]]), true);
    assert.equal(await holds({ a: [1, 2] }, "eq", { a: [2, 1] }), false);
  });
});

describe("An order in memory", () => {
  it("leaves rows that are equal in it as they stood, however many there are", async () => {
    const rows = Array.from({ length: 1_000 }, (_, at) => [`${at}`, { group: at % 3 }] as const);
    for (const direction of ["asc", "desc"] as const) {
      const ids = (await new MemTable("t", { rows }).orderBy("group", direction).listValues()).ids().map(Number);
      const expected = [0, 1, 2].flatMap((group) => rows.map((_, at) => at).filter((at) => at % 3 === group));
      const groups = direction === "asc"
        ? expected
        : [2, 1, 0].flatMap((group) => expected.filter((at) => at % 3 === group));
      assert.deepEqual(ids, groups);
    }
  });

  it("is null, booleans, numbers, dates, text, bytes, the rest; and the other way round", async () => {
    const ordered = [null, false, true, -1, 0n, 1, new Date(-1), new Date(1), "", "a", new Uint8Array([0])];
    const rows = ordered.map((value, at) => [`${at}`, { value }] as const);
    const shuffled = [3, 9, 0, 10, 6, 2, 8, 1, 5, 7, 4].flatMap((at) => rows.slice(at, at + 1));
    const table = new MemTable("t", { rows: [["list", { value: [1] }], ...shuffled] });
    const expected = [...ordered.keys()].map(String);
    assert.deepEqual((await table.orderBy("value").listValues()).ids(), [...expected, "list"]);
    assert.deepEqual((await table.orderBy("value", "desc").listValues()).ids(), ["list", ...expected.reverse()]);
  });

  it("goes by the next column where the first decides nothing, each in its direction", async () => {
    const rows = [["a", { x: 1, y: 1 }], ["b", { x: 2, y: 1 }], ["c", { x: 1, y: 2 }], ["d", { x: 2, y: 2 }]] as const;
    const table = new MemTable("t", { rows });
    assert.deepEqual((await table.orderBy("x").orderBy("y", "desc").listValues()).ids(), ["c", "a", "d", "b"]);
    assert.deepEqual((await table.orderBy("y", "desc").orderBy("x").listValues()).ids(), ["c", "d", "a", "b"]);
  });
});

describe("A search in memory", () => {
  const row = { title: "Über uns", body: "text", count: 7 };

  it("looks only in the columns that are flagged, if any is, whatever the case of letters", async () => {
    const columns = [{ name: "title", flags: ["searchable"] }, { name: "body" }, { name: "count" }] as const;
    const flagged = new MemTable("t", { rows: [["a", row]], columns });
    const plain = new MemTable("t", { rows: [["a", row]] });
    assert.equal(await flagged.search("ÜBER").getCount(), 1);
    assert.equal(await flagged.search("text").getCount(), 0);
    assert.equal(await plain.search("TEXT").getCount(), 1);
    assert.equal(await plain.search("7").getCount(), 0);
    assert.equal(await plain.search("none").getCount(), 0);
  });
});
