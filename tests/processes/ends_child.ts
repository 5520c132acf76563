/** A program that uses a LiveTable and comes to its end without closing it, or having closed it: it must exit by itself. */
import process from "node:process";
import { type Cache, defineTable, LiveTable, type LiveTableOptions, MemCache, MemTable } from "@vantage/live";

const never = (): Promise<never> => new Promise(() => {});
const fails = (): never => {
  throw new Error("away");
};

function cacheWith(change: Partial<Cache>): Cache {
  const inner = new MemCache();
  return {
    get: (key) => inner.get(key),
    fence: (key) => inner.fence(key),
    put: (key, rows, fence) => inner.put(key, rows, fence),
    invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
    ...change,
  };
}

function open(cache: Cache, options: LiveTableOptions = {}): LiveTable {
  return new LiveTable(new MemTable("p", { rows: [["a", { n: 1 }]] }), "p", cache, { cacheTimeoutMs: 200, ...options });
}

async function use(table: LiveTable): Promise<LiveTable> {
  await table.listValues();
  await table.patchValue("a", { n: 2 });
  await table.listValues();
  return table;
}

const CASES: Readonly<Record<string, () => Promise<unknown>>> = {
  "a stream that fails": () => use(open(new MemCache(), { liveStream: { subscribe: fails } })),
  "a stream that says nothing": () =>
    use(open(new MemCache(), { liveStream: { subscribe: () => new ReadableStream() } })),
  "a cache that cannot drop": () => use(open(cacheWith({ invalidatePrefix: fails }))),
  "a master that lags": () => use(open(new MemCache(), { masterLagMs: 600_000 })),
  "a cache that does not answer": () =>
    use(open(cacheWith({ get: never, fence: never, put: never, invalidatePrefix: never }))),
  "all of these": async () => {
    for (const [what, run] of Object.entries(CASES)) if (!what.startsWith("all of")) await run();
  },
  "all of it, closed": async () => {
    const cache = cacheWith({ get: never, fence: never, put: never, invalidatePrefix: never });
    const table = await use(open(cache, { liveStream: { subscribe: fails }, masterLagMs: 600_000 }));
    await table.close();
  },
};

/** What a master does with the promise of a write that it makes within another, and what comes of it. */
async function throwInHandler(): Promise<void> {
  process.on("unhandledRejection", (error) => console.log(`unhandled: ${error}`));
  const table: LiveTable = open(new MemCache(), {
    writeTarget: defineTable({
      name: "p",
      list: () => [],
      patch: (_, partial) => {
        void table.insertValue("b", {}).then(() => fails());
        return partial;
      },
      insert: (_, row) => row,
      get: () => ({}),
    }),
  });
  await table.patchValue("a", {});
  await table.idle();
}

const [, , what = ""] = process.argv;
await (what === "a handler that throws" ? throwInHandler() : CASES[what]?.());
console.log("done");
