import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodePgoutput } from "../../../src/drivers/postgres/pgoutput.ts";
import { lsnOf, lsnText } from "../../../src/drivers/postgres/postgres_lsn.ts";
import { PostgresSnapshot } from "../../../src/drivers/postgres/postgres_snapshot.ts";

/** Bytes of letters, texts that end in a zero, and numbers of so many bytes. */
function bytes(...parts: readonly (string | readonly [value: number | bigint, size: number])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => {
    if (typeof part === "string") return [...new TextEncoder().encode(part)];
    const [value, size] = part;
    return Array.from({ length: size }, (_, at) => Number(BigInt(value) >> BigInt(8 * (size - 1 - at)) & 0xffn));
  }));
}

const [ZERO, OID] = [[0, 1], [16_385, 4]] as const;

describe("pgoutput is decoded:", () => {
  it("the begin and the end of a transaction", () => {
    assert.deepEqual(decodePgoutput(bytes("B", [1, 8], [2, 8], [4_000_000_000, 4])), { kind: "begin", xid: 4e9 });
    const end = 2n ** 63n + 5n;
    assert.deepEqual(decodePgoutput(bytes("C", [0, 1], [1, 8], [end, 8], [3, 8])), { kind: "commit", end });
  });

  it("a relation, with its columns", () => {
    const column = (isKey: boolean, name: string) => [[isKey ? 1 : 0, 1], name, ZERO, [23, 4], [-1, 4]] as const;
    const message = bytes(
      "R",
      OID,
      "s h\u00f6p",
      ZERO,
      't"',
      ZERO,
      "d",
      [2, 2],
      ...column(true, "id"),
      ...column(false, ""),
    );
    assert.deepEqual(decodePgoutput(message), {
      kind: "relation",
      id: 16_385,
      relation: {
        schema: "s h\u00f6p",
        name: 't"',
        columns: [{ name: "id", isKey: true }, { name: "", isKey: false }],
      },
    });
    assert.deepEqual(decodePgoutput(bytes("R", OID, ZERO, "t", ZERO, "f", [0, 2])), {
      kind: "relation",
      id: 16_385,
      relation: { schema: "pg_catalog", name: "t", columns: [] },
    });
  });

  it("changes of rows, with values that are null, unchanged, or texts", () => {
    const tuple = [[3, 2], "n", "u", "t", [3, 4], "a\u00e9"] as const;
    const row = [null, undefined, "a\u00e9"];
    const relation = 16_385;
    assert.deepEqual(decodePgoutput(bytes("I", OID, "N", ...tuple)), { kind: "insert", relation, row });
    assert.deepEqual(decodePgoutput(bytes("U", OID, "N", ...tuple)), {
      kind: "update",
      relation,
      row,
      before: undefined,
    });
    for (const [letter, isWhole] of [["K", false], ["O", true]] as const) {
      const before = { isWhole, row: [""] };
      const old = [letter, [1, 2], "t", [0, 4]] as const;
      assert.deepEqual(decodePgoutput(bytes("U", OID, ...old, "N", ...tuple)), {
        kind: "update",
        relation,
        row,
        before,
      });
      assert.deepEqual(decodePgoutput(bytes("D", OID, ...old)), { kind: "delete", relation, before });
    }
    assert.deepEqual(decodePgoutput(bytes("T", [2, 4], [3, 1], [7, 4], [8, 4])), {
      kind: "truncate",
      relations: [7, 8],
    });
  });

  it("what is not used, as other", () => {
    for (const letter of ["O", "Y", "M", "S"]) {
      assert.deepEqual(decodePgoutput(bytes(letter, [1, 8])), { kind: "other" });
    }
  });

  it("what is cut off or of another protocol is an error, whatever it is", () => {
    for (
      const message of [
        bytes(),
        bytes("B", [1, 8]),
        bytes("I", OID, "N", [1, 2], "t", [9, 4], "a"),
        bytes("R", OID, "t"),
      ]
    ) {
      assert.throws(() => decodePgoutput(message), RangeError);
    }
    for (
      const message of [bytes("I", OID, "K"), bytes("D", OID, "N"), bytes("I", OID, "N", [1, 2], "b", [1, 4], "a")]
    ) {
      assert.throws(() => decodePgoutput(message), TypeError);
    }
    const [seed = 0] = crypto.getRandomValues(new Int32Array(1));
    fc.assert(
      fc.property(fc.constantFrom(..."BCRIUDTOY"), fc.uint8Array({ maxLength: 60 }), (letter, rest) => {
        try {
          decodePgoutput(Uint8Array.from([letter.charCodeAt(0), ...rest]));
        } catch (error) {
          assert(error instanceof RangeError || error instanceof TypeError, String(error));
        }
      }),
      { seed },
    );
  });
});

describe("What PostgreSQL writes of its log is read:", () => {
  it("places in the log", () => {
    assert.equal(lsnOf("16/B374D848"), 0x16_B374_D848n);
    for (const text of ["0/0", "0/1", "FFFFFFFF/FFFFFFFF", "1/0"]) assert.equal(lsnText(lsnOf(text)), text);
  });

  it("which transactions had ended", () => {
    const snapshot = new PostgresSnapshot("10:20:10,14");
    assert.deepEqual([9n, 10n, 11n, 14n, 19n, 20n, 21n].map((xid) => snapshot.hasEnded(xid)), [
      ...[true, false, true, false, true, false, false],
    ]);
    assert(new PostgresSnapshot("10:10:").hasEnded(9n));
  });

  it("the whole numbers of transactions, of which the log has 32 bits", () => {
    const epoch = 2n ** 32n;
    const snapshot = new PostgresSnapshot(`${5n * epoch}:${5n * epoch + 10n}:`);
    assert.equal(snapshot.whole(3), 5n * epoch + 3n);
    assert.equal(snapshot.whole(2 ** 32 - 1), 5n * epoch - 1n);
    assert.equal(new PostgresSnapshot(`1:${5n * epoch - 2n}:`).whole(1), 5n * epoch + 1n);
  });
});
