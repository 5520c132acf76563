import { existsSync, readdirSync, statSync } from "node:fs";
import process from "node:process";
import { type LoadFigures, MAX_ENTRIES, MAX_FILE_CACHE_BYTES } from "./load.ts";

/** Everything that must return to its initial value. */
export interface Figures extends LoadFigures {
  /** The heap in use after a collection; only known on V8, which can collect on request. */
  readonly heapBytes: number;
  /** Open files and sockets; 0 where the system does not report them. */
  readonly handles: number;
  /** The size of the cache file, including SQLite's log and index beside it. */
  readonly fileBytes: number;
}

/** The upper bound of a figure, relative to its initial value or absolute. */
interface Tolerance {
  readonly name: keyof Figures;
  readonly title: string;
  readonly unit: string;
  readonly divisor: number;
  /** The highest accepted value at the end, given the initial figures. */
  readonly most: (begin: Figures) => number;
}

const MIB = 2 ** 20;
/** Caches that were full initially hold other rows at the end, and compilers keep their profiles. */
const HEAP_TOLERANCE_BYTES = 6 * MIB;
/** SQLite's log grows up to 4 MiB before it is written back, and deleted entries leave free space in the file. */
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

/** Collects all garbage, if the process was started with `--expose-gc`. */
export const collect: (() => void) | undefined = (globalThis as { readonly gc?: () => void }).gc;

/** Measures all figures now. */
export async function measureFigures(load: LoadFigures, path: string): Promise<Figures> {
  for (let time = 0; time < 3; time++) {
    // Released objects are often held by promises that have yet to settle.
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
