import { describe, it } from "node:test";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { SseLiveStream } from "@vantage/live/rest";
import { FakeClock, FaultyCache } from "@vantage/live/testing";
import { json, scriptedTable } from "../drivers/rest/rest_double.ts";
import { LiveTable, MemCache, MemTable, Rows } from "@vantage/live";

const ROWS = [["a", { n: 1, at: new Date(5) }], ["b", { n: 2, at: new Date(6) }]] as const;
const behindProxy = <T extends object>(object: T): T => new Proxy(object, {});

describe("Rows", () => {
  it("work behind a Proxy", async () => {
    const rows = Rows.from(ROWS);
    const proxy = behindProxy(rows);
    assert.equal(proxy.size, 2);
    assert.deepEqual([proxy.ids(), [...proxy.keys()], proxy.has("b")], [["a", "b"], ["a", "b"], true]);
    assert.deepEqual([proxy.get("b"), proxy.first()], [ROWS[1][1], ROWS[0]]);
    assert.deepEqual([...proxy.values()], ROWS.map(([, row]) => row));
    assert.deepEqual(proxy.toArray(), ROWS);
    assert.equal(JSON.stringify(proxy), JSON.stringify(rows));
    const seen: unknown[] = [];
    proxy.forEach((row, id) => seen.push([id, row]));
    assert.deepEqual(seen, ROWS);
    assert(proxy.equals(rows) && rows.equals(proxy));
    assert.equal(Rows.from(proxy), rows);
    const { defineTable } = await import("@vantage/live");
    assert((await defineTable({ name: "t", list: () => proxy }).listValues()).equals(rows));
  });

  it("deep equality sees ids, their order, and rows", () => {
    const rows = Rows.from(ROWS);
    assert(isDeepStrictEqual(rows, Rows.from(ROWS)));
    assert(!isDeepStrictEqual(rows, Rows.from([...ROWS].reverse())));
    assert(!isDeepStrictEqual(rows, Rows.from(ROWS.slice(1))));
    assert(!isDeepStrictEqual(rows, Rows.from([])));
    assert(!isDeepStrictEqual(rows, Rows.from([ROWS[0], ["b", { n: 2, at: new Date(7) }]])));
    assert.throws(() => assert.deepEqual({ rows }, { rows: Rows.from([]) }));
  });

  it("structuredClone() copies what they hold, from which they can be made again", () => {
    const rows = Rows.from(ROWS);
    assert(Rows.from(structuredClone(rows).content).equals(rows));
  });
});

describe("Tables and records", () => {
  it("work behind a Proxy", async () => {
    const master = new MemTable("t", { rows: ROWS });
    await using live = new LiveTable(behindProxy(master), "t", new MemCache());
    for (const table of [behindProxy(master), behindProxy(live)]) {
      assert.equal((await table.where("n", "gt", 1).orderBy("n").page(1).listValues()).size, 1);
      assert.equal(await table.getCount(), 2);
      await table.insertValue("c", { n: 3 });
      await table.replaceValue("c", { n: 4 });
      await table.patchValue("c", { n: 5 });
      const record = await table.getValueRecord("c");
      assert(record);
      const proxy = behindProxy(record);
      proxy.data.n = 6;
      assert.deepEqual(proxy.changed(), { n: { base: 5, mine: 6 } });
      assert(proxy.isDirty);
      await proxy.save();
      assert.equal((await table.getValue("c"))?.n, 6);
      assert(await proxy.refresh());
      proxy.data.n = 7;
      proxy.revert();
      proxy.resolve("mine");
      assert.deepEqual([proxy.data.n, proxy.isDirty, proxy.conflict], [6, false, undefined]);
      await proxy.delete();
      assert.equal((await table.listValues()).size, 2);
      assert.equal((await table.getSomeValue())?.[0], "a");
      assert.equal((await table.streamValues().getReader().read()).value?.[0], "a");
    }
    assert.equal(behindProxy(live).cacheKey, "t");
    assert.equal(behindProxy(live).stats().queued, 0);
  });

  it("a Proxy around a record sees what is saved and read", async () => {
    const record = await new MemTable("t", { rows: ROWS }).getValueRecord("a");
    assert(record);
    const set: PropertyKey[] = [];
    const proxy = new Proxy(record, {
      set: (target, name, value) => (set.push(name), Reflect.set(target, name, value)),
    });
    proxy.data.n = 9;
    await proxy.save();
    await proxy.refresh();
    assert.deepEqual(set, ["revision", "revision"]);
  });
});

describe("What stands around a table", () => {
  it("a RestTable works behind a Proxy", async () => {
    const { table } = scriptedTable({}, json([{ id: 1 }, { id: 2 }]), json({ id: 1, n: 5 }));
    const proxy = behindProxy(table);
    assert.deepEqual((await proxy.listValues()).ids(), ["1", "2"]);
    assert.deepEqual(await proxy.patchValue("1", { n: 5 }), { id: 1, n: 5 });
  });

  it("a SseLiveStream works behind a Proxy", async () => {
    const body = 'data: {"kind":"updated","id":"a"}\n\n';
    const fetch = (): Promise<Response> =>
      Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    const stream = behindProxy(new SseLiveStream("https://example.com/events", { fetch, clock: new FakeClock() }));
    const reader = stream.subscribe().getReader();
    assert.equal(stream.subscriberCount, 1);
    assert.deepEqual((await reader.read()).value, { kind: "changed" });
    assert.deepEqual((await reader.read()).value, { kind: "updated", id: "a" });
    await reader.cancel();
    assert.equal(stream.subscriberCount, 0);
  });

  it("a FakeClock and a FaultPlan work behind a Proxy", async () => {
    const clock = behindProxy(new FakeClock({ now: 7 }));
    const waited = clock.wait(5).then(() => clock.now());
    assert.equal(clock.waiting, 1);
    await clock.advance(5);
    assert.equal(await waited, 12);
    const { plan } = new FaultyCache(new MemCache());
    behindProxy(plan).fail("get", new Error("as planned"));
    assert.equal(behindProxy(plan).count("get"), 0);
  });

  it("what is done through a Proxy is done to the object, also by a class that extends ours", async () => {
    class Counted extends MemCache {
      gets = 0;
      override get(key: string): ReturnType<MemCache["get"]> {
        this.gets++;
        return super.get(key);
      }
    }
    const cache = new Counted();
    await using live = new LiveTable(new MemTable("t", { rows: ROWS }), "t", behindProxy(cache));
    await live.listValues();
    await live.listValues();
    assert.deepEqual([cache.size, cache.gets], [1, 2]);
  });
});

describe("Every public class", () => {
  it("that has private fields remembers itself", async () => {
    const { exports } = JSON.parse(readFileSync(new URL("../../deno.json", import.meta.url), "utf8"));
    const classes = new Set<string>();
    for (const entry of Object.keys(exports)) {
      const module: Record<string, unknown> = await import(`@vantage/live${entry.slice(1)}`);
      for (const [name, value] of Object.entries(module)) {
        const code = typeof value === "function" ? String(value) : "";
        if (!code.startsWith("class") || !/\bthis\.#/.test(code)) continue;
        classes.add(name);
        assert.match(code, /rememberSelf\(this|selfOf\(this\)/, name);
      }
    }
    assert(classes.has("SseLiveStream") && classes.has("DenoKvCache"));
  });
});
