import assert from "node:assert/strict";
import { describe } from "node:test";
import type { LiveEvent } from "@vantage/live";
import { RedisCache, type RedisLiveStream } from "@vantage/live/redis";
import { openIoRedis, openNodeRedis, type OpenRedis } from "../../databases/redis_clients.ts";
import { startRedisCluster } from "../../databases/redis_cluster.ts";
import { type RedisProcess, startRedis, WITHOUT_REDIS } from "../../databases/redis_server.ts";
import { skippable } from "../../skippable.ts";
import { type Host, newMaster, openHost, PATIENCE_MS, versionOf, warm } from "./hosts.ts";
import { startSwitch } from "./redis_switch.ts";

const SCOPE = "products/";
const STATE = "vantage_live{products/}:s";
const LOG = "vantage_live{products/}:c";

type Reader = ReadableStreamDefaultReader<LiveEvent>;

/** A test with a Redis of its own. */
function streamIt(
  name: string,
  use: (server: RedisProcess, started: AsyncDisposableStack) => Promise<void>,
  settings: readonly string[] = [],
): void {
  skippable(name, WITHOUT_REDIS, async () => {
    await using started = new AsyncDisposableStack();
    await use(started.adopt(await startRedis(settings), (redis) => redis.remove()), started);
  });
}

/** A subscription that has begun: it has said what it may have missed. */
async function begun(stream: RedisLiveStream): Promise<Reader> {
  const reader = stream.subscribe().getReader();
  assert.deepEqual(await next(reader), { kind: "changed" });
  return reader;
}

async function next(reader: Reader): Promise<LiveEvent | undefined> {
  return (await reader.read()).value;
}

async function log(cache: RedisCache, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await cache.log(SCOPE, { kind: "change", change: { kind: "updated", id, at: 1, cause: "event" } });
  }
}

async function ids(reader: Reader | undefined, count: number): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = [];
  while (found.length < count) {
    assert(reader !== undefined);
    const event = await next(reader);
    found.push(event !== undefined && event.kind !== "changed" ? event.id : event?.kind);
  }
  return found;
}

async function openCache(
  started: AsyncDisposableStack,
  port: number,
  options = {},
): Promise<{ cache: RedisCache; redis: OpenRedis }> {
  const redis = started.adopt(await openNodeRedis(port), ({ close }) => close());
  const cache = started.use(await RedisCache.open(redis.client, { timeoutMs: PATIENCE_MS, ...options }));
  return { cache, redis };
}

/** Gives the last change a number that is later than any time. */
async function moveFarAhead(cache: RedisCache, redis: OpenRedis): Promise<void> {
  await cache.fence(`${SCOPE}all`);
  const [of = "", generation = "", position = "", ...rest] = String(await redis.run("GET", STATE)).split(" ");
  const ahead = `${Number(position) * 1_000}`;
  await redis.run("SET", STATE, [of, generation, ahead, ahead, ahead, ...rest.slice(2)].join(" "));
}

async function connectionsOf(redis: OpenRedis): Promise<number> {
  return String(await redis.run("CLIENT", "LIST")).trim().split("\n").length;
}

