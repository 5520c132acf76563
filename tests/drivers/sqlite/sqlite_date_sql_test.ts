import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { SqliteTable } from "@vantage/live/sqlite";

describe("The SQL for dates:", () => {
  it("is a short program, in which no expression stands within another again and again", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME)");
    const asked: string[] = [];
    const table = await SqliteTable.open({
      prepare(sql) {
        asked.push(sql);
        return db.prepare(sql);
      },
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
    }, "t");
    await table.where("at", "gt", new Date(0)).orderBy("at").listValues();
    const steps = db.prepare(`EXPLAIN ${asked.at(-1)}`).all();
    assert.ok(steps.length < 1_500, `${steps.length} steps`);
  });
});
