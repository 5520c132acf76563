import type { LiveStats } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { cacheToJson } from "./info_verb.ts";
import type { Json } from "./json_form.ts";
import { DEFAULT_LIMIT, describePage } from "./list_verb.ts";
import type { Output } from "./output.ts";
import { changesToJson, countEffects } from "./page_effects.ts";
import { printReading } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";

export const statsVerb: Verb = {
  name: "stats",
  words: [],
  summary: "do a few reads, and show the counters of the live table",
  details: [
    "Lists the first page twice, gets its first row twice, then shows the counters of this process, and the cache.",
  ],
  flags: [...TABLE_FLAGS, ...COMMON_FLAGS],
  run(args: Arguments, context: Context): Promise<Answer> {
    return onTable(args, context, {
      check: () => undefined,
      run: (wiring) => readAndCount(wiring, context.out),
    });
  },
};

async function readAndCount(wiring: Wiring, out: Output): Promise<Answer> {
  const { live, reads, places: { entity, cache } } = wiring;
  const page = live.page(1, DEFAULT_LIMIT);
  const list = await reads.list(page);
  for (const reading of [list, await reads.list(page)]) {
    printReading(out, `list: ${describePage(page, reading)}`, reading);
  }
  const id = list.answer.first()?.[0];
  if (id !== undefined) {
    for (let time = 0; time < 2; time++) printReading(out, `get ${JSON.stringify(id)}`, await reads.get(live, id));
  }
  const stats = live.stats();
  const { held, rows = 0, fetchedAt, changes } = await live.explain(list.key);
  const facts = { ...cacheToJson(cache), key: list.key, held, rows, fetchedAt: isoTime(fetchedAt) };
  const shown = { ...facts, ...changes.length > 0 && { changes: countEffects(changes) } };
  printCounts(out, stats);
  out.table(["cache", ""], Object.entries(shown).map(([name, fact]) => [name, String(fact)]));
  return {
    document: {
      verb: "stats",
      entity,
      stats: statsToJson(stats),
      cache: { ...facts, changes: changesToJson(changes) },
    },
  };
}

/** Prints the counters that are not zero. */
export function printCounts(out: Output, { invalidations, deadEntries, events, ...counts }: LiveStats): void {
  const single = Object.entries(counts).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const several = [
    ...Object.entries(invalidations).map(([cause, count]) => [`invalidations by ${cause}`, count] as const),
    ...Object.entries(deadEntries).map(([cause, count]) => [`dead entries by ${cause}`, count] as const),
    ...Object.entries(events).map(([kind, count]) => [`events: ${kind}`, count] as const),
  ];
  out.line();
  out.table(["counted", "times"], [...single, ...several].filter(([, count]) => count > 0));
  out.line();
}

/** The counters as JSON. */
export function statsToJson(stats: LiveStats): Json {
  const { masterReadTimes: { count, totalMs }, entries = null, evictions = null, ...others } = stats;
  return { ...others, entries, evictions, masterReadTimes: { count, totalMs } };
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
