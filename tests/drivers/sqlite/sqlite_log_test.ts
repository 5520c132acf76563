import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type CachedRows, type Change, Rows } from "@vantage/live";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { SqliteCache } from "@vantage/live/sqlite";
import { defineTracer, type TraceRecord } from "@vantage/live/trace";
import { objectStorage } from "./object_storage.ts";

function updated(id: string, text = ""): Change {
  return { kind: "updated", id, row: { text }, at: 1, cause: "event" };
}

function unfinished(writeId: string): Change {
  return { kind: "updated", id: writeId, at: 1, cause: "write", writeId, outcome: "unknown" };
}

function entry(text = ""): CachedRows {
  return { rows: Rows.from([["a", { text }]]), fetchedAt: 1 };
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

function idsSince(cache: SqliteCache, key: string): string[] | undefined {
  const held = cache.get(key);
  return held && (held.since?.changes ?? []).map(({ change }) => change.kind === "changed" ? "" : change.id);
}

/** The counts that the bounds are checked against are those of what is there. */
function assertCounted(db: DatabaseSync): void {
  const sizes = ["entry", "change", "intent", "scope"].map((table) => `(SELECT total(size) FROM vantage_${table})`);
  assert.equal(numberOf(db, `SELECT bytes - (${sizes.join(" + ")}) FROM vantage_total`), 0, "bytes");
  assert.equal(numberOf(db, `SELECT logged - ${sizes[1]} FROM vantage_total`), 0, "logged");
  const wrong = `SELECT count(*) FROM vantage_scope s WHERE
    entries <> (SELECT count(*) FROM vantage_entry e WHERE e.scope = s.id) OR
    dead <> (SELECT count(*) FROM vantage_entry e WHERE e.scope = s.id AND e.at < s.generation) OR
    changes <> (SELECT count(*) FROM vantage_change c WHERE c.scope = s.id) OR
    intents <> (SELECT count(*) FROM vantage_intent i WHERE i.scope = s.id) OR
    due IS NOT (SELECT min(due_at) FROM vantage_intent i WHERE i.scope = s.id)`;
  assert.equal(numberOf(db, wrong), 0);
}

describe("The log of a SqliteCache", () => {
  it("is counted right through logging, settling, cutting, evicting and invalidating", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxEntries: 20, maxScopes: 5, maxChanges: 7 });
    for (let round = 0; round < 400; round++) {
      const scope = `s${round % 7}/`;
      cache.log(scope, { kind: "change", change: updated(`${round % 3}`, "x".repeat(round % 50)) });
      cache.put(`${scope}${round % 17}`, entry("x".repeat(round % 50)));
      if (round % 3 === 0) cache.log(scope, { kind: "intent", change: unfinished("w"), writeId: "w", dueAt: round });
      if (round % 9 === 0) cache.log(scope, { kind: "settled", writeId: "w" });
      if (round % 10 === 0) cache.invalidatePrefix(`s${round % 8}/`);
      if (round % 20 === 0) cache.log(scope, { kind: "overdue", now: round, spanMs: 1_000 });
      if (round % 35 === 0) cache.invalidatePrefix(`${scope}1`);
      if (round % 70 === 0) cache.invalidatePrefix("s");
      assertCounted(db);
    }
  });

  it("counts again, rather than wait for ever, when its counts turn out to be wrong", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxBytes: 20_000 });
    cache.log("a/", { kind: "intent", change: unfinished("w"), writeId: "w", dueAt: 5 });
    db.exec("UPDATE vantage_total SET bytes = 1000000, logged = 1000000");
    db.exec("UPDATE vantage_scope SET changes = 7, intents = 9, due = 1");
    cache.log("a/", { kind: "change", change: updated("a") });
    assertCounted(db);
    cache.put("a/1", entry());
    assert.equal(cache.get("a/1")?.intentsDueAt, 5);
  });

  it("leaves most of the bytes to entries: its oldest changes go first", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxBytes: 100_000 });
    cache.put("a/1", entry());
    cache.put("b/1", entry());
    for (let count = 0; count < 200; count++) {
      cache.log("a/", { kind: "change", change: updated(`${count}`, "x".repeat(1_000)) });
      assert(numberOf(db, "SELECT logged FROM vantage_total") <= 25_000);
    }
    assert.equal(cache.get("a/1"), undefined, "the log does not reach back to it");
    assert.deepEqual(idsSince(cache, "b/1"), []);
    assertCounted(db);
  });

  it("keeps within the bytes of the cache when it is all that there is", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db, { maxBytes: 3_000 });
    for (let count = 0; count < 50; count++) {
      cache.log("a/", { kind: "change", change: updated(`${count}`, "x".repeat(5_000)) });
      assert(numberOf(db, "SELECT bytes FROM vantage_total") <= 3_000);
      cache.put("a/1", entry(), cache.fence("a/1"));
      assert.deepEqual(idsSince(cache, "a/1"), []);
    }
    assertCounted(db);
  });

  it("takes the oldest of more intents than changes are kept for overdue", async () => {
    const cache = await SqliteCache.open(new DatabaseSync(":memory:"), { maxChanges: 3 });
    cache.put("a/1", entry());
    for (const writeId of ["1", "2", "3", "4", "5"]) {
      cache.log("a/", { kind: "intent", change: unfinished(writeId), writeId, dueAt: 10 - Number(writeId) });
    }
    assert.deepEqual(idsSince(cache, "a/1"), ["1", "2"]);
    assert.equal(cache.get("a/1")?.intentsDueAt, 5);
  });

  it("keeps a scope with intents rather than one without", async () => {
    const cache = await SqliteCache.open(new DatabaseSync(":memory:"), { maxScopes: 3 });
    cache.log("a/", { kind: "intent", change: unfinished("w"), writeId: "w", dueAt: 5 });
    for (let scope = 0; scope < 10; scope++) cache.invalidatePrefix(`s${scope}/`);
    cache.put("a/1", entry());
    assert.equal(cache.get("a/1")?.intentsDueAt, 5);
  });

  it("adds no scope for what moves nothing", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    cache.log("a/", { kind: "settled", writeId: "w" });
    cache.log("a/", { kind: "overdue", now: 5, spanMs: 1_000 });
    assert.equal(numberOf(db, "SELECT count(*) FROM vantage_scope"), 0);
  });

  it("is that of a DurableObjectCache too, also after its storage was emptied", () => {
    const { sql, db } = objectStorage();
    const cache = new DurableObjectCache(sql);
    cache.put("a/1", entry());
    cache.log("a/", { kind: "change", change: updated("b") });
    assert.equal(cache.get("a/1")?.since?.changes[0]?.change.cause, "event");
    for (const table of ["intent", "change", "entry", "scope", "total"]) db.exec(`DROP TABLE vantage_${table}`);
    cache.log("a/", { kind: "change", change: updated("b") });
    assert.equal(cache.get("a/1"), undefined);
  });
});

