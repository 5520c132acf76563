import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type LiveEvent,
  type LiveStream,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemTable,
  type StaleAnswer,
  type StreamCursor,
  type SubscribeOptions,
  UnavailableError,
} from "@vantage/live";
import { IndexedDbCache, type IndexedDbCacheOptions } from "@vantage/live/indexeddb";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { IdbCacheStore, type LoggedSince } from "../../../src/drivers/indexeddb/indexeddb_cache_store.ts";
import { createCacheStores } from "../../../src/drivers/indexeddb/indexeddb_cache_stores.ts";
import { databaseName, IdbDatabase } from "../../../src/drivers/indexeddb/indexeddb_database.ts";
import { IdbFollower } from "../../../src/drivers/indexeddb/indexeddb_follower.ts";
import { appear, depart } from "../../../src/drivers/indexeddb/indexeddb_presence.ts";
import { newName, withIndexedDb } from "./fake_database.ts";

const SCOPE = "products/";

type Reader = ReadableStreamDefaultReader<LiveEvent>;

/** Reads until there is an event of this row, or of this kind. */
async function until(reader: Reader, wanted: string): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    assert(!done, `there was no ${wanted}`);
    if (value.kind === wanted || (value.kind !== "changed" && value.id === wanted)) return;
  }
}

/** As many caches of one name, as tabs have. */
async function openCaches(count: number, options: IndexedDbCacheOptions = {}): Promise<IndexedDbCache[]> {
  const name = newName();
  return await Promise.all(Array.from({ length: count }, () => IndexedDbCache.open(name, options)));
}

/** A source that counts its subscriptions, and goes on where a subscriber was. */
class ResumingSource implements LiveStream {
  readonly resumes = "the shop";
  readonly events = new ManualLiveStream();
  /** The positions that subscribers went on from. */
  readonly from: (string | undefined)[] = [];
  readonly cursors: StreamCursor[] = [];

  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const { cursor } = options;
    if (cursor !== undefined) {
      this.cursors.push(cursor);
      void Promise.resolve(cursor.load()).then((position) => {
        this.from.push(position);
        cursor.onCaughtUp();
      });
    }
    return this.events.subscribe(options);
  }
}

