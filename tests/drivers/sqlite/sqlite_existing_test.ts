import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import {
  ConflictError,
  InvalidAnswerError,
  MemTable,
  RejectedError,
  type Row,
  sameRow,
  UnsupportedError,
  type Value,
} from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";
import { database, idsOf, open } from "./sqlite_database.ts";

/** Each listed row is got, patched, replaced and deleted under the id that it is listed under. */
async function assertReachable(table: SqliteTable, column: string): Promise<void> {
  const listed = [...await table.listValues()];
  assert.equal(listed.length, await table.getCount());
  for (const [id, row] of listed) {
    assert.deepEqual(await table.getValue(id), row, id);
    assert.equal((await table.patchValue(id, { [column]: `of ${id}` }))[column], `of ${id}`);
    const changed: Row = { ...row, [column]: `again ${id}` };
    assert.deepEqual(await table.replaceValue(id, changed), changed);
    assert.deepEqual(await table.getValue(id), changed);
  }
  assert.deepEqual(await idsOf(table), listed.map(([id]) => id));
  for (const [at, [id]] of listed.entries()) {
    await table.delete(id);
    assert.equal(await table.getCount(), listed.length - at - 1, id);
  }
}

const TYPES = [
  "TEXT",
  "STRING",
  "UUID",
  "NUMERIC",
  "DECIMAL(10,2)",
  "REAL",
  "INT",
  "BIGINT",
  "INTEGER",
  "BLOB",
  "",
  "VARCHAR(9)",
  "DATE",
  "BOOLEAN",
];

