import assert from "node:assert/strict";
import { describe } from "node:test";
import { type CachedRows, Rows } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { FakeClock, settle } from "@vantage/live/testing";
import { openNodePool, openNodeRedis, type OpenRedis } from "../../databases/redis_clients.ts";
import { type RedisProcess, startRedis, WITHOUT_REDIS } from "../../databases/redis_server.ts";
import { newSeed } from "../../hostile/hostile_text.ts";
import { skippable } from "../../skippable.ts";
import { runEvicted } from "./evictions.ts";
import { type Host, newMaster, openHost, PATIENCE_MS, untilWarm, versionOf, warm } from "./hosts.ts";
import { startSwitch } from "./redis_switch.ts";

const KEY = "products/page_1";
const SCOPE = "products/";
const PATIENT = { timeoutMs: PATIENCE_MS };

/** A test with a Redis that it may harm. */
function faultIt(
  name: string,
  use: (server: RedisProcess, started: AsyncDisposableStack) => Promise<void>,
  settings: readonly string[] = [],
): void {
  skippable(name, WITHOUT_REDIS, async () => {
    await using started = new AsyncDisposableStack();
    await use(await startIn(started, settings), started);
  });
}

async function startIn(started: AsyncDisposableStack, settings: readonly string[] = []): Promise<RedisProcess> {
  return started.adopt(await startRedis(settings), (redis) => redis.remove());
}

function entry(version: number): CachedRows {
  return { rows: Rows.from([["0", { version }]]), fetchedAt: 1 };
}

/** Lets time pass until something has settled. */
async function settledInTime<T>(work: Promise<T>, clock: FakeClock): Promise<T> {
  let isSettled = false;
  void work.finally(() => isSettled = true);
  while (!isSettled) {
    await settle();
    await clock.advance(100);
  }
  return await work;
}

/** Lets the cache ask which server it has, which it does beside a call. */
async function lookAgain({ cache, redis }: Host): Promise<void> {
  await cache.get(KEY);
  await redis.run("PING");
  await settle();
}

async function isStored(redis: OpenRedis, key: string, value: string): Promise<boolean> {
  return await redis.run("SET", key, value).then(() => true, () => false);
}

function settled(call: Promise<unknown>): Promise<string> {
  return call.then(() => "done", () => "late");
}

describe("RedisCache with a Redis that is frozen", () => {
  faultIt("delays the first reader for its time, and no other until Redis answers again", async (server, started) => {
    const clock = new FakeClock();
    const options = { cache: { clock, timeoutMs: 300 }, table: { clock } };
    const host = started.use(await openHost(server.port, newMaster(), options));
    await warm(host);
    server.signal("SIGSTOP");
    const first = versionOf(host);
    await settle();
    await clock.advance(300);
    assert.equal(await first, 0);
    assert.equal(await versionOf(host), 0); // no time passes
    assert.equal(host.table.stats().masterReads, 3);
    server.signal("SIGCONT");
    await host.redis.run("PING");
    await warm(host);
  });

  faultIt("does not serve what it could not invalidate, until it has", async (server, started) => {
    const clock = new FakeClock();
    const options = { cache: { clock, timeoutMs: 300 }, table: { clock } };
    const master = newMaster();
    const host = started.use(await openHost(server.port, master, options));
    await warm(host);
    server.signal("SIGSTOP");
    const written = host.table.patchValue("0", { version: 1 });
    await settledInTime(written, clock);
    assert.equal(await settledInTime(versionOf(host), clock), 1);
    server.signal("SIGCONT");
    await host.redis.run("PING");
    await untilWarm(host, async () => {
      await clock.advance(1_000);
      await host.redis.run("PING");
    });
    assert.equal(await versionOf(host), 1);
  });

  faultIt("takes what arrives after its time as it would any other time", async (server, started) => {
    const clock = new FakeClock();
    const redis = [await openNodeRedis(server.port), await openNodeRedis(server.port)] as const;
    started.defer(() => redis.forEach(({ close }) => close()));
    const [cache, other] = await Promise.all(
      redis.map(({ client }) => RedisCache.open(client, { clock, timeoutMs: 300 })),
    );
    assert(cache !== undefined && other !== undefined);
    for (const invalidatesFirst of [true, false]) {
      const fence = await cache.fence(KEY);
      server.signal("SIGSTOP");
      const invalidate = (): Promise<string> => settled(other.invalidatePrefix(SCOPE));
      const put = (): Promise<string> => settled(cache.put(KEY, entry(0), fence));
      const results = invalidatesFirst ? [invalidate(), put()] : [put(), invalidate()];
      await settle();
      await clock.advance(300);
      assert.deepEqual(await Promise.all(results), ["late", "late"]);
      server.signal("SIGCONT");
      for (const { run } of redis) await run("PING");
      assert.equal(await cache.get(KEY), undefined);
    }
  });
});

