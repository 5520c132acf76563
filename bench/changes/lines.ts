import { hitLines } from "./hit_lines.ts";
import type { Line } from "./line.ts";
import { memoryLines } from "./memory_lines.ts";
import { readLines } from "./read_lines.ts";
import { timeLines } from "./time_lines.ts";

/** All lines of the table. */
export const LINES: readonly Line[] = [...hitLines, ...readLines, ...timeLines, ...memoryLines];
