/** How many writes are accepted and brought to the master, each measured in a process of its own. */
import { fileURLToPath } from "node:url";
import { alone, answer, given } from "./alone.ts";
import { IDEAL } from "./ideal_writer.ts";
import { liveWriter } from "./live_writer.ts";
import { offlineWriter } from "./offline_writer.ts";
import { writeMaster } from "./write_master.ts";
import { type Drain, drain, type Writer } from "./writer.ts";

/** The libraries, by a short name. */
const WRITERS: Readonly<Record<Library, () => Writer>> = {
  live: () => liveWriter(),
  offline: () => offlineWriter(),
  ideal: () => IDEAL,
};

/** What brings writes to the master. */
export type Library = "live" | "offline" | "ideal";

/** What is measured. */
export interface RateCase {
  readonly library: Library;
  readonly count: number;
  readonly latencyMs: number;
}

/** Writes until the code is compiled. */
const WARM_UP = 200;
/** Rounds that take less than a second are measured several times; the best counts. */
const [ROUNDS, LONG_MS] = [5, 1_000];

/** Measures in a new process; `undefined` if it did not end in time. */
export function measureRate(rate: RateCase): Promise<Drain | undefined> {
  return alone(fileURLToPath(import.meta.url), rate);
}

if (import.meta.main) {
  const { library, count, latencyMs } = given<RateCase>();
  const writer = WRITERS[library]();
  for (let round = 0; round < 3; round++) await drain(writer, writeMaster(0), WARM_UP);
  let best: Drain | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const measured = await drain(writer, writeMaster(latencyMs), count);
    if (best === undefined || measured.drainMs < best.drainMs) best = measured;
    if (measured.drainMs > LONG_MS) break;
  }
  answer(best);
}
