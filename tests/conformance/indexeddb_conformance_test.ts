import "fake-indexeddb/auto";
import { cacheConformance, outboxConformance } from "@vantage/live/testing";
import { newCacheHarness, newOutboxHarness } from "../browser/indexeddb_harness.ts";
import { runSuite } from "./run_suite.ts";

// An IndexedDB in memory. tests/browser runs the same in browsers.
runSuite("IndexedDbCache on fake-indexeddb keeps the promises of Cache", cacheConformance, newCacheHarness);
runSuite("IndexedDbOutbox on fake-indexeddb keeps the promises of Outbox", outboxConformance, newOutboxHarness);