describe("SqliteTable reaches every row under its id:", () => {
  const CELLS = [
    "7",
    "'007'",
    "3.5",
    "3.0",
    "9007199254740993",
    "'a'",
    "'~a'",
    "'a,b'",
    "''",
    "x'00ff'",
    "NULL",
    "NULL",
    "'1e3'",
    "9e999",
    "-0.0",
    "'7x'",
    "CAST(x'610062' AS TEXT)",
    "CAST(x'61' AS TEXT)",
    "CAST(x'ff' AS TEXT)",
    "CAST(x'fe' AS TEXT)",
    "'2024-01-01'",
    "1e300",
    "'\u{1f950}'",
  ];

  it("keys of every type, whatever they hold", async () => {
    for (const type of TYPES) {
      for (const order of ["", " DESC"]) {
        const db = database(`CREATE TABLE t (id ${type} PRIMARY KEY${order}, v TEXT)`);
        for (const cell of CELLS) {
          db.exec(`INSERT OR IGNORE INTO t VALUES (${type === "INTEGER" && order === "" ? "NULL" : cell}, 'x')`);
        }
        await assertReachable(await SqliteTable.open(db, "t"), "v");
      }
    }
  });

  it("keys of several columns, also with NULL in them", async () => {
    for (const types of [["TEXT", "INT"], ["", ""], ["DATE", "REAL"]]) {
      const db = database(`CREATE TABLE t (a ${types[0]}, b ${types[1]}, v TEXT, PRIMARY KEY (a, b))`);
      for (const a of CELLS) for (const b of CELLS) db.exec(`INSERT OR IGNORE INTO t VALUES (${a}, ${b}, 'x')`);
      await assertReachable(await SqliteTable.open(db, "t"), "v");
    }
  });

  it("ids of several columns are readable, and split where they were joined", async () => {
    const table = await open("CREATE TABLE t (a TEXT, b INT, v TEXT, PRIMARY KEY (a, b))");
    assert.equal(table.idField, undefined);
    assert.deepEqual(await table.insertValue("x,7", { v: "1" }), { a: "x", b: 7, v: "1" });
    assert.deepEqual(await table.insertValue("a~,b~~,7", {}), { a: "a,b~", b: 7, v: null });
    assert.deepEqual(await idsOf(table), ["x,7", "a~,b~~,7"]);
    for (const id of ["x", "x,7,", "x,07", "x,", ",", "~", "x~7"]) {
      assert.equal(await table.getValue(id), undefined, id);
    }
    await assert.rejects(table.patchValue("x,7", { b: 8 }), TypeError);
    await assert.rejects(table.insertValue("x,8", { a: "y" }), TypeError);
    assert.deepEqual(await table.patchValue("x,7", { a: "x", v: "2" }), { a: "x", b: 7, v: "2" });
  });

  it("tables without a key by the row's number", async () => {
    for (const columns of ["v TEXT", "v TEXT, rowid TEXT", "v TEXT, rowid TEXT, _rowid_ INT"]) {
      const table = await open(`CREATE TABLE t (${columns}); INSERT INTO t (v) VALUES ('a'), ('a')`);
      assert.deepEqual(await idsOf(table), ["1", "2"]);
      assert.equal(await table.insertReturnIdValue({ v: "b" }), "3");
      await table.insertValue("9", { v: "c" });
      await assertReachable(table, "v");
    }
    await assert.rejects(open("CREATE TABLE t (rowid, oid, _rowid_)"), UnsupportedError);
  });

  it("what is inserted comes back under its own id, or is refused", async () => {
    const ids = [
      "7",
      "007",
      "01",
      "3.0",
      "1e3",
      "abc",
      "",
      "~",
      "~n",
      "~'7",
      "~x61",
      "9223372036854775808",
      "-0",
      " 1",
      "a\0b",
      "2024-01-01",
    ];
    for (const type of TYPES) {
      for (const id of ids) {
        const table = await open(`CREATE TABLE t (id ${type} PRIMARY KEY, v TEXT)`);
        const refused = await table.insertValue(id, { v: "x" }).then(() => false, (error) => {
          assert(error instanceof RejectedError, `${type} ${id}: ${error}`);
          return true;
        });
        assert.deepEqual(await idsOf(table), refused ? [] : [id], `${type} ${id}`);
        if (!refused) assert.equal((await table.getValue(id))?.["v"], "x", `${type} ${id}`);
      }
    }
  });

  it("new ids of integer keys that are no row's number are numbers", async () => {
    const table = await open("CREATE TABLE t (id INTEGER PRIMARY KEY DESC, v TEXT); INSERT INTO t VALUES (4, 'a')");
    assert.equal(await table.insertReturnIdValue({ v: "b" }), "5");
    assert.deepEqual(await idsOf(table), ["4", "5"]);
  });
});

describe("SqliteTable loses no row to an id that is not unique:", () => {
  it("a part of the key is refused at open", async () => {
    const sql = "CREATE TABLE t (a INT, b INT, c INT UNIQUE, PRIMARY KEY (a, b))";
    await assert.rejects(open(sql, { idField: "a" }), TypeError);
    assert.equal((await open(sql, { idField: "c" })).idField, "c");
    assert.equal((await open(sql, { idField: ["b", "a"] })).idField, undefined);
  });

  it("any other column at the read, where it is not", async () => {
    const db = database(`CREATE TABLE o (id INTEGER PRIMARY KEY, c TEXT); CREATE TABLE i (o INT, n INT);
      INSERT INTO o VALUES (1, 'x'), (2, 'y'); INSERT INTO i VALUES (1, 1), (1, 2), (2, 3);
      CREATE VIEW t AS SELECT o.id AS id, c, n FROM o JOIN i ON i.o = o.id`);
    const view = await SqliteTable.open(db, "t", { idField: "id" });
    for (
      const read of [
        view.listValues(),
        view.getCount(),
        view.page(1, 1).listValues(),
        view.getValue("1"),
        view.getSomeValue(),
      ]
    ) {
      await assert.rejects(read, InvalidAnswerError);
    }
    assert.equal(await view.where("n", "gt", 2).getCount(), 1);
    const pairs = await SqliteTable.open(db, "t", { idField: ["id", "n"] });
    assert.deepEqual(await idsOf(pairs), ["1,1", "1,2", "2,3"]);
    const plain = await SqliteTable.open(db, "i", { idField: "o" });
    await assert.rejects(plain.patchValue("1", { n: 5 }), InvalidAnswerError);
    await assert.rejects(plain.delete("1"), InvalidAnswerError);
    assert.deepEqual(await plain.patchValue("2", { n: 5 }), { o: 2, n: 5 });
  });
});

