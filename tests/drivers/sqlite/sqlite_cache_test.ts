import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type CachedRows, ClosedError, LiveTable, MemTable, Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { defineTracer } from "@vantage/live/trace";
import { newPath } from "../../conformance/temp_folder.ts";
import { Recorder } from "../recorder.ts";

function entry(name: string, fetchedAt = 1): CachedRows {
  return { rows: Rows.from([["a", { name }]]), fetchedAt };
}

function nameIn(cache: SqliteCache, key: string): unknown {
  return cache.get(key)?.rows.get("a")?.name;
}

function held(cache: SqliteCache, keys: readonly string[]): string[] {
  return keys.filter((key) => cache.get(key) !== undefined);
}

/** The counts that the bounds are checked against are those of what is there. */
function assertCounted(db: DatabaseSync): void {
  const total = db.prepare("SELECT entries, scopes, bytes FROM vantage_total").get();
  const counted = db.prepare(`SELECT (SELECT count(*) FROM vantage_entry) AS entries, count(*) AS scopes,
    total(s.size) + (SELECT total(size) FROM vantage_entry) + (SELECT total(size) FROM vantage_change) +
    (SELECT total(size) FROM vantage_intent) AS bytes FROM vantage_scope s`).get();
  assert.deepEqual({ ...total }, { ...counted });
  assert.equal(numberOf(db, "SELECT logged - (SELECT total(size) FROM vantage_change) FROM vantage_total"), 0);
  const wrong = `SELECT count(*) FROM vantage_scope s WHERE
    entries <> (SELECT count(*) FROM vantage_entry e WHERE e.scope = s.id) OR
    dead <> (SELECT count(*) FROM vantage_entry e WHERE e.scope = s.id AND e.at < s.generation) OR
    changes <> (SELECT count(*) FROM vantage_change c WHERE c.scope = s.id) OR
    intents <> (SELECT count(*) FROM vantage_intent i WHERE i.scope = s.id)`;
  assert.equal(numberOf(db, wrong), 0);
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

/** A closed file of some size, whose pages are of every kind: tables, indexes, and pages that hold only bytes. */
async function fullFile(): Promise<string> {
  const path = newPath("full.db");
  await using cache = await SqliteCache.open(path);
  for (let number = 0; number < 60; number++) cache.put(`clients/page_${number}`, entry(`${number} `.repeat(700)));
  cache.invalidatePrefix("orders/");
  for (let number = 0; number < 60; number++) log(cache, `${number}`, "x".repeat(700));
  return path;
}

/** Logs an intent that is never settled, and a change. */
function log(cache: SqliteCache, id: string, text: string): void {
  const change = {
    kind: "updated",
    id,
    row: { text },
    at: 1,
    cause: "write",
    writeId: id,
    outcome: "unknown",
  } as const;
  cache.log("clients/", { kind: "intent", change, writeId: `${id} intended`, dueAt: 2 });
  cache.log("clients/", { kind: "change", change });
}

/** Uses a cache for everything that it can do. */
function exercise(cache: SqliteCache): void {
  for (let number = 0; number < 60; number += 7) cache.get(`clients/page_${number}`);
  log(cache, "exercise", "");
  cache.invalidatePrefix("clients/page_1");
  cache.put("clients/page_1", entry("new"), cache.fence("clients/page_1"));
  assert.equal(nameIn(cache, "clients/page_1"), "new");
  cache.invalidatePrefix("clients/");
  assert.equal(cache.get("clients/page_1"), undefined);
  cache.invalidatePrefix("");
  cache.put("clients/page_2", entry("newer"));
  assert.equal(nameIn(cache, "clients/page_2"), "newer");
}

describe("SqliteCache", () => {
  it("keeps the bound of entries, what was put longest ago going first, whatever time it was", async () => {
    const cache = await SqliteCache.open(new DatabaseSync(":memory:"), { maxEntries: 3 });
    for (const [key, fetchedAt] of [["a/1", 30], ["a/2", 10], ["b/3", 20], ["b/4", 40]] as const) {
      assert.equal(cache.put(key, entry(key, fetchedAt)), true);
    }
    assert.deepEqual(held(cache, ["a/1", "a/2", "b/3", "b/4"]), ["a/2", "b/3", "b/4"]);
    cache.put("a/2", entry("a/2", 5));
    cache.put("a/5", entry("a/5", 1));
    assert.deepEqual(held(cache, ["a/2", "b/3", "b/4", "a/5"]), ["a/2", "b/4", "a/5"]);
  });

  it("keeps what is new, though it was filled while the clock was a day ahead", async () => {
    const path = newPath("clock.db");
    const [day, now] = [86_400_000, 1_700_000_000_000];
    {
      await using cache = await SqliteCache.open(path, { maxEntries: 10 });
      for (let page = 0; page < 10; page++) cache.put(`a/page_${page}`, entry("ahead", now + day));
    }
    await using cache = await SqliteCache.open(path, { maxEntries: 10 });
    const keys = Array.from({ length: 5 }, (_, page) => `b/page_${page}`);
    for (const key of keys) assert.equal(cache.put(key, entry("new", now)), true);
    assert.deepEqual(held(cache, keys), keys);
  });

  it("keeps the bound of bytes, as many entries going as need to", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxBytes: 5_000 });
    const keys = Array.from({ length: 12 }, (_, number) => `a/${number}`);
    for (const [at, key] of keys.entries()) {
      assert.equal(cache.put(key, entry("x".repeat(1_000), at)), true);
      assert(numberOf(db, "SELECT sum(size) FROM vantage_entry") <= 5_000);
    }
    assert.deepEqual(held(cache, keys), keys.slice(-4));
    cache.put("a/large", entry("x".repeat(3_200), 100));
    assert.deepEqual(held(cache, [...keys, "a/large"]), ["a/11", "a/large"]);
  });

  it("does not keep an entry that is larger than all may be, and drops none for it", async () => {
    const cache = await SqliteCache.open(new DatabaseSync(":memory:"), { maxBytes: 5_000 });
    cache.put("a/1", entry("small"));
    for (
      const [key, size] of [["a/2", 5_001], ["a/3", 4_900], [`a/${"k".repeat(2_500)}`, 1], [
        `${"k".repeat(2_500)}/a`,
        1,
      ]] as const
    ) {
      assert.equal(cache.put(key, entry("x".repeat(size))), false);
    }
    assert.deepEqual(held(cache, ["a/1", "a/2", "a/3"]), ["a/1"]);
  });

  it("counts entries, scopes and bytes right through overwriting, evicting and invalidating", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxEntries: 20, maxScopes: 5 });
    for (let round = 0; round < 400; round++) {
      cache.put(`s${round % 7}/${round % 17}`, entry("x".repeat(round % 50)));
      if (round % 10 === 0) cache.invalidatePrefix(`s${round % 8}/`);
      if (round % 35 === 0) cache.invalidatePrefix(`s${round % 7}/1`);
      if (round % 90 === 0) cache.invalidatePrefix("");
      if (round % 50 === 0) cache.put(`solo${round}`, entry("x"));
      if (round % 70 === 0) cache.invalidatePrefix("s");
      assertCounted(db);
    }
  });

  it("counts again, rather than wait for ever, when its counts turn out to be wrong", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxEntries: 5, maxBytes: 2_000 });
    db.exec("UPDATE vantage_total SET entries = 1000000, bytes = 1000000");
    for (const key of ["a/1", "a/2", "a/3"]) {
      assert.equal(cache.put(key, entry(key)), true);
      assert.deepEqual(held(cache, ["a/1", "a/2", key]).at(-1), key);
      assertCounted(db);
    }
    db.exec("UPDATE vantage_scope SET entries = 7, dead = 9");
    db.exec("UPDATE vantage_total SET scopes = 1000000");
    cache.invalidatePrefix("b/");
    assertCounted(db);
  });

  for (const bound of ["maxEntries", "maxScopes", "maxBytes"] as const) {
    it(`refuses a ${bound} that is no whole number of at least 1`, async () => {
      for (const value of [0, -1, 1.5, NaN, Infinity]) {
        const opening = SqliteCache.open(newPath("bounds.db"), { [bound]: value });
        await assert.rejects(opening, { name: "RangeError", message: new RegExp(bound) });
      }
    });
  }

  it("invalidates a scope by changing one row, whatever it holds", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    const keys = Array.from({ length: 500 }, (_, number) => `clients/page_${number}`);
    for (const key of keys) cache.put(key, entry(key));
    cache.put("orders/page_1", entry("kept"));

    const before = numberOf(db, "SELECT total_changes()");
    cache.invalidatePrefix("clients/");
    assert.equal(numberOf(db, "SELECT total_changes()") - before, 1);
    assert.deepEqual(held(cache, keys), []);
    assert.equal(nameIn(cache, "orders/page_1"), "kept");
    assert.equal(numberOf(db, "SELECT count(*) FROM vantage_entry"), 501);
  });

  it("clears invalidated entries away little by little, as new ones of the scope are put", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    for (let number = 0; number < 100; number++) cache.put(`clients/old_${number}`, entry("old"));
    cache.invalidatePrefix("clients/");
    let left = 100;
    for (let number = 0; left > 0; number++) {
      cache.put(`clients/new_${number}`, entry("new"));
      const old = numberOf(db, "SELECT count(*) FROM vantage_entry WHERE key LIKE 'clients/old%'");
      assert(old < left && left - old <= 16, `one put cleared ${left - old} entries away`);
      left = old;
    }
  });

  it("serves a LiveTable that starts again without asking the master", async () => {
    const path = newPath("warm.db");
    const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
    for (const expected of [1, 0, 0]) {
      await using cache = await SqliteCache.open(path);
      await using products = new LiveTable(master, "products", cache);
      assert.deepEqual((await products.listValues()).get("a"), { name: "Bun" });
      assert.equal(products.stats().masterReads, expected);
    }
  });
});

