import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Operator, sameRow, type Value } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";

/** Bytes, most of them no text in UTF-8: cut sequences, overlong ones, surrogates, and what is whole. */
const bytes = fc.array(
  fc.constantFrom<readonly number[]>(
    [0x61],
    [0x62],
    [0xe9],
    [0xc3, 0xa9],
    [0x80],
    [0xff],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xef, 0xbf, 0xbd],
    [0xf0, 0x9f, 0xa5],
    [0],
  ),
  { maxLength: 4 },
).map((parts) => Uint8Array.from(parts.flat()));
const cells = fc.array(fc.tuple(bytes, fc.boolean()), { minLength: 1, maxLength: 8 });
const [seed = 0] = crypto.getRandomValues(new Int32Array(1));

/** What a cell comes back as: a text where it is one, else its bytes. */
function meaning(bytes: Uint8Array, isText: boolean): Value {
  if (!isText) return bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

describe(`A text that is not well-formed (seed ${seed}):`, () => {
  for (const type of ["TEXT", "", "INTEGER", "BLOB", "DATE", "JSON", "BOOLEAN"]) {
    it(`comes back as its bytes from a column of type ${JSON.stringify(type)}, and is found by them`, async () => {
      await fc.assert(
        fc.asyncProperty(cells, async (cells) => {
          const db = new DatabaseSync(":memory:");
          db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v ${type})`);
          const insert = db.prepare("INSERT INTO t (v) VALUES (CASE WHEN ?2 THEN CAST(?1 AS TEXT) ELSE ?1 END)");
          for (const [bytes, isText] of cells) insert.run(bytes, isText ? 1 : 0);
          const before = db.prepare("SELECT typeof(v) AS t, hex(v) AS v FROM t").all();
          const table = await SqliteTable.open(db, "t");
          const values = cells.map(([bytes, isText]) => meaning(bytes, isText));
          const listed = [...await table.listValues()];
          assert.deepEqual(listed.map(([, row]) => row.v), values);
          for (const operand of values) {
            const expected = (operator: Operator): string[] =>
              listed.filter(([, row]) => sameRow({ v: row.v ?? null }, { v: operand }) === (operator === "eq")).map((
                [id],
              ) => id);
            for (const operator of ["eq", "ne"] as const) {
              const found = (await table.where("v", operator, operand).listValues()).ids();
              assert.deepEqual(found, expected(operator), operator);
              const many = await table.where("v", operator === "eq" ? "in" : "notIn", [operand]).getCount();
              assert.equal(many, found.length);
            }
          }
          for (const [id, row] of listed) {
            assert.ok(sameRow(await table.getValue(id) ?? {}, row));
            await table.replaceValue(id, row);
          }
          assert.deepEqual(db.prepare("SELECT typeof(v) AS t, hex(v) AS v FROM t").all(), before);
          db.close();
        }),
        { numRuns: 25, seed },
      );
    });
  }

  it("as a key is an id, under which its row is got, patched and deleted", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec("CREATE TABLE t (id TEXT PRIMARY KEY, n); INSERT INTO t VALUES (CAST(x'63e9' AS TEXT), 1), ('c\ufffd', 2)");
    const table = await SqliteTable.open(db, "t");
    assert.deepEqual((await table.listValues()).ids(), ["~u63e9", "c\ufffd"]);
    assert.deepEqual(await table.getValue("~u63e9"), { id: new Uint8Array([0x63, 0xe9]), n: 1 });
    assert.equal((await table.patchValue("~u63e9", { n: 3 })).n, 3);
    await table.delete("~u63e9");
    assert.deepEqual(await table.insertValue("~u63e9", { n: 4 }), { id: new Uint8Array([0x63, 0xe9]), n: 4 });
    assert.equal((await table.getValue("c\ufffd"))?.n, 2);
  });
});
