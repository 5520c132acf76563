import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Rows, type Value } from "@vantage/live";
// The codec is no entry of the library.
import { decodeRows, encodeRows } from "../../src/cache/codec.ts";
import { anyRows, anyText } from "../cache/arbitrary_rows.ts";
import { bytesOf, byteString, type Cbor, head, integer, list, tag, text } from "../cache/cbor_bytes.ts";
import { newSeed } from "./hostile_text.ts";
import { harmlessly } from "./intrinsics.ts";

const BY_COLUMN = integer(1);
const MIB = 2 ** 20;

/** Decodes bytes that may be anything, and looks at all rows: what was decoded must not fail who looks. */
function tryDecode(bytes: Uint8Array): Rows | undefined {
  let rows: Rows;
  try {
    rows = decodeRows(bytes);
  } catch (error) {
    assert(error instanceof Error);
    return undefined;
  }
  for (const row of rows.values()) Object.values(row).forEach(assertPlain);
  return rows;
}

function assertPlain(value: Value): void {
  if (typeof value !== "object" || value === null) return assert.notEqual(typeof value, "function");
  const prototypes: readonly unknown[] = [Object, Array, Date, Uint8Array].map((kind) => kind.prototype);
  assert(prototypes.includes(Object.getPrototypeOf(value)));
  if (value instanceof Date || value instanceof Uint8Array) return;
  Object.values(value).forEach(assertPlain);
}

function check<T>(name: string, arbitrary: fc.Arbitrary<T>, bytesOf: (drawn: T) => Uint8Array, numRuns = 800): void {
  const seed = newSeed();
  it(`${name} (seed ${seed})`, () => {
    const property = fc.property(arbitrary, (drawn) => void harmlessly(() => tryDecode(bytesOf(drawn))));
    fc.assert(property, { seed, numRuns });
  });
}

/** One row with one column that holds the item. */
function oneValue(item: Cbor | Uint8Array): Uint8Array {
  const start = list(BY_COLUMN, list(text("v")), list(text("a")), list(integer(0)));
  const bytes = new Uint8Array(start.length - 1 + item.length);
  bytes.set(start.slice(0, -1));
  bytes.set(item, start.length - 1);
  return bytes;
}

/** An item of any length, without a copy of it for each level around it. */
function large(start: Cbor, length: number, byte: number): Uint8Array {
  const item = new Uint8Array(start.length + length).fill(byte);
  item.set(start);
  return item;
}

const valid = anyRows.map(encodeRows);
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const at = (bytes: Uint8Array, where: number): number => Math.floor(bytes.length * where);

describe("decodeRows() harms nobody", () => {
  it("with the spy on what makes code, which hears of it", () => {
    const make = Function;
    for (
      const makesCode of [() => globalThis.eval("1"), () => new globalThis.Function("1"), () => make.constructor("1")]
    ) {
      assert.throws(() => harmlessly(makesCode), /code was made out of text/);
    }
  });

  check("with valid bytes", valid, (bytes) => bytes);

  check(
    "with bits that are flipped",
    fc.tuple(valid, fc.array(fc.tuple(place, fc.nat(7)), { minLength: 1, maxLength: 6 })),
    ([bytes, flips]) => {
      const flipped = bytes.slice();
      for (const [where, bit] of flips) flipped[at(bytes, where)] = (flipped[at(bytes, where)] ?? 0) ^ 1 << bit;
      return flipped;
    },
  );

  check(
    "with bytes that are overwritten",
    fc.tuple(valid, place, fc.uint8Array({ minLength: 1, maxLength: 9 })),
    ([bytes, where, other]) => {
      const overwritten = bytes.slice();
      overwritten.set(other.subarray(0, bytes.length - at(bytes, where)), at(bytes, where));
      return overwritten;
    },
  );

  check("with an early end", fc.tuple(valid, place), ([bytes, where]) => bytes.subarray(0, at(bytes, where)));

  check(
    "with the beginning of one entry and the end of another",
    fc.tuple(valid, place, valid, place),
    ([one, end, other, start]) => {
      return Uint8Array.from([...one.subarray(0, at(one, end)), ...other.subarray(at(other, start))]);
    },
  );

  check("with bytes that are left out or stand twice", fc.tuple(valid, place, place), ([bytes, end, start]) => {
    return Uint8Array.from([...bytes.subarray(0, at(bytes, end)), ...bytes.subarray(at(bytes, start))]);
  });

  check("with random bytes", fc.uint8Array({ maxLength: 200 }), (bytes) => bytes, 5_000);

  check(
    "with random bytes in the place of a value, behind a tag that is accepted",
    fc.tuple(fc.constantFrom(1, 0xd800, 0xd801, 0xd802), fc.oneof(fc.uint8Array({ maxLength: 30 }), anyText)),
    ([number, content]) => oneValue(tag(number, typeof content === "string" ? text(content) : byteString(...content))),
  );
});