describe("RedisCache with a Redis that was restarted", () => {
  faultIt("serves nothing of an older dump", async (server, started) => {
    const master = newMaster();
    const hosts = [await openHost(server.port, master), await openHost(server.port, master)] as const;
    for (const host of hosts) started.use(host);
    await warm(...hosts);
    await hosts[0].redis.run("SAVE");
    await hosts[0].table.patchValue("0", { version: 1 });
    await master.patchValue("1", { version: 1 });
    await hosts[1].table.invalidate();
    await warm(...hosts);
    await server.kill();
    await server.start();
    for (const { redis } of hosts) await redis.run("PING");
    assert.equal(Number(await hosts[0].redis.run("DBSIZE")) > 0, true, "the dump was not loaded");
    for (const id of ["0", "1"]) {
      for (const host of hosts) assert.equal(await versionOf(host, id), 1);
    }
    await warm(...hosts);
  });

  faultIt(
    "refuses what was read before, and serves a process that comes later nothing old",
    async (server, started) => {
      const redis = started.adopt(await openNodeRedis(server.port), ({ close }) => close());
      const cache = await RedisCache.open(redis.client, PATIENT);
      const fence = await cache.fence(KEY);
      await cache.put(KEY, entry(0), fence);
      await redis.run("SAVE");
      await server.kill();
      await server.start();
      await redis.run("PING");
      const later = await RedisCache.open(
        started.adopt(await openNodeRedis(server.port), ({ close }) => close()).client,
      );
      assert.equal(await later.get(KEY), undefined);
      assert.equal(await cache.put(KEY, entry(0), fence), false);
      assert.equal(await later.put(KEY, entry(1), await later.fence(KEY)), true);
      assert.equal((await cache.get(KEY))?.rows.get("0")?.version, 1);
    },
  );

  faultIt(
    "serves nothing of an older dump through a pool, where each script looks which server it runs in",
    async (server, started) => {
      const redis = started.adopt(await openNodePool(server.port), ({ close }) => close());
      const cache = await RedisCache.open(redis.client, PATIENT);
      const fence = await cache.fence(KEY);
      await cache.put(KEY, entry(0), fence);
      await redis.run("SAVE");
      await cache.invalidatePrefix(SCOPE);
      await server.kill();
      await server.start();
      while (await redis.run("PING").catch(() => "away") !== "PONG");
      assert.equal(await redis.run("EXISTS", "vantage_live{products/}:e:page_1"), 1);
      assert.equal(await cache.get(KEY), undefined);
      assert.equal(await cache.put(KEY, entry(0), fence), false);
      assert.equal(await cache.put(KEY, entry(1), await cache.fence(KEY)), true);
      assert.equal((await cache.get(KEY))?.rows.get("0")?.version, 1);
    },
  );

  faultIt("answers from the master while it is away", async (server, started) => {
    const host = started.use(await openHost(server.port, newMaster(), { cache: { timeoutMs: 50 } }));
    await warm(host);
    await server.kill();
    await host.table.patchValue("0", { version: 1 });
    assert.equal(await versionOf(host), 1);
    await server.start();
    await host.redis.run("PING");
    assert.equal(await versionOf(host), 1);
  });
});

