import { figure } from "../changes/line.ts";
import { type DurableCase, measureDurable } from "./durable.ts";
import type { WriteLine } from "./line.ts";

const MOST = 1.3;
const CASES: readonly DurableCase[] = [
  { synchronous: "full", atOnce: 1 },
  { synchronous: "normal", atOnce: 1 },
  { synchronous: "full", atOnce: 100 },
];

/** What a durable write costs. */
export const durableLines: readonly WriteLine[] = CASES.map((durable) => ({
  work:
    `durable accept, synchronous = ${durable.synchronous}, ${durable.atOnce} at once, against the bare SQLite insert`,
  reach: `≤ ${MOST}×`,
  measure: async () => {
    const times = await measureDurable(durable);
    if (times === undefined) return { text: "not ready in a minute", met: false };
    const ratio = times.acceptUs / times.insertUs;
    return figure([`${ratio.toFixed(2)}×`, ratio <= MOST], [
      `${times.acceptUs.toFixed(0)} µs against ${times.insertUs.toFixed(0)} µs`,
    ]);
  },
}));
