import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Cache, defineTable, LiveTable, MemCache, type Row, Rows, type Table } from "@vantage/live";
import { shareRows } from "../../src/table/rows.ts";

const RUNS = 2_000;
const KEYS = ["s/all", "s/v/page_1", "s/v/page_2", "s/w/all", "s/id/a", "t/all", "all"];
const IDS = ["a", "b"];
const STATES = [0, 1];
const NUMBERED = Array.from({ length: 100 }, (_, at): Row => ({ id: `${at}`, n: at }));

type Step =
  | { readonly kind: "put"; readonly key: string; readonly rows: readonly (readonly [id: string, state: number])[] }
  | { readonly kind: "get"; readonly key: string }
  | { readonly kind: "invalidate"; readonly prefix: string }
  | { readonly kind: "change"; readonly key: string };

const keys = fc.constantFrom(...KEYS);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("put" as const),
      key: keys,
      rows: fc.uniqueArray(fc.tuple(fc.constantFrom(...IDS), fc.constantFrom(...STATES)), {
        selector: ([id]) => id,
        maxLength: 5,
      }),
    }),
    fc.record({ kind: fc.constant("get" as const), key: keys }),
    fc.record({
      kind: fc.constant("invalidate" as const),
      prefix: fc.constantFrom("", "s", "s/", "s/v/", "t/", ...KEYS),
    }),
    fc.record({ kind: fc.constant("change" as const), key: keys }),
  ),
  { maxLength: 40 },
);

/** A row in one of two states, one of which has a date. Each is another object. */
function rowOf([id, state]: readonly [id: string, state: number]): [string, Row] {
  return [id, { id, state, ...(state > 0 && { at: new Date(state) }) }];
}

function scopeOf(key: string): string {
  return key.slice(0, key.indexOf("/") + 1);
}

/** A master of a hundred rows that can order, and decodes each answer anew. */
function decoding(rows: readonly Row[]): Table {
  return defineTable({
    name: "p",
    idField: "id",
    columns: [{ name: "id" }, { name: "n" }, { name: "at" }],
    capabilities: { orderBy: true },
    list: ({ query: { orderBy } }) => {
      const answer: Row[] = structuredClone([...rows]);
      return orderBy?.[0]?.[1] === "desc" ? answer.reverse() : answer;
    },
  });
}

/** What was put under the keys, and the state of each row that was put last in a scope. */
class Model {
  readonly put = new Map<string, ReadonlyMap<string, Row>>();
  readonly last = new Map<string, { readonly state: number; readonly row: Row }>();
  readonly all = new Set<Row>();

  /** Puts what was read under a key, as a `LiveTable` does. */
  store(cache: MemCache, key: string, given: readonly (readonly [id: string, state: number])[]): void {
    const rows = cache.share(key, Rows.from(given.map(rowOf)));
    assert(rows.equals(Rows.from(given.map(rowOf))));
    this.put.delete(key);
    if (cache.put(key, { rows: shareRows(rows), fetchedAt: 1 })) this.put.set(key, new Map(rows));
    for (const [id, state] of given) {
      const row = rows.get(id);
      assert(row !== undefined);
      this.all.add(row);
      if (this.put.has(key)) this.last.set(scopeOf(key) + id, { state, row });
    }
  }

  /** Whether the cache has what was put, and shares the rows of its entries and no others. */
  check(cache: MemCache): void {
    for (const [key, rows] of this.put) {
      const held = cache.get(key);
      if (held === undefined) this.put.delete(key);
      else assert(held.rows.equals(Rows.from(rows)), key);
    }
    for (const key of KEYS) for (const id of IDS) for (const state of STATES) this.#checkShared(cache, key, id, state);
  }

  #checkShared(cache: MemCache, key: string, id: string, state: number): void {
    const shared = cache.share(key, Rows.from([rowOf([id, state])])).get(id);
    assert(shared !== undefined);
    const held = [...this.put].filter(([other]) => scopeOf(other) === scopeOf(key)).map(([, rows]) => rows.get(id));
    const last = this.last.get(scopeOf(key) + id);
    if (last?.state === state && held.includes(last.row)) assert.equal(shared, last.row, `${id} is held under ${key}`);
    else assert(held.includes(shared) || !this.all.has(shared), `no entry has this ${id} under ${key}`);
  }
}

