import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OutboxError, Pagination, type StoredWrite } from "@vantage/live";
// The codec is no entry of the library.
import { encodeFacts } from "../../src/cache/facts_codec.ts";
import { decodeAnswer, encodeAnswer } from "../../src/outbox/answer_codec.ts";
import { decodeWrite, encodeWrite } from "../../src/outbox/write_codec.ts";

/** A write with a value of every kind. */
const WRITE: StoredWrite = {
  id: "0192f1c0-0000-7000-8000-000000000001",
  op: {
    kind: "patch",
    id: "ma/rty",
    partial: {
      none: null,
      yes: true,
      n: 1.5,
      big: 2n ** 70n,
      text: "\uffff\ud800",
      at: new Date(1_700_000_000_123),
      bytes: new Uint8Array([0, 255]),
      nested: { list: [1, ["", {}]] },
    },
  },
  within: {
    where: [["city", "eq", "Riga"], ["at", "gt", new Date(5)], ["gone", "isNull"]],
    orderBy: [["name", "desc"]],
    search: "ann",
    pagination: new Pagination(2, 20),
  },
  rowId: "ma/rty",
  acceptedAt: 1_700_000_000_000,
  acceptedBy: "this process",
};

/**
 * The bytes of that write in version 1. They are in people's outboxes: a version that reads them differently, or not at all,
 * loses writes or sends them under another key.
 */
const GOLDEN =
  "8402d9d8038268726f77666163747362030590646e6f6e65f663796573f5616efb3ff800000000000063626967d9d80272343030" +
  "3030303030303030303030303030306474657874d9d80044ffffd800626174c1fb41d954fc4007df3b6562797465734200ff666e" +
  "6573746564a1646c69737482018260a0906776657273696f6e01626964782430313932663163302d303030302d373030302d3830" +
  "30302d303030303030303030303031646b696e6465706174636866746172676574666d612f72747965726f774964666d612f7274" +
  "796677697468696ea565776865726583836463697479626571645269676183626174626774c1fb3f747ae147ae147b8264676f6e" +
  "656669734e756c6c676f7264657242798182646e616d6564646573636673656172636863616e6e6470616765026c6974656d7350" +
  "657250616765146a61636365707465644174fb4278bcfe568000006a616363657074656442796c746869732070726f63657373";

/** What a write was answered with, in bytes of the first version. */
const GOLDEN_ANSWER =
  "8402d9d8038268726f77666163747362030584646e616d656342756e616e0184626964627731667265616c4964623432";

const ANSWER = { id: "w1", answer: { name: "Bun", n: 1 }, realId: "42" } as const;

describe("The format of writes", () => {
  it("is the one that outboxes have: each stored byte is what it was", () => {
    assert.equal(toHex(encodeWrite(WRITE)), GOLDEN);
    assert.equal(toHex(encodeAnswer(ANSWER)), GOLDEN_ANSWER);
  });

  it("gives a write of a former release back with its key, as it was stored (cmuxlayer#243)", () => {
    const { within: { pagination, ...parts }, ...write } = decodeWrite(fromHex(GOLDEN));
    const { within: { pagination: expectedPage, ...expectedParts }, ...expected } = WRITE;
    assert.deepEqual(write, expected);
    assert.deepEqual({ ...parts }, expectedParts);
    assert.deepEqual([pagination?.page, pagination?.itemsPerPage], [expectedPage?.page, expectedPage?.itemsPerPage]);
    assert.deepEqual(decodeAnswer(fromHex(GOLDEN_ANSWER)), ANSWER);
  });

  it("keeps the columns of a row in their order", () => {
    const row = { z: 1, kind: 2, id: 3, a: 4 };
    const { op } = decodeWrite(encodeWrite({ ...WRITE, op: { kind: "insert", id: "a", row } }));
    assert.deepEqual("row" in op && Object.keys(op.row), ["z", "kind", "id", "a"]);
  });

  it("of a newer version is refused by name", () => {
    const bytes = encodeFacts({ facts: { version: 2, id: "w1" }, row: undefined });
    assert.throws(
      () => decodeWrite(bytes),
      (error) => error instanceof OutboxError && /version.* 2/.test(error.message),
    );
  });

  it("refuses every other form with an error, whatever the bytes", () => {
    const good = encodeWrite(WRITE);
    for (let at = 0; at < good.length; at++) {
      for (const bit of [1, 128]) {
        const bad = good.slice();
        bad[at] = (bad[at] ?? 0) ^ bit;
        try {
          decodeWrite(bad);
        } catch (error) {
          assert(error instanceof Error);
        }
      }
    }
    for (const facts of [{}, { version: 1 }, { version: 1, id: "w1", kind: "insert", within: 7 }]) {
      assert.throws(() => decodeWrite(encodeFacts({ facts, row: undefined })));
    }
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  it("has no place for a header, a token or a function: only what a StoredWrite has is written", () => {
    const secret = "Bearer 0123456789abcdef";
    const given = {
      ...WRITE,
      headers: { authorization: secret },
      token: secret,
      op: { ...WRITE.op, headers: { authorization: secret }, send: () => secret },
      within: { ...WRITE.within },
    };
    assert.equal(toHex(encodeWrite(given)), GOLDEN);
  });

  it("refuses what it cannot encode with a RangeError that names the write", () => {
    const op = { kind: "insert", id: "a", row: { n: 2n ** (2n ** 25n) } } as const;
    assert.throws(() => encodeWrite({ ...WRITE, id: "w1", op }), {
      name: "RangeError",
      message: 'Cannot keep the write "w1" (insert row "a"): its values cannot be encoded',
    });
  });
});

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
