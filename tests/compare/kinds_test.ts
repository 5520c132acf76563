import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type Row, type Table, UnsupportedError } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { compareTable } from "./compare_database.ts";
import { quoted, tableNames } from "./raw_table.ts";

const DEPTH = { rows: 30, operands: 4, foreignStep: 3, writes: 2 };

/** Types of keys as they are found, with values of such a key. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "VARCHAR(36)": ["'c0ffee00-0000-4000-8000-000000000001'", "'1'", "''"],
  UNIQUEIDENTIFIER: ["'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "'12'", "x'6f96'"],
  "CHAR(2)": ["'DE'", "'de'", "'D '"],
  "NVARCHAR(160)": ["'Ünï'", "'007'", "'a,b'"],
  BIGINT: ["9223372036854775807", "-9223372036854775808", "'x'"],
  INT8: ["1", "0", "-1"],
  SERIAL: ["1", "2", "'03x'"],
  "DECIMAL(10,2)": ["1.5", "2", "'3.10x'"],
  DOUBLE: ["1.5", "1e300", "2"],
  BOOLEAN: ["0", "1", "2"],
  DATE: ["'2024-01-01'", "1700000000", "'soon'"],
  TIMESTAMP: ["'2024-01-01 10:00:00'", "1700000000123", "''"],
  UUID: ["'1e3x'", "5", "x'00'"],
  STRING: ["'abc'", "7", "1.5"],
  BLOB: ["x'00ff'", "'t'", "3"],
  "": ["1", "'1'", "x'31'"],
  INTEGER: ["1", "9007199254740993", "-5"],
  "INTEGER UNSIGNED": ["1", "9007199254740993", "-5"],
};

/** Databases of every kind, as SQL. What is made must open, unless it is a view without a key. */
const KINDS: Readonly<Record<string, string>> = {
  "WITHOUT ROWID": `CREATE TABLE t (b TEXT, a INTEGER, v, PRIMARY KEY (b DESC, a)) WITHOUT ROWID;
    INSERT INTO t VALUES ('x', 1, 1), ('x', 2, NULL), ('~', 1, 'a'), ('', -1, x'00')`,
  STRICT: `CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, r REAL, s TEXT NOT NULL DEFAULT 'd', b BLOB, a ANY) STRICT;
    INSERT INTO t VALUES (1, 1, 1, 'a', x'01', 1), (2, NULL, NULL, 'b', NULL, 'x'), (3, 5, 1.5, '', x'', x'61');
    CREATE TABLE k (a ANY PRIMARY KEY, v TEXT) STRICT; INSERT INTO k VALUES (1, 'a'), ('1', 'b'), (x'31', 'c')`,
  "full text":
    `CREATE VIRTUAL TABLE t USING fts5(title, body); INSERT INTO t VALUES ('a', 'b c'), ('é', 'x'), (NULL, '1');
    CREATE VIRTUAL TABLE tri USING fts5(v, tokenize = trigram); INSERT INTO tri VALUES ('hello')`,
  rtree: `CREATE VIRTUAL TABLE t USING rtree(id, minX, maxX); INSERT INTO t VALUES (1, 0, 1), (2, -5.5, 7)`,
  "UTF-16, little end first": `PRAGMA encoding = 'UTF-16le';
    CREATE TABLE t (id TEXT PRIMARY KEY, v, n TEXT COLLATE NOCASE, d DATE);
    INSERT INTO t VALUES ('a', 'x', 'É', '2024-01-01'), ('🥐', '\uff5e', '~', 'soon'), ('\uffee', '🥐', 'b', NULL), ('', 5, 'B', 5)`,
  "UTF-16, big end first": `PRAGMA encoding = 'UTF-16be';
    CREATE TABLE t (a TEXT, b TEXT, j JSON, PRIMARY KEY (a, b)); INSERT INTO t VALUES ('a', ',', '{"a": "é"}'), ('🥐', '~', '"\uff5e"')`,
  "generated columns": `CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT,
      v INT AS (a * 2), s TEXT AS (b || '!') STORED, j JSON AS (json_object('a', a)) VIRTUAL);
    INSERT INTO t (a, b) VALUES (1, 'x'), (NULL, 'y'), (5, NULL);
    CREATE TABLE k (a INT, key INT AS (a + 1) STORED UNIQUE); INSERT INTO k VALUES (1), (2), (NULL)`,
  "partial and expression indexes":
    `CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT, gone BOOLEAN NOT NULL DEFAULT 0);
    CREATE UNIQUE INDEX one ON t (mail) WHERE NOT gone; CREATE UNIQUE INDEX two ON t (lower(mail)) WHERE gone;
    INSERT INTO t VALUES (1, 'a', 0), (2, 'a', 1), (3, 'b', 0)`,
  "keys with collations":
    `CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), ('B', 2);
    CREATE TABLE r (id TEXT COLLATE RTRIM PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO r VALUES ('a ', 1), ('b', 2);
    CREATE TABLE n (a TEXT COLLATE NOCASE, b COLLATE RTRIM, PRIMARY KEY (a, b)); INSERT INTO n VALUES ('A', 'x '), ('b', 1)`,
  "foreign keys that cascade": `PRAGMA foreign_keys = ON;
    CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, parent TEXT REFERENCES t (code) ON UPDATE CASCADE ON DELETE CASCADE);
    INSERT INTO t VALUES (1, 'a', 'a'), (2, 'b', NULL), (3, 'c', 'c');
    CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t ON DELETE SET NULL, c TEXT DEFAULT 'b' REFERENCES t (code)
      ON DELETE SET DEFAULT ON UPDATE CASCADE);
    INSERT INTO child VALUES (1, 2, 'b'), (2, NULL, NULL)`,
  "triggers that trigger each other":
    `PRAGMA recursive_triggers = ON; CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, at TEXT);
    CREATE TRIGGER down AFTER UPDATE OF n ON t WHEN NEW.n > 0 AND NEW.n < 9 BEGIN UPDATE t SET n = n - 1 WHERE id = NEW.id; END;
    CREATE TRIGGER born AFTER INSERT ON t BEGIN UPDATE t SET at = 'now ' || NEW.id WHERE id = NEW.id; END;
    INSERT INTO t (id, n) VALUES (1, 3), (2, 0), (3, NULL)`,
  "views, and views of views": `CREATE TABLE base (id INTEGER PRIMARY KEY, name TEXT, at DATETIME);
    INSERT INTO base VALUES (1, 'a', '2024-01-01 10:00:00'), (2, 'b', NULL), (3, 'a', 5);
    CREATE VIEW t AS SELECT id, name, at, name || id AS both FROM base;
    CREATE VIEW over AS SELECT *, row_number() OVER (ORDER BY id) AS n FROM t; CREATE VIEW sums AS SELECT name, count(*) AS n FROM over GROUP BY name;
    CREATE TRIGGER vi INSTEAD OF INSERT ON t BEGIN INSERT INTO base (id, name, at) VALUES (NEW.id, NEW.name, NEW.at); END;
    CREATE TRIGGER vu INSTEAD OF UPDATE ON t BEGIN UPDATE base SET name = NEW.name, at = NEW.at WHERE id = OLD.id; END;
    CREATE TRIGGER vd INSTEAD OF DELETE ON t BEGIN DELETE FROM base WHERE id = OLD.id; END`,
  "names with every odd character":
    `CREATE TABLE "a ""b"" [c] \`d\` 'e'; -- ?1 :x @y $z %" ("select" INTEGER PRIMARY KEY, "x.y" TEXT, "?" INT, "'" TEXT,
      """" TEXT, "[]" TEXT, "é🥐" TEXT, " " TEXT, "row number" TEXT, cut TEXT, t0 TEXT, v0 BLOB, "__proto__" TEXT, "constructor" TEXT);
    INSERT INTO "a ""b"" [c] \`d\` 'e'; -- ?1 :x @y $z %" VALUES (1, 'a', 2, 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', x'00', 'j', 'k');
    CREATE TABLE "123" ("1" PRIMARY KEY); INSERT INTO "123" VALUES (1), ('x'); CREATE TABLE " " ("," TEXT); INSERT INTO " " VALUES ('x')`,
  "tables without rows":
    `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE u (a, b, PRIMARY KEY (a, b)); CREATE TABLE w (v)`,
  "integers at the edges": `CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, d DATE);
    INSERT INTO t VALUES (9223372036854775807, 9223372036854775807, 9.3e18, 9007199254740993),
      (-9223372036854775808, -9223372036854775808, -9.3e18, 1e18), (0, 9007199254740992, 9007199254740993, 0), (9007199254740993, -1, 0.1, 1)`,
  "huge texts": `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, b BLOB);
    INSERT INTO t VALUES (1, printf('%.70000c', 'x'), zeroblob(70000)), (2, printf('%.40000c', 'é') || char(0) || 'y', NULL)`,
  "a key of text with NULL and every mark":
    `CREATE TABLE t (id TEXT PRIMARY KEY, v); INSERT INTO t VALUES (NULL, 1), (NULL, 2), ('~n', 3),
      ('~r1', 4), ('~x00', 5), (x'00', 6), ('~''', 7), ('', 8), ('a' || char(0), 9), ('a', 10)`,
};

