import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { RejectedError, type WriteOp, type WriteResult } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { DatabaseSync } from "node:sqlite";
import { newPath } from "../../conformance/temp_folder.ts";

const PRODUCTS = "CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT UNIQUE, price REAL, maker TEXT);";

interface Scene {
  readonly db: DatabaseSync;
  readonly table: SqliteTable;
  readonly writeMany: (...ops: readonly WriteOp[]) => Promise<readonly WriteResult[]>;
}

async function scene(schema = ""): Promise<Scene> {
  const db = new DatabaseSync(":memory:");
  db.exec(PRODUCTS + schema);
  const table = await SqliteTable.open(db, "products");
  return { db, table, writeMany: (...ops) => table.writeMany(ops.map((op) => ({ op }))) };
}

function insert(id: string, row: { readonly [name: string]: string | number } = {}): WriteOp {
  return { kind: "insert", id, row: { name: `Product ${id}`, ...row } };
}

function errorsOf(results: readonly WriteResult[]): (string | undefined)[] {
  return results.map((result) => "error" in result ? (result.error as Error).name : undefined);
}

async function idsIn(table: SqliteTable): Promise<readonly string[]> {
  return (await table.listValues()).ids();
}

describe("SqliteTable.writeMany()", () => {
  it("commits once for all writes", async () => {
    const { db, writeMany } = await scene("CREATE TABLE log (text)");
    const statements: string[] = [];
    const prepare = db.prepare.bind(db);
    db.prepare = (sql) => {
      const statement = prepare(sql);
      const all = statement.run.bind(statement);
      statement.run = (...params: never[]) => {
        statements.push(sql);
        return all(...params);
      };
      return statement;
    };
    await writeMany(insert("a"), insert("b"), insert("c"));
    assert.equal(statements.filter((sql) => sql === "COMMIT").length, 1);
    assert.equal(statements.filter((sql) => sql === "BEGIN IMMEDIATE").length, 1);
  });

  it("undoes a write that a constraint refuses, and no other", async () => {
    const { table, writeMany } = await scene();
    const results = await writeMany(insert("a"), insert("b", { name: "Product a" }), insert("c"));
    assert.deepEqual(errorsOf(results), [undefined, "ConflictError", undefined]);
    assert.deepEqual(await idsIn(table), ["a", "c"]);
  });

  it("does each write alone if a trigger rolls the transaction back", async () => {
    const { table, writeMany } = await scene(
      "CREATE TRIGGER dear BEFORE INSERT ON products WHEN new.price > 9 BEGIN SELECT RAISE(ROLLBACK, 'too dear'); END",
    );
    const results = await writeMany(insert("a"), insert("b", { price: 10 }), insert("c"), insert("d", { price: 10 }));
    assert.deepEqual(errorsOf(results), [undefined, "RejectedError", undefined, "RejectedError"]);
    assert.deepEqual(await idsIn(table), ["a", "c"]);
  });

  it("does each write alone if a constraint is checked only when all are committed", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec("CREATE TABLE makers (id TEXT PRIMARY KEY)");
    db.exec(
      "CREATE TABLE products (id TEXT PRIMARY KEY, maker TEXT REFERENCES makers DEFERRABLE INITIALLY DEFERRED)",
    );
    db.exec("PRAGMA foreign_keys = ON; INSERT INTO makers VALUES ('m')");
    const table = await SqliteTable.open(db, "products");
    const made = (id: string, maker: string): WriteOp => ({ kind: "insert", id, row: { maker } });
    const results = await table.writeMany([made("a", "m"), made("b", "x"), made("c", "m")].map((op) => ({ op })));
    assert.deepEqual(errorsOf(results), [undefined, "RejectedError", undefined]);
    assert.deepEqual(await idsIn(table), ["a", "c"]);
  });

  it("becomes part of a transaction of the caller", async () => {
    const { db, table, writeMany } = await scene();
    db.exec("BEGIN");
    await writeMany(insert("a"), insert("b", { name: "Product a" }));
    assert.deepEqual(await idsIn(table), ["a"]);
    db.exec("ROLLBACK");
    assert.deepEqual(await idsIn(table), []);
  });

  it("rejects as a whole, with nothing done, if another process holds the lock", async () => {
    const path = newPath("many.db");
    const [mine, other] = [new DatabaseSync(path), new DatabaseSync(path)];
    mine.exec(`PRAGMA busy_timeout = 0; ${PRODUCTS}`);
    const table = await SqliteTable.open(mine, "products");
    other.exec("BEGIN IMMEDIATE");
    await assert.rejects(
      table.writeMany([{ op: insert("a") }, { op: insert("b") }]),
      (error) => error instanceof RejectedError && error.retriable && error.effect === "none",
    );
    other.exec("COMMIT");
    assert.deepEqual(await idsIn(table), []);
    for (const db of [mine, other]) db.close();
  });
});
