import { figure } from "../changes/line.ts";
import type { WriteLine } from "./line.ts";
import { AT_ONCE } from "./live_writer.ts";
import { measureRate } from "./rates.ts";
import type { Drain } from "./writer.ts";

const MANY = 10_000;
const MOST = 100_000;
const LEAST_PER_SECOND = 100_000;
/** What counts as linear, in the noise of a machine that others use. */
const LINEAR = 1.25;
const FAR_MS = 5;
const MOST_OF_IDEAL = 1.2;

/** How fast writes are accepted and drained, against what is to be reached. */
export const rateLines: readonly WriteLine[] = [
  {
    work: `accepted and drained in memory, master at 0 ms, ${MANY} writes`,
    reach: `≥ ${LEAST_PER_SECOND} per second`,
    measure: async () => {
      const { drainMs, cpuMs } = await live(MANY, 0);
      const [perSecond, perSecondOfProcessor] = [MANY / drainMs * 1_000, MANY / cpuMs * 1_000];
      return figure(
        [`${Math.round(perSecond)} per second`, Math.max(perSecond, perSecondOfProcessor) >= LEAST_PER_SECOND],
        [`${Math.round(perSecondOfProcessor)} per second of the processor`],
      );
    },
  },
  {
    work: `time of the processor for a write among ${MOST}, against one among ${MANY}`,
    reach: "linear",
    measure: async () => {
      const [most, many] = [await live(MOST, 0), await live(MANY, 0)];
      const ratio = most.cpuMs / MOST / (many.cpuMs / MANY);
      return figure([`${ratio.toFixed(2)}×`, ratio <= LINEAR]);
    },
  },
  {
    work: `${MANY} writes to as many rows, master at ${FAR_MS} ms, ${AT_ONCE} at once, against the ideal`,
    reach: `≤ ${MOST_OF_IDEAL}×, never more at once`,
    measure: async () => {
      const own = await live(MANY, FAR_MS);
      const ideal = ready(await measureRate({ library: "ideal", count: MANY, latencyMs: FAR_MS }));
      const ratio = own.drainMs / ideal.drainMs;
      return figure(
        [`${ratio.toFixed(2)}×`, ratio <= MOST_OF_IDEAL],
        [`${own.mostAtOnce} at once`, own.mostAtOnce <= AT_ONCE],
        [`${own.applied} applied`, own.applied === MANY],
      );
    },
  },
];

async function live(count: number, latencyMs: number): Promise<Drain> {
  return ready(await measureRate({ library: "live", count, latencyMs }));
}

function ready(drain: Drain | undefined): Drain {
  if (drain === undefined) throw new Error("It was not ready in time");
  return drain;
}
