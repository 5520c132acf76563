import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, LiveTable, MemTable, Rows } from "@vantage/live";
import { RedisCache, type RedisClient } from "@vantage/live/redis";
import { FakeClock } from "@vantage/live/testing";
import { directClient, directHandle } from "../../sim/hosts/direct_client.ts";
import { SimRedis } from "../../sim/hosts/sim_redis.ts";

const SCOPE = "products/";
const KEY = `${SCOPE}all`;
const OUTCOME_MS = 60_000;
const CLIENTS: readonly (readonly [how: string, clientOf: (redis: SimRedis) => RedisClient])[] = [
  ["over one connection", directClient],
  ["over several", directHandle],
];
/** How far the clocks of the host that asks, and of Redis, are ahead of that of the host that writes. */
const AHEAD: readonly (readonly [hostMs: number, redisMs: number])[] = [
  [0, 0],
  [90_000, 0],
  [-30_000, 0],
  [-180_000, 0],
  [0, 3_600_000],
  [90_000, -3_600_000],
];

/** The same time on a clock that is ahead. */
function ahead(clock: FakeClock, byMs: number): Clock {
  return {
    now: () => clock.now() + byMs,
    monotonic: () => clock.monotonic() + 1_000 + byMs,
    random: () => clock.random(),
    wait: (ms, options) => clock.wait(ms, options),
  };
}

describe("RedisCache between hosts whose clocks differ", () => {
  for (const [how, clientOf] of CLIENTS) {
    for (const [hostMs, redisMs] of AHEAD) {
      const where = `${hostMs} ms ahead, with Redis ${redisMs} ms ahead, ${how}`;

      it(`serves the row of a writer that died until its write is overdue, and no longer, ${where}`, async () => {
        const time = new FakeClock({ now: 1_700_000_000_000 });
        const redis = new SimRedis({ now: () => time.now() + redisMs });
        const clock = ahead(time, hostMs);
        await using writer = await RedisCache.open(clientOf(redis), { clock: time });
        await using reader = await RedisCache.open(clientOf(redis), { clock });
        const master = new MemTable("products", { rows: [["a", { price: 1 }]] });
        await using table = new LiveTable(master, "products", reader, { clock, writeOutcomeMs: OUTCOME_MS });
        const price = async (): Promise<unknown> => (await table.listValues()).get("a")?.price;
        await price();
        const change = { kind: "updated", id: "a", at: time.now(), cause: "write", outcome: "unknown" } as const;
        const dueAt = time.now() + OUTCOME_MS;
        await writer.log(SCOPE, { kind: "intent", writeId: "w", change: { ...change, writeId: "w" }, dueAt });
        await price();
        await time.advance(OUTCOME_MS / 2);
        await price();
        await master.patchValue("a", { price: 2 }); // The writer dies before it can log that.
        await time.advance(OUTCOME_MS / 2 - 500);
        assert.equal(await price(), 1);
        await time.advance(1_000);
        assert.equal(await price(), 2);
        assert.equal((await reader.get(KEY))?.intentsDueAt, undefined);
      });
    }

    it(`ends an intent when a clock was set while it was pending, ${how}`, async () => {
      const time = new FakeClock({ now: 1_700_000_000_000 });
      const redis = new SimRedis({ now: () => 1_700_007_200_000 + time.monotonic() });
      await using cache = await RedisCache.open(clientOf(redis), { clock: time });
      await cache.put(KEY, { rows: Rows.from([]), fetchedAt: time.now() });
      const change = { kind: "changed", at: time.now(), cause: "write", outcome: "unknown", writeId: "w" } as const;
      await cache.log(SCOPE, { kind: "intent", writeId: "w", change, dueAt: time.now() + OUTCOME_MS });
      time.set(time.now() - 3_600_000);
      assert.equal((await cache.get(KEY))?.intentsDueAt, time.now() + OUTCOME_MS);
      await time.advance(OUTCOME_MS);
      await cache.log(SCOPE, { kind: "overdue", now: time.now(), spanMs: 2 * OUTCOME_MS });
      assert.equal((await cache.get(KEY))?.since?.changes.length, 1);
    });
  }
});
