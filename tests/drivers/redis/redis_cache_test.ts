import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type CachedRows, LayeredCache, MemCache, Rows } from "@vantage/live";
import { RedisCache, type RedisCacheOptions, type RedisClient } from "@vantage/live/redis";
import { defineTracer } from "@vantage/live/trace";
import { openNodeRedis, type OpenRedis } from "../../databases/redis_clients.ts";
import { type RedisProcess, startRedis, WITHOUT_REDIS } from "../../databases/redis_server.ts";
import { skippable } from "../../skippable.ts";
import { Recorder } from "../recorder.ts";
import { newMaster, openHost, PATIENCE_MS, versionOf } from "./hosts.ts";

const KEY = "products/page_1";
const SCOPE = "products/";
const STATE = "vantage_live{products/}:s";
const LOG = "vantage_live{products/}:c";
const ENTRY = "vantage_live{products/}:e:page_1";

function entry(version: number): CachedRows {
  return { rows: Rows.from([["0", { version }]]), fetchedAt: 1 };
}

async function logUpdate(cache: RedisCache, id = "0", scope = SCOPE): Promise<void> {
  await cache.log(scope, { kind: "change", change: { kind: "updated", id, at: 1, cause: "event" } });
}

describe("RedisCache.open()", () => {
  const send = { send: () => Promise.reject(new Error("not used")) };
  const [on, off] = [() => {}, () => {}];
  const node = { isOpen: true, sendCommand: send.send, duplicate: () => node, connect: send.send, on, off };

  for (
    const [what, client, message] of [
      ["a promise", Promise.resolve(send), /takes a client of redis or ioredis/],
      ["a URL", "redis://user:secret@localhost", /takes a client of redis or ioredis/],
      ["nothing", undefined, /takes a client of redis or ioredis/],
      ["a client that is not connected", { ...node, isOpen: false }, /await client\.connect\(\) first/],
      ["a client with a prefix", { ...node, options: { keyPrefix: "app:" } }, /without a keyPrefix: .* namespace/],
      ["Bun.RedisClient", { ...send, getBuffer: send.send }, /Bun\.RedisClient is not supported: .* destroys bytes/],
      ["a sentinel of redis", { ...node, acquire: send.send }, /createSentinel\(\) .* is not supported: use ioredis/],
    ] as const
  ) {
    it(`refuses ${what}, and says what it takes`, async () => {
      await assert.rejects(
        RedisCache.open(client as unknown as RedisClient),
        (error: Error) => message.test(error.message) && !error.message.includes("secret"),
      );
    });
  }

  for (
    const [options, message] of [
      [{ ttlMs: 0 }, /ttlMs must be a whole number of at least 1, got number 0/],
      [{ timeoutMs: 1.5 }, /timeoutMs must be a whole number/],
      [{ maxChanges: -1 }, /maxChanges must be a whole number/],
      [{ maxLogBytes: NaN }, /maxLogBytes must be a whole number/],
      [{ maxEntryBytes: Infinity }, /maxEntryBytes must be a whole number/],
      [{ namespace: "" }, /namespace must be a text of up to 64 characters, got ""/],
      [{ namespace: 5 }, /namespace must be a text of up to 64 characters, got number 5/],
      [{ ttl: 5 }, /Unknown option "ttl" of a RedisCache; accepted are namespace, ttlMs/],
    ] as const
  ) {
    it(`refuses the options ${JSON.stringify(options)}`, async () => {
      await assert.rejects(RedisCache.open(send, options as unknown as RedisCacheOptions), message);
    });
  }

  for (
    const [what, facts, message] of [
      ["an old server", { redis_version: "6.2.14" }, /needs Redis 7\.0 or newer, and this one is 6\.2\.14/],
      ["a replica", { role: "slave" }, /is a replica: connect to its master/],
      ["a server that does not say which it is", { run_id: undefined }, /does not say which process it is/],
    ] as const
  ) {
    it(`refuses ${what}`, async () => {
      const known = { redis_version: "7.0.15", role: "master", run_id: "a", master_replid: "b", ...facts };
      const lines = Object.entries(known).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}:${value}\r\n`]
      );
      const client = { send: () => Promise.resolve(new TextEncoder().encode(lines.join(""))) };
      await assert.rejects(RedisCache.open(client), { name: "UnsupportedError", message });
    });
  }

  it("says what a user needs who may not do everything", async () => {
    const client = {
      send: () => Promise.reject(new Error("NOPERM User x has no permissions to run the 'info' command")),
    };
    await assert.rejects(RedisCache.open(client), {
      name: "UnauthorizedError",
      message: /\(NOPERM\): .* needs INFO, scripts/,
    });
  });

  it("opens though Redis does not answer, and rejects until it does", async () => {
    const client = { send: () => Promise.reject(new Error("connect ECONNREFUSED")) };
    const cache = await RedisCache.open(client);
    await assert.rejects(cache.get(KEY), /ECONNREFUSED/);
    await cache.close();
    await cache.close();
    await assert.rejects(cache.get(KEY), { name: "ClosedError" });
  });
});

describe("RedisCache", () => {
  if (WITHOUT_REDIS !== undefined) return skippable("is tried with Redis", WITHOUT_REDIS, () => {});
  let server: RedisProcess;
  let redis: OpenRedis;
  before(async () => {
    server = await startRedis();
    redis = await openNodeRedis(server.port);
  });
  after(async () => {
    redis.close();
    await server.remove();
  });

  function openCache(options: RedisCacheOptions = {}): Promise<RedisCache> {
    return RedisCache.open(redis.client, { timeoutMs: PATIENCE_MS, ...options });
  }

  /** A test with an empty Redis. */
  function redisIt(name: string, use: () => Promise<void>): void {
    it(name, async () => {
      await redis.run("FLUSHALL");
      await use();
    });
  }

  redisIt("lets everything expire", async () => {
    const cache = await openCache({ ttlMs: 60_000 });
    await cache.put(KEY, entry(0), await cache.fence(KEY));
    await logUpdate(cache);
    const change = { kind: "updated", id: "0", at: 1, cause: "write", writeId: "w", outcome: "unknown" } as const;
    await cache.log(SCOPE, { kind: "intent", writeId: "w", change, dueAt: 5 });
    await cache.invalidatePrefix("orders/");
    await cache.invalidatePrefix("products/id/");
    const stream = cache.stream("products").subscribe().getReader();
    await stream.read();
    await logUpdate(cache);
    await stream.read();
    await stream.cancel();
    const keys = await redis.run("KEYS", "*");
    assert(Array.isArray(keys) && keys.length >= 7, `there are ${keys}`);
    for (const key of keys) {
      const left = Number(await redis.run("PTTL", key));
      assert(left > 0 && left <= (key === ENTRY ? 60_000 : 120_000), `${key} expires in ${left} ms`);
    }
    await cache.close();
  });

  redisIt("keeps all keys of a scope in one hash slot, whatever its name is", async () => {
    const cache = await openCache({ namespace: "a{b}c" });
    for (const scope of ["{", "}", "{x}", "a}{b", "\\007b", "", "-", "\u{1f950}"].map((name) => name && `${name}/`)) {
      await redis.run("FLUSHALL");
      await cache.put(`${scope}page_1}{`, entry(1), await cache.fence(`${scope}page_1}{`));
      await logUpdate(cache, "{", scope);
      assert.equal((await cache.get(`${scope}page_1}{`))?.since?.changes.length, 1);
      const keys = await redis.run("KEYS", "*") as readonly string[];
      assert.equal(keys.length, 3);
      // The tag is what is in the first braces.
      const tags = new Set(keys.map((key) => /\{([^}]+)\}/.exec(key)?.[1]));
      assert.equal(tags.size, 1, `${scope} has ${keys}`);
      assert(!tags.has(undefined));
    }
    await cache.close();
  });

  redisIt("keeps namespaces apart", async () => {
    const [one, other] = await Promise.all(["a", "b"].map((namespace) => openCache({ namespace })));
    assert(one !== undefined && other !== undefined);
    await one.put(KEY, entry(1));
    assert.equal(await other.get(KEY), undefined);
    await other.invalidatePrefix("");
    assert.equal((await one.get(KEY))?.rows.get("0")?.version, 1);
    for (const cache of [one, other]) await cache.close();
  });

  redisIt("drops an entry that cannot be read, and traces that", async () => {
    for (const bytes of ["short", "0123456789abcdef" + "x".repeat(100), ""]) {
      const recorder = new Recorder();
      const cache = await openCache({ tracer: defineTracer(recorder) });
      await cache.put(KEY, entry(1), await cache.fence(KEY));
      const whole = String(await redis.run("GET", STATE));
      const [, generation = ""] = whole.split(" ");
      await redis.run("SET", ENTRY, bytes.replace("0123456789abcdef", generation));
      assert.equal(await cache.get(KEY), undefined);
      assert.deepEqual(recorder.told.map(({ name }) => name), bytes.startsWith("0") ? [] : ["entry dropped"]);
      if (!bytes.startsWith("0")) assert.equal(await redis.run("EXISTS", ENTRY), 0);
      await cache.close();
    }
  });

  redisIt("takes a state that cannot be read for none", async () => {
    const cache = await openCache();
    for (const state of ["", "x", "a b 1 2 3 4 5", `${"a".repeat(32)} b x y z 0 0 -`, "\n".repeat(10)]) {
      const fence = await cache.fence(KEY);
      await cache.put(KEY, entry(1), fence);
      await redis.run("SET", STATE, state);
      assert.equal(await cache.get(KEY), undefined);
      assert.equal(await cache.put(KEY, entry(1), fence), false);
      assert.notEqual(await cache.fence(KEY), fence);
    }
    await cache.close();
  });

  redisIt("does not serve an entry whose changes cannot be read, and traces that", async () => {
    const recorder = new Recorder();
    const cache = await openCache({ tracer: defineTracer(recorder) });
    await cache.put(KEY, entry(1), await cache.fence(KEY));
    const [, generation = "", position] = String(await redis.run("GET", STATE)).split(" ");
    await logUpdate(cache);
    await redis.run("DEL", LOG);
    await redis.run("XADD", LOG, `${Number(position) + 1}-0`, "r", `${generation}c${"\0".repeat(17)}no change`);
    assert.equal(await cache.get(KEY), undefined);
    assert.deepEqual(recorder.told.map(({ name }) => name), ["log dropped"]);
    assert.equal(await cache.put(KEY, entry(2), await cache.fence(KEY)), true);
    assert.equal((await cache.get(KEY))?.rows.get("0")?.version, 2);
    await cache.close();
  });

  redisIt("does not serve an entry without the changes since, whatever was evicted", async () => {
    const cache = await openCache();
    for (const evicted of [STATE, LOG]) {
      await cache.put(KEY, entry(1), await cache.fence(KEY));
      const fence = await cache.fence(KEY);
      await logUpdate(cache);
      await redis.run("DEL", evicted);
      assert.equal(await cache.get(KEY), undefined);
      assert.equal(await cache.put(KEY, entry(1), fence), false);
      await logUpdate(cache);
      assert.equal(await cache.get(KEY), undefined);
      assert.equal(await cache.put(KEY, entry(1), fence), false);
    }
    await cache.close();
  });

  redisIt(
    "begins a scope anew each time that its state is gone, however soon, and whatever is left of it",
    async () => {
      const cache = await openCache();
      for (let round = 0; round < 100; round++) {
        await cache.put(KEY, entry(1), await cache.fence(KEY));
        await redis.run("DEL", STATE);
        await cache.fence(KEY);
        assert.equal(await cache.get(KEY), undefined);
      }
      await logUpdate(cache);
      const [, , position = ""] = String(await redis.run("GET", STATE)).split(" ");
      await redis.run("XADD", LOG, `${Number(position) * 2}-0`, "r", "of later");
      await redis.run("DEL", STATE);
      await cache.put(KEY, entry(1), await cache.fence(KEY));
      await logUpdate(cache);
      assert.equal((await cache.get(KEY))?.since?.changes.length, 1);
      await cache.close();
    },
  );

  redisIt("invalidates what an evicted intent may have changed, once it would be due", async () => {
    const cache = await openCache();
    const change = { kind: "updated", id: "0", at: 1, cause: "write", writeId: "w", outcome: "unknown" } as const;
    for (const evicted of [":i", ":d"]) {
      await cache.put(KEY, entry(1), await cache.fence(KEY));
      await cache.log(SCOPE, { kind: "intent", writeId: "w", change, dueAt: 5 });
      await redis.run("DEL", `vantage_live{products/}${evicted}`);
      await cache.log(SCOPE, { kind: "intent", writeId: "x", change: { ...change, writeId: "x" }, dueAt: 9 });
      await cache.log(SCOPE, { kind: "overdue", now: 7, spanMs: 100 });
      assert.equal(await cache.get(KEY), undefined);
      await cache.log(SCOPE, { kind: "settled", writeId: "x" });
    }
    await cache.close();
  });

  redisIt("keeps the intents of a state that was evicted", async () => {
    const cache = await openCache();
    const change = { kind: "updated", id: "0", at: 1, cause: "write", writeId: "w", outcome: "unknown" } as const;
    await cache.log(SCOPE, { kind: "intent", writeId: "w", change, dueAt: 5 });
    await redis.run("DEL", STATE);
    await cache.put(KEY, entry(1), await cache.fence(KEY));
    assert.equal((await cache.get(KEY))?.intentsDueAt, 5);
    await cache.log(SCOPE, { kind: "overdue", now: 7, spanMs: 100 });
    assert.deepEqual((await cache.get(KEY))?.since?.changes.map(({ change }) => change), [change]);
    await cache.close();
  });

  redisIt("bounds the bytes of a log, also of one change", async () => {
    const cache = await openCache({ maxLogBytes: 100_000 });
    await cache.put(KEY, entry(1), await cache.fence(KEY));
    const row = { text: "x".repeat(20_000) };
    for (let count = 0; count < 30; count++) {
      await cache.log(SCOPE, { kind: "change", change: { kind: "updated", id: "0", row, at: 1, cause: "event" } });
      const bytes = Number(await redis.run("MEMORY", "USAGE", LOG, "SAMPLES", "0"));
      assert(bytes < 200_000, `the log takes ${bytes} bytes after ${count} changes`);
    }
    assert.equal(await cache.get(KEY), undefined);
    await cache.put("products/page_2", entry(1));
    await logUpdate(cache);
    assert.equal((await cache.get("products/page_2"))?.since?.changes.length, 1);
    await cache.close();
  });

  redisIt("does not keep an entry that is too large", async () => {
    const cache = await openCache({ maxEntryBytes: 100 });
    assert.equal(await cache.put(KEY, entry(1)), true);
    assert.equal(await cache.put(KEY, { rows: Rows.from([["0", { text: "x".repeat(100) }]]), fetchedAt: 1 }), false);
    await cache.close();
  });

  redisIt("invalidates a scope with one call, however many entries it has", async () => {
    const cache = await openCache();
    const fence = await cache.fence(KEY);
    await Promise.all(Array.from({ length: 3_000 }, (_, page) => cache.put(`products/page_${page}`, entry(1), fence)));
    const before = await callsOf(redis);
    await cache.invalidatePrefix(SCOPE);
    assert(await callsOf(redis) - before <= 10);
    assert.equal(await redis.run("XLEN", LOG), 1); // what wakes those who wait for a record
    assert.equal(await cache.get("products/page_2999"), undefined);
    await cache.close();
  });

  redisIt("hits with one call, and with two at once while the entry is behind", async () => {
    const cache = await openCache();
    await cache.put(KEY, entry(1), await cache.fence(KEY));
    await logUpdate(cache);
    await cache.get(KEY); // finds the change with a second call, and asks for some from now on
    for (const changes of [1, 2, 3]) {
      const before = await callsOf(redis);
      assert.equal((await cache.get(KEY))?.since?.changes.length, changes);
      assert.equal(await callsOf(redis) - before, 3); // and this one
      await logUpdate(cache);
    }
    await cache.put(KEY, entry(2), await cache.fence(KEY));
    await cache.get(KEY);
    const before = await callsOf(redis);
    assert.equal((await cache.get(KEY))?.rows.get("0")?.version, 2);
    assert.equal(await callsOf(redis) - before, 2);
    await cache.close();
  });

  redisIt("is read again after scripts were flushed", async () => {
    const cache = await openCache();
    await cache.put(KEY, entry(1), await cache.fence(KEY));
    await redis.run("SCRIPT", "FLUSH");
    await logUpdate(cache);
    assert.equal((await cache.get(KEY))?.since?.changes.length, 1);
    await cache.close();
  });

  redisIt("refuses a stream over a client that cannot open another connection", async () => {
    const cache = await RedisCache.open({ send: () => Promise.reject(new Error("away")) });
    assert.throws(() => cache.stream("products"), {
      name: "UnsupportedError",
      message: /needs a connection of its own/,
    });
    assert.throws(() => cache.stream(""), { name: "TypeError" });
    await cache.close();
  });

  redisIt("behind a LayeredCache: reads own writes, and nothing old after an event", async () => {
    const master = newMaster();
    const options = {
      follows: true,
      layer: (cache: RedisCache) => new LayeredCache(new MemCache(), cache, { maxLagMs: 1e9 }),
    };
    await using one = await openHost(server.port, master, options);
    await using other = await openHost(server.port, master, options);
    const events = other.table.events.subscribe().getReader();
    for (let version = 1; version <= 20; version++) {
      for (const host of [one, other, one, other, one, other]) await versionOf(host);
      await one.table.patchValue("0", { version });
      assert.equal(await versionOf(one), version);
      for (let event = (await events.read()).value; event?.kind !== "updated"; event = (await events.read()).value);
      assert.equal(await versionOf(other), version);
    }
    await events.cancel();
    assert.equal(other.table.stats().masterReads, 0);
  });
});

/** How many commands Redis has done. */
async function callsOf(redis: OpenRedis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(String(await redis.run("INFO", "stats")))?.[1]);
}
