import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Cache, LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { FaultyCache, FaultyTable, settle } from "@vantage/live/testing";

/** Events that a cache has in its log before they are pushed. */
class LoggedStream extends ManualLiveStream {
  readonly logOf: Cache;

  constructor(logOf: Cache) {
    super();
    this.logOf = logOf;
  }
}

function newTable(cache: Cache, liveStream: LoggedStream): { readonly master: FaultyTable; readonly table: LiveTable } {
  const master = new FaultyTable(new MemTable("products", { rows: [["a", { version: 0 }]] }));
  return { master, table: new LiveTable(master, "products", cache, { liveStream }) };
}

/** What another host does: it changes a row, and logs that. */
async function changeElsewhere(master: FaultyTable, cache: Cache, version: number): Promise<void> {
  await master.patchValue("a", { version });
  await cache.log?.("products/", { kind: "change", change: { kind: "updated", id: "a", at: 1, cause: "event" } });
}

async function versionAt(table: LiveTable): Promise<unknown> {
  return (await table.listValues()).get("a")?.version;
}

describe("LiveTable with a stream of what its cache has logged", () => {
  for (
    const [where, wrapped] of [["", same], [" behind a Proxy", proxied], [" through other caches", twice]] as const
  ) {
    it(`logs no event again${where}, and emits each`, async () => {
      const shared = new MemCache();
      const cache = wrapped(shared);
      const stream = new LoggedStream(shared);
      const { master, table } = newTable(cache, stream);
      await settle();
      const events = table.events.subscribe().getReader();
      await versionAt(table);
      await changeElsewhere(master, shared, 1);
      const fence = await shared.fence("products/all");
      stream.push({ kind: "updated", id: "a" });
      assert.deepEqual((await events.read()).value, { kind: "updated", id: "a" });
      assert.equal(await shared.fence("products/all"), fence);
      assert.equal(await versionAt(table), 1);
      assert.equal(table.stats().invalidations.event, 1);
      await table.close();
    });
  }

  it("shows a watcher what is in the log", async () => {
    const cache = new MemCache();
    const stream = new LoggedStream(cache);
    const { master, table } = newTable(cache, stream);
    const shown = table.watch().getReader();
    const untilShown = async (version: number): Promise<void> => {
      while ((await shown.read()).value?.rows?.get("a")?.version !== version);
    };
    await untilShown(0);
    await changeElsewhere(master, cache, 1);
    stream.push({ kind: "updated", id: "a" });
    await untilShown(1);
    await shown.cancel();
    await table.close();
  });

  it("keeps its entries when it subscribes, and in a gap, which its events tell of", async () => {
    const cache = new MemCache();
    const stream = new LoggedStream(cache);
    await using first = newTable(cache, stream).table;
    await versionAt(first);
    const { table } = newTable(cache, stream);
    const events = table.events.subscribe().getReader();
    await settle();
    assert.equal(await versionAt(table), 0);
    stream.disconnect();
    assert.deepEqual((await events.read()).value, { kind: "changed" });
    assert.equal(await versionAt(table), 0);
    const { masterReads, hits, invalidations } = table.stats();
    assert.deepEqual([masterReads, hits, invalidations.gap], [0, 2, 0]);
    await table.close();
  });

  it("shares a read that was in flight when a gap began", async () => {
    const cache = new MemCache();
    const stream = new LoggedStream(cache);
    const { master, table } = newTable(cache, stream);
    await settle();
    const gate = master.plan.hold("listValues");
    const before = versionAt(table);
    await gate.reached;
    stream.disconnect();
    await settle();
    const after = versionAt(table);
    await settle();
    gate.release();
    assert.deepEqual(await Promise.all([before, after]), [0, 0]);
    assert.equal(table.stats().masterReads, 1);
    await table.close();
  });

  it("has nothing old in flight when everything was invalidated elsewhere", async () => {
    const cache = new MemCache();
    const stream = new LoggedStream(cache);
    const { master, table } = newTable(cache, stream);
    await settle();
    const gate = master.plan.hold("listValues");
    const before = versionAt(table);
    await gate.reached;
    await master.patchValue("a", { version: 1 });
    cache.invalidatePrefix("products/");
    stream.push({ kind: "changed" });
    await settle();
    assert.equal(await versionAt(table), 1);
    gate.release();
    await before;
    await table.close();
  });

  it("logs the events of another cache's log as those of any stream", async () => {
    const cache = new MemCache();
    const stream = new LoggedStream(new MemCache());
    const { master, table } = newTable(cache, stream);
    await settle();
    await versionAt(table);
    const fence = cache.fence("products/all");
    await master.patchValue("a", { version: 1 });
    stream.push({ kind: "updated", id: "a" });
    await settle();
    assert.notEqual(cache.fence("products/all"), fence);
    assert.equal(await versionAt(table), 1);
    await table.close();
  });
});

function same(cache: Cache): Cache {
  return cache;
}

function proxied(cache: Cache): Cache {
  return new Proxy(cache, {});
}

function twice(cache: Cache): Cache {
  return proxied(new FaultyCache(new FaultyCache(cache)));
}
