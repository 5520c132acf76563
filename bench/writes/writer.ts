import process from "node:process";
import type { WriteMaster } from "./write_master.ts";

/** A library that accepts writes and brings them to a master. */
export interface Writer {
  readonly name: string;
  /** Opens it over a master, for so many rows. */
  readonly open: (master: WriteMaster, rows: number) => Promise<OpenWriter>;
}

/** A writer that is in use. */
export interface OpenWriter extends AsyncDisposable {
  /** Changes one column of a row. Resolves when the write is accepted: stored, where there is a store. */
  readonly write: (at: number, value: number) => Promise<void>;
}

/** What it took to bring writes to a master. */
export interface Drain {
  readonly acceptMs: number;
  /** From the first write to the last answer of the master. */
  readonly drainMs: number;
  /** The time of the processor meanwhile, which does not depend on what else the machine does. */
  readonly cpuMs: number;
  readonly applied: number;
  readonly mostAtOnce: number;
}

/** Makes a write to each of `count` rows at once, and waits until the master has done them. */
export async function drain(writer: Writer, master: WriteMaster, count: number): Promise<Drain> {
  const { counts } = master;
  const before = counts.applied;
  await using open = await writer.open(master, count);
  const done = master.until(before + count);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const accepted: Promise<void>[] = [];
  for (let at = 0; at < count; at++) accepted.push(open.write(at, at));
  await Promise.all(accepted);
  const acceptMs = performance.now() - startedAt;
  await done;
  const drainMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1_000;
  return { acceptMs, drainMs, cpuMs, applied: counts.applied - before, mostAtOnce: counts.mostAtOnce };
}
