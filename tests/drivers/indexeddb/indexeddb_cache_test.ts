import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemTable, Rows } from "@vantage/live";
import { IndexedDbCache, type IndexedDbCacheOptions } from "@vantage/live/indexeddb";
import { FakeClock } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import type { IdbHandle } from "../../../src/drivers/indexeddb/indexeddb_api.ts";
import { Recorder } from "../recorder.ts";
import {
  closeByForce,
  deleteCache,
  fillDisk,
  newName,
  occupy,
  openHandle,
  recordingHandles,
  withIndexedDb,
} from "./fake_database.ts";

const KEY = "products/all";
const SCOPE = "products/";

function entry(text = "x", fetchedAt = 1): { readonly rows: Rows; readonly fetchedAt: number } {
  return { rows: Rows.from([["a", { text }]]), fetchedAt };
}

async function keysOf(cache: IndexedDbCache, keys: readonly string[]): Promise<readonly string[]> {
  const held = await Promise.all(keys.map((key) => cache.get(key)));
  return keys.filter((_, index) => held[index] !== undefined);
}

/** Opens a cache whose handles are known. */
async function openRecorded(options?: IndexedDbCacheOptions): Promise<{ cache: IndexedDbCache; handles: IdbHandle[] }> {
  const handles: IdbHandle[] = [];
  const name = newName();
  // It is opened again with the same IndexedDB.
  const cache = await withIndexedDb(recordingHandles(handles), () => IndexedDbCache.open(name, options));
  return { cache, handles };
}

describe("IndexedDbCache.open()", () => {
  it("refuses what is no name, no option or no bound", async () => {
    for (const name of ["", 7 as unknown as string]) await assert.rejects(IndexedDbCache.open(name), TypeError);
    await assert.rejects(IndexedDbCache.open(newName(), { maxEntry: 1 } as IndexedDbCacheOptions), TypeError);
    await assert.rejects(IndexedDbCache.open(newName(), { maxEntries: 0 }), RangeError);
  });

  const unusable = [
    ["there is no IndexedDB", undefined],
    [
      "it is forbidden, as in a sandboxed frame",
      {
        open: () => {
          throw new DOMException("The operation is insecure", "SecurityError");
        },
      },
    ],
  ] as const;
  for (const [when, factory] of unusable) {
    it(`answers with a cache in memory if ${when}, which says so`, async () => {
      const recorder = new Recorder();
      const options = { tracer: defineTracer(recorder) };
      const cache = await withIndexedDb(factory, () => IndexedDbCache.open("shop", options));
      assert.equal(cache.storage, "memory");
      assert.deepEqual(recorder.told.map(({ level, name }) => `${level}: ${name}`), ["warn: cache in memory"]);
      const master = new MemTable("products", { rows: [["a", { price: 1 }]] });
      const liveStream = cache.stream("products");
      const products = new LiveTable(master, "products", cache, { liveStream });
      await products.listValues();
      await products.patchValue("a", { price: 2 });
      assert.equal((await products.listValues()).get("a")?.price, 2);
      assert.equal(products.stats().masterReads, 1);
      await products.close();
      await cache.close();
    });
  }

  it("answers with a cache in memory if the database is not there in time, and closes it when it comes", async () => {
    const clock = new FakeClock();
    const handles: IdbHandle[] = [];
    const { open } = recordingHandles(handles) ?? {};
    const asked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow = {
      open: (name: string, version: number) => {
        const request = { onsuccess: null, onupgradeneeded: null } as unknown as ReturnType<NonNullable<typeof open>>;
        void goOn.promise.then(() => {
          const real = open?.(name, version);
          if (real === undefined) return;
          real.onupgradeneeded = () => {
            Object.assign(request, { result: real.result });
            request.onupgradeneeded?.();
          };
          real.onsuccess = () => {
            Object.assign(request, { result: real.result });
            request.onsuccess?.();
            asked.resolve();
          };
        });
        return request;
      },
    };
    const opening = withIndexedDb(slow, () => IndexedDbCache.open(newName(), { timeoutMs: 500, clock }));
    await clock.advance(500);
    assert.equal((await opening).storage, "memory");
    goOn.resolve();
    await asked.promise;
    const [late] = handles;
    await Promise.resolve();
    assert.throws(() => late?.transaction(["total"], "readonly", { durability: "relaxed" }), {
      name: "InvalidStateError",
    });
  });
});

