import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Row, Rows, sameRow, type Value } from "@vantage/live";
// The codec is no entry of the library.
import { decodeRows, encodeRows } from "../../src/cache/codec.ts";
import { shareRows } from "../../src/table/rows.ts";
import { SAMPLE_ROWS, SAMPLE_VALUES } from "../../src/testing/conformance/cache_samples.ts";
import { anyRows } from "./arbitrary_rows.ts";
import { bytesOf, byteString, type Cbor, head, integer, list, map, tag, text, UNDEFINED } from "./cbor_bytes.ts";

const BY_COLUMN = integer(1);
const BY_ROW = integer(2);

function assertRoundTrip(rows: Rows): void {
  const decoded = decodeRows(encodeRows(rows));
  assert.deepEqual(decoded.ids(), rows.ids());
  for (const [id, row] of rows) assertSameRow(decoded.get(id), row);
}

function assertSameRow(actual: Row | undefined, expected: Row): void {
  assert(actual !== undefined && sameRow(actual, expected));
  assert.equal(Object.getPrototypeOf(actual), Object.prototype);
}

/** What comes of bytes that may be anything: rows, all looked at, or an error. */
function tryDecode(bytes: Uint8Array): Rows | undefined {
  let rows: Rows;
  try {
    rows = decodeRows(bytes);
  } catch (error) {
    assert(error instanceof Error);
    return undefined;
  }
  // Once decoded, a row must not fail the reader who looks at it.
  for (const [id, row] of rows) {
    assert.equal(typeof id, "string");
    for (const column of Object.keys(row)) assertPlain(row[column] ?? null);
  }
  assertUnpolluted();
  return rows;
}

function assertPlain(value: Value): void {
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) {
    assert.notEqual(typeof value, "function");
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype || prototype === Array.prototype);
  for (const inner of Object.values(value)) assertPlain(inner);
}

function assertUnpolluted(): void {
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.deepEqual(Object.keys(Object.prototype), []);
}

function check<T>(name: string, property: fc.IProperty<T>, numRuns = 300): void {
  const [seed = 0] = crypto.getRandomValues(new Int32Array(1));
  it(`${name} (seed ${seed})`, () => fc.assert(property, { seed, numRuns }));
}

/** The bytes of one row with one column that holds the item. */
function oneValue(item: Cbor): Uint8Array {
  return bytesOf(list(BY_COLUMN, list(text("v")), list(text("a")), list(item)));
}

describe("decodeRows() of what encodeRows() made", () => {
  for (const [kind, value] of SAMPLE_VALUES) {
    it(`gives back ${kind}`, () => assertRoundTrip(Rows.from([["a", { value }]])));
  }
  for (const [kind, rows] of SAMPLE_ROWS) it(`gives back ${kind}`, () => assertRoundTrip(rows));

  check("gives back any rows", fc.property(anyRows, assertRoundTrip));

  it("gives back texts that begin with a byte order mark, of any length, wherever they stand", () => {
    for (let length = 0; length < 200; length++) {
      for (const unit of ["a", "\u00e9", "\ufffd", "\u{1f600}", "\ufeff"]) {
        const text = `\ufeff${unit.repeat(length)}`;
        assertRoundTrip(Rows.from([[text, { [text]: text }]]));
        assertRoundTrip(Rows.from([["a", { mixed: text, nested: [text, { [text]: text }] }], ["", { mixed: null }]]));
        assertRoundTrip(Rows.from(Array.from({ length: 70 }, (_, at) => [`${text}${at}`, { [`${text}${at}`]: text }])));
      }
    }
  });

  it("freezes rows, arrays and objects", () => {
    const row = decodeRows(encodeRows(Rows.from([["a", { list: [[1]], object: { inner: { x: 1 } } }]]))).get("a");
    const { list, object } = row ?? {};
    assert(Array.isArray(list) && typeof object === "object" && object !== null && "inner" in object);
    for (const frozen of [row, list, list[0], object, object.inner]) assert(Object.isFrozen(frozen));
  });

  it("gives bytes that are no part of the encoded ones", () => {
    const encoded = encodeRows(Rows.from([["a", { bytes: new Uint8Array([7, 7, 7]) }]]));
    const rows = decodeRows(encoded);
    const row = rows.get("a");
    encoded.fill(0);
    assert.deepEqual(row, { bytes: new Uint8Array([7, 7, 7]) });
  });

  it("takes bytes that stand in the middle of a buffer", () => {
    const encoded = encodeRows(Rows.from([["a", { name: "Bun" }]]));
    const buffer = new Uint8Array(encoded.length + 7).fill(0xff);
    buffer.set(encoded, 3);
    assert.deepEqual(decodeRows(buffer.subarray(3, 3 + encoded.length)).get("a"), { name: "Bun" });
  });

  it("keeps dates and bytes of one reader apart from those of the next", () => {
    const encoded = encodeRows(Rows.from([["a", { at: new Date(5) }]]));
    const { at } = decodeRows(encoded).get("a") ?? {};
    assert(at instanceof Date);
    at.setTime(0);
    assert.deepEqual(decodeRows(encoded).get("a"), { at: new Date(5) });
  });
});

