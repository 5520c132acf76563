import { figure } from "../changes/line.ts";
import { type BlockCase, measureBlocks } from "./blocks.ts";
import type { WriteLine } from "./line.ts";

const MANY = 10_000;
const PER_TURN = 100;
const MOST_MS = 10;

/** How long the event loop is held up. */
export const blockLines: readonly WriteLine[] = [0, 5].map((latencyMs) => ({
  work:
    `longest turn of the event loop while ${MANY} writes are accepted, ${PER_TURN} a turn, master at ${latencyMs} ms`,
  reach: `≤ ${MOST_MS} ms`,
  measure: async () => {
    const block: BlockCase = { library: "live", count: MANY, perTurn: PER_TURN, latencyMs };
    const blocks = await measureBlocks(block);
    if (blocks === undefined) return { text: "not ready in a minute", met: false };
    const { longestCpuMs, longestMs } = blocks;
    // The time includes what else the machine does, and that of the processor what its other threads do meanwhile.
    const isMet = Math.min(longestCpuMs, longestMs) <= MOST_MS;
    return figure([`${longestMs.toFixed(1)} ms`, isMet], [`${longestCpuMs.toFixed(1)} ms of the processor`]);
  },
}));
