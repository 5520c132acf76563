import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  LayeredCache,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  MemTable,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { BAKERY, fixture } from "./fixture.ts";

type Call = "get" | "fence" | "put" | "invalidatePrefix" | "log";

const TIMEOUT_MS = 1_000;

/** A cache in front of which calls stop while it is frozen; when it thaws they do what they were asked, late. */
class Freezer implements Cache {
  readonly inner = new MemCache();
  readonly frozen = new Set<Call>();
  readonly log: Cache["log"];
  calls = 0;
  #stopped: (() => void)[] = [];

  constructor(hasLog: boolean) {
    this.log = hasLog ? (...args) => this.#call("log", () => this.inner.log(...args)) : undefined;
  }

  get(key: string): ReturnType<Cache["get"]> {
    return this.#call("get", () => this.inner.get(key));
  }

  fence(key: string): ReturnType<Cache["fence"]> {
    return this.#call("fence", () => this.inner.fence(key));
  }

  put(...args: Parameters<Cache["put"]>): ReturnType<Cache["put"]> {
    return this.#call("put", () => this.inner.put(...args));
  }

  invalidatePrefix(prefix: string): ReturnType<Cache["invalidatePrefix"]> {
    return this.#call("invalidatePrefix", () => this.inner.invalidatePrefix(prefix));
  }

  freeze(...calls: Call[]): void {
    for (const call of calls) this.frozen.add(call);
  }

