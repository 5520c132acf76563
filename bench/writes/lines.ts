import { blockLines } from "./block_lines.ts";
import { durableLines } from "./durable_lines.ts";
import type { WriteLine } from "./line.ts";
import { rateLines } from "./rate_lines.ts";

/** All lines of the table. */
export const LINES: readonly WriteLine[] = [...rateLines, ...durableLines, ...blockLines];
