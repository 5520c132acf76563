import { defineTable, LiveTable, MemCache } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { FaultyCache } from "@vantage/live/testing";
import { join } from "node:path";
import type { Contestant, Subject } from "../contestant.ts";
import type { Master, World } from "../world.ts";

/** The longest pause before a new subscription, or before an invalidation is retried. */
const LONGEST_PAUSE_MS = 30_000;

/** Uses a memory cache; where processes share entries, each opens its own handle on one SQLite file. */
export const LIVE_TABLE: Contestant = {
  name: "@vantage/live",
  lacks: {},
  usages: [{ how: "`LiveTable`, with `masterLagMs` where replicas lag", open }],
};

async function open({ master, folder, stream, clock, masterLagMs }: World): Promise<Subject> {
  const sqlite = folder === undefined ? undefined : await SqliteCache.open(join(folder, "cache.db"));
  const cache = new FaultyCache(sqlite ?? new MemCache());
  const options = { clock, masterLagMs };
  let table = new LiveTable(tableOf(master), "rows", cache, options);
  const tables = [table];
  return {
    read: async (signal) => Number((await table.getValue("a", { signal }))?.value),
    write: (value) => table.patchValue("a", { value }),
    invalidate: () => table.invalidate(),
    receive: () => void stream.push({ kind: "updated", id: "a" }),
    connect: () => {
      table = new LiveTable(tableOf(master), "rows", cache, { ...options, liveStream: stream });
      tables.push(table);
    },
    disconnect: () => stream.disconnect(),
    reconnect: () => clock.advance(LONGEST_PAUSE_MS),
    holdFill: () => cache.plan.hold("put", "before"),
    failInvalidation: () => cache.plan.fail("invalidatePrefix", new Error("the store is unreachable")),
    close: async () => {
      const closed = Promise.all(tables.map((open) => open.close()));
      // Closing waits until the lag of the master is over.
      await clock.advance(masterLagMs);
      await closed;
      await sqlite?.close();
    },
  };
}

/** The master, as a table of one row. */
export function tableOf(master: Master): ReturnType<typeof defineTable> {
  return defineTable({
    name: "rows",
    list: async () => [["a", { value: await master.read() }]],
    get: async () => ({ value: await master.read() }),
    patch: async (_, { value }) => ({ value: await master.write(Number(value)) }),
  });
}
