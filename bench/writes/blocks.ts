/** How long the event loop is held up while writes are accepted, measured in a process of its own. */
import process from "node:process";
import { setImmediate } from "node:timers";
import { fileURLToPath } from "node:url";
import { alone, answer, given } from "./alone.ts";
import { liveWriter } from "./live_writer.ts";
import { offlineWriter } from "./offline_writer.ts";
import { writeMaster } from "./write_master.ts";
import type { Writer } from "./writer.ts";

/** What is measured. */
export interface BlockCase {
  readonly library: "live" | "offline";
  readonly count: number;
  /** How many writes are made in one turn of the event loop, as a handler of an event does. */
  readonly perTurn: number;
  readonly latencyMs: number;
}

/** The longest turns of the event loop, in the best of some rounds. */
export interface Blocks {
  /** In time of the processor: what else the machine does makes no difference. */
  readonly longestCpuMs: number;
  readonly longestMs: number;
}

const WARM_UP = 500;
const ROUNDS = 5;

/** Measures in a new process; `undefined` if it did not end in time. */
export function measureBlocks(block: BlockCase): Promise<Blocks | undefined> {
  return alone(fileURLToPath(import.meta.url), block);
}

async function round(writer: Writer, { count, perTurn, latencyMs }: BlockCase): Promise<Blocks> {
  const master = writeMaster(latencyMs);
  await using open = await writer.open(master, count);
  const done = master.until(count);
  const accepted: Promise<void>[] = [];
  let [longestCpuMs, longestMs, next] = [0, 0, 0];
  let [cpu, at] = [cpuMs(), performance.now()];
  let isDone = false;
  void done.then(() => void (isDone = true));
  while (!isDone) {
    for (let made = 0; made < perTurn && next < count; made++, next++) accepted.push(open.write(next, next));
    await new Promise<void>((resolve) => void setImmediate(resolve));
    const [cpuNow, now] = [cpuMs(), performance.now()];
    longestCpuMs = Math.max(longestCpuMs, cpuNow - cpu);
    longestMs = Math.max(longestMs, now - at);
    [cpu, at] = [cpuNow, now];
  }
  await Promise.all(accepted);
  return { longestCpuMs, longestMs };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

if (import.meta.main) {
  const block = given<BlockCase>();
  const writer = block.library === "live" ? liveWriter() : offlineWriter();
  await round(writer, { ...block, count: WARM_UP });
  const best = { longestCpuMs: Infinity, longestMs: Infinity };
  for (let time = 0; time < ROUNDS; time++) {
    const { longestCpuMs, longestMs } = await round(writer, block);
    best.longestCpuMs = Math.min(best.longestCpuMs, longestCpuMs);
    best.longestMs = Math.min(best.longestMs, longestMs);
  }
  answer(best);
}
