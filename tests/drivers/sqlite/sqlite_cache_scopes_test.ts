import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type CachedRows, type Fence, Rows } from "@vantage/live";
import { SqliteCache, type SqliteHandle } from "@vantage/live/sqlite";

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

describe("SqliteCache with more scopes than it keeps", () => {
  it("stores the entries of a new one, though all others hold entries, and moves no fence", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxScopes: 50 });
    for (let scope = 0; scope < 50; scope++) cache.put(`held_${scope}/all`, entry());
    const elsewhere = cache.fence("held_49/all");
    for (let scope = 0; scope < 20; scope++) {
      const key = `new_${scope}/all`;
      assert.equal(cache.put(key, entry(), cache.fence(key)), true, key);
      assert.notEqual(cache.get(key), undefined, key);
      assert.equal(countScopes(db), 50);
    }
    assert.equal(cache.put("held_49/all", entry(), elsewhere), true);
    assert.equal(cache.get("held_0/all"), undefined);
  });

  it("forgets those that hold nothing first, and keeps no more of them either", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxScopes: 50 });
    cache.put("held/all", entry());
    for (let scope = 0; scope < 200; scope++) cache.invalidatePrefix(`gone_${scope}/${scope % 2 === 0 ? "" : "a"}`);
    assert.equal(countScopes(db), 50);
    for (let scope = 0; scope < 49; scope++) assert.equal(cache.put(`new_${scope}/all`, entry()), true);
    assert.notEqual(cache.get("held/all"), undefined);
    assert.equal(countScopes(db), 50);
  });

  it("drops what was invalidated to forget its scope, none of which is ever valid again", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxScopes: 10 });
    cache.put("held/all", entry());
    for (let scope = 0; scope < 30; scope++) {
      cache.put(`gone_${scope}/all`, entry());
      cache.invalidatePrefix(`gone_${scope}/`);
    }
    assert.notEqual(cache.get("held/all"), undefined);
    for (let scope = 0; scope < 30; scope++) {
      cache.put(`gone_${scope}/new`, entry());
      assert.equal(cache.get(`gone_${scope}/all`), undefined);
    }
  });

  it("keeps the bound though every put is refused", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxScopes: 10 });
    for (let scope = 0; scope < 50; scope++) assert.equal(cache.put(`s${scope}/all`, entry(), "no fence of it"), false);
    assert.equal(countScopes(db), 10);
  });

  it("refuses every fence from before or while a scope was forgotten, however often it was invalidated since", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxScopes: 3 });
    const KEY = "k/all";
    const fences = new Set<Fence>();
    const interrupting = await SqliteCache.open(interrupted(db, () => void fences.add(cache.fence(KEY))), {
      maxScopes: 3,
    });
    for (let round = 0; round < 5; round++) {
      for (let time = 0; time <= round; time++) cache.invalidatePrefix("k/");
      fences.add(cache.fence(KEY));
      for (let scope = 0; scope < 20; scope++) interrupting.invalidatePrefix(`other_${round}_${scope}/`);
      interrupting.put(`new_${round}/all`, entry());
      assert.equal(db.prepare("SELECT 1 FROM vantage_scope WHERE name = 'k/'").get(), undefined);
      cache.invalidatePrefix("k/");
      for (const fence of fences) assert.equal(cache.put(KEY, entry(), fence), false, `${fence}`);
    }
    assert(fences.size > 10);
    assert.equal(cache.put(KEY, entry(), cache.fence(KEY)), true);
  });

  it("has no put and no change that looks at all of them, or at all entries", async () => {
    const db = new DatabaseSync(":memory:");
    const statements = new Set<string>();
    const listening = await SqliteCache.open({
      prepare: (sql) => {
        if (!/^(CREATE|DROP|PRAGMA)/.test(sql)) statements.add(sql);
        return db.prepare(sql);
      },
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
    }, { maxScopes: 20, maxEntries: 20, maxChanges: 5 });
    for (let scope = 0; scope < 60; scope++) {
      listening.put(`s${scope}/all`, entry(), listening.fence(`s${scope}/all`));
      listening.get(`s${scope}/all`);
      listening.put(`big/${scope}`, entry());
      if (scope % 5 === 0) listening.invalidatePrefix(`s${scope}/`);
      if (scope % 10 === 0) listening.invalidatePrefix(`big/${scope}`);
      if (scope % 7 === 0) listening.invalidatePrefix("big/");
      exerciseLog(listening, scope % 2 === 0 ? "big/" : `s${scope}/`);
    }
    assert(statements.size > 10);
    for (const sql of statements) {
      // In the order of the table itself, the first few are read and no more.
      if (sql.includes("ORDER BY id LIMIT")) continue;
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => String(detail));
      const scans = plan.filter((step) =>
        /^SCAN (?!CONSTANT|sqlite_schema|vantage_total|t\b|f$|.* USING (COVERING )?INDEX|s$|\(subquery)/.test(step)
      );
      assert.deepEqual(scans, [], `${sql}: ${plan.join("; ")}`);
      // Of the intents of one scope, those that are overdue are sorted.
      if (!sql.includes("row_number()")) assert(!plan.some((step) => step.includes("TEMP B-TREE")), sql);
    }
  });
});

/** Logs records of every kind. */
function exerciseLog(cache: SqliteCache, scope: string): void {
  const change = { kind: "updated", id: "a", at: 1, cause: "write", writeId: "w1", outcome: "unknown" } as const;
  for (const writeId of ["w1", "w2"]) cache.log(scope, { kind: "intent", change, writeId, dueAt: 2 });
  cache.log(scope, { kind: "change", change, since: cache.fence(scope) });
  cache.log(scope, { kind: "settled", writeId: "w2" });
  cache.log(scope, { kind: "overdue", now: 3, spanMs: 1_000 });
  cache.get(`${scope}all`);
}

describe("SqliteCache.invalidatePrefix() across scopes", () => {
  it("drops the next time what another process has put while it was running", async () => {
    const db = new DatabaseSync(":memory:");
    const other = await SqliteCache.open(db);
    let busy = false;
    const cache = await SqliteCache.open(interrupted(db, () => {
      if (busy) other.put("s/a", entry(), other.fence("s/a"));
    }));
    other.put("s/b", entry());
    busy = true;
    cache.invalidatePrefix("");
    busy = false;
    cache.invalidatePrefix("");
    assert.deepEqual([cache.get("s/a"), cache.get("s/b")], [undefined, undefined]);
  });
});

describe("SqliteCache.put() that has to make room", () => {
  it("never drops the entry that it stores", async () => {
    for (const bounds of [{ maxEntries: 1 }, { maxBytes: 500 }, { maxScopes: 1 }]) {
      const cache = await SqliteCache.open(new DatabaseSync(":memory:"), bounds);
      for (const key of ["k/1", "l/2", "k/1", "k/3", "solo"]) {
        assert.equal(cache.put(key, entry(-1)), true, key);
        assert.notEqual(cache.get(key), undefined, key);
      }
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