describe("SqliteCache.open()", () => {
  it("makes the file if it is missing, and takes an empty one", async () => {
    const [missing, empty] = [newPath("missing.db"), newPath("empty.db")];
    writeFileSync(empty, "");
    for (const path of [missing, empty]) {
      await using cache = await SqliteCache.open(path);
      exercise(cache);
    }
    assert(existsSync(missing));
  });

  it("may be called several times at once for a file that is not there yet", async () => {
    const path = newPath("at-once.db");
    const caches = await Promise.all(Array.from({ length: 5 }, () => SqliteCache.open(path)));
    for (const [at, cache] of caches.entries()) cache.put(`a/${at}`, entry(`${at}`));
    for (const cache of caches) assert.equal(held(cache, ["a/0", "a/1", "a/2", "a/3", "a/4"]).length, 5);
    await Promise.all(caches.map((cache) => cache.close()));
  });

  it("refuses a folder with a TypeError that names it", async () => {
    const path = newPath("folder.db");
    mkdirSync(path);
    await assert.rejects(SqliteCache.open(path), (error) => error instanceof TypeError && error.message.includes(path));
    assert(statSync(path).isDirectory());
  });

  it("refuses a path in a folder that is not there with a TypeError that names both", async () => {
    const folder = newPath("nowhere");
    const path = join(folder, "cache.db");
    await assert.rejects(
      SqliteCache.open(path),
      (error) => error instanceof TypeError && error.message.includes(`no folder "${folder}"`),
    );
  });

  it("refuses a file that is no SQLite database with a TypeError that names it, and leaves it as it was", async () => {
    for (const content of ["hello", "SQLite format 4\0 and more", "x".repeat(20_000)]) {
      const path = newPath("letter.txt");
      writeFileSync(path, content);
      const opening = SqliteCache.open(path);
      await assert.rejects(opening, (error) => error instanceof TypeError && error.message.includes(path));
      assert.equal(readFileSync(path, "utf8"), content);
      assertAlone(path);
    }
  });

  it("refuses a database of something else with a TypeError that names it, and leaves it as it was", async () => {
    const path = newPath("accounts.db");
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT)");
    db.exec("INSERT INTO accounts VALUES (1, 'Marty')");
    db.close();
    const before = readFileSync(path);
    const opening = SqliteCache.open(path);
    await assert.rejects(opening, (error) => error instanceof TypeError && error.message.includes(path));
    assert.deepEqual(readFileSync(path), before);
    assertAlone(path);
  });

  it("replaces the tables of another version of itself", async () => {
    const path = newPath("version.db");
    await using before = await SqliteCache.open(path);
    before.put("a/all", entry("old"));
    await before.close();
    const db = new DatabaseSync(path);
    for (const table of ["intent", "change", "entry", "scope", "total"]) db.exec(`DROP TABLE vantage_${table}`);
    db.exec("CREATE TABLE vantage_total (one INTEGER, version INTEGER NOT NULL CHECK (version = 99))");
    db.exec("CREATE TABLE vantage_entry (key TEXT, content BLOB)");
    db.close();
    await using cache = await SqliteCache.open(path);
    assert.equal(cache.get("a/all"), undefined);
    exercise(cache);
  });

  it("leaves the tables of the handle that it is given alone, and closes it never", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec("CREATE TABLE accounts (name TEXT); INSERT INTO accounts VALUES ('Marty')");
    const cache = await SqliteCache.open(db);
    exercise(cache);
    await cache.close();
    await cache.close();
    assert.equal(numberOf(db, "SELECT count(*) FROM accounts WHERE name = 'Marty'"), 1);
    const others = numberOf(db, "SELECT count(*) FROM sqlite_schema WHERE name NOT GLOB '*vantage_*'");
    assert.equal(others, 1, "what the cache made is named vantage_…");
  });
});

