import { LiveTable, type MaybePromise, MemCache, type Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { DatabaseSync } from "node:sqlite";
import { temporaryPath } from "../fixture.ts";
import { arrayMaster } from "./array_master.ts";
import { figure, type Line, median } from "./line.ts";
import type { Mode } from "./modes.ts";

const ROWS_PER_PAGE = 100;
const PATCHES = 2_000;
const [FEW_ENTRIES, MANY_ENTRIES] = [10, 1_000];
const MOST_PATCH_US = 15;
/** What counts as flat, in the noise of a machine that others use. */
const FLAT = 1.25;
const ROUNDS = 300;
/** How many operations a round does: enough that reading the clock makes no difference. */
const [HITS, FILE_HITS] = [1_000, 50];
/** How much longer a hit may take than with `invalidation: "all"`, in the same noise. */
const NO_WORSE = 1.1;
const PROCESSES = 3;

type Work = () => MaybePromise<void>;

/** What takes time, measured in real time. */
export const timeLines: readonly Line[] = [
  {
    work: `own patch of a shown row to its being readable, ${MANY_ENTRIES} entries held`,
    processes: PROCESSES,
    reach: `no read of the master; ≤ ${MOST_PATCH_US} µs at the median; flat in entries`,
    measure: async (mode) => {
      const few = await patchTimes(mode, FEW_ENTRIES);
      const many = await patchTimes(mode, MANY_ENTRIES);
      const growth = many.medianUs / few.medianUs;
      const judged = figure(
        [`${(many.reads / PATCHES).toFixed(2)} reads per patch`, many.reads === 0],
        [`${many.medianUs.toFixed(1)} µs`, many.medianUs <= MOST_PATCH_US],
        [`${growth.toFixed(2)}× that with ${FEW_ENTRIES} entries`, growth <= FLAT],
      );
      return { ...judged, cost: many.medianUs };
    },
  },
  {
    work: "hit in memory, of 100 rows, against an `await` of nothing",
    processes: PROCESSES,
    reach: "no worse than today",
    noWorse: NO_WORSE,
    measure: async ({ options }) => {
      const master = arrayMaster(1_000);
      await using table = new LiveTable(master.table, "products", new MemCache(), options);
      const page = table.page(1, ROWS_PER_PAGE);
      const hits = async (): Promise<void> => {
        for (let time = 0; time < HITS; time++) await page.listValues();
      };
      const awaits = async (): Promise<void> => {
        for (let time = 0; time < HITS; time++) await undefined;
      };
      const [own = NaN, nothing = NaN] = await bestTimes([hits, awaits]);
      return { text: `${(own / nothing).toFixed(2)}×`, cost: own / nothing };
    },
  },
  {
    work: "SqliteCache hit of 100 rows, each row looked at, against a get and JSON.parse",
    processes: PROCESSES,
    reach: "≥ 1.0× as fast",
    measure: async ({ options }) => {
      const master = arrayMaster(1_000);
      await using cache = await SqliteCache.open(temporaryPath("cache.db"));
      await using table = new LiveTable(master.table, "products", cache, options);
      const page = table.page(1, ROWS_PER_PAGE);
      const parsed = jsonStore(await page.listValues());
      const hits = async (): Promise<void> => {
        for (let time = 0; time < FILE_HITS; time++) totalOf((await page.listValues()).values());
      };
      const parses = (): void => {
        for (let time = 0; time < FILE_HITS; time++) totalOf(parsed());
      };
      const [own = NaN, other = NaN] = await bestTimes([hits, parses]);
      return { ...figure([`${(other / own).toFixed(2)}× as fast`, own <= other]), cost: own / other };
    },
  },
];

async function patchTimes({ options }: Mode, entries: number): Promise<{ medianUs: number; reads: number }> {
  const master = arrayMaster(entries * ROWS_PER_PAGE);
  const cache = new MemCache({ maxEntries: 2 * entries, maxRows: 2 * entries * ROWS_PER_PAGE });
  await using table = new LiveTable(master.table, "products", cache, options);
  for (let page = 1; page <= entries; page++) await table.page(page, ROWS_PER_PAGE).listValues();
  const shown = table.page(1, ROWS_PER_PAGE);
  const patch = async (number: number): Promise<number> => {
    const id = master.idAt(number % ROWS_PER_PAGE);
    const startedAt = performance.now();
    await table.patchValue(id, { stock: number });
    const rows = await shown.listValues();
    const elapsedMs = performance.now() - startedAt;
    if (rows.get(id)?.stock !== number) throw new Error(`The patch of ${id} is not readable`);
    return elapsedMs;
  };
  for (let number = 0; number < PATCHES; number++) await patch(number); // warm-up
  master.reads = 0;
  const times: number[] = [];
  for (let number = 0; number < PATCHES; number++) times.push(await patch(number));
  return { medianUs: median(times) * 1_000, reads: master.reads };
}

/** The time of each function in its fastest round. */
async function bestTimes(works: readonly Work[]): Promise<readonly number[]> {
  const best = works.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, work] of works.entries()) best[at] = Math.min(best[at] ?? Infinity, await timeOf(work));
  }
  return best;
}

async function timeOf(work: Work): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The same page as JSON, in a database of the same shape. */
function jsonStore(page: Rows): () => Iterable<{ readonly price?: unknown }> {
  const handle = new DatabaseSync(temporaryPath("json.db"));
  handle.exec("PRAGMA journal_mode = WAL");
  handle.exec("CREATE TABLE entry (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL)");
  handle.prepare("INSERT INTO entry (key, body) VALUES ('page', ?)").run(JSON.stringify([...page.values()]));
  const statement = handle.prepare("SELECT body FROM entry WHERE key = ?");
  return () => JSON.parse(String(statement.get("page")?.body));
}

function totalOf(page: Iterable<{ readonly price?: unknown }>): number {
  let total = 0;
  for (const { price } of page) total += Number(price);
  return total;
}
