import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { InvalidAnswerError } from "@vantage/live";
import { type SqliteHandle, SqliteTable } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";

const ORDERS = `CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, region TEXT);
  INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bob');
  INSERT INTO orders VALUES (1, 1, 'north'), (2, 2, 'south');
  CREATE VIEW t AS SELECT o.id AS number, c.name, o.region FROM orders o JOIN customers c ON c.id = o.customer`;

/** A handle that counts how often it looks for two rows with one id. */
function counting(db: DatabaseSync): { readonly handle: SqliteHandle; readonly looks: () => number } {
  let looks = 0;
  const handle: SqliteHandle = {
    prepare(sql) {
      const statement = db.prepare(sql);
      if (!sql.includes("HAVING")) return statement;
      return {
        setReadBigInts: (on) => statement.setReadBigInts(on),
        all: (...params) => statement.all(...params),
        run: (...params) => statement.run(...params),
        get(...params) {
          looks++;
          return statement.get(...params);
        },
      };
    },
    exec: (sql) => db.exec(sql),
    close: () => db.close(),
  };
  return { handle, looks: () => looks };
}

async function isRefused(table: SqliteTable): Promise<void> {
  await assert.rejects(table.page(1, 1).listValues(), InvalidAnswerError);
  await assert.rejects(table.getCount(), InvalidAnswerError);
  await assert.rejects(table.listValues(), InvalidAnswerError);
}

describe("A view whose idField is to be unique:", () => {
  it("is looked through once for all pages and counts, until the database changes", async () => {
    const path = newPath("uniqueness.sqlite");
    const [db, other] = [new DatabaseSync(path), new DatabaseSync(path)];
    db.exec(ORDERS);
    const { handle, looks } = counting(db);
    const table = await SqliteTable.open(handle, "t", { idField: "number" });
    for (let page = 1; page <= 3; page++) {
      assert.equal(await table.getCount(), 2);
      assert.equal((await table.page(page, 1).listValues()).size, page < 3 ? 1 : 0);
      assert.equal(await table.where("region", "eq", "north").getCount(), 1);
    }
    assert.equal(looks(), 1);
    db.exec("INSERT INTO orders VALUES (3, 1, 'north')");
    assert.equal(await table.getCount(), 3);
    assert.equal(looks(), 2);
    other.exec("INSERT INTO orders VALUES (4, 1, 'north')");
    assert.equal(await table.getCount(), 4);
    assert.equal(await table.page(1, 5).getCount(), 4);
    assert.equal(looks(), 3);
    other.close();
    db.close();
  });

  it("is refused as soon as it is not, whoever made it so", async () => {
    const path = newPath("uniqueness.sqlite");
    const [db, other] = [new DatabaseSync(path), new DatabaseSync(path)];
    db.exec(ORDERS);
    const table = await SqliteTable.open(db, "t", { idField: "name" });
    assert.equal(await table.getCount(), 2);
    other.exec("UPDATE orders SET customer = 1 WHERE id = 2");
    await isRefused(table);
    other.exec("UPDATE orders SET customer = 2 WHERE id = 2");
    assert.equal(await table.getCount(), 2);
    db.exec("DROP VIEW t; CREATE VIEW t AS SELECT 1 AS number, 'Ann' AS name, 'x' AS region FROM orders");
    await isRefused(table);
    other.close();
    db.close();
  });

  it("is not taken for what it was within a transaction that was undone", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec(ORDERS);
    db.exec("UPDATE orders SET customer = 1");
    const table = await SqliteTable.open(db, "t", { idField: "name" });
    await isRefused(table);
    db.exec("BEGIN; UPDATE orders SET customer = id");
    assert.equal(await table.getCount(), 2);
    db.exec("ROLLBACK");
    await isRefused(table);
    db.close();
  });

  it("may be so in a part alone, which is then what is read", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec(ORDERS);
    db.exec("INSERT INTO orders VALUES (3, 1, 'south')");
    const table = await SqliteTable.open(db, "t", { idField: "name" });
    await isRefused(table);
    assert.equal(await table.where("region", "eq", "south").getCount(), 2);
    assert.equal((await table.where("region", "eq", "south").page(1, 1).listValues()).size, 1);
    db.close();
  });

  it("is looked through each time where it changes by itself", async () => {
    for (const changing of ["random() AS n", "datetime('now') AS n", "date() AS n", "strftime('%s') AS n"]) {
      const db = new DatabaseSync(":memory:");
      db.exec(`${ORDERS}; DROP VIEW t; CREATE VIEW within AS SELECT id, ${changing} FROM orders;
        CREATE VIEW t AS SELECT * FROM within`);
      const { handle, looks } = counting(db);
      const table = await SqliteTable.open(handle, "t", { idField: "id" });
      await table.getCount();
      await table.getCount();
      assert.equal(looks(), 2, changing);
      db.close();
    }
  });
});
