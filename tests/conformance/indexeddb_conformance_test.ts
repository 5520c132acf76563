import "fake-indexeddb/auto";
import { cacheConformance } from "@vantage/live/testing";
import { newCacheHarness } from "../browser/indexeddb_harness.ts";
import { runSuite } from "./run_suite.ts";

// An IndexedDB in memory. tests/browser runs the same in browsers.
runSuite("IndexedDbCache on fake-indexeddb keeps the promises of Cache", cacheConformance, newCacheHarness);
