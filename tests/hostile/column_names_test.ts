import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { LiveTable, MemTable, type Row, type Rows, type TableLike } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
// The codec is no entry of the library.
import { decodeRows, encodeRows } from "../../src/cache/codec.ts";
import { skippable } from "../skippable.ts";
import { everyCache } from "./every_cache.ts";
import { harmlessly } from "./intrinsics.ts";

/** Names that are code, or a part of it, to whoever puts them into a text that is run. */
const NAMES: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "then",
  "toString",
  "valueOf",
  "toJSON",
  "get a",
  "return globalThis.polluted=1",
  "a:globalThis.polluted=1,b",
  "]:(globalThis.polluted=1),['x",
  "}});globalThis.polluted=1;({a(){return{b",
  "${globalThis.polluted=1}",
  "`+(globalThis.polluted=1)+`",
  "*/globalThis.polluted=1/*",
  "\u2028globalThis.polluted=1//",
  "<script>alert(1)</script>",
  '"); DROP TABLE truth; --',
  "'; DROP TABLE truth; --",
  '" OR 1=1 OR "',
  '""',
  "[x]",
  "?",
  "?1",
  ":name",
  "@name",
  "$name",
  "%s%n",
  "a/b",
  "view:",
  "rowid",
  "NULL",
  "*",
];

/** What one reads, having written it, from a table whose columns have these names. */
async function exercise(table: LiveTable, row: Row): Promise<void> {
  assert.deepEqual(await table.getValue("a"), row);
  for (const [column, value] of Object.entries(row)) {
    const seen = table.where(column, "eq", value).orderBy(column, "desc");
    for (let time = 0; time < 2; time++) {
      assert.deepEqual((await seen.listValues()).get("a"), row, column);
      assert.equal((await table.where(column, "eq", `not ${value}`).listValues()).size, 0);
      assert.deepEqual(await seen.getValue("a"), row);
    }
  }
  assert.equal((await table.search("DROP").listValues()).size, 1);
}

async function tables(): Promise<Readonly<Record<string, { readonly master: TableLike; readonly row: Row }>>> {
  const row: Row = Object.fromEntries(NAMES.map((name) => [name, `${name} DROP`]));
  const db = new DatabaseSync(":memory:");
  const quoted = NAMES.map((name) => `"${name.replaceAll('"', '""')}" TEXT`);
  db.exec(`CREATE TABLE truth ("id" TEXT PRIMARY KEY NOT NULL, ${quoted.join(", ")})`);
  const sqlite = await SqliteTable.open(db, "truth");
  await sqlite.insertValue("a", row);
  await sqlite.insertValue("b", {});
  return {
    MemTable: { master: new MemTable("truth", { rows: [["a", row], ["b", {}]] }), row },
    SqliteTable: { master: sqlite, row: { id: "a", ...row } },
  };
}

describe("Columns whose names look like code are but names", () => {
  for (const { name, missing, open } of everyCache) {
    skippable(`to a LiveTable over every table and a ${name}`, missing, async () => {
      for (const [kind, { master, row }] of Object.entries(await tables())) {
        const cache = await open();
        const table = new LiveTable(master, kind, cache);
        await exercise(table, row);
        for (const column of NAMES) await table.patchValue("a", { [column]: `${column} DROP again` });
        await exercise(table, { ...row, ...Object.fromEntries(NAMES.map((name) => [name, `${name} DROP again`])) });
        assert(table.stats().hits > NAMES.length);
        assert.equal(table.stats().cacheFailures, 0);
        await table.close();
        await cache[Symbol.asyncDispose]?.();
      }
      assert.equal("polluted" in globalThis, false);
      assert.deepEqual(Object.keys(Object.prototype), []);
    });
  }

  it("to the codec, which makes no code for them however often it meets them", async () => {
    const { MemTable } = await tables();
    const rows = await MemTable?.master.listValues();
    assert(rows !== undefined);
    for (let time = 0; time < 1_000; time++) {
      const decoded: Rows = harmlessly(() => decodeRows(encodeRows(rows)));
      assert.deepEqual(decoded.get("a"), rows.get("a"));
    }
  });
});
