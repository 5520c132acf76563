/**
 * For people who write their own caches, tables and streams, and for tests of what is built on them: conformance suites
 * that need no test framework, doubles that inject faults, and a clock that is moved by hand.
 *
 * @module
 */

export type { Closable, ConformanceCase } from "./conformance/conformance_case.ts";
export { cacheConformance, type CacheHarness, type OpenCache } from "./conformance/cache_conformance.ts";
export { type OpenTable, tableConformance, type TableHarness } from "./conformance/table_conformance.ts";
export { type OpenStream, streamConformance, type StreamHarness } from "./conformance/stream_conformance.ts";
export { FakeClock, type FakeClockOptions, settle } from "./fake_clock.ts";
export { type FaultMoment, FaultPlan, type Gate } from "./fault_plan.ts";
export { type CacheOp, FaultyCache } from "./faulty_cache.ts";
export { FaultyTable, type TableOp } from "./faulty_table.ts";
