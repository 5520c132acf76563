import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import {
  ClosedError,
  ConflictError,
  LiveTable,
  MemCache,
  MemTable,
  NotFoundError,
  Pagination,
  RejectedError,
  type Row,
  TableError,
  UnsupportedError,
} from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";
import { database, idsOf, open } from "./sqlite_database.ts";

/** A check for `assert.rejects`: the error's class, and words of its message. */
function errorOf(kind: ErrorClass, ...words: string[]): (error: unknown) => true {
  return (error) => {
    assert(error instanceof kind, `expected a ${kind.name}, got ${error}`);
    for (const word of words) assert(error.message.includes(word), `${JSON.stringify(word)} in: ${error.message}`);
    return true;
  };
}

type ErrorClass = abstract new (...args: never[]) => Error;

const PRODUCTS = `CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT NOT NULL, price REAL DEFAULT 1.5);
  INSERT INTO t VALUES ('a', 'Bun', 2.5), ('b', 'Roll', 1)`;

describe("SqliteTable.open() reads the table's schema:", () => {
  it("its columns with their types, and what they are for", async () => {
    const table = await open(`CREATE TABLE t (
      code TEXT PRIMARY KEY, title VARCHAR(20) NOT NULL, price REAL NOT NULL DEFAULT 0, stock INTEGER NOT NULL, anything
    )`);
    assert.equal(table.tableName, "t");
    assert.equal(table.idField, "code");
    assert.deepEqual(table.titleFields, ["title"]);
    assert.deepEqual(table.columns, [
      { name: "code", type: "TEXT", flags: ["id", "searchable"] },
      { name: "title", type: "VARCHAR(20)", flags: ["title", "searchable", "mandatory"] },
      { name: "price", type: "REAL", flags: [] },
      { name: "stock", type: "INTEGER", flags: ["mandatory"] },
      { name: "anything", type: "", flags: [] },
    ]);
  });

  it("titles and searched columns as the options say", async () => {
    const table = await open(PRODUCTS, { titleFields: ["id", "price"], searchFields: [] });
    assert.deepEqual(table.titleFields, ["id", "price"]);
    assert.deepEqual(await idsOf(table.search("Bun")), []);
    for (const options of [{ titleFields: ["nope"] }, { searchFields: ["name", "nope"] }, { idField: "nope" }]) {
      await assert.rejects(open(PRODUCTS, options), errorOf(TypeError, "nope", "name"));
    }
  });

  it("a unique column as the id, where idField names one", async () => {
    const lists = [
      "CREATE TABLE t (slug TEXT UNIQUE, name TEXT)",
      "CREATE TABLE t (slug TEXT UNIQUE, a TEXT, b TEXT, name TEXT, PRIMARY KEY (a, b))",
    ];
    for (const sql of lists) {
      const table = await open(sql, { idField: "slug" });
      assert.deepEqual(table.columns.find(({ flags }) => flags?.includes("id"))?.name, "slug");
      await table.insertValue("s", { name: "Bun" });
      assert.equal((await table.getValue("s"))?.name, "Bun");
    }
  });

  it("a unique column beside the key serves as idField for every verb", async () => {
    const table = await open("CREATE TABLE t (nr INTEGER PRIMARY KEY, slug TEXT UNIQUE NOT NULL, name TEXT)", {
      idField: "slug",
    });
    await table.insertValue("a", { name: "Bun" });
    await table.insertValue("b", { nr: 7, name: "Roll" });
    assert.deepEqual(await table.replaceValue("b", { name: "Rye" }), { nr: 7, slug: "b", name: "Rye" });
    assert.deepEqual(await table.patchValue("a", { name: "Pie" }), { nr: 1, slug: "a", name: "Pie" });
    assert.deepEqual(await table.replaceValue("c", {}), { nr: 8, slug: "c", name: null });
    assert.match(await table.insertReturnIdValue({ name: "new" }), /^[0-9a-f-]{36}$/);
    await table.delete("a");
    assert.deepEqual((await idsOf(table)).slice(0, 2), ["b", "c"]);
  });

  it("an unknown table is a NotFoundError that names those that there are", async () => {
    const db = database(`CREATE TABLE accounts (id INTEGER PRIMARY KEY); CREATE VIEW debts AS SELECT 1 AS id`);
    await assert.rejects(SqliteTable.open(db, "t"), errorOf(NotFoundError, '"t"', "accounts", "debts"));
    await assert.rejects(SqliteTable.open(db, "x' OR '1'='1"), errorOf(NotFoundError));
    await assert.rejects(SqliteTable.open(database(""), "t"), errorOf(NotFoundError, "none"));
  });

  it("a view can be read, narrowed and paged, and not written", async () => {
    const db = database(`${PRODUCTS}; CREATE VIEW cheap AS SELECT id, name, price FROM t WHERE price < 2`);
    const view = await SqliteTable.open(db, "cheap", { idField: "id" });
    assert.deepEqual(await idsOf(view), ["b"]);
    assert.deepEqual(await view.getValue("b"), { id: "b", name: "Roll", price: 1 });
    assert.equal(await view.where("price", "gt", 1).getCount(), 0);
    const { insert, replace, patch, delete: remove, deleteAll, insertReturnId } = view.capabilities;
    assert.deepEqual([insert, replace, patch, remove, deleteAll, insertReturnId], new Array(6).fill(false));
    await assert.rejects(view.insertValue("c", { name: "x" }), UnsupportedError);
    await assert.rejects(view.where("price", "eq", 1).deleteAll(), UnsupportedError);
    await assert.rejects(SqliteTable.open(db, "cheap"), errorOf(UnsupportedError, "idField"));
  });

  it("generated columns can be read, and not written", async () => {
    const table = await open(`CREATE TABLE t (
      id TEXT PRIMARY KEY, price REAL, twice REAL AS (price * 2) STORED NOT NULL, thrice REAL AS (price * 3)
    )`);
    assert.deepEqual(await table.insertValue("a", { price: 2 }), { id: "a", price: 2, twice: 4, thrice: 6 });
    assert.deepEqual(await table.replaceValue("a", { price: 3 }), { id: "a", price: 3, twice: 6, thrice: 9 });
    assert.deepEqual(await idsOf(table.where("thrice", "eq", 9)), ["a"]);
    for (const column of ["twice", "thrice"]) {
      await assert.rejects(table.patchValue("a", { [column]: 1 }), errorOf(TypeError, column, "price"));
      await assert.rejects(table.insertValue("b", { price: 1, [column]: 1 }), errorOf(TypeError, column));
    }
    await assert.rejects(table.insertValue("b", { twice: 1 }), errorOf(RejectedError, "t.twice"));
    assert.equal(await table.getCount(), 1);
  });

  it("defaults stand in for columns that are not given", async () => {
    const table = await open(`CREATE TABLE t (
      id TEXT PRIMARY KEY, a TEXT DEFAULT 'it''s', b INTEGER DEFAULT (1 + 1), c TEXT, d TEXT NOT NULL DEFAULT ''
    )`);
    const fresh = { id: "x", a: "it's", b: 2, c: null, d: "" };
    assert.deepEqual(await table.insertValue("x", {}), fresh);
    await table.patchValue("x", { a: "1", b: 1, c: "1", d: "1" });
    assert.deepEqual(await table.replaceValue("x", {}), fresh);
    assert.deepEqual(await table.replaceValue("x", { a: null, b: null }), { ...fresh, a: null, b: null });
  });

  it("foreign keys lead to related tables, without asking the database again", async () => {
    const db = database(`PRAGMA foreign_keys = OFF;
      CREATE TABLE t (id TEXT PRIMARY KEY, maker INTEGER REFERENCES makers, parent TEXT REFERENCES t, x REFERENCES gone,
        a TEXT, b TEXT, FOREIGN KEY (a, b) REFERENCES pairs);
      CREATE TABLE makers (id INTEGER PRIMARY KEY, name TEXT, best TEXT REFERENCES t);
      CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b));
      INSERT INTO makers VALUES (7, 'Doc', NULL);
      INSERT INTO t (id, maker) VALUES ('a', 7)`);
    const table = await SqliteTable.open(db, "t", { refs: { other: () => new MemTable("other") } });
    assert.deepEqual(table.refNames.toSorted(), ["makers", "other", "pairs", "t"]);
    const makers = table.getRef("makers");
    assert.deepEqual(await makers.getValue("7"), { id: 7, name: "Doc", best: null });
    assert.deepEqual(await idsOf(makers.getRef("t").getRef("makers")), ["7"]);
    assert.deepEqual(await idsOf(table.getRef("t")), ["a"]);
    assert.equal(table.getRef("other").tableName, "other");
    assert.throws(() => table.getRef("gone"), errorOf(NotFoundError, "gone"));
    assert.deepEqual(await table.getRef("pairs").insertValue("x,y", {}), { a: "x", b: "y" });
  });

  it("a foreign key of one column links rows, unless another one leads to the same table", async () => {
    const db = database(`PRAGMA foreign_keys = OFF;
      CREATE TABLE t (id TEXT PRIMARY KEY, Maker INTEGER REFERENCES makers (ID), of TEXT REFERENCES named (name),
        "from" TEXT REFERENCES places, "to" TEXT REFERENCES places, a TEXT, b TEXT, FOREIGN KEY (a, b) REFERENCES pairs);
      CREATE TABLE makers (id INTEGER PRIMARY KEY, name TEXT);
      CREATE TABLE named (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
      CREATE TABLE places (id TEXT PRIMARY KEY);
      CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b));
      INSERT INTO makers VALUES (7, 'Doc'), (8, 'Marty');
      INSERT INTO named VALUES (1, 'x'), (2, 'y');
      INSERT INTO places VALUES ('p'), ('q');
      INSERT INTO pairs VALUES ('1', '2'), ('3', '4');
      INSERT INTO t VALUES ('a', 7, 'x', 'p', 'p', '1', '2'), ('b', 8, 'y', 'q', 'q', '3', '4')`);
    const set = (await SqliteTable.open(db, "t")).where("a", "eq", "1");
    assert.deepEqual(await idsOf(set.getRef("makers")), ["7"]);
    for (const name of ["named", "places", "pairs"]) assert.equal(await set.getRef(name).getCount(), 2, name);
  });

  it("names of tables and columns may hold anything", async () => {
    const names = [
      'he said "hi"',
      "it's",
      "a b",
      "select",
      "[x]",
      "x; DROP TABLE t",
      "__proto__",
      "constructor",
      "\u{1f950}",
    ];
    for (const tableName of names) {
      const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
      const db = database(
        `CREATE TABLE ${quoted(tableName)} (${names.map(quoted).join(", ")}, "the id" TEXT PRIMARY KEY)`,
      );
      const table = await SqliteTable.open(db, tableName);
      const row: Row = Object.fromEntries(names.map((name, at) => [name, at]));
      const stored = await table.insertValue("x", row);
      assert.deepEqual(Object.keys(stored).toSorted(), [...names, "the id"].toSorted());
      for (const [at, name] of names.entries()) {
        assert.equal(Object.getOwnPropertyDescriptor(stored, name)?.value, at);
        assert.deepEqual(await idsOf(table.where(name, "eq", at).orderBy(name)), ["x"]);
        await table.patchValue("x", Object.fromEntries([[name, at]]));
      }
      await table.replaceValue("x", row);
      assert.equal(await table.getCount(), 1);
    }
  });

  it("columns named like the row's number do not confuse it", async () => {
    for (const names of ["rowid", "rowid, oid", "rowid, oid, _rowid_", "ROWID"]) {
      const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, ${names})`);
      for (const id of ["c", "a", "b"]) await table.insertValue(id, {});
      const all = names.split(",").length === 3;
      assert.deepEqual(await idsOf(table), all ? ["a", "b", "c"] : ["c", "a", "b"]);
    }
  });

  it("a table WITHOUT ROWID is ordered by its key", async () => {
    const table = await open("CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID");
    for (const id of ["c", "10", "2", "a"]) await table.insertValue(id, { name: "same" });
    assert.deepEqual(await idsOf(table), ["10", "2", "a", "c"]);
    assert.deepEqual(await idsOf(table.orderBy("name", "desc")), ["10", "2", "a", "c"]);
    await table.replaceValue("2", { name: "other" });
    await table.patchValue("a", { name: "other" });
    await table.delete("c");
    assert.deepEqual(await idsOf(table.where({ name: "other" })), ["2", "a"]);
    assert.match(await table.insertReturnIdValue({ name: "new" }), /^[0-9a-f-]{36}$/);
  });
});

describe("SqliteTable gives ids:", () => {
  it("the database's own numbers for a key of type INTEGER", async () => {
    const table = await open("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    assert.equal(await table.insertReturnIdValue({ name: "a" }), "1");
    assert.equal(await table.insertReturnIdValue({ id: 40, name: "b" }), "40");
    assert.equal(await table.insertReturnIdValue({ id: null, name: "c" }), "41");
    assert.deepEqual(await table.getValue("41"), { id: 41, name: "c" });
    await assert.rejects(table.insertReturnIdValue({ id: 40 }), ConflictError);
  });

  it("the one that was made for the row for a key of text, once, if the column can hold it", async () => {
    const table = await open("CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT)");
    for (let time = 0; time < 2; time++) {
      assert.equal(await table.insertReturnIdValue({ name: "Bun" }, { newId: "made" }), "made");
      assert.match(await table.insertReturnIdValue({ name: "odd" }, { newId: "~x" }), /^[0-9a-f-]{36}$/);
    }
    assert.equal(await table.getCount(), 3);
    assert.equal(await table.insertReturnIdValue({ id: "mine" }, { newId: "made" }), "mine");
    const numbers = await open("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    assert.equal(await numbers.insertReturnIdValue({ name: "a" }, { newId: "made" }), "1");
    const numeric = await open("CREATE TABLE t (id UUID PRIMARY KEY, name TEXT)");
    assert.match(await numeric.insertReturnIdValue({ name: "a" }, { newId: "007" }), /^[0-9a-f-]{36}$/);
    const made = await open("CREATE TABLE t (id TEXT PRIMARY KEY DEFAULT ('made ' || abs(random())), name TEXT)");
    assert.match(await made.insertReturnIdValue({ name: "a" }, { newId: "mine" }), /^made /);
  });

  it("random ones for a key of text, unless it is given or has a default", async () => {
    const table = await open("CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT)");
    const ids = await Promise.all([1, 2, 3].map(() => table.insertReturnIdValue({ name: "same" })));
    assert.equal(new Set(ids).size, 3);
    assert.equal(await table.insertReturnIdValue({ id: "mine" }), "mine");
    const own = await open("CREATE TABLE t (id TEXT PRIMARY KEY DEFAULT ('made ' || abs(random())), name TEXT)");
    assert.match(await own.insertReturnIdValue({ name: "a" }), /^made \d+$/);
  });

  it("that are texts of what the key holds, however large", async () => {
    const table = await open(`CREATE TABLE t (id INTEGER PRIMARY KEY);
      INSERT INTO t VALUES (-5), (0), (9007199254740993), (9223372036854775807)`);
    const ids = ["-5", "0", "9007199254740993", "9223372036854775807"];
    assert.deepEqual(await idsOf(table), ids);
    for (const id of ids) assert.equal(String((await table.getValue(id))?.id), id);
  });

  it("and refuses one that SQLite would keep as another", async () => {
    for (const type of ["INTEGER", "INT", "BIGINT"]) {
      const table = await open(`CREATE TABLE t (id ${type} PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'Bun')`);
      for (const id of ["01", "1.0", " 1", "1e0", "+1", "-0", "2.0", "9223372036854775808"]) {
        assert.equal(await table.getValue(id), undefined, id);
        await assert.rejects(table.insertValue(id, { name: "x" }), errorOf(RejectedError, id));
        await assert.rejects(table.replaceValue(id, { name: "x" }), errorOf(RejectedError, id));
        await assert.rejects(table.patchValue(id, { name: "x" }), NotFoundError);
        await table.delete(id);
      }
      assert.deepEqual(await table.getValue("1"), { id: 1, name: "Bun" });
      assert.equal(await table.getCount(), 1);
    }
  });

  it("of any kind in a column without a type", async () => {
    const table = await open(`CREATE TABLE t (id PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), ('x', 'b')`);
    assert.equal((await table.getValue("1"))?.name, "a");
    assert.equal((await table.getValue("x"))?.name, "b");
    await table.patchValue("1", { name: "c" });
    await table.delete("x");
    assert.deepEqual([...await table.listValues()], [["1", { id: 1, name: "c" }]]);
  });
});

describe("SqliteTable keeps values:", () => {
  const ANY = "CREATE TABLE t (id TEXT PRIMARY KEY, v)";

  async function stored(type: string, v: Row[string]): Promise<unknown> {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, v ${type})`);
    const answer = await table.insertValue("a", { v });
    assert.deepEqual(await table.getValue("a"), answer);
    assert.deepEqual((await table.listValues()).get("a"), answer);
    assert.deepEqual(await table.replaceValue("a", { v }), answer);
    return answer["v"];
  }

  it("integers, as bigints beyond 2^53", async () => {
    for (const v of [0, -1, 2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      assert.equal(await stored("INTEGER", v), v);
    }
    assert.equal(await stored("INTEGER", 5n), 5);
    assert.equal(await stored("INTEGER", 2 ** 60), 2n ** 60n);
  });

  it("numbers with a fraction, and the infinities", async () => {
    for (const v of [0.1, -2.5, 1e300, Number.MIN_VALUE, Infinity, -Infinity, 1e21]) {
      assert.equal(await stored("REAL", v), v);
    }
    assert.equal(await stored("REAL", 4), 4);
  });

  it("texts, numbers in a column of text among them", async () => {
    for (const v of ["", "it's", '"', "\u{1f950}", "a\nb", "5", "%_"]) assert.equal(await stored("TEXT", v), v);
    assert.equal(await stored("TEXT", 5), "5");
    assert.equal(await stored("TEXT", 5.5), "5.5");
  });

  it("bytes, as copies", async () => {
    const bytes = new Uint8Array([0, 255, 1]);
    assert.deepEqual(await stored("BLOB", bytes), bytes);
    assert.deepEqual(await stored("BLOB", new Uint8Array()), new Uint8Array());
    const table = await open(ANY);
    await table.insertValue("a", { v: bytes });
    const { v } = await table.getValue("a") ?? {};
    assert(v instanceof Uint8Array);
    v.fill(7);
    assert.deepEqual(await table.getValue("a"), { id: "a", v: bytes });
  });

  it("booleans in a column declared as such, and what else stands there", async () => {
    for (const type of ["BOOLEAN", "bool"]) {
      for (const v of [true, false, null]) assert.equal(await stored(type, v), v);
      assert.equal(await stored(type, 2), 2);
      assert.equal(await stored(type, "maybe"), "maybe");
    }
    assert.equal(await stored("INTEGER", true), 1);
  });

  it("dates in a column declared as such, and texts that are none", async () => {
    for (const type of ["DATE", "datetime", "TIMESTAMP", "TIMESTAMPTZ"]) {
      for (const ms of [0, -1, 1_700_000_000_123, 8.64e15, -8.64e15]) {
        assert.deepEqual(await stored(type, new Date(ms)), new Date(ms));
      }
      for (const text of ["2024-02-30", "2024-01-01 24:00:00", "soon", "2024-13-45T99:00:00.000Z"]) {
        assert.equal(await stored(type, text), text);
      }
    }
    assert.equal(await stored("TEXT", new Date(0)), "1970-01-01T00:00:00.000Z");
  });

  it("documents in a column declared as JSON", async () => {
    for (const type of ["JSON", "TEXT JSON", "jsonb"]) {
      const kinds: Row[string][] = [
        null,
        true,
        0,
        10,
        -1.5,
        2 ** 53,
        1e300,
        "",
        "text",
        "10",
        "null",
        "{}",
        [],
        {},
        [1, [null, "x"]],
        { a: { b: [{ c: "\u{1f950}" }] } },
        JSON.parse('{"__proto__":{"x":1}}'),
      ];
      for (const v of kinds) assert.deepEqual(await stored(type, v), v);
    }
    const table = await open("CREATE TABLE t (id TEXT PRIMARY KEY, v JSON); INSERT INTO t VALUES ('a', 'not json {')");
    assert.deepEqual(await table.getValue("a"), { id: "a", v: "not json {" });
  });

  it("null everywhere", async () => {
    for (const type of ["TEXT", "INTEGER", "REAL", "BLOB", "BOOLEAN", "DATE", "JSON", ""]) {
      assert.equal(await stored(type, null), null);
    }
  });

  it("and refuses what they cannot be, naming the column", async () => {
    const table = await open("CREATE TABLE t (id TEXT PRIMARY KEY, plain TEXT, doc JSON)");
    const wrong: readonly (readonly [Row, ErrorClass])[] = [
      [{ plain: { a: 1 } }, TypeError],
      [{ plain: [1] }, TypeError],
      [{ plain: NaN }, RangeError],
      [{ plain: new Date(NaN) }, RangeError],
      [{ plain: 2n ** 63n }, RangeError],
      [{ plain: "\ud800" }, TypeError],
      [{ doc: { at: new Date(0) } }, TypeError],
      [{ doc: [1n] }, TypeError],
      [{ doc: new Uint8Array(1) }, TypeError],
      [{ doc: [NaN] }, TypeError],
    ];
    for (const [row, kind] of wrong) {
      const [column = ""] = Object.keys(row);
      await assert.rejects(table.insertValue("a", row), errorOf(kind, column));
      await assert.rejects(table.insertReturnIdValue(row), errorOf(kind, column));
      await assert.rejects(table.replaceValue("a", row), errorOf(kind, column));
    }
    assert.equal(await table.getCount(), 0);
    for (const write of [table.insertValue("a", { nope: 1 }), table.replaceValue("a", { nope: 1 })]) {
      await assert.rejects(write, errorOf(TypeError, "nope", "plain"));
    }
  });
});

describe("SqliteTable understands conditions:", () => {
  it("on documents, where they are compared as a whole, and no others", async () => {
    for (const type of ["JSON", "TEXT JSON"]) {
      const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, v ${type})`);
      const values = { n: 10, s: "10", t: true, x: "text", z: null, f: 1.5 };
      for (const [id, v] of Object.entries(values)) await table.insertValue(id, { v });
      for (const [id, v] of Object.entries(values)) {
        assert.deepEqual(await idsOf(table.where("v", "eq", v)), [id]);
        assert.deepEqual(await idsOf(table.where("v", "in", [v, "none"])), [id]);
        assert.equal(await table.where("v", "ne", v).getCount(), 5);
      }
      await assert.rejects(table.where("v", "eq", { a: 1 }).listValues(), errorOf(UnsupportedError, '"v"'));
      await assert.rejects(table.where("v", "gt", 9).listValues(), errorOf(UnsupportedError, '"v"'));
    }
  });

  it("on booleans and dates apart from the numbers and texts that they are kept as", async () => {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, b BOOLEAN, n INTEGER, d DATE, s TEXT);
      INSERT INTO t VALUES ('kept', 1, 1, '1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z'),
        ('other', 5, 0, 'soon', 'soon')`);
    const epoch = new Date(0);
    assert.deepEqual(await idsOf(table.where("b", "eq", true)), ["kept"]);
    assert.deepEqual(await idsOf(table.where("b", "eq", 1)), []);
    assert.deepEqual(await idsOf(table.where("b", "gt", 1)), ["other"]);
    assert.deepEqual(await idsOf(table.where("n", "eq", true)), []);
    assert.deepEqual(await idsOf(table.where("n", "in", [true, 0])), ["other"]);
    assert.deepEqual(await idsOf(table.where("d", "eq", epoch)), ["kept"]);
    assert.deepEqual(await idsOf(table.where("d", "lte", epoch)), ["kept"]);
    assert.deepEqual(await idsOf(table.where("d", "gt", epoch)), []);
    assert.deepEqual(await idsOf(table.where("d", "eq", epoch.toISOString())), []);
    assert.deepEqual(await idsOf(table.where("d", "gte", "")), ["other"]);
    assert.deepEqual(await idsOf(table.where("s", "eq", epoch)), []);
    assert.deepEqual(await idsOf(table.where("s", "ne", epoch)), ["kept", "other"]);
  });

  it("with as many values as SQLite takes, and refuses more", async () => {
    const table = await open(PRODUCTS);
    const many = Array.from({ length: 32_766 }, (_, at) => `${at}`);
    assert.deepEqual(await idsOf(table.where("id", "in", [...many.slice(1), "b"])), ["b"]);
    assert.equal(await table.where("id", "notIn", many).getCount(), 2);
    const refused = [
      [table.where("id", "in", [...many, "b"]), "32767"],
      [table.where("id", "in", many.slice(0, 20_000)).where("name", "notIn", many.slice(0, 20_000)), "40000"],
    ] as const;
    for (const [set, count] of refused) {
      for (const call of [set.listValues(), set.getCount(), set.deleteAll()]) {
        await assert.rejects(call, errorOf(UnsupportedError, count));
      }
      await assert.rejects(set.getValue("a"), UnsupportedError);
      await assert.rejects(set.patchValue("a", { name: "x" }), UnsupportedError);
      await assert.rejects(set.page(1).listValues(), UnsupportedError);
    }
    assert.equal((await table.getValue("a"))?.name, "Bun");
  });

  it("by a column that comes twice as its first place says", async () => {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, v, w);
      INSERT INTO t VALUES ('a', 1, 2), ('b', 2, 1), ('c', 1, 1)`);
    assert.deepEqual(await idsOf(table.orderBy("v").orderBy("w").orderBy("v", "desc")), ["c", "a", "b"]);
  });

  it("character by character, also on columns declared with a collation", async () => {
    const rows = `('a', 'b'), ('B', 'A'), ('c', 'B'), ('D', 'a ')`;
    const table = await open(`CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY, v TEXT COLLATE NOCASE,
      w TEXT COLLATE RTRIM); INSERT INTO t SELECT column1, column2, column2 FROM (VALUES ${rows})`);
    const memory = new MemTable("t", { rows: [...await table.listValues()] });
    for (const operand of ["a", "b", "A", "a "]) {
      for (const column of ["v", "w", "id"]) {
        for (const operator of ["eq", "ne", "gt", "gte", "lt", "lte"] as const) {
          const [actual, expected] = [table, memory].map((one) => idsOf(one.where(column, operator, operand)));
          assert.deepEqual(await actual, await expected, `${column} ${operator} ${operand}`);
        }
        assert.equal(
          await table.where(column, "in", [operand]).getCount(),
          await memory.where(column, "in", [operand]).getCount(),
        );
        assert.deepEqual(await idsOf(table.orderBy(column)), await idsOf(memory.orderBy(column)));
      }
      assert.deepEqual((await table.getValue(operand))?.id, (await memory.getValue(operand))?.id);
    }
  });

  it("with an index, which the database has of what it is asked for", async () => {
    const db = database(`${PRODUCTS}; CREATE INDEX t_by_name ON t (name)`);
    const asked: string[] = [];
    const table = await SqliteTable.open({
      prepare: (sql) => (asked.push(sql), db.prepare(sql)),
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
    }, "t");
    await table.where({ name: "Bun" }).listValues();
    await table.where("name", "in", ["Bun", "Rye"]).getCount();
    await table.where("name", "gt", "Bun").getCount();
    await table.getValue("a");
    for (const sql of asked.slice(-4)) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...sql.match(/\?/g)?.map(() => "Bun") ?? []);
      assert.match(JSON.stringify(plan), /SEARCH t USING/, sql);
    }
  });

  it("as values, never as SQL", async () => {
    const table = await open(PRODUCTS);
    const texts = [
      "' OR '1'='1",
      "x'; DROP TABLE t; --",
      '" OR ""="',
      "?",
      "?1",
      ":a",
      "$1",
      "@x",
      "%",
      "_",
      "*",
      "NULL",
    ];
    for (const text of texts) {
      await table.insertValue(text, { name: text });
      assert.deepEqual((await table.getValue(text))?.name, text);
      assert.deepEqual(await idsOf(table.where({ name: text })), [text]);
      assert.deepEqual(await idsOf(table.where("name", "in", [text, `${text}x`])), [text]);
      await table.patchValue(text, { name: `${text}${text}` });
      await table.replaceValue(text, { name: text });
      assert((await idsOf(table.search(text))).includes(text));
      await table.delete(text);
    }
    assert.deepEqual(await idsOf(table), ["a", "b"]);
    for (const column of ['name" = "name', "1=1 --", "name) OR (1=1", "rowid", "NAME"]) {
      assert.throws(() => table.where(column, "eq", 1), errorOf(TypeError));
      assert.throws(() => table.orderBy(column), TypeError);
      await assert.rejects(table.patchValue("a", { [column]: 1 }), TypeError);
    }
  });

  it("of very many different shapes, one after the other", async () => {
    const table = await open(PRODUCTS);
    for (let length = 0; length < 300; length++) {
      const ids = Array.from({ length }, (_, at) => `${at}`);
      assert.deepEqual(await idsOf(table.where("id", "in", [...ids, "a"])), ["a"]);
    }
  });
});

describe("SqliteTable searches", () => {
  it("the columns of text, for every character literally, and not within numbers or bytes", async () => {
    const table = await open(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, note CLOB, code VARCHAR(9), price REAL, raw BLOB);
      INSERT INTO t VALUES (1, 'Apple 100%', NULL, 'x_1', 512, x'616263'), (2, NULL, 'aPPle', 'xy1', 5.5, NULL)`,
    );
    const found = async (text: string): Promise<string[]> => await idsOf(table.search(text));
    assert.deepEqual(await found("apple"), ["1", "2"]);
    assert.deepEqual(await found("%"), ["1"]);
    assert.deepEqual(await found("x_1"), ["1"]);
    assert.deepEqual(await found("X"), ["1", "2"]);
    assert.deepEqual(await found("5"), []);
    assert.deepEqual(await found("abc"), []);
    assert.equal(await table.search("apple").where("price", "gt", 6).getCount(), 1);
  });
});

