/**
 * For authors of caches, outboxes, tables and streams, and for tests of code that uses them: conformance suites that need no test
 * framework, test doubles that inject faults, and a clock that tests advance.
 *
 * @module
 */

export type { Closable, ConformanceCase } from "./conformance/conformance_case.ts";
export { cacheConformance } from "./conformance/cache_conformance.ts";
export type { CacheHarness, OpenCache } from "./conformance/cache_harness.ts";
export { outboxConformance } from "./conformance/outbox_conformance.ts";
export type { OutboxLimits } from "../outbox/outbox_bounds.ts";
export type { OpenOutbox, OutboxHarness } from "./conformance/outbox_harness.ts";
export { type OpenTable, tableConformance, type TableHarness } from "./conformance/table_conformance.ts";
export { type OpenStream, streamConformance, type StreamHarness } from "./conformance/stream_conformance.ts";
export { FakeClock, type FakeClockOptions, settle } from "./fake_clock.ts";
export { type FaultMoment, FaultPlan, type Gate } from "./fault_plan.ts";
export { type CacheOp, FaultyCache } from "./faulty_cache.ts";
export { FaultyTable, type FaultyTableOptions, type TableOp } from "./faulty_table.ts";