describe("Rows that decodeRows() gave", () => {
  const KINDS: Readonly<Record<string, Value>> = {
    "a date": new Date(5),
    "a date far from 1970": new Date(-4_445_853_564_310_251),
    "bytes": new Uint8Array([7]),
    "a date within a list within an object": { inner: [new Date(5)] },
  };
  for (const [kind, value] of Object.entries(KINDS)) {
    it(`are known to hold ${kind}, so that each reader gets a copy`, () => {
      for (const others of [{}, { [`another ${kind}`]: { x: 1 } }]) {
        const rows = decodeRows(encodeRows(Rows.from([["a", { value }], ...Object.entries(others)])));
        const [one, other] = [shareRows(rows).get("a"), shareRows(rows).get("a")];
        assert.notEqual(one, other);
        assertSameRow(one, { value });
        assertSameRow(other, { value });
      }
    });
  }

  it("are shared where there is nothing in them that could be changed", () => {
    const rows = decodeRows(encodeRows(Rows.from([["a", { text: "x", list: [1n, null, { y: 1.5 }] }]])));
    assert.equal(shareRows(rows), rows);
  });
});

describe("encodeRows()", () => {
  it("writes each column's name once where rows have their columns in common", () => {
    const rows = Rows.from(Array.from({ length: 100 }, (_, at) => [`${at}`, { "a long column name": at }]));
    const written = new TextDecoder("latin1").decode(encodeRows(rows));
    assert.equal(written.split("a long column name").length - 1, 1);
  });

  it("writes no more than the fields there are where rows have no columns in common", () => {
    const sparse = Rows.from(Array.from({ length: 2_000 }, (_, at) => [`${at}`, { [`column ${at}`]: at }]));
    const bytes = encodeRows(sparse);
    // 2000 columns of 2000 fields, most of them absent, would be four million bytes.
    assert(bytes.length < 100_000, `${bytes.length} bytes`);
    assertRoundTrip(sparse);
  });
});

