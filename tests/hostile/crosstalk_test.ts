import assert from "node:assert/strict";
import { after, describe } from "node:test";
import fc from "fast-check";
import {
  type Cache,
  type Condition,
  defineTable,
  LiveTable,
  OPERATORS,
  type Order,
  Pagination,
  type Query,
  type Row,
  Rows,
  type TableLike,
  type Value,
} from "@vantage/live";
import { skippable } from "../skippable.ts";
import { everyCache, type HostileCache } from "./every_cache.ts";
import { hostileText, nearTexts, newSeed } from "./hostile_text.ts";

/** One thing that is read: a list, or a row. */
interface Asked {
  readonly cacheKey: string;
  readonly query: Query;
  readonly id: string | undefined;
}

/** Values that are easily taken for each other. */
const operand: fc.Arbitrary<Value> = fc.oneof(
  hostileText,
  fc.constantFrom<Value>(1, 1n, -1, 0, 1.5, 2 ** 53, 2n ** 53n, NaN, Infinity, true, false),
  fc.constantFrom<Value>(new Date(1), new Date(NaN), new Uint8Array([1]), [1], ["1"], [[1]], [], {}, { a: 1 }),
);
const conditions: fc.Arbitrary<Condition[]> = fc.array(
  fc.oneof(
    fc.tuple(hostileText, fc.constantFrom("eq" as const, "ne" as const, "gt" as const), operand),
    fc.tuple(hostileText, fc.constant("in" as const), fc.array(operand, { maxLength: 1 })),
  ),
  { maxLength: 1 },
);
const orders: fc.Arbitrary<Order[]> = fc.array(fc.tuple(hostileText, fc.constantFrom("asc", "desc")), { maxLength: 2 });
const query: fc.Arbitrary<Query> = fc.record({
  where: conditions,
  orderBy: orders,
  search: fc.oneof(fc.constant(""), hostileText),
  pagination: fc.constantFrom(undefined, new Pagination(1), new Pagination(11), new Pagination(1, 5)),
}).filter(({ where, orderBy }) => [...where, ...orderBy].every(([column]) => column !== ""));

/** Several things that are nearly the same in one of their parts, or in all. */
const askedTogether: fc.Arbitrary<readonly Asked[]> = fc.tuple(nearTexts, nearTexts, fc.array(query, { maxLength: 3 }))
  .map(([cacheKeys, ids, queries]) =>
    cacheKeys.slice(0, 3).flatMap((cacheKey) =>
      [{}, ...queries].flatMap((query) => [undefined, ...ids.slice(0, 3)].map((id) => ({ cacheKey, query, id })))
    )
  );

/** A table that answers with what it was asked, and how often its cacheKey has changed. */
class Echo {
  readonly #cacheKey: string;
  readonly table: TableLike;
  version = 1;

