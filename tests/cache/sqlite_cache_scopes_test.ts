import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type CachedRows, type Fence, Rows } from "@vantage/live";
import { SqliteCache, type SqliteHandle } from "@vantage/live/cache/sqlite";

/** How many scopes have a row of their own. */
const MAX_SCOPES = 10_000;

function entry(fetchedAt = 1): CachedRows {
  return { rows: Rows.from([["a", { name: "Bun" }]]), fetchedAt };
}

function countScopes(db: DatabaseSync): number {
  return Number(db.prepare("SELECT count(*) AS n FROM vantage_scope").get()?.n);
}

/** The handle, with something happening before each of its statements, as another process might do. */
function interrupted(db: DatabaseSync, before: () => void): SqliteHandle {
  return {
    prepare: (sql) => {
      const statement: ReturnType<SqliteHandle["prepare"]> = db.prepare(sql);
      const runs = (verb: "all" | "get" | "run"): typeof statement.all => (...params) => {
        before();
        return statement[verb](...params);
      };
      return { all: runs("all"), get: runs("get"), run: runs("run") };
    },
    exec: (sql) => db.exec(sql),
    close: () => db.close(),
  };
}

describe("SqliteCache with very many scopes", () => {
  it("stores the entries of a new one, though all others hold entries, and moves no fence", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    for (let scope = 0; scope < MAX_SCOPES; scope++) cache.put(`held_${scope}/all`, entry());
    const elsewhere = cache.fence("held_0/all");
    for (let scope = 0; scope < 20; scope++) {
      const key = `new_${scope}/all`;
      assert.equal(cache.put(key, entry(), cache.fence(key)), true, key);
      assert.notEqual(cache.get(key), undefined, key);
    }
    assert.equal(cache.put("held_0/all", entry(), elsewhere), true);
  });

  it("stores the entry of a new one as it merges others", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    for (let scope = 0; scope < MAX_SCOPES; scope++) cache.invalidatePrefix(`gone_${scope}/`);
    assert.equal(cache.put("new/all", entry(), cache.fence("new/all")), true);
    assert.notEqual(cache.get("new/all"), undefined);
    assert.equal(countScopes(db), 1);
  });

  it("merges those that hold nothing but invalidated entries, none of which is ever valid again", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    cache.put("gone_0/old", entry());
    for (let scope = 0; scope < MAX_SCOPES; scope++) {
      cache.put(`gone_${scope}/all`, entry());
      cache.invalidatePrefix(`gone_${scope}/`);
    }
    cache.put("new/all", entry());
    assert.equal(countScopes(db), 1);
    cache.put("gone_0/all", entry());
    assert.equal(cache.get("gone_0/old"), undefined);
    const total = db.prepare("SELECT entries, bytes FROM vantage_total").get();
    const counted = db.prepare("SELECT count(*) AS entries, sum(length(body)) AS bytes FROM vantage_entry").get();
    assert.deepEqual({ ...total }, { ...counted });
  });

  it("refuses every fence from before or during a merge, once the scope was invalidated as often again", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    const KEY = "k/all";
    const times = 3;
    for (let time = 0; time < times; time++) cache.invalidatePrefix("k/");
    for (let scope = 0; scope < MAX_SCOPES; scope++) cache.invalidatePrefix(`gone_${scope}/`);

    const fences = new Set<Fence>([cache.fence(KEY)]);
    const merging = await SqliteCache.open(interrupted(db, () => void fences.add(cache.fence(KEY))));
    merging.put("new/all", entry());
    assert(countScopes(db) < 10);

    // Whatever the merge has set the scope back to, these many invalidations bring back each of its older counts.
    for (let time = 0; time <= times; time++) {
      cache.invalidatePrefix("k/");
      for (const fence of fences) assert.equal(cache.put(KEY, entry(), fence), false, `${fence}`);
    }
  });
});

describe("SqliteCache.put() that has to make room", () => {
  it("answers that an entry was not stored if that went for room itself", async () => {
    for (const bounds of [{ maxEntries: 1 }, { maxBytes: 100 }]) {
      const cache = await SqliteCache.open(new DatabaseSync(":memory:"), bounds);
      const large: CachedRows = { rows: Rows.from([["a", { name: "x".repeat(60) }]]), fetchedAt: 100 };
      assert.equal(cache.put("k/new", large), true);
      assert.equal(cache.put("k/old", { ...large, fetchedAt: 50 }), false);
      assert.notEqual(cache.get("k/new"), undefined);
      assert.equal(cache.get("k/old"), undefined);
    }
  });

  it("drops what was invalidated before anything that is valid, however old", async () => {
    const cache = await SqliteCache.open(new DatabaseSync(":memory:"), { maxEntries: 20 });
    cache.put("valid/all", entry(1));
    for (let page = 0; page < 19; page++) cache.put(`gone/page_${page}`, entry(100));
    cache.invalidatePrefix("gone/");
    for (let page = 0; page < 19; page++) cache.put(`new/page_${page}`, entry(200));
    assert.notEqual(cache.get("valid/all"), undefined);
    cache.put("new/page_19", entry(200));
    assert.equal(cache.get("valid/all"), undefined);
  });
});