describe("SqliteTable answers a write with what is stored:", () => {
  it("after the triggers that follow it", async () => {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT, n INT DEFAULT 0);
      CREATE TRIGGER i AFTER INSERT ON t BEGIN UPDATE t SET n = 1 WHERE id = NEW.id; END;
      CREATE TRIGGER u AFTER UPDATE OF v ON t BEGIN UPDATE t SET n = n + 10 WHERE id = NEW.id; END`);
    assert.deepEqual(await table.insertValue("a", { v: "x" }), { id: "a", v: "x", n: 1 });
    assert.deepEqual(await table.patchValue("a", { v: "y" }), { id: "a", v: "y", n: 11 });
    assert.deepEqual(await table.replaceValue("a", { v: "z" }), { id: "a", v: "z", n: 10 });
    assert.deepEqual(await table.getValue(await table.insertReturnIdValue({ v: "q" })).then((row) => row?.["n"]), 1);
  });

  for (const action of ["IGNORE", "ABORT, 'no'", "FAIL, 'no'", "ROLLBACK, 'no'"]) {
    it(`or names the refusal of a trigger that says RAISE(${action})`, async () => {
      for (const event of ["INSERT", "UPDATE", "DELETE"]) {
        const table = await open(
          `CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT); INSERT INTO t VALUES ('a', 'x'), ('b', 'y');
          CREATE TRIGGER no BEFORE ${event} ON t BEGIN SELECT RAISE(${action}); END`,
        );
        const writes: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
          INSERT: [
            () => table.insertValue("c", {}),
            () => table.replaceValue("c", {}),
            () => table.insertReturnIdValue({}),
          ],
          UPDATE: [() => table.patchValue("a", { v: "z" }), () => table.replaceValue("a", { v: "z" })],
          DELETE: [() => table.delete("a"), () => table.deleteAll(), () => table.where({ v: "x" }).deleteAll()],
        };
        for (const write of writes[event] ?? []) await assert.rejects(write(), RejectedError, `${event} ${write}`);
        assert.deepEqual(await idsOf(table), ["a", "b"]);
      }
    });
  }

  it("a trigger that marks a row deleted instead has its way", async () => {
    const table = await open(
      `CREATE TABLE t (id TEXT PRIMARY KEY, gone INT DEFAULT 0); INSERT INTO t (id) VALUES ('a'), ('b');
      CREATE TRIGGER soft BEFORE DELETE ON t BEGIN UPDATE t SET gone = 1 WHERE id = OLD.id; SELECT RAISE(IGNORE); END`,
    );
    await table.delete("a");
    await table.where({ gone: 0 }).deleteAll();
    assert.equal(await table.where({ gone: 1 }).getCount(), 2);
  });

  it("views take the writes that their triggers do", async () => {
    const db = database(`CREATE TABLE base (id TEXT PRIMARY KEY, v TEXT); INSERT INTO base VALUES ('a', 'x');
      CREATE VIEW t AS SELECT id, upper(v) AS v FROM base;
      CREATE TRIGGER i INSTEAD OF INSERT ON t BEGIN INSERT INTO base VALUES (NEW.id, NEW.v); END;
      CREATE TRIGGER d INSTEAD OF DELETE ON t BEGIN DELETE FROM base WHERE id = OLD.id; END`);
    const view = await SqliteTable.open(db, "t", { idField: "id" });
    const { insert, patch, replace, delete: remove, deleteAll, insertReturnId } = view.capabilities;
    assert.deepEqual([insert, patch, replace, remove, deleteAll, insertReturnId], [
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
    assert.deepEqual(await view.insertValue("b", { v: "y" }), { id: "b", v: "Y" });
    await view.delete("a");
    assert.deepEqual(await idsOf(view), ["b"]);
    db.exec("CREATE TRIGGER u INSTEAD OF UPDATE ON t BEGIN UPDATE base SET v = NEW.v WHERE id = OLD.id; END");
    const writable = await SqliteTable.open(db, "t", { idField: "id" });
    assert.deepEqual(await writable.patchValue("b", { v: "z" }), { id: "b", v: "Z" });
    assert.deepEqual(await writable.replaceValue("c", { v: "w" }), { id: "c", v: "W" });
  });

  it("a constraint that would settle a conflict by itself overwrites nothing", async () => {
    const table = await open(
      "CREATE TABLE t (id TEXT PRIMARY KEY ON CONFLICT REPLACE, u TEXT UNIQUE ON CONFLICT REPLACE, v TEXT)",
    );
    await table.insertValue("a", { u: "1", v: "x" });
    assert.deepEqual(await table.insertValue("a", { u: "2" }), { id: "a", u: "1", v: "x" });
    await assert.rejects(table.insertValue("b", { u: "1" }), ConflictError);
    await assert.rejects(table.insertReturnIdValue({ id: "a" }), ConflictError);
    assert.equal(await table.getCount(), 1);
  });

  it("defaults are values, however they are spelled", async () => {
    const table = await open(
      `CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, a TEXT DEFAULT "name", b TEXT DEFAULT name, c DEFAULT [id],
      d DEFAULT \`x\`, e DEFAULT true, f DEFAULT -1.5, g DEFAULT CURRENT_TIMESTAMP, h DEFAULT (abs(random()) >= 0), i DEFAULT x'ff',
      j DEFAULT 'it''s', k DEFAULT (1 -- one
      ), l DEFAULT rowid, m DEFAULT NULL)`,
    );
    const fresh = await table.insertValue("x", { name: "Bun" });
    await table.patchValue(
      "x",
      Object.fromEntries(Object.keys(fresh).filter((name) => name !== "id").map((name) => [name, "9"])),
    );
    const replaced = await table.replaceValue("x", { name: "Bun" });
    const timeless = ({ g: _, ...row }: Row): Row => row;
    assert(sameRow(timeless(replaced), timeless(fresh)), JSON.stringify([replaced, fresh]));
    assert.deepEqual([replaced["a"], replaced["b"], replaced["c"], replaced["l"]], ["name", "name", "id", "rowid"]);
  });

  it("records of rows with generated columns are saved, also without a column that they had", async () => {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, n INT, v TEXT, g AS (n * 2))`);
    await table.insertValue("a", { n: 1, v: "x" });
    const record = await table.getValueRecord("a");
    assert(record);
    record.data["n"] = 4;
    await record.save();
    delete record.data["v"];
    record.data["n"] = 5;
    await record.save();
    assert.deepEqual(await table.getValue("a"), { id: "a", n: 5, v: null, g: 10 });
    await assert.rejects(table.patchValue("a", { g: 7 }), TypeError);
  });

  it("what is written back unchanged stays byte for byte what it is", async () => {
    const path = newPath("bytes.db");
    const db = new DatabaseSync(path);
    db.exec(`CREATE TABLE t (id PRIMARY KEY, v, d DATETIME, j JSON, b BOOLEAN, touched INT DEFAULT 0);
      CREATE TRIGGER touch AFTER UPDATE ON t BEGIN UPDATE t SET touched = touched + 1 WHERE id = NEW.id; END;
      INSERT INTO t (id, v, d, j, b) VALUES (1, 3.0, '2024-01-01', '{"a" : 1}', 1), ('1', CAST(x'ff' AS TEXT), 1700000000, ' 5', 't'),
        (2.5, CAST(x'610062' AS TEXT), '2024-01-01 10:00:00.120000+02:00', '"\\u00e9"', 0), (x'00', '1', 2460310.5, NULL, 2)`);
    const before = readFileSync(path);
    const table = await SqliteTable.open(db, "t");
    for (const [id, row] of await table.listValues()) {
      assert.deepEqual(await table.replaceValue(id, row), row);
      assert.deepEqual(await table.patchValue(id, row), row);
      assert.deepEqual(await table.insertValue(id, row), row);
    }
    assert(readFileSync(path).equals(before));
    db.close();
  });
});

describe("SqliteTable reads dates as databases hold them:", () => {
  const HELD: readonly (readonly [sql: string, iso: string])[] = [
    ["'2024-01-02'", "2024-01-02T00:00:00.000Z"],
    ["'2024-01-02 03:04'", "2024-01-02T03:04:00.000Z"],
    ["'2024-01-02 03:04:05'", "2024-01-02T03:04:05.000Z"],
    ["'2024-01-02 03:04:05.120'", "2024-01-02T03:04:05.120Z"],
    ["'2024-01-02T03:04:05Z'", "2024-01-02T03:04:05.000Z"],
    ["'2024-01-02 03:04:05+02:00'", "2024-01-02T01:04:05.000Z"],
    ["1704164645", "2024-01-02T03:04:05.000Z"],
    ["1704164645.5", "2024-01-02T03:04:05.500Z"],
    ["1704164645120", "2024-01-02T03:04:05.120Z"],
    ["julianday('2024-01-02 03:04:05')", "2024-01-02T03:04:05.000Z"],
    ["'9999-12-31'", "9999-12-31T00:00:00.000Z"],
    ["'0000-01-01'", "0000-01-01T00:00:00.000Z"],
    ["'1969-12-31 23:59:59'", "1969-12-31T23:59:59.000Z"],
    ["'+012345-01-01T00:00:00.000Z'", "+012345-01-01T00:00:00.000Z"],
    ["'-000043-03-15T00:00:00.000Z'", "-000043-03-15T00:00:00.000Z"],
  ];
  const NONE = [
    "'2024-02-30'",
    "'soon'",
    "'2024-01-02 03:04:05.123456'",
    "20240102",
    "2024",
    "0",
    "-5",
    "x'32'",
    "'24-1-2'",
    "1e300",
  ];

  it("each form is a Date, in columns of each such type, and what is none stays what it is", async () => {
    for (const type of ["DATE", "datetime", "DATETIME(6)", "TIMESTAMP", "timestamp with time zone", "SMALLDATETIME"]) {
      const db = database(`CREATE TABLE t (id INTEGER PRIMARY KEY, d ${type})`);
      for (const [sql] of HELD) db.exec(`INSERT INTO t (d) VALUES (${sql})`);
      const table = await SqliteTable.open(db, "t");
      assert.deepEqual([...await table.listValues()].map(([, row]) => row["d"]), HELD.map(([, iso]) => new Date(iso)));
      assert.deepEqual(await idsOf(table.where("d", "gt", new Date("2500-01-01"))), ["11", "14"]);
      assert.deepEqual((await idsOf(table.orderBy("d"))).slice(0, 3), ["15", "12", "13"]);
      db.exec("DELETE FROM t");
      for (const sql of NONE) db.exec(`INSERT INTO t (d) VALUES (${sql})`);
      for (const [, row] of await table.listValues()) assert(!(row["d"] instanceof Date), String(row["d"]));
    }
    const plain = await open(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE); INSERT INTO t (d) VALUES ('2024-01-02')",
      { plainFields: ["d"] },
    );
    assert.deepEqual(await plain.getValue("1"), { id: 1, d: "2024-01-02" });
    assert.deepEqual(await idsOf(plain.where("d", "gt", "2024-01-01")), ["1"]);
  });

  it("a Date is written as those that are there, or as the declaration tells", async () => {
    const at = new Date("2024-05-06T07:08:09.000Z");
    for (
      const [sql, expected] of [
        ["'2024-01-02'", "2024-05-06 07:08:09"],
        ["'2024-01-02 03:04:05'", "2024-05-06 07:08:09"],
        ["'2024-01-02 03:04:05.120'", "2024-05-06 07:08:09.000"],
        ["'2024-01-02T03:04:05Z'", "2024-05-06T07:08:09Z"],
        ["'2024-01-02 03:04:05+02:00'", "2024-05-06 09:08:09+02:00"],
        ["1704164645", 1714979289n],
        ["1704164645120", 1714979289000n],
      ] as const
    ) {
      const db = database(`CREATE TABLE t (id TEXT PRIMARY KEY, d DATETIME); INSERT INTO t VALUES ('a', ${sql})`);
      const table = await SqliteTable.open(db, "t");
      assert.deepEqual((await table.insertValue("b", { d: at }))["d"], at);
      assert.deepEqual((await table.patchValue("a", { d: at }))["d"], at);
      const read = db.prepare("SELECT d FROM t");
      read.setReadBigInts(true);
      assert.deepEqual(read.all().map(({ d }) => d), [expected, expected]);
    }
    const db = database(
      "CREATE TABLE t (id TEXT PRIMARY KEY, a DATE, b DATETIME, c DATETIME DEFAULT CURRENT_TIMESTAMP)",
    );
    const midnight = new Date("2024-05-06T00:00:00.000Z");
    await (await SqliteTable.open(db, "t")).insertValue("a", { a: midnight, b: midnight, c: midnight });
    const { a, b, c } = db.prepare("SELECT a, b, c FROM t").get() ?? {};
    assert.deepEqual([a, b, c], ["2024-05-06", "2024-05-06T00:00:00.000Z", "2024-05-06 00:00:00"]);
  });
});

describe("SqliteTable compares in one total order:", () => {
  it("NaN, invalid dates, huge integers and what no column holds", async () => {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, v, d DATETIME);
      INSERT INTO t VALUES ('a', 1, '2024-01-01'), ('b', 9e999, 5), ('c', 'x', 'soon'), ('d', NULL, NULL), ('e', x'01', 1700000000)`);
    const found = async (
      column: string,
      operator: "eq" | "ne" | "gt" | "gte" | "lt" | "lte",
      value: Value,
    ): Promise<string> => (await idsOf(table.where(column, operator, value))).join("");
    assert.equal(await found("v", "lt", NaN), "ab");
    assert.equal(await found("v", "gte", NaN), "");
    assert.equal(await found("v", "ne", NaN), "abcde");
    assert.equal(await found("d", "lte", new Date(NaN)), "ae");
    assert.equal(await found("d", "gt", new Date(NaN)), "");
    assert.equal(await found("v", "gt", 2n ** 70n), "b");
    assert.equal(await found("v", "lte", 2n ** 70n + 1n), "a");
    assert.equal(await found("v", "gt", 10n ** 400n), "b");
    assert.equal(await found("v", "eq", "\ud800"), "");
    assert.equal(await found("v", "ne", [1]), "abcde");
    assert.equal((await idsOf(table.orderBy("d"))).join(""), "dbeac");
  });

  it("texts with NUL are whole in every runtime", async () => {
    const table = await open("CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT, w, n NUMERIC)");
    const row = { v: "a\0b", w: "c\0", n: "\0" };
    assert.deepEqual(await table.insertValue("x\0y", row), { id: "x\0y", ...row });
    assert.deepEqual([...await table.listValues()], [["x\0y", { id: "x\0y", ...row }]]);
    assert.deepEqual(await idsOf(table.where(row).search("\0b")), ["x\0y"]);
    assert.deepEqual(await idsOf(table.where("v", "eq", "a")), []);
    assert.equal(await table.insertReturnIdValue({ id: "k\0" }), "k\0");
  });
});

