import type { Rows } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";
import type { DistantMaster, MasterCounts } from "./distant_master.ts";
import type { SimulatedClock } from "./simulated_clock.ts";

/** What is read: so many pages of so many rows, by so many readers. */
export const PAGES = 10;
export const ROWS_PER_PAGE = 100;
const READERS = 4;

/**
 * When a reader reads.
 *
 * - `open` loop: the next page each millisecond, whether or not earlier answers are there. So the share of reads that
 *   are answered at once is the share of the time in which a page is ready.
 * - `closed` loop: any page, 7 ms after the last answer. A reader that waits for a page asks for no other meanwhile, so
 *   the more pages have holes, the more of its reads find one.
 */
export type Reading = "open" | "closed";

const OPEN_MS = 1;
const CLOSED_MS = 7;

/** What happens in a world. */
export interface Traffic {
  readonly reading: Reading;
  /** To random rows of the view. */
  readonly changesPerSecond: number;
  /** Whether the changes come at random times (a Poisson process), or evenly. */
  readonly spacing: "random" | "even";
  readonly seconds: number;
}

/** A world: what the readers read, and how a row changes. */
export interface World {
  readonly clock: SimulatedClock;
  readonly master: DistantMaster;
  readonly read: (page: number) => Promise<Rows>;
  readonly change: (id: string) => Promise<void>;
}

/** What came of it, since the pages were read for the first time. */
export interface Tally extends MasterCounts {
  readonly asked: number;
  /** Reads that were answered without waiting. */
  readonly hits: number;
  readonly changes: number;
  /** For how long the oldest row that was served had been known to be old when it was asked for. */
  readonly oldestMs: number;
}

/** Lets the readers read and the rows change. All chance comes from the seed, and is the same in each world. */
export async function runTraffic(world: World, traffic: Traffic, seed = 1): Promise<Tally> {
  const { clock, master } = world;
  await finish(clock, everyPage(world));
  master.resetCounts();
  const run = new Run(world, clock.monotonic() + traffic.seconds * 1_000);
  const chance = (actor: number): FakeClock => new FakeClock({ seed: seed + actor });
  const actors = [
    changing(run, traffic, chance(0)),
    ...Array.from({ length: READERS }, (_, reader) => READ[traffic.reading](run, reader, chance(reader + 1))),
  ];
  await finish(clock, Promise.all(actors));
  return { ...run, ...master.counts };
}

/** Advances the clock until the work is done. */
export async function finish(clock: SimulatedClock, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  const done = work.then(() => isDone = true);
  while (!isDone) await Promise.race([done, clock.advance(1_000)]);
}

class Run {
  asked = 0;
  hits = 0;
  changes = 0;
  oldestMs = 0;
  readonly #world: World;
  readonly #end: number;

  constructor(world: World, end: number) {
    this.#world = world;
    this.#end = end;
  }

  get isOver(): boolean {
    return this.#world.clock.monotonic() >= this.#end;
  }

  wait(ms: number): Promise<void> {
    return this.#world.clock.wait(ms);
  }

  async read(page: number): Promise<void> {
    const { clock, master, read } = this.#world;
    const askedAt = clock.monotonic();
    const rows = await read(page);
    this.asked++;
    if (clock.monotonic() === askedAt) this.hits++;
    this.oldestMs = Math.max(this.oldestMs, master.ageMs(rows, askedAt));
  }

  async change(chance: FakeClock): Promise<void> {
    const { master, change } = this.#world;
    this.changes++;
    await change(oneOf(master.ids, chance));
  }
}

const READ: Readonly<Record<Reading, (run: Run, reader: number, chance: FakeClock) => Promise<void>>> = {
  open: async (run, reader) => {
    const reads: Promise<void>[] = [];
    for (let page = reader * Math.floor(PAGES / READERS); !run.isOver; page++) {
      reads.push(run.read(page % PAGES + 1));
      await run.wait(OPEN_MS);
    }
    await Promise.all(reads);
  },
  closed: async (run, _, chance) => {
    for (; !run.isOver; await run.wait(CLOSED_MS)) await run.read(Math.floor(chance.random() * PAGES) + 1);
  },
};

async function changing(run: Run, { changesPerSecond, spacing }: Traffic, chance: FakeClock): Promise<void> {
  if (changesPerSecond === 0) return;
  const meanMs = 1_000 / changesPerSecond;
  const changes: Promise<void>[] = [];
  for (;;) {
    await run.wait(spacing === "even" ? meanMs : -Math.log(1 - chance.random()) * meanMs);
    if (run.isOver) break;
    changes.push(run.change(chance));
  }
  await Promise.all(changes);
}

async function everyPage({ read }: World): Promise<void> {
  for (let page = 1; page <= PAGES; page++) await read(page);
}

function oneOf<T>(items: readonly T[], chance: FakeClock): T {
  const item = items[Math.floor(chance.random() * items.length)];
  if (item === undefined) throw new RangeError("There is nothing to choose from");
  return item;
}
