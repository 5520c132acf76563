import { LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { SqliteTable } from "@vantage/live/sqlite";
import { cacheConformance, FaultyCache, FaultyTable, streamConformance, tableConformance } from "@vantage/live/testing";
import { IN_MEMORY, IN_SQLITE, LIVE_IN_MEMORY } from "./abilities.ts";
import { runSuite } from "./run_suite.ts";
import { makeBakery } from "./sqlite_bakery.ts";
import { openNode } from "./sqlite_handles.ts";
import { newPath } from "./temp_folder.ts";

/** As a framework wraps what is put into its state: private fields cannot be read through it. */
function wrapped<T extends object>(object: T): T {
  return new Proxy(object, {});
}

for (const [name, make] of [["MemCache", () => new MemCache()], ["FaultyCache", faultyCache]] as const) {
  runSuite(`${name} behind a Proxy keeps the promises of Cache`, cacheConformance, () => {
    const cache = wrapped(make());
    return {
      keeps: true,
      persistent: false,
      copies: false,
      maxChanges: 1_000,
      open: () => Promise.resolve({ cache, close: () => {} }),
    };
  });
}

runSuite("SqliteCache behind a Proxy keeps the promises of Cache", cacheConformance, () => {
  const path = newPath("cache.db");
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: 1_000,
    open: async () => {
      const cache = wrapped(await SqliteCache.open(path));
      return { cache, close: () => cache.close() };
    },
  };
});

runSuite("MemTable behind a Proxy keeps the promises of TableLike", tableConformance, () => ({
  ...IN_MEMORY,
  open: (rows) => Promise.resolve({ table: wrapped(new MemTable("bakery", { rows })), close: () => {} }),
}));

runSuite("FaultyTable behind a Proxy keeps the promises of TableLike", tableConformance, () => ({
  ...IN_MEMORY,
  open: (rows) => {
    const table = wrapped(new FaultyTable(wrapped(new MemTable("bakery", { rows })), { writeMany: true }));
    return Promise.resolve({ table, close: () => {} });
  },
}));

runSuite("LiveTable behind a Proxy, over Proxies, keeps the promises of TableLike", tableConformance, () => ({
  ...LIVE_IN_MEMORY,
  open: (rows) => {
    const liveStream = wrapped(new ManualLiveStream());
    const master = wrapped(new MemTable("bakery", { rows }));
    const table = wrapped(new LiveTable(master, "bakery", wrapped(new MemCache()), { liveStream }));
    return Promise.resolve({ table, close: () => table.close() });
  },
}));

runSuite("SqliteTable behind a Proxy keeps the promises of TableLike", tableConformance, () => ({
  ...IN_SQLITE,
  open: async (rows) => {
    const db = await openNode();
    makeBakery(db, "TEXT", rows);
    const table = wrapped(await SqliteTable.open(db, "bakery"));
    return {
      table,
      close: async () => {
        await table.close();
        db.close();
      },
    };
  },
}));

runSuite("ManualLiveStream behind a Proxy keeps the promises of LiveStream", streamConformance, () => ({
  emitsRows: true,
  bufferCapacity: 256,
  ends: true,
  fails: true,
  countsSubscribers: true,
  open: () => {
    const stream = wrapped(new ManualLiveStream());
    return Promise.resolve({
      stream,
      emit: (event) => void stream.push(event),
      end: () => stream.disconnect(),
      fail: (error) => stream.disconnect(error),
      subscriberCount: () => stream.subscriberCount,
      close: () => stream.close(),
    });
  },
}));

function faultyCache(): FaultyCache {
  return new FaultyCache(wrapped(new MemCache()));
}
