import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MemTable, type Operator, type Row, type Table, type TableLike } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { skippable } from "../../skippable.ts";
import { drivers } from "../../conformance/sqlite_handles.ts";
import { database, idsOf } from "./sqlite_database.ts";

const TEXTS = [
  "",
  "a",
  "B",
  "b",
  "é",
  "\u{1f950}",
  "\uff5e",
  "\ufffd",
  "\ud7ff",
  "\ue000",
  "\u{10ffff}",
  "a\0b",
  "1",
  "10",
];
const [seed = 0] = crypto.getRandomValues(new Int32Array(1));
const anyText = fc.string({ unit: "binary", maxLength: 3 }).filter((text) => !/[\ufffe\uffff]/.test(text));
const texts = fc.uniqueArray(fc.oneof(fc.constantFrom(...TEXTS), anyText), {
  maxLength: 10,
});

describe(`A database in UTF-16 (seed ${seed}):`, () => {
  for (const encoding of ["UTF-16le", "UTF-16be"]) {
    it(`${encoding} is ordered, compared and paged as one in memory`, async () => {
      await fc.assert(
        fc.asyncProperty(texts, fc.constantFrom(...TEXTS), async (texts, operand) => {
          const db = database(`PRAGMA encoding = '${encoding}'; CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT)`);
          const table = await SqliteTable.open(db, "t");
          for (const text of texts) assert.equal((await table.insertValue(text, { v: text })).v, text);
          const rows = [...await table.listValues()].map(([id, row]): [string, Row] => [id, row]);
          const memory = new MemTable("t", { columns: table.columns, rows });
          const both = async (narrow: (table: Table) => TableLike): Promise<void> =>
            assert.deepEqual(await idsOf(narrow(table)), await idsOf(narrow(memory)));
          assert.deepEqual(rows.map(([id]) => id), texts.map((text) => text.startsWith("~") ? `~'${text}` : text));
          for (const operator of ["eq", "ne", "gt", "gte", "lt", "lte"] satisfies Operator[]) {
            await both((set) => set.where("v", operator, operand));
          }
          for (const direction of ["asc", "desc"] as const) {
            await both((set) => set.orderBy("v", direction));
            await both((set) => set.orderBy("v", direction).page(2, 3));
          }
          for (const [id] of rows) await table.delete(id);
          assert.equal(await table.getCount(), 0);
          db.close();
        }),
        { numRuns: 40, seed },
      );
    });

    it(`${encoding} refuses what SQLite would store as U+FFFD, and takes it for no other text`, async () => {
      const db = database(`PRAGMA encoding = '${encoding}'; CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT, doc JSON)`);
      const table = await SqliteTable.open(db, "t");
      await table.insertValue("\ufffd", { v: "\ufffd" });
      for (const text of ["\ufffe", "\uffff", "a\uffff"]) {
        await assert.rejects(table.insertValue(text, {}), { name: "RejectedError" });
        assert.equal(await table.getValue(text), undefined);
        await table.delete(text);
        for (const row of [{ v: text }, { doc: [text] }]) {
          await assert.rejects(table.insertValue("new", row), TypeError);
          await assert.rejects(table.patchValue("\ufffd", row), TypeError);
        }
        for (const set of [table.where("v", "eq", text), table.where("v", "in", [text]), table.search(text)]) {
          assert.deepEqual(await idsOf(set), []);
        }
        assert.deepEqual(await idsOf(table.where("v", "ne", text)), ["\ufffd"]);
      }
      assert.deepEqual((await table.listValues()).get("\ufffd"), { id: "\ufffd", v: "\ufffd", doc: null });
      db.close();
    });
  }
});

describe("A handle of another driver serves databases that somebody else designed:", () => {
  for (const { name, missing, open } of drivers) {
    skippable(name, missing, async () => {
      const db = await open();
      db.exec(`CREATE TABLE t (a TEXT, b INTEGER, n TEXT DEFAULT word, g AS (a || b), at DATE, PRIMARY KEY (a, b));
        CREATE TABLE log (n); CREATE TABLE keyless (v);
        CREATE TRIGGER changed AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (NEW.a); END;
        INSERT INTO t (a, b, n, at) VALUES ('x,', 1, 'q', '2024-01-01'), (NULL, 2, CAST(x'63e9' AS TEXT), 5);
        CREATE VIEW v AS SELECT b, n FROM t; CREATE TRIGGER gone INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE b = OLD.b; END;
        INSERT INTO keyless VALUES (9007199254740993)`);
      const table = await SqliteTable.open(db, "t");
      assert.deepEqual(await idsOf(table), ["x~,,1", "~r2"]);
      assert.deepEqual(await table.getValue("~r2"), { a: null, b: 2, n: new Uint8Array([0x63, 0xe9]), g: null, at: 5 });
      assert.equal((await table.patchValue("x~,,1", { n: "z" })).n, "z");
      assert.deepEqual((await table.replaceValue("x~,,1", { at: new Date("2024-02-01") })).n, "word");
      assert.equal(await table.where("at", "gt", new Date("2024-01-15")).getCount(), 1);
      assert.deepEqual((await table.insertValue("y,3", {})).g, "y3");
      assert.equal(await (await SqliteTable.open(db, "log")).getCount(), 2);
      const keyless = await SqliteTable.open(db, "keyless");
      assert.equal((await keyless.getValue("1"))?.v, 2n ** 53n + 1n);
      assert.equal(await keyless.insertReturnIdValue({ v: "a\0b" }), "2");
      assert.equal((await keyless.getValue("2"))?.v, "a\0b");
      const view = await SqliteTable.open(db, "v", { idField: "b" });
      assert.equal(await view.getCount(), 3);
      await view.page(1, 2).delete("1");
      assert.deepEqual(await idsOf(view), ["2", "3"]);
      db.close();
    });
  }
});
