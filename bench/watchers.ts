/**
 * Many watchers of one table on a server while it is written to: checks whether the last state reaches all of them, and
 * measures the cost. Each watcher has its own connection, cache and live table, and reads again when it receives a
 * change. Exits with 1 if a watcher missed the last state.
 *
 * ```sh
 * deno task bench:watchers --watchers 200 --writes-per-second 50 --seconds 60
 * ```
 */

import { LiveTable, MemCache, type Rows } from "@vantage/live";
import { SseLiveStream } from "@vantage/live/rest";
import { RestTable, type TableDescription } from "@vantage/live/rest";
import { productId } from "./fixture.ts";
import { numberFlags } from "./number_flags.ts";
import { ServerProcess } from "./server_process.ts";
import { table } from "./tables.ts";

const ROWS = 10;
const MIB = 2 ** 20;
/** How long a lagging watcher may take to catch up after the last change. */
const LAST_WAIT_MS = 30_000;

/** Reads whenever it receives a change; all changes received during a read cost one more read. */
class Watcher implements AsyncDisposable {
  events = 0;
  rows: Rows | undefined;
  readonly #live: LiveTable;
  readonly #following: Promise<void>;

  constructor(url: URL, description: TableDescription) {
    const liveStream = new SseLiveStream(new URL(`${url}/events`));
    this.#live = new LiveTable(RestTable.served(url, description), "products", new MemCache(), { liveStream });
    this.#following = this.#follow();
  }

  get reads(): number {
    return this.#live.stats().masterReads;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#live.close();
    await this.#following;
  }

  async #follow(): Promise<void> {
    let changed = false;
    let reading: Promise<void> | undefined;
    for await (const _ of this.#live.events.subscribe()) {
      this.events++;
      changed = true;
      reading ??= (async () => {
        for (; changed; this.rows = await this.#live.listValues()) changed = false;
        reading = undefined;
      })();
    }
    await reading?.catch(() => {});
  }
}

const flags = numberFlags({ watchers: 200, "writes-per-second": 50, seconds: 60 });
const { watchers: count, "writes-per-second": writesPerSecond, seconds } = flags;

await using server = await ServerProcess.start(ROWS);
const description = await RestTable.describe(server.url);
const master = RestTable.served(server.url, description);
const memory = [await memoryNow("no watchers yet")];
const watchers = Array.from({ length: count }, () => new Watcher(server.url, description));
await until(() => watchers.every(({ rows }) => rows !== undefined));
memory.push(await memoryNow("all watchers connected"));

const startedAt = performance.now();
let writes = 0;
await writeFor(seconds / 2);
memory.push(await memoryNow("half of the writes done"));
await writeFor(seconds / 2);
memory.push(await memoryNow("all writes done"));
const wroteMs = performance.now() - startedAt;

const truth = await master.listValues();
const missed = (): number => watchers.filter(({ rows }) => rows === undefined || !rows.equals(truth)).length;
await until(() => missed() === 0);
const settledMs = performance.now() - startedAt - wroteMs;
const [events, reads] = [total(({ events }) => events), total(({ reads }) => reads)];
const behind = missed();
await Promise.all(watchers.map((watcher) => watcher[Symbol.asyncDispose]()));
memory.push(await memoryNow("all watchers closed"));

console.log(`${count} watchers of ${ROWS} rows, ${writes} writes in ${(wroteMs / 1_000).toFixed(1)} s.

${
  table(["", "in total", "a second"], [
    row("writes", writes),
    row("events received", events),
    row("reads from the server", reads),
  ])
}

${behind} of ${count} missed the last state; the others had it ${settledMs.toFixed(0)} ms after the last write.

${table(["the server's memory", "heap in use", "resident"], memory)}`);
if (behind > 0) Deno.exitCode = 1;

/** Writes at the requested rate, without waiting for earlier writes. */
async function writeFor(forSeconds: number): Promise<void> {
  const begin = performance.now();
  const target = Math.round(forSeconds * writesPerSecond);
  const answers: Promise<unknown>[] = [];
  for (let number = 0; number < target; number++) {
    const early = begin + number * 1_000 / writesPerSecond - performance.now();
    if (early > 0) await sleep(early);
    answers.push(master.patchValue(productId(writes % ROWS), { stock: ++writes }));
  }
  await Promise.all(answers);
}

async function until(done: () => boolean): Promise<void> {
  const latest = performance.now() + LAST_WAIT_MS;
  while (!done() && performance.now() < latest) await sleep(10);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function total(of: (watcher: Watcher) => number): number {
  return watchers.reduce((sum, watcher) => sum + of(watcher), 0);
}

function row(what: string, times: number): readonly string[] {
  return [what, times.toLocaleString("en"), (times / wroteMs * 1_000).toFixed(0)];
}

async function memoryNow(when: string): Promise<readonly string[]> {
  const { heapUsed, rss } = await server.usage();
  return [when, `${(heapUsed / MIB).toFixed(1)} MiB`, `${(rss / MIB).toFixed(0)} MiB`];
}
