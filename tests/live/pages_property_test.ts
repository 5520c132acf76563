import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Cache,
  LiveTable,
  ManualLiveStream,
  MemCache,
  type Row,
  type RowEntry,
  type Rows,
  type TableLike,
} from "@vantage/live";
import { setImmediate } from "node:timers/promises";
import { slowly, withoutLog } from "./fixture.ts";
import { type PagedMaster, pagedMaster } from "./paged_master.ts";

const RUNS = 100;
const STEPS = 40;

const CACHES: Record<string, () => Cache> = {
  "MemCache": () => new MemCache(),
  "an asynchronous cache": () => slowly(new MemCache()),
  "a cache without a log": () => withoutLog(new MemCache()),
  "a cache that keeps few entries": () => new MemCache({ maxEntries: 4 }),
};

describe("LiveTable with pages of any size", () => {
  for (const [name, open] of Object.entries(CACHES)) {
    it(`serves what the master has, edits between the reads included, from ${name}`, async () => {
      for (let seed = 1; seed <= RUNS; seed++) {
        try {
          await walk(seed, open());
        } catch (error) {
          throw new Error(`seed ${seed} of ${name}`, { cause: error });
        }
      }
    });
  }

  for (const [name, open] of Object.entries(CACHES)) {
    it(`serves what the master had at one time while it was read, from ${name}`, async () => {
      for (let seed = 1; seed <= RUNS; seed++) {
        try {
          await readWhileOthersEdit(seed, open());
        } catch (error) {
          throw new Error(`seed ${seed} of ${name}`, { cause: error });
        }
      }
    });
  }

  it("reads each page of the master once in any walk without edits", async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = chance(seed);
      const [size, most] = [random(200), 1 + random(40)];
      const master = pagedMaster(size, most);
      await using table = new LiveTable(master.table, "products", new MemCache(), { masterItemsPerPage: most });
      for (let step = 0; step < 20; step++) {
        if (random(2) === 0) await table.page(1 + random(8), 1 + random(60)).listValues();
        else await table.window(random(250), 1 + random(60));
      }
      assert.equal(new Set(master.pages).size, master.pages.length, `seed ${seed}`);
    }
  });

  it("keeps the pages of a view when another view has an empty one", async () => {
    const master = pagedMaster(100, 30);
    await using table = new LiveTable(master.table, "products", new MemCache(), { masterItemsPerPage: 30 });
    const views = [table, table.orderBy("at", "desc"), table.where("at", "eq", 5)];
    for (const view of views) await view.page(1).listValues();
    await table.where("name", "eq", "none").page(3).listValues();
    await table.where("at", "eq", 5).page(9).listValues();
    await table.page(99).listValues();
    master.pages.length = 0;
    for (const view of views) for (const size of [50, 30]) await view.page(1, size).listValues();
    assert.deepEqual(master.pages, []);
  });
});

/** Pages and windows of one view and of others, forth and back, with edits of this table and of others between them. */
async function walk(seed: number, cache: Cache): Promise<void> {
  const random = chance(seed);
  const most = 1 + random(12);
  const master = pagedMaster(random(60), most);
  const liveStream = new ManualLiveStream();
  const options = { liveStream, masterItemsPerPage: most };
  await using table = new LiveTable(master.table, "products", cache, options);
  const views = [table, table, table.orderBy("at", "desc"), table.where("kind", "eq", 1)];
  const [sizes, around] = [[1 + random(15), 1 + random(15), most], 1 + random(4)];
  for (let step = 0; step < STEPS; step++) {
    const view = views[random(views.length)] ?? table;
    const truth = [...await master.rows.withQuery(view.query).listValues()];
    // Page 2, 3, 2, 3 …: with edits between.
    const page = around + step % 2;
    const size = sizes[random(sizes.length)] ?? most;
    if (random(3) > 0) {
      const expected = truth.slice((page - 1) * size, page * size);
      assert.deepEqual((await view.page(page, size).listValues()).content, expected, `step ${step}`);
    } else {
      const [offset, limit] = [random(70), 1 + random(30)];
      const window = await view.window(offset, limit);
      assert.deepEqual(window.rows.content, truth.slice(offset, offset + limit), `step ${step}`);
      assert.equal(window.total, truth.length, `step ${step}`);
    }
    if (random(2) === 0) await edit(table, master, liveStream, random);
  }
}