describe("SqliteCache.close()", () => {
  it("may be called again, and lets go of the file", async () => {
    const path = newPath("closed.db");
    const cache = await SqliteCache.open(path);
    cache.put("a/all", entry("kept"));
    await Promise.all([cache.close(), cache.close()]);
    await cache.close();
    await cache[Symbol.asyncDispose]();
    assertAlone(path);
  });

  it("makes every call a ClosedError", async () => {
    for (const storage of [newPath("closed.db"), new DatabaseSync(":memory:")]) {
      const cache = await SqliteCache.open(storage);
      await cache.close();
      assert.throws(() => cache.get("a/all"), ClosedError);
      assert.throws(() => cache.fence("a/all"), ClosedError);
      assert.throws(() => cache.put("a/all", entry("late")), ClosedError);
      assert.throws(() => cache.invalidatePrefix("a/"), ClosedError);
    }
  });
});

describe("A SqliteCache entry that cannot be decoded", () => {
  const DAMAGE = {
    "of which the end is missing": "substr(body, 1, length(body) - 1)",
    "that goes on after its end": "CAST(body || x'00' AS BLOB)",
    "of other bytes": "x'ff00ff00'",
    "without bytes": "x''",
    "that is no bytes": "'text'",
    "with a tag that names code": `x'${"8401816176816161" + "81d81b82684675" + "6e6374696f6e6178"}'`,
  };
  it("is traced without what its view was asked for", async () => {
    const db = new DatabaseSync(":memory:");
    const tracer = new Recorder();
    const cache = await SqliteCache.open(db, { tracer: defineTracer(tracer) });
    const master = new MemTable("p", { rows: [["a", { token: "hunter2" }]] });
    await new LiveTable(master, "p", cache).where({ token: "hunter2" }).listValues();
    db.exec("UPDATE vantage_entry SET body = x''");
    await new LiveTable(master, "p", cache).where({ token: "hunter2" }).listValues();
    assert.equal(tracer.told.length, 1);
    assert.match(String(tracer.told[0]?.fields.key), /^p\/view:#[0-9a-f]{8}\/all$/);
  });

  for (const [what, sql] of Object.entries(DAMAGE)) {
    it(`is a miss, is dropped, and is traced: ${what}`, async () => {
      const db = new DatabaseSync(":memory:");
      const tracer = new Recorder();
      const cache = await SqliteCache.open(db, { tracer: defineTracer(tracer) });
      cache.put("a/1", entry("damaged"));
      cache.put("a/2", entry("kept"));
      db.exec(`UPDATE vantage_entry SET body = ${sql} WHERE key = 'a/1'`);

      assert.equal(cache.get("a/1"), undefined);
      assert.equal(numberOf(db, "SELECT count(*) FROM vantage_entry"), 1);
      assert.equal(nameIn(cache, "a/2"), "kept");
      const [told, ...more] = tracer.told;
      assert.deepEqual(more, []);
      assert.equal(told?.level, "warn");
      assert.equal(told?.fields.key, "a/1");
      assert.equal(cache.put("a/1", entry("new"), cache.fence("a/1")), true);
      assert.equal(nameIn(cache, "a/1"), "new");
    });
  }
});

describe("A SqliteCache file that is damaged", () => {
  it("is set aside and replaced, whichever of its pages it is", async () => {
    const original = await fullFile();
    const pageSize = numberOf(new DatabaseSync(original), "PRAGMA page_size");
    const pages = statSync(original).size / pageSize;
    assert(pages > 20);
    let replaced = 0;
    for (let page = 0; page < pages; page++) {
      const path = newPath(`page-${page}.db`);
      cpSync(original, path);
      // The beginning of the first page says that this is an SQLite database, and ours.
      overwrite(path, page === 0 ? 100 : page * pageSize, (page + 1) * pageSize);
      await using cache = await SqliteCache.open(path);
      exercise(cache);
      if (existsSync(`${path}.damaged-1`)) replaced++;
    }
    assert(replaced > 3, `${replaced} of ${pages} files were replaced`);
  });

  it("is set aside and replaced wherever it ends too early", async () => {
    const original = await fullFile();
    const { size } = statSync(original);
    for (const length of [16, 50, 100, 512, 4_096, 5_000, 3 * 4_096, size / 2, size - 1]) {
      const path = newPath(`first-${length}.db`);
      cpSync(original, path);
      truncateSync(path, length);
      await using cache = await SqliteCache.open(path);
      exercise(cache);
    }
  });

  it("is kept under another name, and told of", async () => {
    const path = await fullFile();
    overwrite(path, 4_096, statSync(path).size);
    const damaged = readFileSync(path);
    const tracer = new Recorder();
    await using cache = await SqliteCache.open(path, { tracer: defineTracer(tracer) });
    exercise(cache);
    assert.deepEqual(readFileSync(`${path}.damaged-1`), damaged);
    assert.deepEqual(tracer.told.map(({ level }) => level), ["warn"]);
  });

  it("is kept four times at the most", async () => {
    const path = await fullFile();
    const copy = newPath("copy.db");
    cpSync(path, copy);
    for (let time = 0; time < 6; time++) {
      cpSync(copy, path);
      overwrite(path, 4_096, statSync(path).size);
      await using cache = await SqliteCache.open(path);
      exercise(cache);
    }
    const kept = [1, 2, 3, 4, 5, 6, 7].filter((number) => existsSync(`${path}.damaged-${number}`));
    assert.deepEqual(kept, [1, 2, 3, 4]);
  });

  it("is given up by everybody who has it open, so that all still hear of each other's invalidations", async () => {
    const path = await fullFile();
    await using one = await SqliteCache.open(path);
    await using other = await SqliteCache.open(path);
    assert.notEqual(other.get("clients/page_1"), undefined);
    const { size } = statSync(path);
    // What the last pages hold depends on the sizes of all records.
    overwrite(path, size - 4 * 4_096, size);
    for (let number = 59; number > 0; number--) one.get(`clients/page_${number}`);
    assert(existsSync(`${path}.damaged-1`));
    one.invalidatePrefix("clients/");
    assert.equal(other.get("clients/page_1"), undefined);
    other.put("clients/page_1", entry("of the other"));
    assert.equal(nameIn(one, "clients/page_1"), "of the other");
    one.invalidatePrefix("clients/");
    assert.equal(other.get("clients/page_1"), undefined);
    assert.equal(existsSync(`${path}.damaged-2`), false);
  });

  it("fails no read of a LiveTable", async () => {
    const path = newPath("live.db");
    const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
    {
      await using cache = await SqliteCache.open(path);
      await using products = new LiveTable(master, "products", cache);
      await products.listValues();
    }
    overwrite(path, 4_096, statSync(path).size);
    await using cache = await SqliteCache.open(path);
    await using products = new LiveTable(master, "products", cache);
    assert.deepEqual((await products.listValues()).ids(), ["a"]);
    assert.deepEqual((await products.listValues()).ids(), ["a"]);
    assert.equal(products.stats().masterReads, 1);
  });
});

describe("A SqliteCache file that several processes use at once", () => {
  it("may be made by all of them at the same moment", async () => {
    const args = [newPath("new.db"), newPath("no-master.db"), "0", "0", "60"];
    const workers = await Promise.all([1, 2, 3].map(() => startWorker(...args)));
    const counted = await Promise.all(workers.map((worker) => worker.go()));
    assert.deepEqual(counted.map(({ opened }) => opened), [60, 60, 60]);
  });

  it("serves nobody what was invalidated before", async () => {
    const [cachePath, masterPath] = [newPath("shared.db"), newPath("master.db")];
    const master = new DatabaseSync(masterPath);
    master.exec("PRAGMA journal_mode = WAL");
    master.exec("CREATE TABLE truth (scope TEXT PRIMARY KEY, version INTEGER NOT NULL, settled INTEGER NOT NULL)");
    master.exec("INSERT INTO truth VALUES ('clients/', 0, 0), ('orders/', 0, 0)");
    master.close();

    const rounds = 600;
    const workers = await Promise.all(
      ["1", "2", "3"].map((seed) => startWorker(cachePath, masterPath, `${rounds}`, seed)),
    );
    const counted = await Promise.all(workers.map((worker) => worker.go()));
    const sum = (name: keyof Counts): number => counted.reduce((total, counts) => total + counts[name], 0);
    assert.equal(sum("violations"), 0);
    assert.equal(sum("reads") + sum("writes"), 3 * rounds);
    assert.equal(sum("hits") + sum("fills") + sum("refused"), sum("reads"));
    // Without these, nothing would have been tried.
    assert(sum("hits") > 0 && sum("fills") > 0 && sum("writes") > 0, JSON.stringify(counted));
  });
});

interface Counts {
  readonly opened: number;
  readonly reads: number;
  readonly hits: number;
  readonly fills: number;
  readonly refused: number;
  readonly writes: number;
  readonly violations: number;
}

/** A worker that waits to be told to go. */
async function startWorker(...args: readonly string[]): Promise<{ readonly go: () => Promise<Counts> }> {
  const script = fileURLToPath(new URL("./sqlite_cache_worker.ts", import.meta.url));
  const runtime = "Deno" in globalThis ? ["run", "-A", "--no-check", script] : [script];
  const child = spawn(process.execPath, [...runtime, ...args], {
    cwd: dirname(script),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  return {
    go: async () => {
      child.stdin.end("go");
      const { value } = await lines.next();
      return JSON.parse(value ?? "the worker failed");
    },
  };
}

function overwrite(path: string, from: number, to: number): void {
  const content = readFileSync(path);
  writeFileSync(path, content.fill(0xa5, from, to));
}

/** Nothing was left beside the file. */
function assertAlone(path: string): void {
  for (const suffix of ["-wal", "-shm", "-journal", ".damaged-1"]) assert.equal(existsSync(path + suffix), false);
}
