/**
 * For people who write their own caches, tables and streams, and for tests of what is built on them: doubles that inject
 * faults, and a clock that is moved by hand.
 *
 * @module
 */

export { FakeClock, type FakeClockOptions, settle } from "./fake_clock.ts";
export { type FaultMoment, FaultPlan, type Gate } from "./fault_plan.ts";
export { type CacheOp, FaultyCache } from "./faulty_cache.ts";
export { FaultyTable, type TableOp } from "./faulty_table.ts";
