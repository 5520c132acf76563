import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { ConflictError, RejectedError } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";
import { database } from "./sqlite_database.ts";

const TABLE = "CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER, note TEXT)";

describe("A write answers with what is stored, also after the schema has changed:", () => {
  it("by a trigger that was made, and dropped, by whomever", async () => {
    const path = newPath("consequences.sqlite");
    const [db, other] = [new DatabaseSync(path), new DatabaseSync(path)];
    db.exec(TABLE);
    const table = await SqliteTable.open(db, "t");
    assert.deepEqual(await table.insertValue("a", { n: 1 }), { id: "a", n: 1, note: null });
    other.exec("CREATE TRIGGER noted AFTER UPDATE OF n ON t BEGIN UPDATE t SET note = 'noted' WHERE id = NEW.id; END");
    assert.equal((await table.patchValue("a", { n: 2 })).note, "noted");
    other.exec("DROP TRIGGER noted");
    db.exec("CREATE TEMP TRIGGER own AFTER INSERT ON t BEGIN UPDATE t SET note = 'own' WHERE id = NEW.id; END");
    assert.equal((await table.insertValue("b", { n: 1 })).note, "own");
    other.exec("CREATE TRIGGER stays BEFORE DELETE ON t BEGIN SELECT RAISE(IGNORE); END");
    await assert.rejects(table.delete("b"), RejectedError);
    await assert.rejects(table.deleteAll(), RejectedError);
    db.exec("DROP TRIGGER own; DROP TRIGGER stays");
    await table.delete("b");
    assert.deepEqual((await table.listValues()).ids(), ["a"]);
    other.close();
    db.close();
  });

  it("by foreign keys that act on the row itself, through another table", async () => {
    const db = database(`PRAGMA foreign_keys = ON;
      CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, back TEXT REFERENCES u (code) ON UPDATE CASCADE);
      CREATE TABLE u (code TEXT UNIQUE REFERENCES t (code) ON UPDATE CASCADE);
      INSERT INTO t VALUES (1, 'a', NULL); INSERT INTO u VALUES ('a'); UPDATE t SET back = 'a'`);
    const table = await SqliteTable.open(db, "t");
    assert.deepEqual(await table.patchValue("1", { code: "b" }), { id: 1, code: "b", back: "b" });
    db.close();
  });

  it("an insert of what is there changes nothing, whatever else it would break", async () => {
    const db = database(`CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n > 0), m TEXT UNIQUE);
      INSERT INTO t VALUES ('a', 1, 'x'), ('b', 2, 'y')`);
    const table = await SqliteTable.open(db, "t");
    const stored = { id: "a", n: 1, m: "x" };
    for (const row of [{}, { n: -1 }, { n: 5, m: "y" }, { n: 5, m: "z" }]) {
      assert.deepEqual(await table.insertValue("a", row), stored);
    }
    await assert.rejects(table.insertValue("c", { n: 5, m: "y" }), ConflictError);
    await assert.rejects(table.insertValue("c", {}), RejectedError);
    db.exec("BEGIN");
    assert.deepEqual(await table.insertValue("a", {}), stored);
    await table.insertValue("c", { n: 1 });
    db.exec("COMMIT");
    assert.deepEqual((await table.listValues()).ids(), ["a", "b", "c"]);
    db.close();
  });
});