  async thaw(): Promise<void> {
    this.frozen.clear();
    for (const run of this.#stopped.splice(0)) run();
    await settle();
  }

  #call<T>(call: Call, effect: () => T): T | Promise<T> {
    this.calls++;
    if (!this.frozen.has(call)) return Promise.resolve().then(effect);
    return new Promise((resolve) => this.#stopped.push(() => resolve(effect())));
  }
}

function world(options: LiveTableOptions = {}, hasLog = false): {
  readonly clock: FakeClock;
  readonly cache: Freezer;
  readonly master: FaultyTable;
  readonly table: LiveTable;
} {
  const clock = new FakeClock();
  const cache = new Freezer(hasLog);
  const master = new FaultyTable(new MemTable("p", { rows: BAKERY }));
  return {
    clock,
    cache,
    master,
    table: new LiveTable(master, "p", cache, { clock, cacheTimeoutMs: TIMEOUT_MS, ...options }),
  };
}

async function priceIn(answer: ReturnType<LiveTable["listValues"]>): Promise<unknown> {
  return (await answer).get("a")?.price;
}

describe("A cache that does not answer", () => {
  for (const call of ["get", "fence", "put"] as const) {
    it(`in ${call}(): the master answers once the time is over, and the failure is counted`, async () => {
      const { clock, cache, table } = world();
      cache.freeze(call);
      const read = priceIn(table.listValues());
      await clock.advance(TIMEOUT_MS - 1);
      assert.equal(table.stats().cacheFailures, 0);
      await clock.advance(1);
      assert.equal(await read, 2);
      assert.equal(table.stats().cacheFailures, 1);
      assert.equal(clock.waiting, 0);
      await cache.thaw();
      await table.listValues();
      await table.listValues();
      assert(table.stats().hits > 0);
      await table.close();
    });
  }

  it("is given five seconds unless told otherwise", async () => {
    const { table, cache, clock } = fixture();
    const gate = cache.plan.hold("get", "before");
    let answered = false;
    const reading = table.listValues().then(() => answered = true);
    await gate.reached;
    await clock.advance(4_999);
    assert.equal(answered, false);
    await clock.advance(1);
    assert.equal(answered, true);
    gate.release();
    await reading;
    await table.close();
  });

  it("in every call: reads and writes go on, nothing old is served, and close() ends", async () => {
    const { clock, cache, table } = world();
    await table.listValues();
    cache.freeze("get", "fence", "put", "invalidatePrefix");
    const write = table.patchValue("a", { price: 3 });
    await clock.advance(TIMEOUT_MS);
    assert.equal((await write).price, 3);
    const read = priceIn(table.listValues());
    await clock.advance(TIMEOUT_MS);
    assert.equal(await read, 3);
    let closed = false;
    const closing = table.close().then(() => closed = true);
    await clock.advance(3 * TIMEOUT_MS);
    assert(closed);
    await closing;
    assert.equal(clock.waiting, 0);
  });

  it("in every call: a row and a write wait no longer than for one that keeps no log", async () => {
    for (const hasLog of [false, true]) {
      const { clock, cache, master, table } = world({}, hasLog);
      await table.listValues();
      cache.freeze("get", "fence", "put", "invalidatePrefix", "log");
      const started = clock.now();
      const row = table.getValue("a");
      for (let time = 0; time < 2; time++) await clock.advance(TIMEOUT_MS);
      assert.equal((await row)?.price, 2);
      assert.equal(clock.now() - started, 2 * TIMEOUT_MS, "the entry, and the fence of the read");
      const write = table.patchValue("a", { price: 3 });
      await clock.advance(TIMEOUT_MS);
      assert.equal(master.plan.count("patchValue"), 1, "at once, or once the intent could not be noted");
      for (let time = 0; time < 3; time++) await clock.advance(TIMEOUT_MS);
      assert.equal((await write).price, 3);
      const closing = table.close();
      await clock.advance(5 * TIMEOUT_MS);
      await closing;
    }
  });

  it("in invalidatePrefix(): nothing held is served until one has succeeded, which is tried in the background", async () => {
    const { clock, cache, table } = world();
    await table.listValues();
    cache.freeze("invalidatePrefix");
    const write = table.patchValue("a", { price: 3 });
    await clock.advance(TIMEOUT_MS);
    await write;
    for (let round = 0; round < 2; round++) assert.equal(await priceIn(table.listValues()), 3);
    assert.equal(table.stats().hits, 0);
    await clock.advance(5 * TIMEOUT_MS);
    assert(table.stats().retries > 1);
    await cache.thaw();
    await clock.advance(60_000);
    await table.listValues();
    await table.listValues();
    assert.equal(table.stats().hits, 1);
    await table.close();
    assert.equal(clock.waiting, 0);
  });

  it("a put that arrives late stores nothing that was changed since", async () => {
    const { clock, cache, table } = world();
    cache.freeze("put");
    const read = priceIn(table.listValues());
    await clock.advance(TIMEOUT_MS);
    assert.equal(await read, 2);
    await table.patchValue("a", { price: 3 });
    await cache.thaw();
    assert.equal(cache.inner.size, 0);
    assert.equal(await priceIn(table.listValues()), 3);
    await table.close();
  });

  it("an invalidation that arrives late drops what was filled since, and makes nothing old", async () => {
    const { clock, cache, table } = world();
    cache.freeze("invalidatePrefix");
    const write = table.patchValue("a", { price: 3 });
    await clock.advance(TIMEOUT_MS);
    await write;
    cache.frozen.clear();
    await clock.advance(100);
    assert.equal(await priceIn(table.listValues()), 3);
    assert.equal(cache.inner.size, 1);
    await cache.thaw();
    assert.equal(cache.inner.size, 0);
    assert.equal(await priceIn(table.listValues()), 3);
    await table.close();
  });

  it("a fence or an answer that comes late is disregarded", async () => {
    const { clock, cache, master, table } = world();
    await table.listValues();
    cache.freeze("get");
    const read = table.listValues();
    await clock.advance(TIMEOUT_MS);
    await read;
    await master.patchValue("a", { price: 9 });
    cache.freeze("fence");
    const again = priceIn(table.listValues());
    await clock.advance(TIMEOUT_MS);
    await clock.advance(TIMEOUT_MS);
    assert.equal(await again, 9);
    const fills = table.stats().fills;
    await cache.thaw();
    assert.equal(table.stats().fills, fills);
    await table.close();
  });

  it("with masterLagMs: what was read without a fence is unsettled", async () => {
    const { clock, cache, table } = world({ masterLagMs: 10 });
    cache.freeze("fence");
    let unsettled = 0;
    const read = table.listValues({ onUnsettled: () => unsettled++ });
    await clock.advance(2 * TIMEOUT_MS);
    await read;
    assert.equal(unsettled, 1);
    await table.close();
  });

  it("with a stream: events are told once the time is over, and close() ends", async () => {
    const stream = new ManualLiveStream();
    const { clock, cache, table } = world({ liveStream: stream });
    await settle();
    const events = table.events.subscribe().getReader();
    cache.freeze("get", "fence", "put", "invalidatePrefix");
    stream.push({ kind: "updated", id: "a" });
    await clock.advance(TIMEOUT_MS);
    assert.deepEqual((await events.read()).value, { kind: "updated", id: "a" });
    const closing = table.close();
    await clock.advance(3 * TIMEOUT_MS);
    await closing;
    assert.equal(clock.waiting, 0);
  });

  it("close() ends every call that waits for it, and what it says later asks it for nothing", async () => {
    const { clock, cache, table } = world({ masterLagMs: 10 });
    await table.listValues();
    cache.freeze("get", "fence");
    const onUnsettled = (): void => {};
    const calls: Promise<unknown>[] = [
      table.explain("p/all"),
      table.getCount({ onUnsettled }),
      table.getSomeValue({ onUnsettled }),
    ];
    cache.frozen.delete("get");
    calls.push(table.where({ name: "Bun" }).listValues());
    const outcomes = Promise.all(calls.map((call) => call.catch((error: unknown) => Object(error).code)));
    await settle();
    await table.close();
    assert.deepEqual(await outcomes, ["closed", "closed", "closed", "closed"]);
    assert.equal(clock.waiting, 0);
    await assert.rejects(table.explain("p/all"), { code: "closed" });
    const { calls: asked } = cache;
    await cache.thaw();
    assert.equal(cache.calls, asked);
  });

  it("ends the span of the call, and is traced as a TimeoutError", async () => {
    const told: string[] = [];
    const tracer = defineTracer({
      enabled: () => true,
      span: ({ name }) => ({ end: (fields) => void told.push(`${name} ${fields?.error ?? fields?.outcome}`) }),
      event: ({ name, fields }) => void told.push(`${name} ${fields.error}`),
    });
    const { clock, cache, table } = world({ tracer });
    told.length = 0;
    cache.freeze("get");
    const read = table.listValues();
    await clock.advance(TIMEOUT_MS);
    await read;
    assert.deepEqual(told.slice(0, 2), ["get TimeoutError", "get failed TimeoutError"]);
    await table.close();
  });

  it("is limited by the table unless it limits its get() itself, to a time that is no longer", async () => {
    for (const [getTimeoutMs, isLimited] of [[TIMEOUT_MS, false], [TIMEOUT_MS + 1, true], [NaN, true]] as const) {
      const cache: Freezer & Pick<Cache, "getTimeoutMs"> = Object.assign(new Freezer(false), { getTimeoutMs });
      const clock = new FakeClock();
      const table = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", new LayeredCache(new MemCache(), cache), {
        clock,
        cacheTimeoutMs: TIMEOUT_MS,
      });
      cache.freeze("get");
      const read = table.listValues();
      await settle();
      assert.equal(clock.waiting, isLimited ? 1 : 0, `${getTimeoutMs}`);
      await cache.thaw();
      await read;
      cache.freeze("put");
      const written = table.where({ name: "Bun" }).listValues();
      await settle();
      assert.equal(clock.waiting, 1, "all other calls are limited");
      await cache.thaw();
      await written;
      await table.close();
    }
  });

  it("and that fails its get() itself: the master answers, and the failure is counted", async () => {
    const late = new DOMException("No answer", "TimeoutError");
    for (const get of [() => Promise.reject(late), () => Promise.resolve({ rows: [] })]) {
      const answer = get as unknown as Cache["get"]; // As one of JavaScript may answer.
      const cache: Cache = Object.assign(new Freezer(false), { getTimeoutMs: 10, get: answer });
      const table = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", cache);
      assert.equal(await priceIn(table.listValues()), 2);
      assert.equal(table.stats().cacheFailures, 1);
      await table.close();
    }
  });

  it("costs a cache that answers at once no timer, and one that answers later none when it has answered", async () => {
    const clock = new FakeClock();
    const sync = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", new MemCache(), { clock });
    const read = sync.listValues();
    assert.equal(clock.waiting, 0);
    await read;
    const { table, cache, clock: other } = world();
    cache.freeze("get");
    const reads = Array.from({ length: 50 }, (_, n) => table.getValue(`${n}`));
    await settle();
    assert.equal(other.waiting, 1);
    await cache.thaw();
    await Promise.all(reads);
    assert.equal(other.waiting, 0);
    await Promise.all([sync.close(), table.close()]);
  });
});