describe("SqliteTable says what it cannot do:", () => {
  it("full-text tables, their shadows and SQLite's own are read, and not written", async () => {
    const db = database(
      `CREATE VIRTUAL TABLE f USING fts5 (title, body); INSERT INTO f VALUES ('Bun', 'soft'), ('Roll', 'hard')`,
    );
    for (const name of ["f", "f_content", "f_idx", "sqlite_schema"]) {
      const table = await SqliteTable.open(db, name);
      assert.equal((await table.listValues()).size, await table.getCount());
      assert.deepEqual([table.capabilities.insert, table.capabilities.deleteAll], [false, false]);
      await assert.rejects(table.deleteAll(), UnsupportedError);
    }
    const table = await SqliteTable.open(db, "f");
    assert.deepEqual(await idsOf(table.search("SOFT")), ["1"]);
    assert.deepEqual(await table.getValue("2"), { title: "Roll", body: "hard" });
  });

  it("very many conditions, orders and values are done, or refused by a bound", async () => {
    const table = await open(
      "CREATE TABLE t (id TEXT PRIMARY KEY, n INT, d DATE); INSERT INTO t VALUES ('a', 5, NULL), ('b', 50000, NULL)",
    );
    const where = (count: number) => Array.from({ length: count }, (_, at) => ["n", "ne", at + 10] as const);
    const narrowed = table.withQuery({ where: where(9_000) });
    assert.deepEqual(await idsOf(narrowed), ["a", "b"]);
    await assert.rejects(table.withQuery({ where: where(10_001) }).listValues(), UnsupportedError);
    const orderBy = Array.from({ length: 5_000 }, (_, at) => [at % 2 ? "n" : "d", at % 3 ? "asc" : "desc"] as const);
    assert.deepEqual(await idsOf(table.withQuery({ orderBy })), ["a", "b"]);
    assert.deepEqual(await idsOf(table.where("n", "notIn", Array.from({ length: 30_000 }, (_, at) => at))), ["b"]);
  });

  it("attached and temporary tables, and names in another case", async () => {
    const db = database(`CREATE TABLE "Items" (id TEXT PRIMARY KEY, v TEXT REFERENCES items);
      ATTACH ':memory:' AS aux; CREATE TABLE aux.products (id TEXT PRIMARY KEY, owner TEXT REFERENCES owners);
      CREATE TABLE aux.owners (id TEXT PRIMARY KEY); CREATE TABLE "aux.odd" (id TEXT PRIMARY KEY);
      CREATE TEMP TABLE notes (id TEXT PRIMARY KEY); CREATE TEMP TABLE owners (id TEXT PRIMARY KEY, mine INT)`);
    for (
      const [asked, name] of [
        ["ITEMS", "Items"],
        ["products", "products"],
        ["Aux.Products", "aux.products"],
        ["notes", "notes"],
        ["temp.notes", "temp.notes"],
        ["aux.odd", "aux.odd"],
      ] as const
    ) {
      const table = await SqliteTable.open(db, asked);
      assert.equal(table.tableName, name);
      await table.insertValue("x", {});
      assert.deepEqual(await idsOf(table), ["x"]);
    }
    const owners = (await SqliteTable.open(db, "aux.products")).getRef("aux.owners");
    assert.deepEqual(owners.columns.map(({ name }) => name), ["id"]);
    assert.deepEqual((await SqliteTable.open(db, "owners")).columns.map(({ name }) => name), ["id", "mine"]);
  });

  it("a search finds in texts alone, as in memory", async () => {
    const table = await open(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, d DATE, j JSON);
      INSERT INTO t VALUES (1, x'616263', '2024-01-01', '{"abc": 1}'), (2, 'ABC', 'abc', '"abc"')`,
      { searchFields: ["v", "d", "j"] },
    );
    const memory = new MemTable("t", { columns: table.columns, rows: [...await table.listValues()] });
    for (const text of ["abc", "2024", "{"]) {
      assert.deepEqual(await idsOf(table.search(text)), await idsOf(memory.search(text)));
    }
  });
});