describe("A record of the log that cannot be decoded", () => {
  const DAMAGE = {
    "of which the end is missing": "substr(body, 1, length(body) - 1)",
    "that goes on after its end": "CAST(body || x'00' AS BLOB)",
    "of other bytes": "x'ff00ff00'",
    "without bytes": "x''",
    "that is no bytes": "'text'",
    "with a tag that names code": `x'${"8401816176816161" + "81d81b82684675" + "6e6374696f6e6178"}'`,
    "that is an entry": "(SELECT e.body FROM vantage_entry e LIMIT 1)",
  };
  for (const [what, sql] of Object.entries(DAMAGE)) {
    it(`ends everything before it, nothing after it, and is traced: ${what}`, async () => {
      const db = new DatabaseSync(":memory:");
      const told: TraceRecord[] = [];
      const sink = {
        enabled: () => true,
        span: () => ({ end: () => {} }),
        event: (record: TraceRecord) => void told.push(record),
      };
      const cache = await SqliteCache.open(db, { tracer: defineTracer(sink) });
      cache.put("a/before", entry());
      cache.put("other/1", entry());
      const before = cache.fence("a/before");
      for (const id of ["0", "1", "2"]) cache.log("a/", { kind: "change", change: updated(id) });
      cache.put("a/after", entry());
      cache.log("a/", { kind: "change", change: updated("3") });
      db.exec(`UPDATE vantage_change SET body = ${sql} WHERE row_id = '1'`);

      assert.deepEqual(idsSince(cache, "a/after"), ["3"]);
      assert.equal(cache.get("a/before"), undefined);
      assert.deepEqual(told.map(({ level, name }) => [level, name]), [["warn", "log dropped"]]);
      assert.equal(cache.get("a/before"), undefined);
      assert.equal(told.length, 1);
      assert.equal(cache.put("a/old", entry(), before), false);
      assert.deepEqual(idsSince(cache, "a/after"), ["3"]);
      assert.deepEqual(idsSince(cache, "other/1"), []);
      assert.equal(cache.put("a/before", entry(), cache.fence("a/before")), true);
      assert.deepEqual(idsSince(cache, "a/before"), []);
    });
  }

  it("was an intent: it ends everything before it once it is overdue", async () => {
    const db = new DatabaseSync(":memory:");
    const cache = await SqliteCache.open(db);
    cache.put("a/1", entry());
    cache.log("a/", { kind: "intent", change: unfinished("w"), writeId: "w", dueAt: 5 });
    db.exec("UPDATE vantage_intent SET body = x'ff'");
    assert.equal(cache.get("a/1")?.intentsDueAt, 5);
    cache.log("a/", { kind: "overdue", now: 5, spanMs: 1_000 });
    assert.equal(cache.get("a/1"), undefined);
  });
});
