import { type CachedRows, Rows } from "@vantage/live";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { cacheConformance } from "@vantage/live/testing";
import { defineTracer, type TraceRecord } from "@vantage/live/trace";
import { HARNESSES } from "./cache_harnesses.ts";
import { type Deeds, type ObjectClass, objectOf, objectWorker } from "./object_worker.ts";

const DEEDS: Deeds = {
  async conformance({ storage }, parameters) {
    const wanted = cacheConformance.find(({ name }) => name === parameters.get("case"));
    const newHarness = HARNESSES[parameters.get("cache") ?? ""];
    if (wanted === undefined || newHarness === undefined) throw new Error(`There is no such case: ${parameters}`);
    await wanted.run(newHarness(storage.sql));
  },

  /** What a worker without `nodejs_compat` has not. */
  surroundings: () => ({ process: "process" in globalThis, eval: canEval() }),

  put({ storage }, parameters) {
    return new DurableObjectCache(storage.sql).put(parameters.get("key") ?? "", entry(parameters.get("name") ?? ""));
  },
  get({ storage }, parameters) {
    return nameIn(new DurableObjectCache(storage.sql).get(parameters.get("key") ?? ""));
  },
  abort(ctx) {
    ctx.abort("told to");
  },

  bounds({ storage: { sql } }) {
    const cache = new DurableObjectCache(sql, { maxEntries: 3, maxBytes: 5_000 });
    const stored = ["a/1", "a/2", "b/3", "b/4"].map((key, at) => cache.put(key, entry(key, 10 - at)));
    const tooLarge = cache.put("a/5", entry("x".repeat(5_001)));
    return {
      stored,
      tooLarge,
      held: ["a/1", "a/2", "b/3", "b/4", "a/5"].filter((key) => cache.get(key) !== undefined),
    };
  },
  largest({ storage: { sql } }) {
    const cache = new DurableObjectCache(sql);
    const put = (key: string, bytes: number): boolean =>
      cache.put(key, { rows: Rows.from([["a", { bytes: new Uint8Array(bytes) }]]), fetchedAt: 1 });
    const stored = [put("a/1", 1_999_900), put(`a/${"k".repeat(100_000)}`, 1_999_900), put("a/3", 2_000_000)];
    return { stored, held: [cache.get("a/1"), cache.get("a/3")].map((held) => held?.rows.size) };
  },
  async emptied({ storage }) {
    const cache = new DurableObjectCache(storage.sql);
    cache.put("a/all", entry("old"));
    const fence = cache.fence("a/all");
    await storage.deleteAll();
    const held = nameIn(cache.get("a/all"));
    const late = cache.put("a/all", entry("late"), fence);
    const stored = cache.put("a/all", entry("new"), cache.fence("a/all"));
    return { held, late, stored, then: nameIn(cache.get("a/all")) };
  },
  damaged({ storage: { sql } }) {
    const told: TraceRecord[] = [];
    const tracer = defineTracer({
      enabled: () => true,
      span: () => ({ end: () => {} }),
      event: (record) => void told.push(record),
    });
    const cache = new DurableObjectCache(sql, { tracer });
    cache.put("a/1", entry("damaged"));
    cache.put("a/2", entry("kept"));
    sql.exec("UPDATE vantage_entry SET body = x'ff00ff00' WHERE key = 'a/1'");
    const held = [nameIn(cache.get("a/1")), nameIn(cache.get("a/2"))];
    return {
      held,
      told: told.map(({ level, fields }) => `${level} ${fields.key}`),
      ...sql.exec("SELECT count(*) AS left FROM vantage_entry").one(),
    };
  },
  beside({ storage: { sql } }) {
    sql.exec("CREATE TABLE accounts (name TEXT)");
    sql.exec("INSERT INTO accounts VALUES ('Marty')");
    const cache = new DurableObjectCache(sql);
    cache.put("a/1", entry("1"));
    cache.invalidatePrefix("");
    const names = sql.exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE name NOT GLOB '*vantage_*'")
      .toArray();
    return { accounts: sql.exec("SELECT name FROM accounts").toArray(), others: names.map(({ name }) => name) };
  },
};

/** What is kept in the storage of an object. */
export const CacheObject: ObjectClass = objectOf(DEEDS);

export default objectWorker;

function entry(name: string, fetchedAt = 1): CachedRows {
  return { rows: Rows.from([["a", { name }]]), fetchedAt };
}

function nameIn(cached: CachedRows | undefined): unknown {
  return cached?.rows.get("a")?.name ?? null;
}

function canEval(): boolean {
  try {
    return new Function("return true")();
  } catch {
    return false;
  }
}
