import { describe } from "node:test";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { cacheConformance } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";
import { newPath } from "./temp_folder.ts";

const TITLE = "DenoKvCache in a file keeps the promises of Cache";

if ("Deno" in globalThis) {
  runSuite(TITLE, cacheConformance, () => {
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
} else {
  describe(TITLE, () => skippable("is tried with every case", "Deno KV is only in Deno", () => {}));
}
