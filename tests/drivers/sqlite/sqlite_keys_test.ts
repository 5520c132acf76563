import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type CachedRows, LiveTable, MemTable, Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";

/** Texts that a store of UTF-8, or one whose texts end at a NUL, may take for one another. */
const ALIKE = [
  "😀",
  "😁",
  "🀀",
  "\ud83d",
  "\ude00",
  "\ude01",
  "\ud83d\ud83d",
  "\ude00\ud83d",
  "\ufffd",
  "\ufffd\ufffd",
  "",
  "\0",
  "\0\0",
  "\0a",
  "\x01",
  "\x01\x01",
  "\x010000",
  "\x010001",
  "\x01d83d",
  "\x01d83d\x01de00",
  "\x011",
  "1",
  "0001",
];

function entry(name: string): CachedRows {
  return { rows: Rows.from([["a", { name }]]), fetchedAt: 1 };
}

function nameOf(found: CachedRows | undefined): unknown {
  return found?.rows.get("a")?.name;
}

describe("SqliteCache", () => {
  it("keeps apart keys that differ in emoji, halves of them, or control characters", async () => {
    await using cache = await SqliteCache.open(new DatabaseSync(":memory:"));
    for (const [at, text] of ALIKE.entries()) cache.put(`k/id/${text}`, entry(`${at}`));
    for (const [at, text] of ALIKE.entries()) assert.equal(nameOf(cache.get(`k/id/${text}`)), `${at}`, `${at}`);
  });

  it("keeps apart scopes that differ in nothing else, also where one is invalidated", async () => {
    await using cache = await SqliteCache.open(new DatabaseSync(":memory:"));
    for (const gone of ALIKE) {
      for (const [at, text] of ALIKE.entries()) cache.put(`${text}/all`, entry(`${at}`));
      const fences = ALIKE.map((text) => cache.fence(`${text}/all`));
      cache.invalidatePrefix(`${gone}/`);
      for (const [at, text] of ALIKE.entries()) {
        const isGone = text === gone;
        assert.equal(nameOf(cache.get(`${text}/all`)), isGone ? undefined : `${at}`);
        assert.equal(cache.fence(`${text}/all`) === fences[at], !isGone);
      }
    }
  });

  it("drops what starts with half an emoji, and nothing else", async () => {
    await using cache = await SqliteCache.open(new DatabaseSync(":memory:"));
    for (const text of ALIKE) cache.put(`k/${text}`, entry(text));
    cache.invalidatePrefix("k/\ud83d");
    for (const text of ALIKE) {
      assert.equal(cache.get(`k/${text}`) === undefined, text.startsWith("\ud83d"), JSON.stringify(text));
    }
  });

  it("gives a LiveTable each of its rows under its own id", async () => {
    await using cache = await SqliteCache.open(new DatabaseSync(":memory:"));
    const rows = ALIKE.map((text, at) => [text, { at }] as const);
    await using table = new LiveTable(new MemTable("faces", { rows }), "faces", cache);
    for (const again of [false, true]) {
      for (const [id, row] of rows) assert.deepEqual(await table.getValue(id), row, `${again}`);
    }
    assert.equal(table.stats().hits, rows.length);
  });
});