describe("IndexedDbCache", () => {
  for (
    const [how, close] of [
      ["without saying so", (handle: IdbHandle) => handle.close()],
      ["by force", closeByForce],
      ["for another tab that deletes it", (handle: IdbHandle) => handle.onversionchange?.()],
    ] as const
  ) {
    it(`goes on when the browser has closed its database ${how}`, async () => {
      const { cache, handles: [first] } = await openRecorded();
      await cache.put(KEY, entry());
      assert(first !== undefined);
      close(first);
      assert.deepEqual((await cache.get(KEY))?.rows.get("a"), { text: "x" });
      assert.equal(await cache.put(KEY, entry("y")), true);
      await cache.close();
    });
  }

  it("rejects with a ClosedError once it is closed", async () => {
    const cache = await IndexedDbCache.open(newName());
    await cache.close();
    await cache.close();
    await assert.rejects(async () => await cache.get(KEY), { name: "ClosedError" });
    await assert.rejects(cache.put(KEY, entry()), { name: "ClosedError" });
  });

  it("rejects a step that takes too long, as behind a frozen tab, and that has no effect", async () => {
    const clock = new FakeClock();
    const name = newName();
    const cache = await IndexedDbCache.open(name, { timeoutMs: 500, clock });
    const other = await openHandle(name, "cache");
    const thaw = await occupy(other, "heads");
    const putting = cache.put(KEY, entry());
    putting.catch(() => {});
    await clock.advance(500);
    await assert.rejects(putting, { name: "TimeoutError" });
    thaw();
    assert.equal(await cache.get(KEY), undefined);
    assert.equal(await cache.put(KEY, entry()), true);
    other.close();
    await cache.close();
  });

  it("drops the older half of its entries if the disk is full, and stores nothing", async () => {
    const { cache, handles: [handle] } = await openRecorded();
    const keys = ["s/1", "s/2", "s/3", "s/4"];
    for (const key of keys) await cache.put(key, entry());
    assert(handle !== undefined);
    const empty = fillDisk(handle, "bodies");
    try {
      assert.equal(await cache.put("s/5", entry()), false);
    } finally {
      empty();
    }
    assert.deepEqual(await keysOf(cache, [...keys, "s/5"]), ["s/3", "s/4"]);
    assert.equal(await cache.put("s/5", entry()), true);
    await cache.close();
  });

  it("drops the older half of its entries if the disk is full, to log a change", async () => {
    const { cache, handles: [handle] } = await openRecorded();
    const keys = ["products/1", "products/2"];
    for (const key of keys) await cache.put(key, entry());
    assert(handle !== undefined);
    const empty = fillDisk(handle, "changes", "bodies");
    try {
      await cache.log(SCOPE, { kind: "change", change: { kind: "deleted", id: "a", at: 1, cause: "event" } });
    } finally {
      empty();
    }
    assert.deepEqual(await keysOf(cache, keys), ["products/2"]);
    assert.equal((await cache.get("products/2"))?.since?.changes.length, 1);
    await cache.close();
  });

  it("rejects a change that cannot be logged, so that the table does not serve what lacks it", async () => {
    const { cache, handles: [handle] } = await openRecorded();
    const master = new MemTable("products", { rows: [["a", { price: 1 }]] });
    const products = new LiveTable(master, "products", cache);
    await products.listValues();
    assert(handle !== undefined);
    const empty = fillDisk(handle, "changes");
    try {
      await products.patchValue("a", { price: 2 });
      assert.equal((await products.listValues()).get("a")?.price, 2);
    } finally {
      empty();
    }
    await products.close();
    await cache.close();
  });

  it("keeps as many entries as its bound, those that were put last", async () => {
    const cache = await IndexedDbCache.open(newName(), { maxEntries: 3 });
    const keys = ["s/1", "s/2", "s/3", "s/4", "s/5"];
    for (const key of keys) await cache.put(key, entry());
    assert.deepEqual(await keysOf(cache, keys), ["s/3", "s/4", "s/5"]);
    await cache.put("s/3", entry("again"));
    await cache.put("s/6", entry());
    assert.deepEqual(await keysOf(cache, [...keys, "s/6"]), ["s/3", "s/5", "s/6"]);
    await cache.close();
  });

  it("keeps as many bytes as its bound, and refuses a larger entry", async () => {
    const cache = await IndexedDbCache.open(newName(), { maxBytes: 10_000 });
    const text = "x".repeat(2_000);
    const keys = ["s/1", "s/2", "s/3"];
    for (const key of keys) assert.equal(await cache.put(key, entry(text)), true);
    assert.deepEqual(await keysOf(cache, keys), ["s/2", "s/3"]);
    assert.equal(await cache.put("s/4", entry("x".repeat(6_000))), false);
    assert.deepEqual(await keysOf(cache, keys), ["s/2", "s/3"]);
    await cache.invalidatePrefix("s/2");
    assert.equal(await cache.put("s/5", entry(text)), true);
    assert.deepEqual(await keysOf(cache, [...keys, "s/5"]), ["s/3", "s/5"]);
    await cache.close();
  });

  it("begins a log again when all logs take more than a quarter of its bytes", async () => {
    const cache = await IndexedDbCache.open(newName(), { maxBytes: 40_000 });
    await cache.put(KEY, entry());
    const logLarge = (id: string): Promise<unknown> => {
      const row = { text: "x".repeat(2_000) };
      return cache.log(SCOPE, { kind: "change", change: { kind: "updated", id, row, at: 1, cause: "event" } });
    };
    await logLarge("a");
    await logLarge("b");
    assert.equal((await cache.get(KEY))?.since?.changes.length, 2);
    await logLarge("c");
    assert.equal(await cache.get(KEY), undefined);
    await cache.put(KEY, entry());
    await logLarge("d");
    assert.equal((await cache.get(KEY))?.since?.changes.length, 1);
    await cache.close();
  });

  it("does not answer with an entry that is too old, and drops it when it is opened", async () => {
    const clock = new FakeClock({ now: 1_000 });
    const name = newName();
    const options = { maxAgeMs: 100, clock };
    const cache = await IndexedDbCache.open(name, options);
    await cache.put("s/1", entry());
    await clock.advance(60);
    await cache.put("s/2", entry());
    await clock.advance(60);
    assert.deepEqual(await keysOf(cache, ["s/1", "s/2"]), ["s/2"]);
    await cache.close();
    const again = await IndexedDbCache.open(name, options);
    // What is dropped is not counted any more; this waits behind that.
    await again.fence("s/1");
    clock.set(1_000);
    assert.deepEqual(await keysOf(again, ["s/1", "s/2"]), ["s/2"]);
    await again.close();
  });

  it("is separate from that of another name", async () => {
    const [one, other] = await Promise.all([IndexedDbCache.open(newName()), IndexedDbCache.open(newName())]);
    await one.put(KEY, entry());
    assert.equal(await other.get(KEY), undefined);
    await Promise.all([one.close(), other.close()]);
  });

  it("refuses the fences of a database that was deleted", async () => {
    const name = newName();
    const cache = await IndexedDbCache.open(name);
    const fence = await cache.fence(KEY);
    await deleteCache(name);
    assert.equal(await cache.put(KEY, entry(), fence), false);
    assert.equal(await cache.put(KEY, entry(), await cache.fence(KEY)), true);
    await cache.close();
  });
});
