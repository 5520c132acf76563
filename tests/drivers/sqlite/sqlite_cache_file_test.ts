import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { type CachedRows, Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";

const KEY = "k/all";

function entry(name: string): CachedRows {
  return { rows: Rows.from([["a", { name }]]), fetchedAt: 1 };
}

function nameIn(cache: SqliteCache): unknown {
  return cache.get(KEY)?.rows.get("a")?.name;
}

/** Deletes a database file while it is open, as Windows would not let anybody. */
function remove(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
}

const skip = process.platform === "win32" ? "Windows keeps a file that is open" : false;

describe("SqliteCache.open() of a file that has lost its beginning", () => {
  const LOST: Readonly<Record<string, Uint8Array | string>> = {
    "zeros instead of its pages": new Uint8Array(8_192),
    "zeros instead of its first bytes": new Uint8Array([...new Uint8Array(16), ...new TextEncoder().encode("rest")]),
    "few zeros": new Uint8Array(3),
    "the first of its first bytes only": "SQLite f",
  };
  for (const [what, content] of Object.entries(LOST)) {
    it(`sets it aside and begins an empty one: ${what}`, async () => {
      const path = newPath("lost.db");
      writeFileSync(path, content);
      await using cache = await SqliteCache.open(path);
      assert.equal(cache.put(KEY, entry("new"), cache.fence(KEY)), true);
      assert.equal(nameIn(cache), "new");
      assert.deepEqual(readFileSync(`${path}.damaged-1`), Buffer.from(content));
    });
  }
});

describe("A SqliteCache file that is deleted while it is open", { skip }, () => {
  const NOTICED: Readonly<Record<string, (cache: SqliteCache) => unknown>> = {
    "fence()": (cache) => cache.fence(KEY),
    "put()": (cache) => cache.put("other/all", entry("other")),
    "invalidatePrefix()": (cache) => cache.invalidatePrefix("other/"),
    "64 times get()": (cache) => {
      for (let time = 0; time < 64; time++) cache.get("other/all");
    },
  };
  for (const [what, notice] of Object.entries(NOTICED)) {
    it(`is given up for the one in its place: ${what}`, async () => {
      const path = newPath("deleted.db");
      await using one = await SqliteCache.open(path);
      one.put(KEY, entry("old"));
      remove(path);
      await using other = await SqliteCache.open(path);
      other.invalidatePrefix("k/");
      notice(one);
      assert.equal(one.get(KEY), undefined);
      one.put(KEY, entry("new"));
      assert.equal(nameIn(other), "new");
      other.invalidatePrefix("k/");
      assert.equal(one.get(KEY), undefined);
    });
  }

  it("is made again if there is none in its place", async () => {
    const path = newPath("deleted.db");
    await using cache = await SqliteCache.open(path);
    cache.put(KEY, entry("old"));
    remove(path);
    assert.equal(cache.put(KEY, entry("new"), cache.fence(KEY)), true);
    assert.equal(nameIn(cache), "new");
    assert(existsSync(path));
  });

  it("refuses a fence from before", async () => {
    const path = newPath("deleted.db");
    await using cache = await SqliteCache.open(path);
    const fence = cache.fence(KEY);
    remove(path);
    assert.equal(cache.put(KEY, entry("old"), fence), false);
  });

  it("fails every call while it cannot be made again, and closes without an error", async () => {
    const folder = newPath("folder");
    mkdirSync(folder);
    const path = join(folder, "cache.db");
    const cache = await SqliteCache.open(path);
    cache.put(KEY, entry("old"));
    renameSync(folder, `${folder}-moved`);
    assert.throws(() => cache.invalidatePrefix("k/"));
    assert.throws(() => cache.get(KEY));
    mkdirSync(dirname(path));
    assert.equal(cache.put(KEY, entry("new"), cache.fence(KEY)), true);
    renameSync(folder, `${folder}-moved-again`);
    assert.throws(() => cache.fence(KEY));
    await cache.close();
  });
});
