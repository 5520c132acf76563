import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClosedError, LiveTable, MemTable, UnsupportedError } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { newPath } from "../../conformance/temp_folder.ts";
import { assertConsistent, before, countOf, entry, HookedKv, kvIt, large, nameIn, stored } from "./deno_kv_fixture.ts";

async function held(cache: DenoKvCache, keys: readonly string[]): Promise<string[]> {
  const found = await Promise.all(keys.map((key) => cache.get(key)));
  return keys.filter((_, at) => found[at] !== undefined);
}

function numbered(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}${number}`);
}

describe("DenoKvCache", () => {
  kvIt("invalidates a scope of more than 1000 entries with one write", async () => {
    using kv = await Deno.openKv(":memory:");
    let commits = 0;
    const counted = new HookedKv(kv, (call, work) => {
      if (call === "commit") commits++;
      return work();
    });
    const cache = await DenoKvCache.open(counted);
    const keys = numbered(1_500, "clients/page_");
    for (const key of keys) await cache.put(key, entry(key));
    await cache.put("orders/all", entry("kept"));
    commits = 0;
    await cache.invalidatePrefix("clients/");
    assert.equal(commits, 1);
    assert.deepEqual(await held(cache, keys), []);
    assert.equal(nameIn(await cache.get("orders/all")), "kept");
  });

  kvIt("drops more than 1000 entries that begin alike, and no others", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    const [gone, kept] = [numbered(1_100, "clients/view:a/page_"), numbered(200, "clients/view:b/page_")];
    for (const key of [...gone, ...kept]) await cache.put(key, entry(key));
    await cache.invalidatePrefix("clients/view:a/");
    assert.deepEqual(await held(cache, [...gone, ...kept]), kept);
    assert.equal(await assertConsistent(kv), kept.length);
  });

  kvIt("clears invalidated entries away little by little, as others are put", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    const kept = numbered(100, "orders/page_");
    for (const key of kept) await cache.put(key, entry(key, 1));
    for (const key of numbered(300, "clients/page_")) await cache.put(key, entry(key, 2));
    for (const key of numbered(3, "clients/all_")) await cache.put(key, large(200_000));
    await cache.invalidatePrefix("clients/");
    let left = await assertConsistent(kv);
    for (let put = 0; left > kept.length; put++) {
      assert(put < 100, `${left} are left`);
      await cache.put("orders/page_0", entry("new"));
      const now = await assertConsistent(kv);
      assert(left - now <= 64, `one put cleared ${left - now} entries away`);
      left = now;
    }
    assert.deepEqual(await held(cache, kept), kept);
    assert.deepEqual(await stored(kv, "chunk"), []);
  });

  kvIt("keeps the bound of entries, what was put longest ago going first, whatever time it was", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxEntries: 3 });
    for (const [key, fetchedAt] of [["a/1", 30], ["a/2", 10], ["b/3", 20], ["b/4", 40]] as const) {
      assert.equal(await cache.put(key, entry(key, fetchedAt)), true);
    }
    assert.deepEqual(await held(cache, ["a/1", "a/2", "b/3", "b/4"]), ["a/2", "b/3", "b/4"]);
    assert.equal(await cache.put("a/2", entry("a/2", 7)), true);
    assert.equal(await cache.put("a/5", entry("a/5", 5)), true);
    assert.deepEqual(await held(cache, ["a/2", "b/3", "b/4", "a/5"]), ["a/2", "b/4", "a/5"]);
    assert.equal(await assertConsistent(kv), 3);
  });

  kvIt("counts keys and what entries take beside them", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxBytes: 100_000 });
    for (const key of numbered(20, `a/${"k".repeat(5_000)}`)) assert.equal(await cache.put(key, entry("x")), true);
    assert(await assertConsistent(kv) < 5);
    for (const key of numbered(600, "b/")) assert.equal(await cache.put(key, entry("x")), true);
    assert(await assertConsistent(kv) < 400);
    assert.equal(await cache.put(`a/${"k".repeat(25_000)}`, entry("x")), false);
  });

  kvIt("keeps the bound of bytes, as many entries going as need to", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxBytes: 502_000 });
    const keys = numbered(12, "a/");
    for (const [at, key] of keys.entries()) {
      assert.equal(await cache.put(key, { ...large(100_000), fetchedAt: at }), true);
      assert(await countOf(kv, "bytes") <= 502_000);
    }
    assert.deepEqual(await held(cache, keys), keys.slice(-5));
    assert.equal(await cache.put("a/large", { ...large(350_000), fetchedAt: 100 }), true);
    assert.deepEqual(await held(cache, [...keys, "a/large"]), ["a/11", "a/large"]);
    assert.equal(await cache.put("a/larger", large(502_001)), false);
    assert.equal(await assertConsistent(kv), 2);
  });

  kvIt("counts again, rather than evict for ever, when its counts turn out to be wrong", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxEntries: 5 });
    await cache.put("a/1", entry("1"));
    await kv.atomic().sum(["vantage_live", "count", "entries"], 1_000n).commit();
    await cache.put("a/2", entry("2"));
    await cache.put("a/3", entry("3"));
    assert.deepEqual(await held(cache, ["a/3"]), ["a/3"]);
    assert.equal(await assertConsistent(kv), 1);
  });

  for (const bound of ["maxEntries", "maxScopes", "maxBytes"] as const) {
    kvIt(`refuses a ${bound} that is no whole number of at least 1`, async () => {
      for (const value of [0, -1, 1.5, NaN, Infinity]) {
        const opening = DenoKvCache.open(":memory:", { [bound]: value });
        await assert.rejects(opening, { name: "RangeError", message: new RegExp(bound) });
      }
    });
  }

  kvIt("keeps keys of any length apart, lone surrogates and all", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    const units = ["a", "%", "\u0000", "\u00e9", "\u20ac", "\ud83e\udd50", "\ud800", "\udfff"];
    const keys = units.flatMap((unit) =>
      [1, 85, 86, 170, 171, 511, 512, 513, 2_048, 2_049, 14_000].flatMap((length) => {
        const text = unit.repeat(length);
        return [`${text}/x`, `s/${text}`, `s/${text}x`];
      })
    );
    keys.push("", "/", "//", "s/", `s/${"a".repeat(29_998)}`);
    for (const key of keys) assert.equal(await cache.put(key, entry(key)), true, `${key.length}`);
    for (const key of keys) assert.equal(nameIn(await cache.get(key)), key);

    await cache.invalidatePrefix(`${"\u20ac".repeat(2_048)}/`);
    await cache.invalidatePrefix(`s/${"\ud800".repeat(600)}`);
    const isGone = (key: string): boolean =>
      key.startsWith(`${"\u20ac".repeat(2_048)}/`) || key.startsWith(`s/${"\ud800".repeat(600)}`);
    assert.deepEqual(await held(cache, keys), keys.filter((key) => !isGone(key)));
  });

  kvIt("does not keep an entry under a key of more than 30 000 characters", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    const key = "a".repeat(30_001);
    assert.equal(await cache.put(key, entry("x"), await cache.fence(key)), false);
    assert.equal(await cache.get(key), undefined);
    await cache.invalidatePrefix(key);
  });

  kvIt("answers with nothing where the entry of another key stands", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    const [one, other] = ["a".repeat(3_000), "b".repeat(3_000)];
    await cache.put(one, entry("one"));
    await cache.put(other, entry("other"));
    const [first, second] = await stored(kv, "entry");
    await kv.set(first?.key as Deno.KvKey, second?.value);
    assert.equal((await held(cache, [one, other])).length, 1);
  });

  kvIt("shares a database with caches of other namespaces, and with anything else", async () => {
    using kv = await Deno.openKv(":memory:");
    const one = await DenoKvCache.open(kv);
    const other = await DenoKvCache.open(kv, { namespace: "other", maxEntries: 1 });
    await kv.set(["users", 1], "Marty");
    await one.put("a/1", entry("one"));
    for (const key of ["a/1", "a/2"]) await other.put(key, entry("other"));
    await other.invalidatePrefix("");
    assert.equal(nameIn(await one.get("a/1")), "one");
    assert.deepEqual(await held(other, ["a/1", "a/2"]), []);
    assert.equal((await kv.get(["users", 1])).value, "Marty");
  });

  kvIt("refuses a namespace that is no string of 1 to 32 characters", async () => {
    for (const namespace of ["", "x".repeat(33), 7 as unknown as string]) {
      await assert.rejects(DenoKvCache.open(":memory:", { namespace }), { name: "TypeError", message: /namespace/ });
    }
    using kv = await Deno.openKv(":memory:");
    for (const namespace of ["\ud800".repeat(32), "\u20ac".repeat(32)]) {
      const cache = await DenoKvCache.open(kv, { namespace });
      const key = `s/${"\u20ac".repeat(510)}`;
      assert.equal(await cache.put(key, large(15_000_000)), true);
      assert.equal(await cache.put(key, entry("new")), true);
      assert.equal(nameIn(await cache.get(key)), "new");
    }
  });

  kvIt("starts over when there are too many scopes, and refuses every fence from before", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    await cache.put("held/all", entry("held"));
    for (const scope of numbered(250, "scope_")) await cache.invalidatePrefix(`${scope}/`);
    await cache.put("scope_7/all", entry("held"));
    const keys = ["held/all", "scope_7/all", "new/all"];
    const fences = await Promise.all(keys.map((key) => cache.fence(key)));
    // As if there had been as many more.
    await kv.atomic().sum(["vantage_live", "count", "scopes"], 9_750n).commit();

    await cache.invalidatePrefix("scope_8/");
    assert.deepEqual(await held(cache, keys), ["held/all", "scope_7/all"]);
    await cache.invalidatePrefix("new/");
    assert.deepEqual(await held(cache, keys), []);
    assert.deepEqual(await stored(kv, "scope"), []);
    assert.equal(await countOf(kv, "scopes"), 9_750);
    for (const [at, key] of keys.entries()) assert.equal(await cache.put(key, entry("old"), fences[at]), false, key);
    for (const key of keys) assert.equal(await cache.put(key, entry("new"), await cache.fence(key)), true, key);
    assert.deepEqual(await held(cache, keys), keys);
  });

  kvIt("loses no invalidation while it starts over", async () => {
    // Everything is invalidated by the first write; then the scopes are listed, and removed by the second write.
    for (const [call, number] of [["list", 1], ["commit", 2]] as const) {
      using kv = await Deno.openKv(":memory:");
      const other = await DenoKvCache.open(kv);
      for (const scope of ["one", "two"]) await other.invalidatePrefix(`${scope}/`);
      await kv.atomic().sum(["vantage_live", "count", "scopes"], 9_998n).commit();
      const invalidate = async (): Promise<void> => {
        await other.put("one/all", entry("old"));
        await other.invalidatePrefix("one/");
      };
      const cache = await DenoKvCache.open(new HookedKv(kv, before(call, number, invalidate)));
      await cache.invalidatePrefix("new/");
      assert.equal(await other.get("one/all"), undefined, call);
    }
  });

  kvIt("serves a LiveTable that starts again without asking the master", async () => {
    const path = newPath("warm.kv");
    const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
    for (const expected of [1, 0, 0]) {
      await using cache = await DenoKvCache.open(path);
      await using products = new LiveTable(master, "products", cache);
      assert.deepEqual((await products.listValues()).get("a"), { name: "Bun" });
      assert.equal(products.stats().masterReads, expected);
    }
  });
});

describe("DenoKvCache.open()", () => {
  kvIt("leaves a handle open that it was given", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    await cache.put("a/1", entry("kept"));
    await cache.close();
    assert.equal(nameIn(await (await DenoKvCache.open(kv)).get("a/1")), "kept");
  });

  kvIt("makes the file if it is missing, also for several at once", async () => {
    const path = newPath("at-once.kv");
    const caches = await Promise.all(Array.from({ length: 5 }, () => DenoKvCache.open(path)));
    await Promise.all(caches.map((cache, at) => cache.put(`a/${at}`, entry(`${at}`))));
    for (const cache of caches) assert.equal((await held(cache, numbered(5, "a/"))).length, 5);
    for (const cache of caches) await cache.close();
  });

  kvIt("refuses what is no database with a TypeError that names it", async () => {
    const [folder, nowhere, letter] = [newPath("folder"), `${newPath("nowhere")}/x.kv`, newPath("letter.txt")];
    await Deno.mkdir(folder);
    await Deno.writeTextFile(letter, "Dear Marty".repeat(1_000));
    for (const path of [folder, nowhere, letter]) {
      const opening = DenoKvCache.open(path);
      await assert.rejects(opening, (error) => error instanceof TypeError && error.message.includes(path));
    }
    assert.equal(await Deno.readTextFile(letter), "Dear Marty".repeat(1_000));
  });

  it("rejects with an UnsupportedError that says what is needed where there is no Deno KV", async () => {
    const deno = Object.getOwnPropertyDescriptor(globalThis, "Deno");
    // Deno without --unstable-kv.
    if (deno !== undefined) Object.defineProperty(globalThis, "Deno", { value: {}, configurable: true });
    try {
      for (const path of [undefined, ":memory:"]) {
        await assert.rejects(
          DenoKvCache.open(path),
          (error) => error instanceof UnsupportedError && error.message.includes("--unstable-kv"),
        );
      }
    } finally {
      if (deno !== undefined) Object.defineProperty(globalThis, "Deno", deno);
    }
  });
});

describe("DenoKvCache.close()", () => {
  kvIt("may be called again, and makes every other call a ClosedError", async () => {
    using kv = await Deno.openKv(":memory:");
    for (const cache of [await DenoKvCache.open(":memory:"), await DenoKvCache.open(kv)]) {
      await cache.close();
      await cache.close();
      await cache[Symbol.asyncDispose]();
      for (const prefix of ["a/", "a/1", "a", ""]) await assert.rejects(cache.invalidatePrefix(prefix), ClosedError);
      await assert.rejects(cache.get("a/1"), ClosedError);
      await assert.rejects(cache.fence("a/1"), ClosedError);
      await assert.rejects(cache.put("a/1", entry("new")), ClosedError);
    }
  });

  kvIt("is not needed for a LiveTable to go on, if it is the handle that was closed", async () => {
    const kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
    const products = new LiveTable(master, "products", cache);
    await products.listValues();
    kv.close();
    await assert.rejects(cache.get("products/page_1"));
    await assert.rejects(cache.fence("products/page_1"));
    await assert.rejects(cache.put("products/page_1", entry("new")));
    await assert.rejects(cache.invalidatePrefix("products/"));
    assert.deepEqual((await products.listValues()).get("a"), { name: "Bun" });
    await products.patchValue("a", { name: "Roll" });
    assert.deepEqual((await products.listValues()).get("a"), { name: "Roll" });
    assert(products.stats().cacheFailures > 0);
    await products.close();
  });
});