type State = Map<TableLike, RowEntry[]>;

/** What a reader received, and of which rows. */
interface Received {
  readonly view: TableLike;
  readonly offset: number;
  readonly limit: number;
  readonly rows: Rows;
}

/**
 * Several reads at once while rows are changed, inserted and deleted; each change is known at once. There are fewer than
 * would make a read give up.
 */
async function readWhileOthersEdit(seed: number, cache: Cache): Promise<void> {
  const random = chance(seed);
  const most = 1 + random(8);
  const master = pagedMaster(random(40), most);
  master.before = async () => {
    for (let turn = random(4); turn > 0; turn--) await setImmediate();
  };
  const liveStream = new ManualLiveStream();
  const options = { liveStream, masterItemsPerPage: most };
  await using table = new LiveTable(master.table, "products", cache, options);
  const views = [table, table.orderBy("at", "desc"), table.where("kind", "eq", 1)];
  for (let step = 0; step < 8; step++) {
    const states = [await stateOf(views, master)];
    const reading = Array.from({ length: 3 }, async (): Promise<Received> => {
      const view = views[random(views.length)] ?? table;
      const [number, limit] = [random(40), 1 + random(20)];
      if (random(2) === 0) return { view, offset: number, limit, rows: (await view.window(number, limit)).rows };
      const rows = await view.page(number + 1, limit).listValues();
      return { view, offset: number * limit, limit, rows };
    });
    for (let edits = random(3); edits > 0; edits--) {
      for (let turn = random(3); turn > 0; turn--) await setImmediate();
      await edit(master.rows, master, liveStream, random);
      states.push(await stateOf(views, master));
    }
    for (const received of await Promise.all(reading)) checkRead(received, states);
  }
}

async function stateOf(views: readonly TableLike[], { rows }: PagedMaster): Promise<State> {
  const state: State = new Map();
  for (const view of views) state.set(view, [...await rows.withQuery(view.query).listValues()]);
  return state;
}

/** Which rows there are, and in which order, is that of one state; each row is that of one. */
function checkRead({ view, offset, limit, rows }: Received, states: readonly State[]): void {
  const all = states.map((state) => state.get(view) ?? []);
  const seen = all.map((entries) => entries.slice(offset, offset + limit).map(([id]) => id).join());
  assert.ok(seen.includes(rows.ids().join()), `shows ${rows.ids()}, of ${seen.join(" or ")}`);
  for (const [id, row] of rows) {
    const known = all.some((entries) => entries.some(([other, state]) => other === id && sameText(row, state)));
    assert.ok(known, `shows another row ${id}`);
  }
}

function sameText(one: Row, other: Row): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function edit(
  table: TableLike,
  { rows }: PagedMaster,
  stream: ManualLiveStream,
  random: (below: number) => number,
): Promise<void> {
  const id = `r${random(70)}`;
  const row: Row = { name: `Product ${random(9)}`, kind: random(2), at: random(1_000_000) };
  const held = await rows.getValue(id) !== undefined;
  const isOwn = table !== rows && random(2) === 0;
  const writer = isOwn ? table : rows;
  if (!held) await writer.insertValue(id, row);
  else if (random(3) === 0) await writer.delete(id);
  else await writer.patchValue(id, random(2) === 0 ? row : { name: row.name ?? null });
  if (isOwn) return;
  stream.push({ kind: !held ? "inserted" : await rows.getValue(id) === undefined ? "deleted" : "updated", id });
  await setImmediate();
}

/** Whole numbers below a bound; the same ones for the same seed. */
function chance(seed: number): (below: number) => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
