import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Rows } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { FakeClock, settle } from "@vantage/live/testing";
import { bytes, FakeClient, GENERATION, stateAt } from "./fake_client.ts";

const KEY = "products/page_1";

const FENCE = `${GENERATION}:7`;

describe("RedisCache and its connection", () => {
  it("is not opened over a client that answers with text where there are bytes", async () => {
    const client = new FakeClient();
    client.answersText = true;
    await assert.rejects(RedisCache.open(client), { name: "UnsupportedError", message: /redis .* from version 5/ });
    assert.equal(client.listenerCount, 0);
  });

  it("sends nothing through a connection that it has not asked about", async () => {
    const client = new FakeClient();
    const cache = await RedisCache.open(client);
    const put = cache.put(KEY, { rows: Rows.from([]), fetchedAt: 1 });
    client.emit("reconnecting"); // while the script's hash is computed
    await assert.rejects(put, { name: "UnavailableError", message: /replaced/ });
    assert.deepEqual(client.sent, []);
  });

  for (const event of ["reconnecting", "connect", "close", "end"]) {
    it(`takes no answer that may be of another connection, after ${event}`, async () => {
      const client = new FakeClient();
      const cache = await RedisCache.open(client);
      const fence = cache.fence(KEY);
      await settle();
      client.emit(event);
      client.answer(stateAt(client));
      await assert.rejects(fence, { name: "UnavailableError", message: /replaced/ });
    });
  }

  for (const part of ["run", "history"] as const) {
    it(`does not take a server for the one before if its ${part} is another`, async () => {
      const client = new FakeClient();
      const cache = await RedisCache.open(client);
      const before = stateAt(client);
      const fence = cache.fence(KEY);
      await settle();
      client.answer(before);
      assert.equal(await fence, FENCE);
      client.emit("reconnecting");
      client[part] = "c".repeat(40);
      const held = cache.get(KEY);
      await settle();
      client.answer([before, bytes(GENERATION.padEnd(40, "\0"))]);
      assert.equal(await held, undefined);
    });
  }

  it("asks a server that does not answer once in its time, and is open to all once it has", async () => {
    const client = new FakeClient();
    const clock = new FakeClock();
    const cache = await RedisCache.open(client, { clock, timeoutMs: 100 });
    const late = { name: "UnavailableError", message: /within 100 ms/ };
    const first = assert.rejects(cache.fence(KEY), late);
    await settle();
    await clock.advance(100);
    await first;
    await assert.rejects(cache.fence(KEY), late);
    await clock.advance(99);
    await assert.rejects(cache.fence(KEY), late);
    await clock.advance(1);
    for (let time = 0; time < 3; time++) {
      const sent = client.sent.length;
      const probe = assert.rejects(cache.fence(KEY), late);
      await settle();
      assert.equal(client.sent.length, sent + 1);
      await assert.rejects(cache.fence(KEY), late);
      await clock.advance(100);
      await probe;
    }
    client.answer(null);
    await settle();
    const fence = cache.fence(KEY);
    await settle();
    for (let calls = 0; calls < 10; calls++) client.answer(stateAt(client));
    assert.equal(await fence, FENCE);
  });

  it("bounds the calls that are not answered", async () => {
    const client = new FakeClient();
    const cache = await RedisCache.open(client);
    const calls = Array.from({ length: 10_001 }, () => cache.fence(KEY));
    await assert.rejects(calls.at(-1) ?? Promise.resolve(), { name: "UnavailableError", message: /10000 calls/ });
    for (let call = 0; call < 10_000; call++) client.answer(stateAt(client));
    await Promise.all(calls.slice(0, -1));
    assert.equal(client.sent.length, 10_000);
  });

  it("ends each get() in the time that it says, however slow each call in it is", async () => {
    const client = new FakeClient();
    const clock = new FakeClock();
    const cache = await RedisCache.open(client, { clock, timeoutMs: 100 });
    assert.equal(cache.getTimeoutMs, 300);
    const late = assert.rejects(cache.get(KEY), { name: "UnavailableError", message: /within 100 ms/ });
    await clock.advance(99);
    client.answer([stateAt(client, 8), bytes(GENERATION.padEnd(40, "\0"))]);
    await settle();
    assert.deepEqual(client.sent, ["MGET", "XRANGE"]);
    await clock.advance(100);
    await late;
    await cache.close();
  });

  it("leaves nothing behind when it is closed, and ends what waits", async () => {
    const client = new FakeClient();
    const clock = new FakeClock();
    const cache = await RedisCache.open(client, { clock });
    assert(client.listenerCount > 0);
    const fence = cache.fence(KEY);
    await settle();
    const ended = assert.rejects(fence, { name: "ClosedError" });
    await cache.close();
    await ended;
    await settle();
    assert.deepEqual([client.listenerCount, clock.waiting], [0, 0]);
    client.answer(stateAt(client));
    await settle();
    await assert.rejects(cache.fence(KEY), { name: "ClosedError" });
  });
});