describe("IndexedDbCache.stream()", () => {
  it("refuses what is no cacheKey, no option or no bound", async () => {
    const [cache] = await openCaches(1);
    assert.throws(() => cache?.stream(""), TypeError);
    assert.throws(() => cache?.stream("products", { sources: [] } as object), TypeError);
    assert.throws(() => cache?.stream("products", { leaseMs: 0 }), RangeError);
    await cache?.close();
  });

  it("emits what any tab logs, in order, each change once, and changed for what it cannot know", async () => {
    const [one, other] = await openCaches(2, { maxChanges: 4 });
    assert(one !== undefined && other !== undefined);
    const reader = one.stream("products").subscribe().getReader();
    await until(reader, "changed");
    const log = (cache: IndexedDbCache, id: string): Promise<unknown> =>
      cache.log(SCOPE, { kind: "change", change: { kind: "updated", id, row: { n: 1 }, at: 1, cause: "event" } });
    await log(other, "a");
    await log(one, "b");
    await log(other, "c");
    assert.deepEqual((await reader.read()).value, { kind: "updated", id: "a", row: { n: 1 } });
    assert.deepEqual((await reader.read()).value, { kind: "updated", id: "b", row: { n: 1 } });
    assert.deepEqual((await reader.read()).value, { kind: "updated", id: "c", row: { n: 1 } });
    await other.invalidatePrefix(SCOPE);
    assert.deepEqual((await reader.read()).value, { kind: "changed" });
    await other.log("others/", { kind: "change", change: { kind: "changed", at: 1, cause: "event" } });
    await other.invalidatePrefix("");
    assert.deepEqual((await reader.read()).value, { kind: "changed" });
    await Promise.all([one.close(), other.close()]);
    assert.equal((await reader.read()).done, true);
  });

  it("of a cache in memory is the source", async () => {
    const cache = await withIndexedDb(undefined, () => IndexedDbCache.open("shop"));
    const source = new ManualLiveStream();
    assert.equal(cache.stream("products", { source }), source);
    await cache.close();
  });

  it("subscribes to the source once, and all tabs receive what it emits", async () => {
    const source = new ManualLiveStream();
    const caches = await openCaches(3);
    const readers = caches.map((cache) => cache.stream("products", { source }).subscribe().getReader());
    while (source.subscriberCount === 0) for (const reader of readers) await until(reader, "changed");
    source.push({ kind: "updated", id: "a" });
    for (const reader of readers) await until(reader, "a");
    assert.equal(source.subscriberCount, 1);
    for (const cache of caches) await cache.close();
  });

  it("has another tab take over when one is closed, which begins with a gap", async () => {
    const source = new ManualLiveStream();
    const [first, second] = await openCaches(2);
    assert(first !== undefined && second !== undefined);
    const leading = first.stream("products", { source }).subscribe().getReader();
    while (source.subscriberCount === 0) await until(leading, "changed");
    const reader = second.stream("products", { source }).subscribe().getReader();
    await until(reader, "changed");
    await leading.cancel();
    // The gap's end is logged once the second one has subscribed.
    while (source.subscriberCount === 0) await until(reader, "changed");
    source.push({ kind: "deleted", id: "b" });
    await until(reader, "b");
    assert.equal(source.subscriberCount, 1);
    await Promise.all([first.close(), second.close()]);
  });

  it("goes on where the log is, if the source can, also in another tab", async () => {
    const source = new ResumingSource();
    const [first, second] = await openCaches(2);
    assert(first !== undefined && second !== undefined);
    const leading = first.stream("products", { source }).subscribe().getReader();
    await until(leading, "changed");
    while (source.from.length === 0) await settle();
    await source.cursors[0]?.store("7");
    await leading.cancel();
    const reader = second.stream("products", { source }).subscribe().getReader();
    await until(reader, "changed");
    while (source.from.length === 1) await settle();
    assert.deepEqual(source.from, [undefined, "7"]);
    await Promise.all([first.close(), second.close()]);
  });

  it("lets a table serve what is held once the log has caught up with the source, and not before", async () => {
    const source = new ResumingSource();
    const [first, second] = await openCaches(2);
    assert(first !== undefined && second !== undefined);
    const master = new MemTable("products", { rows: [["a", { price: 1 }]] });
    const tables = [first, second].map((cache) =>
      new LiveTable(master, "products", cache, { liveStream: cache.stream("products", { source }) })
    );
    for (const table of tables) assert.equal((await table.listValues()).get("a")?.price, 1);
    await tables[0]?.patchValue("a", { price: 2 });
    for (const table of tables) assert.equal((await table.listValues()).get("a")?.price, 2);
    assert.equal(source.events.subscriberCount, 1);
    assert.equal(tables[1]?.stats().masterReads, 0);
    for (const closed of [...tables, first, second]) await closed.close();
  });

  it("emits to a new subscriber nothing that was on its way to one that has left", async () => {
    const [cache] = await openCaches(1);
    assert(cache !== undefined);
    const stream = cache.stream("products");
    const left = stream.subscribe().getReader();
    await until(left, "changed");
    const log = (id: string): Promise<unknown> =>
      cache.log(SCOPE, { kind: "change", change: { kind: "deleted", id, at: 1, cause: "event" } });
    await log("a");
    await left.cancel();
    const reader = stream.subscribe().getReader();
    assert.deepEqual((await reader.read()).value, { kind: "changed" });
    await log("b");
    assert.deepEqual((await reader.read()).value, { kind: "deleted", id: "b" });
  });

  it("keeps what an earlier page has read for a table that may serve stale rows, and for no other: what happened since is unknown", async () => {
    const name = newName();
    const rows = new MemTable("products", { rows: [["a", { price: 1 }]] });
    const master = new FaultyTable(rows);
    const opened = async (options: LiveTableOptions = {}) => {
      const cache = await IndexedDbCache.open(name);
      const source = new ManualLiveStream();
      const table = new LiveTable(master, "products", cache, {
        liveStream: cache.stream("products", { source }),
        ...options,
      });
      const close = async (): Promise<void> => {
        await table.close();
        await cache.close();
      };
      return { table, close };
    };
    const earlier = await opened();
    assert.equal((await earlier.table.listValues()).get("a")?.price, 1);
    await earlier.close();
    await rows.patchValue("a", { price: 2 }); // No page hears of it.

    master.plan.fail("listValues", new UnavailableError("offline"));
    const strict = await opened();
    await assert.rejects(strict.table.listValues(), UnavailableError);
    await strict.close();

    master.plan.fail("listValues", new UnavailableError("offline"));
    const lenient = await opened({ onMasterFailure: "serve" });
    const stale: StaleAnswer[] = [];
    const shown = await lenient.table.listValues({ onStale: (answer) => void stale.push(answer) });
    assert.equal(shown.get("a")?.price, 1);
    assert.equal(stale.length, 1);
    assert.equal((await lenient.table.listValues()).get("a")?.price, 2);
    await lenient.close();
  });

  it("has a table read again what it read before its source was connected: a change in between was not heard", async () => {
    const [cache] = await openCaches(1);
    assert(cache !== undefined);
    const source = new ManualLiveStream();
    const rows = new MemTable("products", { rows: [["a", { price: 1 }]] });
    const table = new LiveTable(rows, "products", cache, { liveStream: cache.stream("products", { source }) });
    assert.equal((await table.listValues()).get("a")?.price, 1);
    await rows.patchValue("a", { price: 2 });
    source.push({ kind: "changed" }); // As an SseLiveStream does once it is connected.
    while ((await table.listValues()).get("a")?.price !== 2) await settle();
    assert.equal(table.stats().masterReads, 2);
    await table.close();
    await cache.close();
  });

  it("reports a source that fails, and begins again after a gap", async () => {
    const source = new ManualLiveStream();
    const [cache] = await openCaches(1);
    assert(cache !== undefined);
    const reader = cache.stream("products", { source }).subscribe().getReader();
    while (source.subscriberCount === 0) await until(reader, "changed");
    source.disconnect(new Error("the connection is lost"));
    while (source.subscriberCount === 0) await until(reader, "changed");
    source.push({ kind: "updated", id: "a" });
    await until(reader, "a");
    await cache.close();
  });

  it("takes an event that makes no sense for a change of which nothing is known", async () => {
    const events = new TransformStream<LiveEvent, LiveEvent>();
    const [cache] = await openCaches(1);
    assert(cache !== undefined);
    const source = { subscribe: () => events.readable };
    const reader = cache.stream("products", { source }).subscribe().getReader();
    await until(reader, "changed");
    const writer = events.writable.getWriter();
    await writer.write({ kind: "gone" } as unknown as LiveEvent);
    await until(reader, "changed");
    await cache.close();
  });
});