describe("decodeRows() of bytes that encodeRows() did not make", () => {
  const rows = Rows.from([...SAMPLE_VALUES].slice(0, 20).map(([kind, value]) => [kind, { value, at: new Date(9) }]));
  const encoded = encodeRows(Rows.from([...rows].filter(([kind]) => kind !== "a long text")));

  it("refuses every beginning of the right bytes", () => {
    for (let length = 0; length < encoded.length; length++) {
      assert.equal(tryDecode(encoded.subarray(0, length)), undefined, `the first ${length} bytes`);
    }
  });

  it("refuses what goes on after the end", () => {
    for (const extra of [0x00, 0x80, 0xf6, 0xff]) {
      assert.equal(tryDecode(Uint8Array.from([...encoded, extra])), undefined);
    }
  });

  it("gives rows or an error for every single bit that is flipped", () => {
    const bytes = encodeRows(
      Rows.from([["a", { t: "x", n: 1.5, d: new Date(1), b: new Uint8Array(2), l: [{ k: 9n ** 30n }] }]]),
    );
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ 1 << (bit & 7);
      tryDecode(flipped);
    }
  });

  check(
    "gives rows or an error for bytes that are changed anywhere",
    fc.property(
      fc.array(fc.tuple(fc.nat(encoded.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      (changes) => {
        const changed = encoded.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        tryDecode(changed);
      },
    ),
    2_000,
  );

  check(
    "gives rows or an error for random bytes",
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void tryDecode(bytes)),
    5_000,
  );

  check(
    "gives rows or an error for random items in the place of a value",
    fc.property(anyItem(), (item) => void tryDecode(oneValue(item))),
    3_000,
  );

  check(
    "gives rows or an error for random items in the place of everything",
    fc.property(fc.array(anyItem(), { maxLength: 5 }), fc.constantFrom(BY_COLUMN, BY_ROW), (items, layout) => {
      tryDecode(bytesOf(list(layout, ...items)));
    }),
    3_000,
  );

  it("reads what it should of bytes made by hand", () => {
    assert.deepEqual(tryDecode(oneValue(integer(7)))?.get("a"), { v: 7 });
    assert.deepEqual(tryDecode(oneValue(UNDEFINED))?.get("a"), {});
    const byRow = bytesOf(list(BY_ROW, list(text("a")), list(text("v"), integer(7))));
    assert.deepEqual(tryDecode(byRow)?.get("a"), { v: 7 });
  });

  it("refuses shapes that are not those of rows", () => {
    const ids = list(text("a"));
    for (
      const [what, item] of Object.entries({
        "nothing": [],
        "a number": integer(1),
        "a map": map(integer(0), integer(1)),
        "an empty list": list(),
        "no columns": list(BY_COLUMN),
        "an unknown layout": list(integer(3), ids, list(text("v"), integer(1))),
        "a layout that is text": list(text("1"), list(text("v")), ids, list(integer(1))),
        "columns that are no list": list(BY_COLUMN, text("v"), ids, list(integer(1))),
        "a column's name that is a number": list(BY_COLUMN, list(integer(1)), ids, list(integer(1))),
        "an id that is a number": list(BY_COLUMN, list(text("v")), list(integer(1)), list(integer(1))),
        "more columns than names": list(BY_COLUMN, list(text("v")), ids, list(integer(1)), list(integer(1))),
        "fewer columns than names": list(BY_COLUMN, list(text("v"), text("w")), ids, list(integer(1))),
        "a column that is too short": list(BY_COLUMN, list(text("v")), ids, list()),
        "a column that is too long": list(BY_COLUMN, list(text("v")), ids, list(integer(1), integer(2))),
        "texts without any text": list(BY_COLUMN, tag(0xd803, list()), ids),
        "texts that are no list": list(BY_COLUMN, list(text("v")), ids, tag(0xd803, text("x"))),
        "texts without a text in front": list(BY_COLUMN, list(text("v")), ids, tag(0xd803, list(integer(1)))),
        "texts that are longer than said": list(
          BY_COLUMN,
          list(text("v")),
          ids,
          tag(0xd803, list(text("xy"), text("\u0001"))),
        ),
        "texts that are shorter than said": list(
          BY_COLUMN,
          list(text("v")),
          ids,
          tag(0xd803, list(text("x"), text("\u0002"))),
        ),
        "texts whose lengths are numbers": list(BY_COLUMN, list(), tag(0xd803, list(text("x"), integer(1)))),
        "texts with more than lengths": list(
          BY_COLUMN,
          list(),
          tag(0xd803, list(text("x"), text("\u0001"), text("x"))),
        ),
        "more texts than ids": list(
          BY_COLUMN,
          list(text("v")),
          ids,
          tag(0xd803, list(text("x"), text("\u0001\0"))),
        ),
        "texts as a column's first text": list(
          BY_COLUMN,
          list(tag(0xd803, list(text("x"), text("\u0001")))),
          ids,
          list(integer(1)),
        ),
        "a column that is no list": list(BY_COLUMN, list(text("v")), ids, text("x")),
        "fewer rows than ids": list(BY_ROW, list(text("a"), text("b")), list(text("v"), integer(1))),
        "more rows than ids": list(BY_ROW, ids, list(), list()),
        "a row that is a map": list(BY_ROW, ids, map(text("v"), integer(1))),
        "two items": [...list(BY_COLUMN, list(), list()), ...list()],
      })
    ) assert.equal(tryDecode(bytesOf(item)), undefined, what);
  });

  it("gives the last row under an id that stands twice", () => {
    const rows = tryDecode(
      bytesOf(list(BY_COLUMN, list(text("v")), list(text("a"), text("a")), list(integer(1), integer(2)))),
    );
    assert.deepEqual(rows?.get("a"), { v: 2 });
    assert.equal(rows?.size, 2);
  });

  it("refuses every tag but those of dates, large integers and broken texts", () => {
    const accepted = new Set([1, 0xd800, 0xd801, 0xd802, 0xd803]);
    for (let number = 0; number < 0x10000; number++) {
      if (accepted.has(number)) continue;
      assert.equal(tryDecode(oneValue(tag(number, byteString(0, 1)))), undefined, `the tag ${number}`);
    }
    for (const number of [0x53687264, 0x6b000000, 0x70000000, 0xffffffff]) {
      assert.equal(tryDecode(oneValue(tag(number, list()))), undefined, `the tag ${number}`);
    }
  });

  it("refuses accepted tags in front of the wrong item, or gives a plain value", () => {
    for (const number of [1, 0xd800, 0xd801, 0xd802, 0xd803]) {
      for (const item of [text("x"), list(), map(), integer(3), byteString(), UNDEFINED, tag(number, byteString(1))]) {
        tryDecode(oneValue(tag(number, item)));
        tryDecode(bytesOf(list(BY_COLUMN, list(tag(number, item)), list(text("a")), list(integer(1)))));
        tryDecode(bytesOf(list(BY_COLUMN, list(), list(tag(number, item)))));
      }
    }
  });

  it("runs no code that bytes name", () => {
    const marked = globalThis as { codecProbe?: boolean };
    const body = text("globalThis.codecProbe = true");
    for (
      const item of [
        tag(27, list(text("Function"), body)),
        tag(27, list(text("Error"), text("x"))),
        tag(27, list(text("RegExp"), text("(a+)+$"))),
        tag(39, body),
        tag(35, text("(a+)+$")),
        // cbor-x's own records: the tag that defines one inline, the older one, and one by its number.
        tag(0xdfff, list(list(text("then"), text("toString")), integer(0), body, body)),
        tag(105, list(integer(64), list(text("__proto__")), list(body))),
        tag(0xdffe, list(list(text("x")), integer(64))),
        tag(0xe000, list(body)),
        tag(0xd9f7, body),
        tag(28, list(tag(29, integer(0)))),
        tag(51, list(list(body), list(), list(), tag(6, integer(0)))),
        tag(6, integer(0)),
        tag(0xdff9, list(text("x"), text("y"))),
        tag(64, byteString(1, 2)),
        tag(258, list(integer(1))),
        tag(259, map(text("a"), integer(1))),
      ]
    ) {
      assert.equal(tryDecode(oneValue(item)), undefined);
      assert.equal(tryDecode(bytesOf(item)), undefined);
      assert.equal(tryDecode(oneValue(list(map(text("x"), item)))), undefined);
    }
    assert.equal(marked.codecProbe, undefined);
  });

  it("reaches no prototype, whatever the names", () => {
    const names = ["__proto__", "constructor", "prototype"].map((name) => text(name));
    const evil = map(text("polluted"), integer(1));
    for (const name of names) {
      const nested = map(name, map(name, evil));
      for (
        const bytes of [
          oneValue(nested),
          bytesOf(list(BY_COLUMN, list(name), list(name), list(nested))),
          bytesOf(list(BY_ROW, list(name), list(name, nested))),
        ]
      ) assert.equal(tryDecode(bytes)?.size, 1);
    }
    assertUnpolluted();
  });

  it("refuses lengths that nothing stands behind, without making room for them", () => {
    for (const kind of [2, 3, 4, 5]) {
      for (const size of [24, 0x100, 0x10000, 0xffffffff]) {
        assert.equal(tryDecode(oneValue(head(kind, size))), undefined);
        assert.equal(tryDecode(bytesOf(head(kind, size))), undefined);
      }
      const of64Bits = [kind << 5 | 27, 0, 0, 0, 0, 0, 0, 0, 1, 0];
      const withoutEnd = [kind << 5 | 31, 0, 0xff];
      assert.equal(tryDecode(oneValue(of64Bits)), undefined);
      assert.equal(tryDecode(oneValue(withoutEnd)), undefined);
    }
  });

  it("gives rows or an error for any depth of lists, maps and tags", () => {
    for (const depth of [63, 64, 65, 100, 1_000, 2_000, 3_000, 5_000, 8_000, 20_000, 200_000]) {
      tryDecode(oneValue([...new Array(depth).fill(0x81), 0x00]));
      tryDecode(oneValue([...new Array(depth).fill(0xc1), 0x00]));
      tryDecode(oneValue([...Array.from({ length: depth * 2 }, (_, at) => at % 2 === 0 ? 0xa1 : 0x00), 0x00]));
    }
  });
});

/** Items of every kind, well-formed as far as lengths go, of simple values and tags that mean something to decoders. */
function anyItem(): fc.Arbitrary<Cbor> {
  return fc.letrec<{ item: Cbor }>((tie) => ({
    item: fc.oneof(
      { maxDepth: 4 },
      fc.nat(0xffff).map(integer),
      fc.nat(0xffff).map((size) => head(1, size)),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => byteString(...bytes)),
      fc.constantFrom("", "a", "__proto__", "constructor").map(text),
      fc.nat(23).map((simple): Cbor => [0xe0 | simple]),
      fc.nat(255).map((simple): Cbor => [0xf8, simple]),
      fc.array(fc.nat(255), { minLength: 2, maxLength: 2 }).map((float): Cbor => [0xf9, ...float]),
      fc.array(fc.nat(255), { minLength: 8, maxLength: 8 }).map((float): Cbor => [0xfb, ...float]),
      fc.array(tie("item"), { maxLength: 4 }).map((items) => list(...items)),
      fc.array(fc.tuple(tie("item"), tie("item")), { maxLength: 3 }).map((fields) => map(...fields.flat())),
      fc.tuple(fc.constantFrom(1, 0xd800, 0xd801, 0xd802, 0xd803), tie("item")).map(([number, item]) =>
        tag(number, item)
      ),
    ),
  })).item;
}