async function assertSame(db: DatabaseSync): Promise<void> {
  for (const name of tableNames(db)) {
    const { differences, closed, type } = await compareTable(db, name, DEPTH);
    assert.deepEqual(differences, [], name);
    assert.ok(closed === undefined || type === "?", `${name}: ${closed}`);
  }
  db.close();
}

describe("SqliteTable answers as plain SQL does, in databases of every kind:", () => {
  for (const [kind, sql] of Object.entries(KINDS)) {
    it(kind, async () => {
      const db = new DatabaseSync(":memory:");
      db.exec(sql);
      await assertSame(db);
    });
  }

  it("as many columns as can be, and one more", async () => {
    const db = new DatabaseSync(":memory:");
    const columns = Array.from({ length: 1_997 }, (_, at) => `c${at} ${["TEXT", "DATE", "JSON", "INT", ""][at % 5]}`);
    db.exec(`CREATE TABLE t (id TEXT PRIMARY KEY, ${columns.join(", ")})`);
    const table = await SqliteTable.open(db, "t");
    const row: Row = Object.fromEntries(columns.map((_, at) => [`c${at}`, at % 5 === 1 ? new Date(at) : at]));
    const stored = await table.insertValue("a\0b", row);
    assert.deepEqual((await table.listValues()).get("a\0b"), stored);
    assert.equal((await table.patchValue("a\0b", { c1994: "x" })).c1994, "x");
    assert.equal((await table.replaceValue("a\0b", { c3: 5 })).c4, null);
    await assert.rejects(
      columns.reduce<Table>((set, _, at) => at % 5 === 2 ? set : set.orderBy(`c${at}`), table).listValues(),
      UnsupportedError,
    );
    db.exec("ALTER TABLE t ADD COLUMN more");
    await assert.rejects(SqliteTable.open(db, "t"), UnsupportedError);
    db.exec(`CREATE TABLE keyless (${columns.join(", ")}, more)`);
    const keyless = await SqliteTable.open(db, "keyless");
    assert.equal(await keyless.insertReturnIdValue({ more: "a\0\ufffd" }), "1");
    assert.equal((await keyless.getValue("1"))?.more, "a\0\ufffd");
    db.close();
  });

  for (const [type, values] of Object.entries(KEYS)) {
    it(`a key of type ${JSON.stringify(type)}`, async () => {
      const db = new DatabaseSync(":memory:");
      db.exec(`CREATE TABLE t (id ${type} PRIMARY KEY, v TEXT);
        CREATE TABLE w (id ${type} PRIMARY KEY, v TEXT) WITHOUT ROWID; CREATE TABLE d (id ${type}, v INT, PRIMARY KEY (id DESC))`);
      for (const name of ["t", "w", "d"]) {
        for (const value of values) db.exec(`INSERT OR IGNORE INTO ${quoted(name)} VALUES (${value}, 5)`);
      }
      await assertSame(db);
    });
  }
});
