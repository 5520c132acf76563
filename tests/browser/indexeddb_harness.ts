import { IndexedDbCache, IndexedDbOutbox } from "@vantage/live/indexeddb";
import type { CacheHarness, OutboxHarness } from "@vantage/live/testing";
// How things are stored is no part of the library.
import { answerOf, requestDatabase } from "../../src/drivers/indexeddb/indexeddb_api.ts";
import { databaseName } from "../../src/drivers/indexeddb/indexeddb_database.ts";

const MAX_CHANGES = 20;
/** On a busy machine a disk takes its time. */
const TIMEOUT_MS = 60_000;

let made = 0;

/** A cache of a case of its own. */
export function newCacheHarness(): CacheHarness {
  const name = `cache ${++made}`;
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: MAX_CHANGES,
    open: async () => {
      const cache = await IndexedDbCache.open(name, { maxChanges: MAX_CHANGES, timeoutMs: TIMEOUT_MS });
      if (cache.storage !== "indexeddb") throw new Error("The database cannot be opened");
      return { cache, close: () => cache.close() };
    },
  };
}

const BOUNDS = { maxEntries: 1_000, maxAnswers: 10, maxAnswerAgeMs: 60_000 };

/** An outbox of a case of its own. */
export function newOutboxHarness(): OutboxHarness {
  const name = `outbox ${++made}`;
  return {
    persistent: true,
    bounds: BOUNDS,
    open: async () => {
      const outbox = await IndexedDbOutbox.open(name, { ...BOUNDS, durability: "relaxed", timeoutMs: TIMEOUT_MS });
      return { outbox, close: () => outbox.close() };
    },
    damage: async (queue, id) => {
      const handle = await answerOf(requestDatabase(databaseName(name, "outbox")));
      const transaction = handle.transaction(["entries"], "readwrite", { durability: "relaxed" });
      const entries = transaction.objectStore("entries");
      const entry = await answerOf(entries.index("id").get([queue, id]));
      entries.put({ ...Object(entry), write: "damaged" });
      await new Promise<void>((resolve) => transaction.oncomplete = resolve);
      handle.close();
    },
  };
}