  constructor(cacheKey: string) {
    this.#cacheKey = cacheKey;
    this.table = defineTable({
      name: "echo",
      capabilities: { page: true, where: OPERATORS, orderBy: true, search: true },
      scoped: true,
      list: ({ query }) => Rows.from([["x", this.#answer(query, undefined)]]),
      get: (id, { query }) => this.#answer(query, id),
    });
  }

  #answer(query: Query, id: string | undefined): Row {
    return { asked: identityOf({ cacheKey: this.#cacheKey, query, id }), version: this.version };
  }
}

/** What is asked, written down in another way than keys are. Order and page make no difference to a row. */
function identityOf({ cacheKey, query, id }: Asked): string {
  const { where = [], search = "", orderBy = [], pagination } = query;
  const asked = [cacheKey, where.map(([column, operator, value]) => [column, operator, tagged(value ?? null)]), search];
  if (id !== undefined) return JSON.stringify([...asked, { id }]);
  return JSON.stringify([...asked, orderBy, pagination?.page ?? "all", pagination?.itemsPerPage ?? 50]);
}

function tagged(value: Value): unknown {
  if (Array.isArray(value)) return { list: value.map(tagged) };
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return { [typeof value]: `${value}` };
  if (value instanceof Date) return { date: value.getTime() };
  return value instanceof Uint8Array ? { bytes: [...value] } : { object: value };
}

async function answerTo({ query, id }: Asked, table: LiveTable): Promise<Row | undefined> {
  const handle = table.withQuery(query);
  return id === undefined ? (await handle.listValues()).get("x") : await handle.getValue(id);
}

/** Runs a property with one cache of a kind, which is emptied before each run. */
function check<T>(
  { name, missing, share, open }: HostileCache,
  { what, numRuns, arbitrary, run }: {
    readonly what: string;
    readonly numRuns: number;
    readonly arbitrary: fc.Arbitrary<T>;
    readonly run: (cache: Cache, drawn: T) => Promise<void>;
  },
): void {
  const seed = newSeed();
  skippable(`${name} ${what} (seed ${seed})`, missing, async () => {
    const cache = await open();
    const property = fc.asyncProperty(arbitrary, async (drawn) => {
      await cache.invalidatePrefix("");
      await run(cache, drawn);
    });
    await fc.assert(property, { seed, numRuns: Math.ceil(numRuns * share) });
    await cache[Symbol.asyncDispose]?.();
  });
}

describe("LiveTables with hostile cacheKeys, ids and queries never meet", () => {
  let hits = 0;
  after(() => assert(hits > 0, "nothing was ever served from a cache"));

  for (const cache of everyCache) {
    check(cache, {
      what: "serves each what it asked for, and after an invalidation what is new",
      numRuns: 200,
      arbitrary: fc.tuple(askedTogether, fc.nat()),
      run: async (cache, [asked, lot]) => {
        const echoes = new Map(asked.map(({ cacheKey }) => [cacheKey, new Echo(cacheKey)]));
        const tables = new Map([...echoes].map(([key, { table }]) => [key, new LiveTable(table, key, cache)]));
        const askAll = async (): Promise<void> => {
          for (const one of asked) {
            const [echo, table] = [echoes.get(one.cacheKey), tables.get(one.cacheKey)];
            assert(echo !== undefined && table !== undefined);
            const expected = { asked: identityOf(one), version: echo.version };
            assert.deepEqual(await answerTo(one, table), expected);
          }
        };
        await askAll();
        await askAll();
        const changed = [...echoes.keys()][lot % echoes.size] ?? "";
        for (const [key, echo] of echoes) if (key === changed) echo.version++;
        await tables.get(changed)?.invalidate();
        await askAll();
        for (const table of tables.values()) {
          hits += table.stats().hits;
          assert.equal(table.stats().cacheFailures, 0);
          await table.close();
        }
      },
    });
  }
});

describe("Caches with hostile keys", () => {
  const keys = fc.tuple(nearTexts, nearTexts).map(([scopes, rest]) => [
    ...scopes.flatMap((scope) => rest.map((part) => `${scope}/${part}`)),
    ...rest,
  ]);
  for (const cache of everyCache) {
    check(cache, {
      what: "gives each what was put under it, and nothing that starts with a prefix that was invalidated",
      numRuns: 200,
      arbitrary: fc.tuple(keys, fc.nat(), fc.nat()),
      run: async (cache, [keys, lot, length]) => {
        const rowOf = (key: string, time: number): Rows => Rows.from([["a", { key, time }]]);
        const unkept = new Set<string>();
        for (const key of keys) {
          if (!await cache.put(key, { rows: rowOf(key, 1), fetchedAt: 1 })) unkept.add(key);
        }
        const fences = new Map<string, string | number>();
        for (const key of keys) {
          const held = await cache.get(key);
          assert.equal(held?.rows.get("a")?.key, unkept.has(key) ? undefined : key);
          fences.set(key, await cache.fence(key));
        }
        const chosen = keys[lot % keys.length] ?? "";
        const prefix = chosen.slice(0, length % (chosen.length + 1));
        await cache.invalidatePrefix(prefix);
        for (const key of keys) {
          const held = await cache.get(key);
          if (held !== undefined) assert.equal(held.rows.get("a")?.key, key);
          if (!key.startsWith(prefix)) continue;
          assert.equal(held, undefined, "it was invalidated");
          assert.equal(await cache.put(key, { rows: rowOf(key, 2), fetchedAt: 2 }, fences.get(key)), false);
        }
      },
    });
  }
});
