import { describe } from "node:test";
import { DenoKvCache, DenoKvOutbox } from "@vantage/live/deno-kv";
import { cacheConformance, outboxConformance } from "@vantage/live/testing";
// The keys of the database are no part of the library.
import { escapeKeyPart } from "../../src/cache/cache_key.ts";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";
import { newPath } from "./temp_folder.ts";

const CACHE = "DenoKvCache in a file keeps the promises of Cache";
const OUTBOX = "DenoKvOutbox in a file keeps the promises of Outbox";
const BOUNDS = { maxEntries: 1_000, maxAnswers: 10, maxAnswerAgeMs: 60_000 };
const MAX_BYTES = 8_000_000;

if ("Deno" in globalThis) {
  runSuite(CACHE, cacheConformance, () => {
    const path = newPath("kv.db");
    return {
      keeps: true,
      persistent: true,
      copies: true,
      maxChanges: 20,
      open: async () => {
        const cache = await DenoKvCache.open(path, { maxChanges: 20 });
        return { cache, close: () => cache.close() };
      },
    };
  });
  runSuite(OUTBOX, outboxConformance, () => {
    const path = newPath("kv.db");
    return {
      persistent: true,
      bounds: BOUNDS,
      maxWriteBytes: MAX_BYTES,
      open: async () => {
        const outbox = await DenoKvOutbox.open(path, { ...BOUNDS, maxBytes: MAX_BYTES });
        return { outbox, close: () => outbox.close() };
      },
      damage: async (queue, id) => {
        using kv = await Deno.openKv(path);
        const { value } = await kv.get<number>(["vantage_outbox", "id", escapeKeyPart(queue), id]);
        const key = ["vantage_outbox", "body", escapeKeyPart(queue), value ?? 0];
        const { versionstamp } = await kv.get(key);
        if (versionstamp === null) throw new Error("There is no such entry");
        await kv.set(key, new Uint8Array([255, 0]));
      },
    };
  });
} else {
  for (const title of [CACHE, OUTBOX]) {
    describe(title, () => skippable("is tried with every case", "Deno KV is only in Deno", () => {}));
  }
}