describe("IdbFollower.look()", () => {
  it("looks again for each call, whenever that comes", async () => {
    for (let turns = 0; turns < 8; turns++) {
      let looks = 0;
      const since = (): Promise<LoggedSince> => Promise.resolve({ changes: [], fence: ++looks });
      const store = { since } as unknown as IdbCacheStore; // Nothing else is called.
      const events = new ManualLiveStream();
      const follower = new IdbFollower({ store, scope: SCOPE, events, clock: new FakeClock(), trace: undefined });
      void follower.look();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const before = looks;
      await follower.look();
      assert(looks > before || turns === 0, `after ${turns} turns`);
      follower.stop();
    }
  });
});

describe("The right to feed a log", () => {
  const clock = new FakeClock();

  function openStore(cache = newName()): { readonly store: IdbCacheStore; readonly db: IdbDatabase } {
    const create = createCacheStores(clock);
    const name = databaseName(cache, "cache");
    const db = new IdbDatabase({ name, create, durability: "relaxed", timeoutMs: 1_000, clock });
    const bounds = {
      maxEntries: 10,
      maxBytes: 1_000,
      maxAgeMs: 1_000,
      maxScopes: 10,
      maxChanges: 10,
      maxLogBytes: 1_000,
    };
    return { store: new IdbCacheStore(db, { ...bounds, clock }), db };
  }

  /** Two tabs, of which the first one listens to a source that resumes. */
  async function oneLeads() {
    const source = new ResumingSource();
    const name = newName();
    const [first, second] = [await IndexedDbCache.open(name), await IndexedDbCache.open(name)];
    const { store, db } = openStore(name);
    const leading = first.stream("products", { source }).subscribe().getReader();
    await until(leading, "changed");
    while (source.from.length === 0) await settle();
    const close = async (): Promise<void> => {
      await Promise.all([first.close(), second.close()]);
      db.close();
    };
    return { source, second, store, leading, close };
  }

  it("is of one tab at a time, under a term that grows", async () => {
    const { store, db } = openStore();
    const [a, b] = [{ holder: "a", forMs: 100 }, { holder: "b", forMs: 100 }];
    const first = await store.lease(SCOPE, { ...a, now: 0 });
    assert.equal(first.holder, "a");
    assert.deepEqual(await store.lease(SCOPE, { ...b, now: 99 }), first);
    assert.equal((await store.lease(SCOPE, { ...a, now: 50 })).term, first.term);
    const second = await store.lease(SCOPE, { ...b, now: 150 });
    assert.deepEqual([second.holder, second.term], ["b", first.term + 1]);
    await store.release(SCOPE, "a");
    assert.equal((await store.lease(SCOPE, { ...a, now: 160 })).holder, "b");
    await store.release(SCOPE, "b");
    assert.equal((await store.lease(SCOPE, { ...a, now: 160 })).term, second.term + 1);
    const ended = (await store.leaseOf(SCOPE))?.term;
    assert.equal((await store.lease(SCOPE, { ...b, now: 160 }, ended)).holder, "b");
    db.close();
  });

  it("is checked in the step that logs: what a tab logs after its term has no effect", async () => {
    const { store, db } = openStore();
    const change = { kind: "updated", id: "a", at: 1, cause: "event" } as const;
    const { term } = await store.lease(SCOPE, { holder: "frozen", forMs: 100, now: 0 });
    await store.feed(SCOPE, { kind: "change", change }, term);
    const fence = await store.fence(SCOPE);
    await store.lease(SCOPE, { holder: "next", forMs: 100, now: 100 });
    await assert.rejects(store.feed(SCOPE, { kind: "change", change }, term), { name: "AbortError" });
    assert.equal(await store.fence(SCOPE), fence);
    db.close();
  });

  it("is checked in the step that stores how far a source has got", async () => {
    const { source, second, store, leading, close } = await oneLeads();
    await source.cursors[0]?.store("7");
    const { term } = await store.lease(SCOPE, { holder: "next", forMs: 60_000, now: Date.now() }, await termIn(store));
    await source.cursors[0]?.store("5");
    await store.lease(SCOPE, { holder: "", forMs: 1, now: 0 }, term);
    await leading.cancel();
    const reader = second.stream("products", { source }).subscribe().getReader();
    await until(reader, "changed");
    while (source.from.length === 1) await settle();
    assert.deepEqual(source.from, [undefined, "7"]);
    await close();
  });

  it("is checked before a tab says that the log has caught up", async () => {
    const { source, second, store, close } = await oneLeads();
    let caughtUp = 0;
    const cursor = { load: () => undefined, store: () => {}, onCaughtUp: () => void caughtUp++ };
    const subscribe = async (): Promise<Reader> => {
      const reader = second.stream("products", { source }).subscribe({ cursor }).getReader();
      await until(reader, "changed");
      for (let turn = 0; turn < 40; turn++) await settle();
      return reader;
    };
    await (await subscribe()).cancel();
    assert.equal(caughtUp, 1);
    await appear("next");
    await store.lease(SCOPE, { holder: "next", forMs: 60_000, now: Date.now() }, await termIn(store));
    await subscribe();
    depart("next");
    assert.equal(caughtUp, 1);
    await close();
  });

  it("is looked at by each tab, which reads the log then: a message that was lost delays it for no longer", async () => {
    const name = newName();
    const { store, db } = openStore(name);
    await appear("other");
    await store.lease(SCOPE, { holder: "other", forMs: 60_000, now: clock.now() });
    const cache = await IndexedDbCache.open(name, { clock });
    const source = new ManualLiveStream();
    const reader = cache.stream("products", { source, leaseMs: 1_000 }).subscribe().getReader();
    await until(reader, "changed");
    await store.log(SCOPE, { kind: "change", change: { kind: "deleted", id: "a", at: 1, cause: "event" } });
    const received = reader.read();
    await passed(clock, 1_000);
    assert.deepEqual(await Promise.race([received, settle()]), { done: false, value: { kind: "deleted", id: "a" } });
    depart("other");
    await cache.close();
    db.close();
  });

  it("is left by a tab that cannot be seen to one that lives, however late that is", async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: "hidden" });
    Object.assign(globalThis, { document: page });
    try {
      const name = newName();
      const { store, db } = openStore(name);
      await store.lease(SCOPE, { holder: "late", forMs: 1_000, now: clock.now() - 10_000 });
      await appear("late");
      const cache = await IndexedDbCache.open(name, { clock });
      const source = new ManualLiveStream();
      const reader = cache.stream("products", { source, leaseMs: 1_000 }).subscribe().getReader();
      await until(reader, "changed");
      for (let time = 0; time < 5; time++) await passed(clock, 1_000);
      assert.equal(source.subscriberCount, 0);
      page.visibilityState = "visible";
      while (source.subscriberCount === 0) await passed(clock, 1_000);
      assert.notEqual((await store.leaseOf(SCOPE))?.holder, "late");
      await cache.close();
      db.close();
    } finally {
      depart("late");
      Reflect.deleteProperty(globalThis, "document");
    }
  });
});

async function termIn(store: IdbCacheStore): Promise<number | undefined> {
  return (await store.leaseOf(SCOPE))?.term;
}

/** Lets time pass, and what waits for the database go on. */
async function passed(clock: FakeClock, ms: number): Promise<void> {
  await clock.advance(ms);
  for (let turn = 0; turn < 20; turn++) await settle();
}