describe("decodeRows() takes no more memory than the bytes are worth", () => {
  it("of the bytes that claim most for their size", () => {
    const claims = [2, 3, 4, 5].flatMap((kind) => [0x7fffffff, 0xffffffff].map((size) => head(kind, size)));
    assertMemory(256 * MIB, () => {
      for (let round = 0; round < 500; round++) {
        for (const claim of claims) {
          for (const bytes of [bytesOf(claim), oneValue(claim), bytesOf([...head(4, 5), ...BY_COLUMN, ...claim])]) {
            assert.equal(tryDecode(bytes), undefined);
          }
        }
      }
    });
  });

  for (const [what, byte] of Object.entries({ integers: 0x00, "empty lists": 0x80, "empty maps": 0xa0, nulls: 0xf6 })) {
    it(`of a mebibyte of ${what}`, () => {
      const bytes = oneValue(large(head(4, MIB), MIB, byte));
      assertMemory(768 * MIB, () => assert(Array.isArray(decodeRows(bytes).get("a")?.v)));
    });
  }
});

// Each of these would take minutes if it took a time that grows with the square of the length.
describe("decodeRows() ends soon", () => {
  it("with an integer of a million digits, that encodeRows() made", () => {
    for (const integer of [1n << 4_000_000n, -(1n << 4_000_000n) + 1n]) {
      const rows = Rows.from([["a", { integer }]]);
      assert.equal(decodeRows(encodeRows(rows)).get("a")?.integer, integer);
    }
  });

  it("with an integer that is too long, which encodeRows() refuses", () => {
    assert.throws(() => encodeRows(Rows.from([["a", { v: 1n << 2n ** 25n }]])), RangeError);
    const digits = large([...tag(0xd802, head(3, 2 ** 23))], 2 ** 23, 0x61);
    assert.equal(tryDecode(oneValue(digits))?.get("a")?.v, null);
  });

  for (const number of [2, 3]) {
    it(`with a mebibyte behind the tag ${number}, which is CBOR's own for an integer`, () => {
      assert.equal(tryDecode(oneValue(large([...tag(number, head(2, MIB))], MIB, 0x7f))), undefined);
    });
  }

  it("with a mebibyte of halves of pairs", () => {
    const { v } = tryDecode(oneValue(large([...tag(0xd800, head(2, MIB))], MIB, 0xd8)))?.get("a") ?? {};
    assert.equal(v, "\ud8d8".repeat(MIB / 2));
  });

  it("with a mebibyte that is no UTF-8", () => {
    for (const byte of [0x80, 0xc3, 0xf0, 0xff]) {
      const { v } = tryDecode(oneValue(large(head(3, MIB), MIB, byte)))?.get("a") ?? {};
      assert.match(String(v), /^\ufffd+$/);
    }
  });

  it("with a hundred thousand columns, ids or rows, all alike or all different", () => {
    const many = 100_000;
    const alike = [...head(4, many), ...new Array(many).fill(0x60)];
    const different = [...head(4, many), ...Array.from({ length: many }, (_, at) => text(`${at}`)).flat()];
    const empty = [...head(4, many), ...new Array(many).fill(0x80)];
    const header = head(4, many + 3);
    for (const names of [alike, different]) {
      tryDecode(bytesOf([...header, ...BY_COLUMN, ...names, ...list(), ...empty.slice(head(4, many).length)]));
      tryDecode(bytesOf(list(BY_COLUMN, list(), names)));
      tryDecode(bytesOf([...head(4, many + 2), ...integer(2), ...names, ...empty.slice(head(4, many).length)]));
    }
  });
});

/** The process has grown by less than so many bytes at the end of the work, when nothing of it was let go of yet. */
function assertMemory(bytes: number, work: () => void): void {
  const before = process.memoryUsage().rss;
  work();
  const grown = process.memoryUsage().rss - before;
  assert(grown < bytes, `${Math.round(grown / MIB)} MiB`);
}