describe("SqliteTable pages", () => {
  it("show every row once, however many are equal in what they are ordered by", async () => {
    const db = database("CREATE TABLE t (id TEXT PRIMARY KEY, grp INTEGER)");
    const table = await SqliteTable.open(db, "t");
    for (let at = 0; at < 103; at++) await table.insertValue(`${at * 37 % 103}`, { grp: at % 3 });
    for (const ordered of [table, table.orderBy("grp"), table.orderBy("grp", "desc")]) {
      const paged: string[] = [];
      for (let page = 1; page <= 11; page++) paged.push(...await idsOf(ordered.page(page, 10)));
      assert.deepEqual(paged, await idsOf(ordered));
      assert.equal(new Set(paged).size, 103);
    }
    const last = table.withQuery({ pagination: new Pagination(1, 2 ** 52) });
    assert.equal((await last.listValues()).size, 103);
  });

  it("are read by themselves, without reading the others", async () => {
    const db = database("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    db.exec(
      "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 1000) INSERT INTO t SELECT x FROM n",
    );
    const page = (await SqliteTable.open(db, "t")).page(3, 7);
    assert.deepEqual(await idsOf(page), ["15", "16", "17", "18", "19", "20", "21"]);
    assert.equal(page.capabilities.page, true);
    assert.equal(await page.getCount(), 1_000);
  });
});

