import assert from "node:assert/strict";
import { describe } from "node:test";
import { type Cache, defineTable, LiveTable, MemCache, Rows } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";
import { assertForgotten, bytesKept, NO_COLLECTION } from "../garbage.ts";
import { skippable } from "../skippable.ts";
import { slowly } from "./fixture.ts";

/** A table of functions that notes the signal of each read: whatever keeps the read keeps that. */
function master(noted: WeakRef<object>[]): ReturnType<typeof defineTable> {
  const note = <T>(signal: AbortSignal | undefined, answer: T): T => {
    assert(signal !== undefined);
    noted.push(new WeakRef(signal));
    if (answer === "fails") throw new Error("no");
    return answer;
  };
  return defineTable({
    name: "p",
    list: ({ signal }) => note(signal, Rows.from([["a", { n: 1 }]])),
    get: (id, { signal }) => note<{ n: number } | "fails">(signal, id === "b" ? "fails" : { n: 1 }) as { n: number },
    count: ({ signal }) => note(signal, 1),
  });
}

describe("A LiveTable that stays open forgets", () => {
  for (const [kind, make] of [["at once", () => new MemCache()], ["later", () => slowly(new MemCache())]] as const) {
    skippable(`each read of the master once it is over, with a cache that answers ${kind}`, NO_COLLECTION, async () => {
      const noted: WeakRef<object>[] = [];
      const table = new LiveTable(master(noted), "p", make());
      await table.listValues();
      await table.getCount();
      for (const id of ["a", "b"]) await table.getValue(id).catch(() => {});
      await table.listValues({ signal: new AbortController().signal });
      assert.equal(noted.length, 3);
      const control = new AbortController();
      await table.invalidate();
      const given = table.listValues({ signal: control.signal });
      control.abort();
      await assert.rejects(given);
      await assertForgotten(noted);
      assert(control.signal.aborted, "which is held until now");
      await table.close();
    });
  }

  skippable("what the cache answered once the reader has it", NO_COLLECTION, async () => {
    const noted: WeakRef<object>[] = [];
    const cache: Cache = {
      fence: () => Promise.resolve(0),
      put: () => Promise.resolve(false),
      invalidatePrefix: () => Promise.resolve(),
      get: async () => {
        await Promise.resolve();
        const held = { rows: Rows.from([]), fetchedAt: 0 };
        noted.push(new WeakRef(held));
        return held;
      },
    };
    for (const cacheTimeoutMs of [Infinity, 1_000]) {
      const table = new LiveTable(master([]), "p", cache, { cacheTimeoutMs, clock: new FakeClock() });
      await table.listValues();
      await table.getValue("a");
      await assertForgotten(noted);
      await table.close();
    }
  });

  skippable("each write and its signal once it has settled, however it ended", NO_COLLECTION, async () => {
    const noted: WeakRef<object>[] = [];
    const source = defineTable({
      name: "p",
      list: () => [],
      replace: (id, row) => {
        if (id === "b") throw new Error("no");
        noted.push(new WeakRef(row));
        return row;
      },
    });
    const table = new LiveTable(source, "p", new MemCache(), { queueCapacity: 1, invalidation: "all" });
    const write = async (id: string): Promise<void> => {
      const { signal } = new AbortController();
      noted.push(new WeakRef(signal));
      await table.replaceValue(id, { id }, { signal }).catch(() => {});
    };
    await Promise.all(["a", "b", "c"].map(write));
    await table.invalidate(); // explain() shows the last change.
    await assertForgotten(noted);
    await table.close();
  });
});

describe("A cache that goes on", () => {
  const TEXT = 10_000;
  const TEXTS = 2_000;
  /** So long that those of all who came and went would be seen. */
  const nameOf = (at: number): string => `${at}`.padStart(TEXT, "x");
  const LIMIT = TEXT * TEXTS / 4;

  skippable("keeps nothing of the LiveTables that were closed", NO_COLLECTION, async () => {
    const cache = new MemCache({ maxEntries: 10, maxScopes: 10 });
    const kept = await bytesKept(async () => {
      for (let at = 0; at < TEXTS; at++) {
        const table = new LiveTable(master([]), nameOf(at), cache);
        await table.listValues();
        await table.close();
      }
    });
    assert(kept < LIMIT, `${kept} bytes are kept`);
  });

  skippable("keeps nothing of the scopes that have no entry any more", NO_COLLECTION, async () => {
    const cache = new MemCache({ maxEntries: 10, maxScopes: 10 });
    const rows = Rows.from([["a", {}]]);
    const kept = await bytesKept(() => {
      for (let at = 0; at < TEXTS; at++) {
        cache.put(`${nameOf(at)}/all`, { rows, fetchedAt: 0 });
        if (at % 2 === 0) cache.invalidatePrefix(`${nameOf(at)}/`);
      }
    });
    assert(kept < LIMIT, `${kept} bytes are kept`);
  });
});
