import { describe } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { cacheConformance, type ConformanceCase, outboxConformance } from "@vantage/live/testing";
import { serve } from "../server/serve.ts";
import { skippable } from "../skippable.ts";
import { bundle } from "./bundle.ts";
import { NO_BROWSER, openChromium } from "./chromium.ts";
import { NO_FIREFOX, openFirefox } from "./firefox.ts";
import { newCacheHarness, newOutboxHarness } from "./indexeddb_harness.ts";
import type { CaseResult } from "./indexeddb_page.ts";
import { type OpenBrowser, seenIn } from "./tabs.ts";
import { NO_WEBKIT, openWebkit } from "./webkit.ts";

const PAGE =
  '<!DOCTYPE html><title>Conformance</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/** What became of every case in a browser, by name. */
async function resultsIn(open: (folder: string) => Promise<OpenBrowser>): Promise<ReadonlyMap<string, CaseResult>> {
  const script = fileURLToPath(new URL("./indexeddb_page.ts", import.meta.url));
  const [code] = (await bundle({ entryPoints: [script] })).values();
  const served = await serve((request) => {
    const isScript = new URL(request.url).pathname === "/page.js";
    const headers = { "content-type": isScript ? "text/javascript" : "text/html" };
    return Promise.resolve(new Response(isScript ? code : PAGE, { headers }));
  });
  try {
    const results: readonly CaseResult[] = JSON.parse(String(await seenIn(open, served.url)));
    return new Map(results.map((result) => [result.name, result]));
  } finally {
    await served.close();
  }
}

const ENGINES = [
  ["Chromium", NO_BROWSER, openChromium],
  ["Firefox", NO_FIREFOX, openFirefox],
  ["WebKit", NO_WEBKIT, openWebkit],
] as const;

for (const [engine, reason, open] of ENGINES) {
  describe(`IndexedDB in ${engine}`, () => {
    if (reason !== undefined) return skippable("keeps the promises of Cache and Outbox", reason, () => {});
    let running: Promise<ReadonlyMap<string, CaseResult>> | undefined;
    const cases = <Harness>(suite: readonly ConformanceCase<Harness>[], newHarness: () => Harness): void => {
      for (const { name, skip } of suite) {
        skippable(name, skip?.(newHarness()), async () => {
          const result = (await (running ??= resultsIn(open))).get(name);
          assert(result !== undefined, "the case was not run");
          assert.equal(result.error, undefined);
        });
      }
    };
    cases(cacheConformance, newCacheHarness);
    cases(outboxConformance, newOutboxHarness);
  });
}