function play(cache: MemCache, model: Model, step: Step): void {
  if (step.kind === "put") return model.store(cache, step.key, step.rows);
  if (step.kind === "get") return void cache.get(step.key);
  if (step.kind === "invalidate") return cache.invalidatePrefix(step.prefix);
  cache.log(scopeOf(step.key), { kind: "change", change: { kind: "changed", at: 0, cause: "event" } });
}

describe("MemCache.share()", () => {
  it("answers with the rows that entries of the scope have, and with no others", () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 8 }),
        (played, maxEntries, maxRows) => {
          const cache = new MemCache({ maxEntries, maxRows, maxScopes: 2, maxChanges: 2 });
          const model = new Model();
          for (const step of played) play(cache, model, step);
          model.check(cache);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("forgets a row that stands under another id now", () => {
    const cache = new MemCache();
    const row = Rows.from([["a", { n: 1 }]]).get("a");
    assert(row !== undefined);
    const [first] = ["a", "b"].map((id) => {
      const rows = Rows.from([[id, row]]); // The same row, where the runtime tells that it cannot be changed.
      cache.put("s/all", { rows, fetchedAt: 1 });
      assert.equal(cache.share("s/other", Rows.from([[id, { n: 1 }]])).get(id), rows.get(id));
      return rows.get(id);
    });
    assert.notEqual(cache.share("s/other", Rows.from([["a", { n: 1 }]])).get("a"), first);
  });

  it("takes no row with a date from rows whose holder can change it", () => {
    const cache = new MemCache();
    const rows = Rows.from([["a", { at: new Date(1) }]]);
    cache.put("s/all", { rows, fetchedAt: 1 });
    const shared = cache.share("s/other", Rows.from([["a", { at: new Date(1) }]]));
    (rows.get("a")?.at as Date).setTime(2); // It was put there.
    assert.deepEqual(shared.get("a"), { at: new Date(1) });
  });
});

describe("LiveTable over a MemCache", () => {
  it("holds a row once that several views have", async () => {
    await using table = new LiveTable(decoding(NUMBERED), "p", new MemCache());
    const rows = await table.listValues();
    const reversed = await table.orderBy("n", "desc").listValues();
    assert.deepEqual(reversed.ids(), rows.ids().reverse());
    for (const [id, row] of rows) assert.equal(reversed.get(id), row);
  });

  it("reads rows again that keep their identity, except for those that changed", async () => {
    const rows = [...NUMBERED];
    await using table = new LiveTable(decoding(rows), "p", new MemCache());
    const before = await table.listValues();
    rows[7] = { id: "7", n: 7.5 };
    await table.refresh();
    const after = await table.listValues();
    assert.deepEqual(after.ids().filter((id) => after.get(id) !== before.get(id)), ["7"]);
    assert.deepEqual(after.get("7"), { id: "7", n: 7.5 });
  });

  it("gives readers of two views separate dates", async () => {
    const rows = NUMBERED.map((row): Row => ({ ...row, at: new Date(5) }));
    await using table = new LiveTable(decoding(rows), "p", new MemCache());
    const views = [table, table.orderBy("n", "desc"), table];
    for (const view of views) {
      for (const row of (await view.listValues()).values()) {
        assert.deepEqual(row.at, new Date(5));
        (row.at as Date).setTime(9); // As all of them are.
      }
    }
  });

  it("is served by a cache whose share() fails, which is counted", async () => {
    const inner = new MemCache();
    const share = (): never => {
      throw new Error("the cache failed");
    };
    const cache: Cache = {
      share,
      get: (key) => inner.get(key),
      fence: (key) => inner.fence(key),
      put: (key, rows, fence) => inner.put(key, rows, fence),
      invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
    };
    await using table = new LiveTable(decoding(NUMBERED), "p", cache);
    assert.equal((await table.listValues()).size, NUMBERED.length);
    assert.equal(table.stats().cacheFailures, 1);
  });
});
