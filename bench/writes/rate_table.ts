import { type Library, measureRate } from "./rates.ts";
import type { Drain } from "./writer.ts";

const LATENCIES_MS = [0, 5, 50];
const COUNTS = [100, 1_000, 10_000, 100_000];
/** What takes more than a minute for every library is left out. */
const MOST_WAITING_MS = 30_000;

/** The title of the columns of {@linkcode rateRows}. */
export const RATE_COLUMNS: readonly string[] = [
  "writes, master",
  "accepted/s",
  "drained/s",
  "processor/write",
  "at once",
  "offline-transactions: accepted/s",
  "drained/s",
  "processor/write",
  "limit: drained/s",
];

/** How fast writes are accepted and drained: rows of a table. */
export async function rateRows(): Promise<readonly (readonly string[])[]> {
  const rows: string[][] = [];
  for (const latencyMs of LATENCIES_MS) {
    for (const count of COUNTS) {
      if (count / 64 * latencyMs > MOST_WAITING_MS) continue;
      const name = `${count.toLocaleString("en")}, ${latencyMs} ms`;
      console.error(`${name} …`);
      const measured = (library: Library): Promise<Drain | undefined> => measureRate({ library, count, latencyMs });
      const live = await measured("live");
      const isFeasible = count * latencyMs < MOST_WAITING_MS && count < 100_000;
      const offline = isFeasible ? await measured("offline") : undefined;
      const ideal = await measured("ideal");
      rows.push([
        name,
        ...cells(live, count),
        String(live?.mostAtOnce || "–"),
        ...cells(offline, count),
        perSecond(count, ideal?.drainMs),
      ]);
    }
  }
  return rows;
}

function cells(drain: Drain | undefined, count: number): readonly string[] {
  if (drain === undefined) return ["over a minute", "–", "–"];
  const { acceptMs, drainMs, cpuMs } = drain;
  return [perSecond(count, acceptMs), perSecond(count, drainMs), `${(cpuMs * 1_000 / count).toFixed(1)} µs`];
}

function perSecond(count: number, ms: number | undefined): string {
  return ms === undefined ? "–" : Math.round(count / ms * 1_000).toLocaleString("en");
}
