import type { LiveStats } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { cacheToJson } from "./info_verb.ts";
import type { Json } from "./json_form.ts";
import { DEFAULT_LIMIT, describePage } from "./list_verb.ts";
import type { Output } from "./output.ts";
import { tellReading } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";

/** Shows what a live table counts. */
export const statsVerb: Verb = {
  name: "stats",
  words: [],
  summary: "do a few reads, and show what the live table has counted",
  details: ["Two lists of the first page, and its first row twice; then the counts of this process, and the cache."],
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
    tellReading(out, `list: ${describePage(page, reading)}`, reading);
  }
  const id = list.answer.first()?.[0];
  if (id !== undefined) {
    for (let time = 0; time < 2; time++) tellReading(out, `get ${JSON.stringify(id)}`, await reads.get(live, id));
  }
  const stats = live.stats();
  const { held, rows = 0, fetchedAt } = await live.explain(list.key);
  const facts = { ...cacheToJson(cache), key: list.key, held, rows, fetchedAt: isoTime(fetchedAt) };
  tellCounts(out, stats);
  out.table(["cache", ""], Object.entries(facts).map(([name, fact]) => [name, String(fact)]));
  return {
    document: { verb: "stats", entity, stats: statsToJson(stats), cache: facts },
  };
}

/** The counts that are not zero, for people. */
export function tellCounts(out: Output, { invalidations, ...counts }: LiveStats): void {
  const causes = Object.entries(invalidations).map(([cause, count]) => [`invalidations by ${cause}`, count] as const);
  out.line();
  out.table(["counted", "times"], [...Object.entries(counts), ...causes].filter(([, count]) => count > 0));
  out.line();
}

/** The counts, for programs. */
export function statsToJson(stats: LiveStats): Json {
  return { ...stats, invalidations: { ...stats.invalidations } };
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