describe("SqliteTable says what SQLite refused:", () => {
  const STRICT = `
    CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, age INTEGER CHECK (age > 0), boss TEXT REFERENCES t);
    CREATE TRIGGER refuse BEFORE UPDATE OF name ON t WHEN NEW.name = 'nobody' BEGIN SELECT RAISE(ABORT, 'not that name'); END;
    INSERT INTO t VALUES ('a', 'Marty', 'm@x', 17, NULL), ('b', 'Doc', 'd@x', 65, 'a')`;

  /** A LiveTable whose rows are held already. */
  async function warm(): Promise<{ readonly table: LiveTable; readonly before: Row | undefined }> {
    const db = database(`PRAGMA foreign_keys = ON; ${STRICT}`);
    const table = new LiveTable(await SqliteTable.open(db, "t"), "t", new MemCache());
    return { table, before: (await table.listValues()).get("a") };
  }

  const REFUSED: Readonly<Record<string, readonly [(table: LiveTable) => Promise<unknown>, ErrorClass]>> = {
    "a second row with a unique value, on insert": [
      (t) => t.insertValue("c", { name: "x", email: "m@x" }),
      ConflictError,
    ],
    "a second row with a unique value, on patch": [(t) => t.patchValue("b", { email: "m@x" }), ConflictError],
    "a second row with a unique value, on replace": [
      (t) => t.replaceValue("b", { name: "x", email: "m@x" }),
      ConflictError,
    ],
    "a second row with a unique value, under a new id": [
      (t) => t.insertReturnIdValue({ name: "x", email: "m@x" }),
      ConflictError,
    ],
    "an id that exists, as a new one": [(t) => t.insertReturnIdValue({ id: "a", name: "x" }), ConflictError],
    "a row without what it must have": [(t) => t.insertValue("c", { email: "c@x" }), RejectedError],
    "a replacement without what it must have": [(t) => t.replaceValue("a", { email: "c@x" }), RejectedError],
    "null where there must be something": [(t) => t.patchValue("a", { name: null }), RejectedError],
    "what a check forbids": [(t) => t.patchValue("a", { age: -1 }), RejectedError],
    "what a trigger forbids": [(t) => t.patchValue("a", { name: "nobody" }), RejectedError],
    "a reference to nothing": [(t) => t.patchValue("a", { boss: "gone" }), RejectedError],
    "removing what others refer to": [(t) => t.delete("a"), RejectedError],
    "removing all of which others refer to some": [(t) => t.where({ id: "a" }).deleteAll(), RejectedError],
  };
  for (const [what, [write, kind]] of Object.entries(REFUSED)) {
    it(`${what} is a ${kind.name}, after which everything held stays held`, async () => {
      const { table, before } = await warm();
      await assert.rejects(write(table), (error) => {
        assert(error instanceof kind, `got ${error}`);
        assert("retriable" in error && error.retriable === false);
        return true;
      });
      assert.equal((await table.listValues()).get("a"), before);
      const { masterReads, invalidations } = table.stats();
      assert.deepEqual([masterReads, invalidations.write], [1, 0]);
    });
  }

  it("what the database says of it, in the message", async () => {
    const table = await open(STRICT);
    await assert.rejects(table.insertValue("c", {}), errorOf(RejectedError, '"t"', "NOT NULL", "t.name"));
    await assert.rejects(table.patchValue("a", { age: 0 }), errorOf(RejectedError, '"t"', "CHECK", "age > 0"));
    await assert.rejects(table.patchValue("a", { name: "nobody" }), errorOf(RejectedError, '"t"', "not that name"));
  });

  it("a write that the commit undoes is a RejectedError, whatever the verb", async () => {
    const table = await open(`PRAGMA foreign_keys = ON; CREATE TABLE t (
      id TEXT PRIMARY KEY, boss TEXT REFERENCES t DEFERRABLE INITIALLY DEFERRED
    ); INSERT INTO t VALUES ('a', NULL), ('b', 'a')`);
    const before = [...await table.listValues()];
    const writes = [
      () => table.insertValue("c", { boss: "gone" }),
      () => table.replaceValue("b", { boss: "gone" }),
      () => table.replaceValue("c", { boss: "gone" }),
      () => table.patchValue("b", { boss: "gone" }),
      () => table.insertReturnIdValue({ boss: "gone" }),
      () => table.delete("a"),
      () => table.where("id", "eq", "a").deleteAll(),
    ];
    for (const write of writes) {
      await assert.rejects(write(), errorOf(RejectedError, "FOREIGN KEY"), `${write}`);
      assert.deepEqual([...await table.listValues()], before);
    }
  });

  it("a write that cannot be committed while another connection reads is a RejectedError that may be tried again", async () => {
    const path = newPath("read.db");
    const [db, other] = [new DatabaseSync(path), new DatabaseSync(path)];
    db.exec(`PRAGMA busy_timeout = 0; ${PRODUCTS}`);
    const table = await SqliteTable.open(db, "t");
    const before = [...await table.listValues()];
    other.exec("BEGIN");
    other.prepare("SELECT * FROM t").all();
    const writes = [
      () => table.insertValue("c", { name: "Rye" }),
      () => table.replaceValue("a", { name: "Rye" }),
      () => table.patchValue("a", { name: "Rye" }),
      () => table.insertReturnIdValue({ name: "Rye" }),
      () => table.delete("a"),
    ];
    for (const write of writes) {
      await assert.rejects(write(), (error) => error instanceof RejectedError && error.retriable, `${write}`);
    }
    other.exec("COMMIT");
    assert.deepEqual([...await table.listValues()], before);
    for (const handle of [db, other]) handle.close();
  });

  describe("what a trigger breaks off halfway, all of which is undone:", () => {
    const HALF_DONE: Readonly<
      Record<string, readonly [trigger: string, write: (table: LiveTable) => Promise<unknown>]>
    > = {
      "several rows": [
        "BEFORE DELETE ON t WHEN OLD.id = 'b' BEGIN SELECT RAISE(FAIL, 'no'); END",
        (table) => table.deleteAll(),
      ],
      "several rows, by a constraint that a trigger meets": [
        "BEFORE DELETE ON t WHEN OLD.id = 'b' BEGIN INSERT OR FAIL INTO log VALUES ('held'); END",
        (table) => table.deleteAll(),
      ],
      "one row": [
        "AFTER UPDATE ON t BEGIN SELECT RAISE(FAIL, 'no'); END",
        (table) => table.patchValue("a", { price: 9 }),
      ],
    };
    for (const [what, [trigger, write]] of Object.entries(HALF_DONE)) {
      it(what, async () => {
        const db = database(
          `${PRODUCTS}; CREATE TABLE log (x UNIQUE); INSERT INTO log VALUES ('held'); CREATE TRIGGER refuse ${trigger}`,
        );
        const master = await SqliteTable.open(db, "t");
        const table = new LiveTable(master, "t", new MemCache());
        const before = [...await table.listValues()];
        await assert.rejects(write(table), (error) => error instanceof TableError && error.effect === "none");
        assert.deepEqual([...await master.listValues()], before);
        assert.deepEqual([...await table.listValues()], before);
      });
    }
  });

  it("several rows that a trigger forbids to remove, all of which stay", async () => {
    const table = await open(`${PRODUCTS}; CREATE TRIGGER refuse BEFORE DELETE ON t WHEN OLD.id = 'b'
      BEGIN SELECT RAISE(ABORT, 'not that one'); END`);
    await assert.rejects(table.deleteAll(), errorOf(RejectedError, "not that one"));
    assert.equal(await table.getCount(), 2);
  });

  it("an id that the key's collation takes for another row's is a ConflictError", async () => {
    const table = await open("CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1)");
    await assert.rejects(table.insertValue("A", { v: 2 }), errorOf(ConflictError, '"A"'));
    await assert.rejects(table.replaceValue("A", { v: 2 }), errorOf(ConflictError, '"A"'));
    await assert.rejects(table.patchValue("A", { v: 2 }), NotFoundError);
    await table.delete("A");
    assert.deepEqual(await table.replaceValue("a", { v: 3 }), { id: "a", v: 3 });
    assert.equal(await table.getCount(), 1);
  });

  it("an insert that meets a unique value of another row is a ConflictError", async () => {
    const table = await open(STRICT);
    await assert.rejects(table.insertValue("c", { name: "x", email: "m@x" }), errorOf(ConflictError, '"c"'));
    assert.equal(await table.getCount(), 2);
  });

  it("a text under a key of integers is a RejectedError", async () => {
    const table = await open("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    await assert.rejects(table.insertValue("abc", { name: "x" }), RejectedError);
    await assert.rejects(table.replaceValue("abc", { name: "x" }), RejectedError);
    assert.equal(await table.getValue("abc"), undefined);
  });

  it("a lock that another connection holds is a RejectedError that may be tried again", async () => {
    const path = newPath("locked.db");
    const [db, other] = [new DatabaseSync(path), new DatabaseSync(path)];
    db.exec(PRODUCTS);
    db.exec("PRAGMA busy_timeout = 0");
    const table = await SqliteTable.open(db, "t");
    other.exec("BEGIN IMMEDIATE");
    await assert.rejects(
      table.patchValue("a", { price: 9 }),
      (error) => error instanceof RejectedError && error.retriable,
    );
    other.exec("ROLLBACK");
    assert.equal((await table.patchValue("a", { price: 9 }))["price"], 9);
    for (const handle of [db, other]) handle.close();
  });

  it("a database that is read-only is a RejectedError", async () => {
    const path = newPath("readonly.db");
    const db = new DatabaseSync(path);
    db.exec(PRODUCTS);
    db.close();
    const handle = new DatabaseSync(path, { readOnly: true });
    const table = await SqliteTable.open(handle, "t");
    await assert.rejects(
      table.patchValue("a", { price: 9 }),
      (error) => error instanceof RejectedError && !error.retriable,
    );
    assert.deepEqual(await idsOf(table), ["a", "b"]);
    handle.close();
  });
});

describe("SqliteTable.open() of a file", () => {
  function file(sql: string): string {
    const path = newPath("table.db");
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
    return path;
  }

  it("that is not there is a NotFoundError that names it, and makes none", async () => {
    const path = newPath("missing.db");
    await assert.rejects(SqliteTable.open(path, "t"), errorOf(NotFoundError, path));
    await assert.rejects(SqliteTable.open(`${path}/in/no/folder.db`, "t"), errorOf(NotFoundError, path));
    assert.equal(existsSync(path), false);
  });

  it("that is no SQLite database, or a folder, is a TypeError that names it", async () => {
    const [letter, folder] = [newPath("letter.txt"), newPath("folder")];
    writeFileSync(letter, "dear SQLite format 3");
    mkdirSync(folder);
    await assert.rejects(SqliteTable.open(letter, "t"), errorOf(TypeError, letter));
    await assert.rejects(SqliteTable.open(folder, "t"), errorOf(TypeError, folder));
    assert.equal(readFileSync(letter, "utf8"), "dear SQLite format 3");
  });

  it("that is damaged is a TypeError that names it, with the cause, and leaves it as it was", async () => {
    const whole = readFileSync(file(PRODUCTS));
    const contents = [
      whole.subarray(0, 8),
      whole.subarray(0, 50),
      new Uint8Array(whole.length),
      new Uint8Array(whole).fill(0xa5, 16),
      new Uint8Array(whole).fill(0xa5, 100, 4_096),
    ];
    for (const [at, content] of contents.entries()) {
      const path = newPath("damaged.db");
      writeFileSync(path, content);
      await assert.rejects(SqliteTable.open(path, "t"), errorOf(TypeError, path, "damaged"), `${at}`);
      assert.deepEqual(new Uint8Array(readFileSync(path)), new Uint8Array(content));
    }
  });

  it("that is empty is a database without tables", async () => {
    const path = newPath("empty.db");
    writeFileSync(path, "");
    await assert.rejects(SqliteTable.open(path, "t"), errorOf(NotFoundError, '"t"'));
    assert.equal(readFileSync(path).length, 0);
  });

  it("reads and writes it, and so do others at the same time", async () => {
    const path = file(PRODUCTS);
    await using one = await SqliteTable.open(path, "t");
    await using other = await SqliteTable.open(path, "t");
    await one.insertValue("c", { name: "Rye" });
    assert.deepEqual(await idsOf(other), ["a", "b", "c"]);
    await other.delete("a");
    assert.deepEqual(await idsOf(one), ["b", "c"]);
  });

  it("closes it on close(), which may be called again, and makes every call a ClosedError", async () => {
    const table = await SqliteTable.open(
      file(`${PRODUCTS}; CREATE TABLE r (id TEXT PRIMARY KEY, t REFERENCES t)`),
      "r",
    );
    const related = table.getRef("t");
    await table.getCount();
    await Promise.all([table.close(), table.close(), table[Symbol.asyncDispose]()]);
    await assert.rejects(table.listValues(), ClosedError);
    await assert.rejects(table.getValue("a"), ClosedError);
    await assert.rejects(table.insertValue("a", {}), ClosedError);
    await assert.rejects(table.where({ id: "a" }).deleteAll(), ClosedError);
    await assert.rejects(related.listValues(), ClosedError);
  });

  it("does not close a handle that it was given", async () => {
    const db = database(PRODUCTS);
    const table = await SqliteTable.open(db, "t");
    await table.close();
    await assert.rejects(table.listValues(), ClosedError);
    assert.equal(Object.values(db.prepare("SELECT count(*) FROM t").get() ?? {})[0], 2);
  });

  it("leaves nothing open when the table cannot be opened", async () => {
    const path = file(PRODUCTS);
    await assert.rejects(SqliteTable.open(path, "none"), NotFoundError);
    const db = new DatabaseSync(path);
    db.exec("BEGIN EXCLUSIVE; COMMIT");
    db.close();
  });
});