describe("RedisCache with a replica that was promoted", () => {
  faultIt("serves nothing that the replica had missed the end of", async (primary, started) => {
    const replica = await startIn(started, ["--replicaof", `127.0.0.1 ${primary.port}`]);
    const address = started.use(await startSwitch(primary.port));
    const admin = started.adopt(await openNodeRedis(replica.port), ({ close }) => close());
    const master = newMaster();
    const hosts = [await openHost(address.port, master), await openHost(address.port, master)] as const;
    for (const host of hosts) started.use(host);
    await warm(...hosts);
    while (await hosts[0].redis.run("WAIT", "1", "1000") !== 1);
    assert(Number(await admin.run("DBSIZE")) > 0);

    await admin.run("REPLICAOF", "127.0.0.1", "1");
    await hosts[0].table.patchValue("0", { version: 1 });
    assert.equal(await versionOf(hosts[1]), 1);
    assert.equal(await hosts[0].redis.run("WAIT", "1", "10"), 0);
    await primary.kill();
    await admin.run("REPLICAOF", "NO", "ONE");
    address.to(replica.port);
    for (const { redis } of hosts) await redis.run("PING");
    for (const host of hosts) assert.equal(await versionOf(host), 1);
    await warm(...hosts);
    for (const host of hosts) assert.equal(await versionOf(host), 1);
  }, ["--repl-diskless-sync-delay", "0"]);

  faultIt(
    "serves nothing of a master that lost what it had acknowledged, and is master again",
    async (server, started) => {
      const clock = new FakeClock();
      const rival = await startIn(started, [
        "--replicaof",
        `127.0.0.1 ${server.port}`,
        "--repl-diskless-sync-delay",
        "0",
      ]);
      const admin = started.adopt(await openNodeRedis(rival.port), ({ close }) => close());
      const host = started.use(await openHost(server.port, newMaster(), { cache: { clock } }));
      await warm(host);
      while (await host.redis.run("WAIT", "1", "1000") !== 1);
      await admin.run("REPLICAOF", "NO", "ONE");
      await host.table.patchValue("0", { version: 1 });
      assert.equal(await versionOf(host), 1);
      await host.redis.run("REPLICAOF", "127.0.0.1", `${rival.port}`);
      while (!String(await host.redis.run("INFO", "replication")).includes("master_link_status:up"));
      await host.redis.run("REPLICAOF", "NO", "ONE");
      await clock.advance(2_000);
      assert.equal(await versionOf(host), 1);
      await untilWarm(host, () => host.redis.run("PING"));
      assert.equal(await versionOf(host), 1);
    },
    ["--repl-diskless-sync-delay", "0"],
  );

  faultIt("notices a master that became a replica, though the connection stays", async (server, started) => {
    const clock = new FakeClock();
    const host = started.use(await openHost(server.port, newMaster(), { cache: { clock } }));
    await warm(host);
    await host.redis.run("REPLICAOF", "127.0.0.1", "1");
    await clock.advance(1_000);
    await lookAgain(host);
    await assert.rejects(host.cache.get(KEY), { name: "UnsupportedError" });
    await host.table.patchValue("0", { version: 1 });
    assert.equal(await versionOf(host), 1);
    await host.redis.run("REPLICAOF", "NO", "ONE");
    await untilWarm(host, () => host.redis.run("PING"));
    assert.equal(await versionOf(host), 1);
  });
});

describe("RedisCache with little memory", () => {
  faultIt(
    "invalidates when there is none left",
    async (server, started) => {
      const redis = started.adopt(await openNodeRedis(server.port), ({ close }) => close());
      const cache = await RedisCache.open(redis.client, PATIENT);
      assert.equal(await cache.put(KEY, entry(0), await cache.fence(KEY)), true);
      const fence = await cache.fence(KEY);
      for (const size of [10_000, 100, 1]) {
        for (let number = 0; await isStored(redis, `${size} ${number}`, "x".repeat(size)); number++);
      }
      await assert.rejects(async () => await cache.put(KEY, entry(1), fence), /OOM/);
      assert.equal((await cache.get(KEY))?.rows.get("0")?.version, 0);
      await cache.invalidatePrefix(SCOPE);
      assert.equal(await cache.get(KEY), undefined);
      await redis.run("FLUSHALL");
      assert.equal(await cache.put(KEY, entry(0), fence), false);
    },
    ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"],
  );

  const seed = newSeed();
  for (const policy of ["allkeys-lru", "allkeys-random", "volatile-ttl"]) {
    faultIt(
      `serves nothing old, whatever ${policy} evicts (seed ${seed})`,
      (server, started) => runEvicted(server, started, seed),
      ["--maxmemory", "2mb", "--maxmemory-policy", policy],
    );
  }
});
