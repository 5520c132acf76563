/** What a host has done since it was opened. */
export interface HostCounts {
  readonly reads: number;
  readonly hits: number;
  readonly misses: number;
  readonly masterReads: number;
  readonly masterRows: number;
  readonly writes: number;
  readonly failures: number;
  readonly violations: number;
  /** Processor time. */
  readonly cpuMs: number;
}

/** What a host answers with. */
export interface HostAnswer {
  readonly counts: HostCounts;
  /** The first violations, in words. */
  readonly examples: readonly string[];
}

const NAMES = [
  "reads",
  "hits",
  "misses",
  "masterReads",
  "masterRows",
  "writes",
  "failures",
  "violations",
  "cpuMs",
] as const;

/** What several hosts have done together. */
export function sumOf(all: readonly HostCounts[]): HostCounts {
  return combined((name) => all.reduce((sum, counts) => sum + counts[name], 0));
}

/** What was done between two counts. */
export function between(before: HostCounts, after: HostCounts): HostCounts {
  return combined((name) => after[name] - before[name]);
}

function combined(count: (name: keyof HostCounts) => number): HostCounts {
  const [
    reads = 0,
    hits = 0,
    misses = 0,
    masterReads = 0,
    masterRows = 0,
    writes = 0,
    failures = 0,
    violations = 0,
    cpuMs = 0,
  ] = NAMES.map(count);
  return { reads, hits, misses, masterReads, masterRows, writes, failures, violations, cpuMs };
}
