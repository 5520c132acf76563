import { table } from "../tables.ts";
import type { Measured, Phase } from "./world.ts";

const COLUMNS = [
  ...[
    "hosts",
    "at rest: reads/s",
    "hits",
    "master reads",
    "Redis: commands, bytes out per read",
    "processor time per read",
  ],
  ...["while rows change: changes/s", "reads/s", "hits", "misses, master reads, rows per change"],
  ...["Redis: bytes in, out per change and host", "failures", "old rows"],
];

/** A table of runs in one mode. */
export function tableOfRuns(runs: readonly Measured[]): string {
  return table(COLUMNS, runs.map(rowOf));
}

function rowOf({ hosts, atRest, whileChanging, violations }: Measured): string[] {
  return [
    `${hosts}`,
    perSecond(atRest.reads, atRest),
    hitRate(atRest),
    `${atRest.masterReads}`,
    `${(atRest.redis.commands / atRest.reads).toFixed(2)}, ${whole(atRest.redis.bytesOut / atRest.reads)}`,
    `${whole(atRest.cpuMs * 1_000 / atRest.reads)} µs`,
    perSecond(whileChanging.changes, whileChanging),
    perSecond(whileChanging.reads, whileChanging),
    hitRate(whileChanging),
    [whileChanging.misses, whileChanging.masterReads, whileChanging.masterRows]
      .map((count) => (count / whileChanging.changes).toFixed(1)).join(", "),
    [whileChanging.redis.bytesIn, whileChanging.redis.bytesOut]
      .map((bytes) => whole(bytes / whileChanging.changes / hosts)).join(", "),
    `${atRest.failures + whileChanging.failures}`,
    `${violations}`,
  ];
}

function hitRate({ hits, misses }: Phase): string {
  return `${(100 * hits / (hits + misses)).toFixed(1)} %`;
}

function perSecond(count: number, { ms }: Phase): string {
  return whole(count * 1_000 / ms);
}

function whole(number: number): string {
  return Math.round(number).toLocaleString("en");
}