describe("RedisLiveStream", () => {
  streamIt("goes on where it was after a lost connection", async (server, started) => {
    const { cache } = await openCache(started, server.port);
    const { cache: other, redis: admin } = await openCache(started, server.port);
    const reader = await begun(cache.stream("products"));
    await log(other, "a");
    assert.deepEqual(await ids(reader, 1), ["a"]);
    await admin.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await log(other, "b", "c", "d");
    assert.deepEqual(await ids(reader, 3), ["b", "c", "d"]);
  });

  streamIt("says changed if the log was cut meanwhile", async (server, started) => {
    const address = started.use(await startSwitch(server.port));
    const { cache } = await openCache(started, address.port);
    const { cache: other } = await openCache(started, server.port, { maxChanges: 4 });
    const reader = await begun(cache.stream("products"));
    address.to(1);
    await log(other, "a", "b", "c", "d", "e", "f");
    address.to(server.port);
    assert.deepEqual(await ids(reader, 1), ["changed"]);
    await log(other, "g");
    while ((await ids(reader, 1))[0] !== "g");
  });

  streamIt("says changed if the scope was invalidated or evicted", async (server, started) => {
    const { cache, redis } = await openCache(started, server.port);
    const reader = await begun(cache.stream("products"));
    await cache.invalidatePrefix(SCOPE);
    assert.deepEqual(await ids(reader, 1), ["changed"]);
    await cache.invalidatePrefix("products/page_1");
    assert.deepEqual(await ids(reader, 1), ["changed"]);
    await redis.run("DEL", STATE, LOG);
    await log(cache, "a");
    assert.deepEqual(await ids(reader, 1), ["changed"]);
    await log(cache, "b");
    assert.deepEqual(await ids(reader, 1), ["b"]);
  });

  streamIt("misses nothing of a log that was evicted alone", async (server, started) => {
    const { cache, redis } = await openCache(started, server.port);
    const reader = await begun(cache.stream("products"));
    await log(cache, "a");
    assert.deepEqual(await ids(reader, 1), ["a"]);
    await redis.run("DEL", LOG);
    await log(cache, "b");
    assert.deepEqual(await ids(reader, 1), ["b"]);
  });

  streamIt(
    "says changed of a log that begins again with lower numbers, which wakes no reader",
    async (server, started) => {
      const { cache, redis } = await openCache(started, server.port);
      await moveFarAhead(cache, redis);
      const reader = await begun(cache.stream("products"));
      await log(cache, "a");
      assert.deepEqual(await ids(reader, 1), ["a"]);
      await redis.run("DEL", STATE, LOG);
      await log(cache, "b");
      assert.deepEqual(await ids(reader, 1), ["changed"]);
      await log(cache, "c");
      assert.deepEqual(await ids(reader, 1), ["c"]);
    },
  );

  streamIt("says changed if Redis was restarted", async (server, started) => {
    const { cache, redis } = await openCache(started, server.port);
    await moveFarAhead(cache, redis); // where a new generation goes on with the next number
    const reader = await begun(cache.stream("products"));
    await redis.run("SAVE");
    await log(cache, "a");
    assert.deepEqual(await ids(reader, 1), ["a"]);
    await server.kill();
    await server.start();
    await redis.run("PING");
    await log(cache, "b");
    assert.deepEqual(await ids(reader, 1), ["changed"]);
  });

  streamIt(
    "shares one connection among all streams of a cache, which is closed with the last",
    async (server, started) => {
      const redis = started.adopt(await openIoRedis(server.port), ({ close }) => close());
      const cache = started.use(await RedisCache.open(redis.client, { timeoutMs: PATIENCE_MS }));
      const before = await connectionsOf(redis);
      const readers = [await begun(cache.stream("products")), await begun(cache.stream("orders"))];
      readers.push(cache.stream("products").subscribe().getReader());
      await log(cache, "a");
      for (const reader of [readers[0], readers[2]]) assert.deepEqual(await ids(reader, 1), ["a"]);
      assert.equal(await connectionsOf(redis), before + 1);
      for (const reader of readers) await reader.cancel();
      while (await connectionsOf(redis) > before);
    },
  );

  streamIt("ends with its client", async (server, started) => {
    for (const open of [openNodeRedis, openIoRedis]) {
      const redis = await open(server.port);
      const cache = started.use(await RedisCache.open(redis.client, { timeoutMs: PATIENCE_MS }));
      const reader = await begun(cache.stream("products"));
      redis.close();
      assert.equal(await next(reader), undefined);
    }
  });

  skippable("fails in a cluster, and says so", WITHOUT_REDIS, async () => {
    await using started = new AsyncDisposableStack();
    const server = started.adopt(await startRedisCluster(), (redis) => redis.remove());
    const { cache } = await openCache(started, server.port);
    const reader = cache.stream("products").subscribe().getReader();
    await assert.rejects(async () => {
      while ((await reader.read()).done === false);
    }, /CROSSSLOT/);
  });
});

describe("Hosts that follow the stream of their RedisCache", () => {
  streamIt(
    "see each other's writes at once, log none of them again, and ask the master for nothing",
    async (server, started) => {
      const master = newMaster();
      const options = { follows: true };
      const hosts = [
        await openHost(server.port, master, options),
        await openHost(server.port, master, options),
      ] as const;
      for (const host of hosts) started.use(host);
      const [one, other] = hosts;
      await warm(...hosts);
      const shown = other.table.watch().getReader();
      const untilShown = async (version: number): Promise<void> => {
        for (;;) {
          const { value } = await shown.read();
          if (value?.rows?.get("0")?.version === version) return;
        }
      };
      await untilShown(0);
      const before = [await positionOf(one.redis), ...countsOf(other)];
      for (let version = 1; version <= 10; version++) {
        await one.table.patchValue("0", { version });
        await untilShown(version);
      }
      await shown.cancel();
      const [position = 0, masterReads, events = 0] = before;
      assert.deepEqual([await positionOf(one.redis), ...countsOf(other)], [position + 10, masterReads, events + 10]);
    },
  );

  streamIt("find the entries of others when they come, and after a gap", async (server, started) => {
    const master = newMaster();
    const first = started.use(await openHost(server.port, master, { follows: true }));
    await warm(first);
    const later = started.use(await openHost(server.port, master, { follows: true }));
    const events = later.table.events.subscribe().getReader();
    assert.equal(await versionOf(later), 0);
    await killReaders(first.redis);
    await first.table.patchValue("0", { version: 1 });
    for (let event = await next(events); event?.kind !== "updated"; event = await next(events));
    assert.equal(await versionOf(later), 1);
    assert.equal(later.table.stats().masterReads, 0);
    await events.cancel();
  });
});

function countsOf({ table }: Host): readonly number[] {
  const { masterReads, invalidations } = table.stats();
  return [masterReads, invalidations.event];
}

/** Ends the connections that wait for records. */
async function killReaders(redis: OpenRedis): Promise<void> {
  for (const [, id = ""] of String(await redis.run("CLIENT", "LIST")).matchAll(/^id=(\d+) .*cmd=xread/gm)) {
    await redis.run("CLIENT", "KILL", "ID", id);
  }
}

async function positionOf(redis: OpenRedis): Promise<number> {
  return Number(String(await redis.run("GET", STATE)).split(" ")[2]);
}
