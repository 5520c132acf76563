import { existsSync, readdirSync, statSync } from "node:fs";
import process from "node:process";
import { type LoadFigures, MAX_ENTRIES, MAX_FILE_CACHE_BYTES } from "./load.ts";

/** Everything that must return to where it began. */
export interface Figures extends LoadFigures {
  /** What the heap holds after a collection; of other garbage collectors than V8's nobody knows when they ran. */
  readonly heapBytes: number;
  /** Open files and sockets; 0 where the system does not tell. */
  readonly handles: number;
  /** The size of the cache file, and of what SQLite keeps beside it. */
  readonly fileBytes: number;
}

/** By how much a figure may be above what it was at the beginning, or above nothing at all. */
interface Tolerance {
  readonly name: keyof Figures;
  readonly title: string;
  readonly unit: string;
  readonly divisor: number;
  /** The most that is right at the end, given how it began. */
  readonly most: (begin: Figures) => number;
}

const MIB = 2 ** 20;
/** Caches that were full at the beginning hold other rows in the end, and compilers keep what they have learned. */
const HEAP_TOLERANCE_BYTES = 6 * MIB;
/** SQLite's log has up to 4 MiB before it is written back, and what is deleted leaves room in the file. */
const MAX_FILE_BYTES = 2 * MAX_FILE_CACHE_BYTES + 6 * MIB;

export const TOLERANCES: readonly Tolerance[] = [
  {
    name: "heapBytes",
    title: "heap",
    unit: "MiB",
    divisor: MIB,
    most: ({ heapBytes }) => collect === undefined ? Infinity : heapBytes + HEAP_TOLERANCE_BYTES,
  },
  { name: "handles", title: "handles", unit: "", divisor: 1, most: ({ handles }) => handles },
  { name: "fileBytes", title: "cache file", unit: "MiB", divisor: MIB, most: () => MAX_FILE_BYTES },
  { name: "entries", title: "entries in memory", unit: "", divisor: 1, most: () => MAX_ENTRIES },
  { name: "subscribers", title: "subscribers", unit: "", divisor: 1, most: () => 0 },
  { name: "timers", title: "timers", unit: "", divisor: 1, most: () => 0 },
  { name: "listeners", title: "listeners", unit: "", divisor: 1, most: () => 0 },
  { name: "queued", title: "queued writes", unit: "", divisor: 1, most: () => 0 },
];

/** Collects all garbage, where the process was started so that it can be asked for (`--expose-gc`). */
export const collect: (() => void) | undefined = (globalThis as { readonly gc?: () => void }).gc;

/** How it stands now. */
export async function measureFigures(load: LoadFigures, path: string): Promise<Figures> {
  for (let time = 0; time < 3; time++) {
    // What was let go of is often held by promises that have still to settle.
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect?.();
  }
  const files = ["", "-wal", "-shm"].map((suffix) => path + suffix).filter((file) => existsSync(file));
  return {
    ...load,
    heapBytes: process.memoryUsage().heapUsed,
    handles: existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0,
    fileBytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
  };
}
