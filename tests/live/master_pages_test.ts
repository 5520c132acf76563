import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Cache, Rows } from "@vantage/live";
import { CacheKeys } from "../../src/cache/cache_key.ts";
import { CatchUp } from "../../src/live/catch_up.ts";
import { EntryHistory } from "../../src/live/entry_history.ts";
import type { Invalidation } from "../../src/live/invalidation.ts";
import { readPolicy } from "../../src/live/read_policy.ts";
import type { Entries } from "../../src/live/entries.ts";
import type { SafeCache } from "../../src/live/guarded_cache.ts";
import { newCounters } from "../../src/live/live_stats.ts";
import { Master } from "../../src/live/master.ts";
import { MasterPages } from "../../src/live/master_pages.ts";
import { fixture } from "./fixture.ts";
import { ids, pagedMaster } from "./paged_master.ts";

describe("MasterPages.read()", () => {
  it("reads again what moved while it read, though another reader has read the older page again by then", async () => {
    // r0 is deleted, and that is logged, after page 1 was read and before page 2 is.
    const moved = new Map([["products/view:;per_page=5/page_1", page(1, 6)], [
      "products/view:;per_page=5/page_2",
      page(6, 11),
    ]]);
    let position = 0;
    const entries: Entries = {
      look: (request) => {
        const rows = position === 0 ? undefined : moved.get(request.key);
        return Promise.resolve({ found: rows && { rows, fetchedAt: 0 } });
      },
      load: (request) => {
        if (request.key.endsWith("page_1")) return Promise.resolve({ rows: page(0, 5), fetchedAt: 0 });
        position++;
        return Promise.resolve({ rows: page(6, 11), fetchedAt: 0 });
      },
      held: (key) => {
        const rows = moved.get(key);
        return Promise.resolve(rows && { rows, fetchedAt: 0 });
      },
    };
    assert.deepEqual((await firstTwo(entries, () => position)).ids(), ids(1, 11));
  });

  it("reads again a page that may lack a change of a lagging master, where others have it", async () => {
    let loads = 0;
    // r0 is deleted: the first answer for page 1 is from before that.
    const entries: Entries = {
      look: () => Promise.resolve({}),
      load: ({ key }) => {
        if (!key.endsWith("page_1")) return Promise.resolve({ rows: page(6, 11), fetchedAt: 1 });
        const isFirst = ++loads === 1;
        return Promise.resolve({ rows: isFirst ? page(0, 5) : page(1, 6), fetchedAt: 1, isUnsettled: isFirst });
      },
      held: () => Promise.resolve(undefined),
    };
    assert.deepEqual((await firstTwo(entries, () => 1)).ids(), ids(1, 11));
    assert.equal(loads, 2);
  });

  it("reads again what moved while the cache fails, as far as this process knows", async () => {
    const failing = (): never => {
      throw new Error("the disk is gone");
    };
    const cache: Cache = { get: failing, fence: failing, put: failing, invalidatePrefix: failing, log: failing };
    const { table, master } = fixture({ masterItemsPerPage: 2 }, cache);
    const first = master.plan.hold("listValues");
    const second = master.plan.hold("listValues", "before");
    const reading = table.page(1, 4).listValues();
    await Promise.all([first.reached, second.reached]);
    await master.delete("a");
    await table.invalidate();
    first.release();
    second.release();
    assert.deepEqual((await reading).ids(), ["b", "c"]);
    await table.close();
  });
});

/** The rows of the first two pages, of which a cache has what `entries` say. */
async function firstTwo(entries: Entries, fence: () => number): Promise<Rows> {
  const master = new Master(pagedMaster(20, 5).table);
  const invalidation = { generation: 0 } as Invalidation; // Only its generation is asked for.
  const cache = { fence } as unknown as SafeCache; // Only its fence is asked for.
  const works = { invalidation, history: new EntryHistory(), counters: newCounters(), trace: undefined };
  const catchUp = new CatchUp({ master, versions: undefined, ...works });
  const parts = { master, keys: new CacheKeys("products"), cache, catchUp, invalidation, entries };
  const pages = new MasterPages({ ...parts, itemsPerPage: 5, trace: undefined });
  const set = { within: master.query, policy: readPolicy({}) };
  return (await pages.read(set, { skip: 0, limit: 10 }, {})).rows;
}

function page(from: number, to: number): Rows {
  return Rows.from(ids(from, to).map((id) => [id, { name: id }]));
}
