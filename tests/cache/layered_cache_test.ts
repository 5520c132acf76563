import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type CachedRows,
  defineTable,
  LayeredCache,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemTable,
  NotFoundError,
  Rows,
} from "@vantage/live";
import { FakeClock, FaultyCache, settle } from "@vantage/live/testing";

const KEY = "products/all";
const SCOPE = "products/";

function entry(version: number): CachedRows {
  return { rows: Rows.from([["a", { version }]]), fetchedAt: 1 };
}

function versionIn(held: CachedRows | undefined): unknown {
  return held?.rows.get("a")?.version;
}

/** A far cache whose calls are counted, and answer later, and two hosts in front of it. */
function twoHosts(maxLagMs = 1_000): {
  readonly clock: FakeClock;
  readonly far: FaultyCache;
  readonly one: LayeredCache;
  readonly other: LayeredCache;
} {
  const clock = new FakeClock();
  const far = new FaultyCache(new MemCache());
  const layered = (): LayeredCache => new LayeredCache(new MemCache(), far, { maxLagMs, clock });
  return { clock, far, one: layered(), other: layered() };
}

describe("LayeredCache", () => {
  it("answers from memory, without a promise, for as long as its lag, and then asks the far cache again", async () => {
    const { clock, far, one } = twoHosts();
    await one.put(KEY, entry(1));
    assert.equal(versionIn(await one.get(KEY)), 1);
    await clock.advance(999);
    const held = one.get(KEY);
    assert(!(held instanceof Promise));
    assert.equal(versionIn(held), 1);
    assert.equal(far.plan.count("get"), 1);
    await clock.advance(1);
    assert.equal(versionIn(await one.get(KEY)), 1);
    assert.equal(far.plan.count("get"), 2);
  });

  it("keeps what another host has changed from being missed for longer than its lag", async () => {
    const { clock, one, other } = twoHosts();
    await one.put(KEY, entry(1));
    await other.get(KEY);
    await one.put(KEY, entry(2));
    assert.equal(versionIn(await one.get(KEY)), 2);
    await clock.advance(999);
    assert.equal(versionIn(await other.get(KEY)), 1);
    await clock.advance(1);
    assert.equal(versionIn(await other.get(KEY)), 2);
  });

  it("measures its lag from when the far cache was asked, not from when it answered", async () => {
    const { clock, far, one } = twoHosts();
    await one.put(KEY, entry(1));
    const gate = far.plan.hold("get");
    const slow = one.get(KEY);
    await clock.advance(600);
    gate.release();
    await slow;
    await clock.advance(399);
    await one.get(KEY);
    assert.equal(far.plan.count("get"), 1);
    await clock.advance(1);
    await one.get(KEY);
    assert.equal(far.plan.count("get"), 2);
  });

  it("asks each time if its lag is 0", async () => {
    const { far, one, other } = twoHosts(0);
    await one.put(KEY, entry(1));
    for (const cache of [one, other, one]) assert.equal(versionIn(await cache.get(KEY)), 1);
    await other.invalidatePrefix(SCOPE);
    assert.equal(await one.get(KEY), undefined);
    assert.equal(far.plan.count("get"), 4);
  });

  it("asks once for all who ask at the same time, but not for those who ask after a change", async () => {
    const { far, one } = twoHosts();
    await one.put(KEY, entry(1));
    const gate = far.plan.hold("get");
    const before = [one.get(KEY), one.get(KEY)];
    assert.equal(far.plan.count("get"), 1);
    await one.log?.(SCOPE, { kind: "change", change: { kind: "updated", id: "a", at: 1, cause: "event" } });
    const after = one.get(KEY);
    assert.equal(far.plan.count("get"), 2);
    gate.release();
    assert.equal((await after)?.since?.changes.length, 1);
    await Promise.all(before);
    assert.equal((await one.get(KEY))?.since?.changes.length, 1);
  });

  it("asks again when an answer takes longer than its lag", async () => {
    const { clock, far, one } = twoHosts();
    await one.put(KEY, entry(1));
    const gate = far.plan.hold("get");
    const slow = one.get(KEY);
    await clock.advance(1_000);
    assert.equal(versionIn(await one.get(KEY)), 1);
    assert.equal(far.plan.count("get"), 2);
    gate.release();
    await slow;
  });

  it("answers with nothing that was asked for before put()", async () => {
    const { far, one } = twoHosts();
    await one.put(KEY, entry(1));
    const gate = far.plan.hold("get");
    const before = one.get(KEY);
    await one.put(KEY, entry(2));
    assert.equal(versionIn(await one.get(KEY)), 2);
    gate.release();
    assert.equal(versionIn(await before), 1);
    assert.equal(versionIn(await one.get(KEY)), 2);
  });

  it("answers with nothing that is older than a fence: what is cut from it is stored as of then", async () => {
    const { one, other } = twoHosts();
    await one.put(KEY, entry(1));
    await other.get(KEY);
    await one.put(KEY, entry(2));
    assert.equal(versionIn(await other.get(KEY)), 1);
    const [fence] = await Promise.all([other.fence(KEY), other.get(KEY)]);
    assert.equal(versionIn(await other.get(KEY)), 2);
    assert.equal(await other.put(KEY, entry(3), fence), true);
    assert.equal(versionIn(await other.get(KEY)), 3);
  });

  it("keeps entries of the same rows apart", async () => {
    const { one } = twoHosts();
    const rows = entry(1);
    await one.put(KEY, rows);
    await one.log?.(SCOPE, { kind: "change", change: { kind: "updated", id: "a", at: 1, cause: "event" } });
    await one.put("products/page_1", rows);
    for (let reads = 0; reads < 2; reads++) {
      assert.equal((await one.get(KEY))?.since?.changes.length, 1);
      assert.equal((await one.get("products/page_1"))?.since, undefined);
    }
  });

  for (
    const [what, change] of [
      ["log()", (cache: LayeredCache) => cache.log?.(SCOPE, { kind: "settled", writeId: "w" })],
      ["invalidatePrefix()", (cache: LayeredCache) => cache.invalidatePrefix(SCOPE)],
      ["put()", (cache: LayeredCache) => cache.put(KEY, entry(2))],
    ] as const
  ) {
    const op = what === "log()" ? "log" : what === "put()" ? "put" : "invalidatePrefix";

    it(`answers with nothing of before ${what}, also what was asked for while it went on`, async () => {
      const { far, one } = twoHosts();
      await one.put(KEY, entry(1));
      await one.get(KEY);
      const gate = far.plan.hold(op);
      const changing = change(one);
      const meanwhile = far.plan.hold("get");
      const asked = one.get(KEY);
      meanwhile.release();
      await asked;
      gate.release();
      await changing;
      const before = far.plan.count("get");
      await one.get(KEY);
      assert.equal(far.plan.count("get"), before + 1);
    });

    it(`answers with nothing of before ${what} that fails`, async () => {
      const { far, one } = twoHosts();
      await one.put(KEY, entry(1));
      await one.get(KEY);
      far.plan.fail(op, new Error("no"));
      await assert.rejects(async () => await change(one), /no/);
      const before = far.plan.count("get");
      await one.get(KEY);
      assert.equal(far.plan.count("get"), before + 1);
    });
  }

  it("rejects as the far cache does, and asks it again", async () => {
    const { far, one } = twoHosts();
    await one.put(KEY, entry(1));
    far.plan.fail("get", new Error("away"));
    await assert.rejects(async () => await one.get(KEY), /away/);
    assert.equal(versionIn(await one.get(KEY)), 1);
  });

  it("is bounded by the memory cache", async () => {
    const far = new FaultyCache(new MemCache());
    const cache = new LayeredCache(new MemCache({ maxEntries: 1 }), far);
    for (const key of ["products/a", "products/b"]) {
      await cache.put(key, entry(1));
      await cache.get(key);
    }
    await cache.get("products/b");
    assert.equal(far.plan.count("get"), 2);
    await cache.get("products/a");
    assert.equal(far.plan.count("get"), 3);
  });

  it("drops what it holds once the far cache hears of a change, until it is closed", async () => {
    const listeners = new Set<(scope: string) => void>();
    const inner = new MemCache();
    const far = Object.assign(new FaultyCache(inner), {
      onChanged: (listener: (scope: string) => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    });
    const cache = new LayeredCache(new MemCache(), far);
    await cache.put(KEY, entry(1));
    await cache.put("orders/all", entry(1));
    for (const key of [KEY, "orders/all"]) await cache.get(key);
    for (const listener of listeners) listener(SCOPE);
    const before = far.plan.count("get");
    for (const key of [KEY, "orders/all"]) await cache.get(key);
    assert.equal(far.plan.count("get"), before + 1);
    await cache.close();
    await cache.close();
    assert.equal(listeners.size, 0);
  });

  for (const [title, maxLagMs] of [["its lag", -1], ["its lag", NaN], ["its lag", "1"]] as const) {
    it(`refuses ${JSON.stringify(maxLagMs)} as ${title}`, () => {
      assert.throws(
        () => new LayeredCache(new MemCache(), new MemCache(), { maxLagMs: maxLagMs as number }),
        { name: "RangeError", message: /maxLagMs must be a number of at least 0/ },
      );
    });
  }

  it("refuses what is no cache", () => {
    assert.throws(() => new LayeredCache({} as MemCache, new MemCache()), /near cache .* must be a MemCache/);
    assert.throws(() => new LayeredCache(new MemCache(), {} as MemCache), /far cache .* must be a cache/);
  });
});

describe("LiveTables on several hosts, each with a LayeredCache", () => {
  it("store no row of a list that was changed elsewhere, nor a list that is cut from one", async () => {
    const clock = new FakeClock();
    const far = new FaultyCache(new MemCache());
    const rows = new Map([["a", { id: "a", version: 1, open: true }], ["b", { id: "b", version: 1, open: true }]]);
    const master = defineTable({
      name: "products",
      idField: "id",
      list: () => [...rows.values()],
      get: (id) => rows.get(id),
      patch: (id, partial) => {
        const row = rows.get(id);
        if (row === undefined) throw new NotFoundError(`There is no product ${id}`);
        const patched = { ...row, ...partial };
        rows.set(id, patched);
        return patched;
      },
    });
    const hosts = Array.from({ length: 3 }, () => {
      const cache = new LayeredCache(new MemCache(), far, { maxLagMs: 1_000, clock });
      return new LiveTable(master, "products", cache, { clock });
    });
    const [one, other, third] = hosts;
    assert(one !== undefined && other !== undefined && third !== undefined);
    await other.listValues();
    await other.listValues(); // Now it is in its memory.
    await one.patchValue("a", { version: 2, open: false });
    await other.getValue("a");
    await other.where("open", "eq", true).listValues();
    await settle();
    await clock.advance(1_000);
    for (const table of hosts) {
      assert.equal((await table.getValue("a"))?.version, 2);
      assert.deepEqual((await table.where("open", "eq", true).listValues()).ids(), ["b"]);
    }
    for (const table of hosts) await table.close();
  });

  it("read their own writes, and nothing old after an event, at once and for any lag", async () => {
    const clock = new FakeClock();
    const far = new FaultyCache(new MemCache());
    const master = new MemTable("products", { rows: [["a", { version: 0 }]] });
    const hosts = [0, 1].map(() => {
      const liveStream = new ManualLiveStream();
      const cache = new LayeredCache(new MemCache(), far, { maxLagMs: 1e9, clock });
      return { liveStream, table: new LiveTable(master, "products", cache, { liveStream, clock }) };
    });
    const [one, other] = hosts;
    assert(one !== undefined && other !== undefined);
    await settle();
    const versionAt = async (table: LiveTable): Promise<unknown> => (await table.listValues()).get("a")?.version;
    for (let version = 1; version <= 20; version++) {
      for (const { table } of hosts) for (let reads = 0; reads < 3; reads++) await versionAt(table);
      const event = other.table.events.subscribe().getReader();
      await one.table.patchValue("a", { version });
      assert.equal(await versionAt(one.table), version);
      other.liveStream.push({ kind: "updated", id: "a" });
      await event.read();
      assert.equal(await versionAt(other.table), version);
      await event.cancel();
    }
    for (const { table } of hosts) await table.close();
  });
});
