import { type Bundle, LEAST } from "./bundles.ts";
import type { ImportWork } from "./import_probe.ts";
import type { Result } from "./rounds.ts";

/** A target and its measured value. */
export interface Target {
  readonly what: string;
  readonly measured: string;
  readonly wanted: string;
  /** `undefined` if there is no target: the value is shown because it qualifies another one. */
  readonly met?: boolean | undefined;
}

/** The measurements that targets are checked against. */
export interface Measurements {
  readonly results: readonly Result[];
  readonly bundles: readonly Bundle[];
  readonly work: ImportWork;
}

const MAX_MISS_NS = 10_000;
const MAX_LEAST_BYTES = 12_000;
const MAX_REACT_BYTES = 1_500;

/** All targets, met or not. */
export function judge({ results, bundles, work }: Measurements): readonly Target[] {
  return [
    ...memoryHits(results),
    ...sqliteHits(results),
    ...networkHits(results),
    miss(results),
    size(bundles),
    reactSize(bundles),
    importing(work),
  ];
}

function memoryHits(results: readonly Result[]): readonly Target[] {
  const time = timesOf(results, "memory hit, 1000 in a row");
  const hit = time("listValues(), 100 rows");
  const nothing = time("await of nothing");
  return [
    atMost("memory hit of 100 rows, against an `await` of nothing", hit / nothing, 2),
    atLeast("the same, against lru-cache's `fetch`", time("lru-cache: fetch(key)") / hit, 1),
    atLeast("the same, against query-core's `fetchQuery`", time("query-core: fetchQuery()") / hit, 15),
    atMost("the same with a date in each row, which cannot be frozen", time("listValues(), dated") / nothing),
  ];
}

function sqliteHits(results: readonly Result[]): readonly Target[] {
  const time = timesOf(results, "SqliteCache hit, 100 rows");
  const looked = timesOf(results, "SqliteCache hit, 100 rows, each looked at");
  const hit = time("listValues()");
  return [
    atMost("SqliteCache hit of 100 rows, against a get and decode", hit / time("prepared get and decodeRows"), 1.3),
    atLeast("the same, against a get and JSON.parse", time("prepared get and JSON.parse") / hit, 1),
    atLeast("the same, each row looked at", looked("prepared get and JSON.parse") / looked("listValues()"), 1),
  ];
}

function networkHits(results: readonly Result[]): readonly Target[] {
  const time = timesOf(results, "100 rows over loopback HTTP");
  const miss = time("RestTable itself");
  return [
    atLeast("memory hit of 100 rows, against a RestTable over loopback HTTP", miss / time("MemCache, hit")),
    atLeast("the same of SqliteCache", miss / time("SqliteCache, hit")),
  ];
}

function miss(results: readonly Result[]): Target {
  const time = timesOf(results, "miss of 100 rows");
  const cost = time("MemCache, invalidate() and miss") - time("SqliteTable itself");
  return {
    what: "miss of 100 rows in memory with `invalidate()`, against the master itself",
    measured: `${(cost / 1e3).toFixed(1)} µs more`,
    wanted: `at most ${MAX_MISS_NS / 1e3} µs more`,
    met: cost <= MAX_MISS_NS,
  };
}

function size(bundles: readonly Bundle[]): Target {
  const gzipped = bundles.find(({ name }) => name === LEAST)?.gzipped ?? Infinity;
  return {
    what: `${LEAST}: bundled, minified and gzipped`,
    measured: `${(gzipped / 1e3).toFixed(1)} kB`,
    wanted: `at most ${MAX_LEAST_BYTES / 1e3} kB`,
    met: gzipped <= MAX_LEAST_BYTES,
  };
}

function reactSize(bundles: readonly Bundle[]): Target {
  const added = bundles.find(({ name }) => name === "@vantage/live/react")?.added ?? Infinity;
  return {
    what: "the hooks for React, gzipped, besides the core",
    measured: `${(added / 1e3).toFixed(1)} kB`,
    wanted: `at most ${MAX_REACT_BYTES / 1e3} kB`,
    met: added <= MAX_REACT_BYTES,
  };
}

function importing({ called, globals }: ImportWork): Target {
  const work = [...called, ...globals];
  return {
    what: "importing `mod.ts`: timers, listeners, I/O, clock, chance, globals",
    measured: work.length === 0 ? "none; the process ends by itself" : work.join(", "),
    wanted: "none",
    met: work.length === 0,
  };
}

function atMost(what: string, ratio: number, most?: number): Target {
  const measured = `${ratio.toFixed(2)}× the time`;
  return most === undefined
    ? { what, measured, wanted: "" }
    : { what, measured, wanted: `at most ${most}×`, met: ratio <= most };
}

function atLeast(what: string, ratio: number, least?: number): Target {
  const measured = `${ratio < 1_000 ? ratio.toPrecision(3) : Math.round(ratio).toLocaleString("en")}× as fast`;
  return least === undefined
    ? { what, measured, wanted: "" }
    : { what, measured, wanted: `${least === 1 ? "more than" : "at least"} ${least}×`, met: ratio > least };
}

function timesOf(results: readonly Result[], group: string): (name: string) => number {
  return (name) => {
    const result = results.find((candidate) => candidate.group === group && candidate.name === name);
    if (result === undefined) throw new Error(`There is no benchmark "${group}: ${name}"`);
    return result.time;
  };
}
