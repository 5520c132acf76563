import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type CachedRows, Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";

const MIB = 2 ** 20;
const MAX_BYTES = MIB / 4;

function entry(bytes: number): CachedRows {
  return { rows: Rows.from([["a", { text: "x".repeat(bytes) }]]), fetchedAt: 1 };
}

/** The same numbers in every run, in no order. */
function scattered(number: number): number {
  return Math.imul(number, 2_654_435_761) >>> 0;
}

describe("The file of a SqliteCache", () => {
  const KINDS: Readonly<Record<string, (number: number) => readonly [key: string, bytes: number]>> = {
    "tiny entries": (number) => [`s/${scattered(number)}`, 0],
    "a scope for each entry": (number) => [`s${scattered(number)}/all`, 0],
    "keys of 1000 bytes": (number) => [`s/${scattered(number)}${"k".repeat(985)}`, 0],
    "keys that need a page": (number) => [`s/${scattered(number)}${"\u20ac".repeat(400)}`, 0],
    "keys of 50 KB": (number) => [`s/${scattered(number)}${"k".repeat(50_000)}`, 0],
    "long names of scopes": (number) => [`${scattered(number)}${"n".repeat(1_500)}/all`, 0],
    "rows of half a page": (number) => [`s/${number}`, 2_020],
    "rows of a quarter of the bound": (number) => [`s/${number}`, MAX_BYTES / 4],
    "rows of any size": (number) => [`s${number % 50}/${scattered(number)}`, scattered(number) % 9_000],
  };
  for (const [what, nth] of Object.entries(KINDS)) {
    it(`stays below twice maxBytes and 1 MiB: ${what}`, async () => {
      const path = newPath("size.db");
      await using cache = await SqliteCache.open(path, { maxBytes: MAX_BYTES });
      let stored = 0;
      for (let number = 0, put = 0; put < 4 * MAX_BYTES && number < 3_000; number++) {
        const [key, bytes] = nth(number);
        if (cache.put(key, entry(bytes))) stored++;
        if (number % 3 === 0) cache.invalidatePrefix(`never held ${number}/`);
        put += bytes + key.length + 100;
      }
      await cache.close();
      const { size } = statSync(path);
      assert(size <= 2 * MAX_BYTES + MIB / 4, `${size} bytes, after ${stored} puts`);
    });
  }

  it("is used: a key of 1000 bytes counts as what it takes in the table and in its index, and no more", async () => {
    await using cache = await SqliteCache.open(new DatabaseSync(":memory:"), { maxBytes: MAX_BYTES });
    const keys = Array.from({ length: 200 }, (_, number) => `s/${scattered(number)}`.padEnd(1_000, "k"));
    for (const key of keys) cache.put(key, entry(0));
    const held = keys.filter((key) => cache.get(key) !== undefined).length;
    assert(held > MAX_BYTES / 2_500, `${held} are held`);
  });

  it("counts scopes that are only invalidated, however long their names", async () => {
    const path = newPath("names.db");
    await using cache = await SqliteCache.open(path, { maxBytes: MAX_BYTES });
    const fence = cache.fence("first/all");
    cache.invalidatePrefix("first/");
    for (let number = 0; number < 300; number++) cache.invalidatePrefix(`${number}${"n".repeat(number * 40)}/`);
    assert.equal(cache.put("first/all", entry(1), fence), false);
    await cache.close();
    assert(statSync(path).size <= 2 * MAX_BYTES + MIB / 4, `${statSync(path).size} bytes`);
  });

  it("has a log beside it that is short again once a reader that took long is done", async () => {
    const path = newPath("log.db");
    await using cache = await SqliteCache.open(path);
    cache.put("s/0", entry(1));
    const reader = new DatabaseSync(path);
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM vantage_entry").get();
    for (let number = 0; number < 100; number++) cache.put("s/0", entry(100_000));
    assert(statSync(`${path}-wal`).size > 8 * MIB);
    reader.exec("COMMIT");
    for (let number = 0; number < 3; number++) cache.put("s/0", entry(1));
    assert(statSync(`${path}-wal`).size <= 4 * MIB, `${statSync(`${path}-wal`).size} bytes`);
    reader.close();
  });
});

describe("SqliteCache in a database that is full", () => {
  it("fails what it cannot store, counts right, and still invalidates", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    for (let number = 0; number < 10; number++) cache.put(`s/${number}`, entry(3_000));
    db.exec("PRAGMA max_page_count = 40");
    let failed = 0;
    for (let number = 10; number < 60; number++) {
      try {
        cache.put(`s/${number}`, entry(3_000));
      } catch {
        failed++;
      }
    }
    assert(failed > 10 && failed < 50, `${failed} failed`);
    const total = db.prepare("SELECT entries, bytes FROM vantage_total").get();
    const counted = db.prepare(`SELECT count(*) AS entries,
      total(size) + (SELECT total(size) FROM vantage_scope) AS bytes FROM vantage_entry`).get();
    assert.deepEqual({ ...total }, { ...counted });
    const fence = cache.fence("s/1");
    assert.notEqual(cache.get("s/1"), undefined);
    cache.invalidatePrefix("s/");
    assert.equal(cache.get("s/1"), undefined);
    assert.equal(cache.put("s/1", entry(1), fence), false);
  });
});

describe("SqliteCache in a database of UTF-16", () => {
  it("drops what starts with a prefix, and nothing else", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec("PRAGMA encoding = 'UTF-16le'");
    const cache = await SqliteCache.open(db);
    // SQLite takes U+FFFE and U+FFFF for U+FFFD there, and orders by bytes: U+E0FF comes after U+10FFFF.
    const letters = ["a", "\u0161", "\u1234", "\u3412", "\u{1f950}", "\ue0ff", "\ufffd", "\ufffe", "\uffff", "\0"];
    const keys = letters.flatMap((one) => letters.map((other) => `s/x${one}${other}`));
    for (const one of letters) {
      for (const key of keys) cache.put(key, entry(1));
      cache.invalidatePrefix(`s/x${one}`);
      for (const key of keys) {
        assert.equal(cache.get(key) === undefined, key.startsWith(`s/x${one}`), JSON.stringify(key));
      }
      for (const key of letters) cache.put(`${key}x/all`, entry(1));
      cache.invalidatePrefix(one);
      for (const key of letters) {
        assert.equal(cache.get(`${key}x/all`) === undefined, key === one, JSON.stringify([key, one]));
      }
    }
  });
});
