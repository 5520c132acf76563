import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Rows } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { settle } from "@vantage/live/testing";
// What is stored is no part of the library.
import { encodeChange } from "../../../src/cache/change_codec.ts";
import { encodeRows } from "../../../src/cache/codec.ts";
import { bytes, FakeClient, GENERATION, stateAt } from "./fake_client.ts";

const KEY = "products/page_1";

function entryAt(position: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(40));
  new Uint8Array(header.buffer).set(bytes(GENERATION));
  for (const offset of [16, 24, 32]) header.setFloat64(offset, position);
  return concat(new Uint8Array(header.buffer), encodeRows(Rows.from([["a", { at: position }]])));
}

function recordAt(position: number, generation = GENERATION): readonly unknown[] {
  const header = new DataView(new ArrayBuffer(34));
  new Uint8Array(header.buffer).set(bytes(`${generation}c`));
  header.setFloat64(17, -1);
  const body = encodeChange({ kind: "updated", id: `${position}`, at: 1, cause: "event" });
  return [bytes(`${position}-0`), [bytes("r"), concat(new Uint8Array(header.buffer), body)]];
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}

/** Reads an entry; `answers` are given one after the other, each once it is asked for. Tells what was asked for with which. */
async function read(client: FakeClient, cache: RedisCache, ...answers: readonly unknown[]): Promise<{
  readonly ids: readonly (string | undefined)[] | undefined;
  readonly fence: unknown;
  readonly sent: readonly string[];
}> {
  const sent: string[] = [];
  const held = cache.get(KEY);
  for (const answer of answers) {
    await settle();
    sent.push(client.sent.splice(0).join(" "));
    client.answer(answer);
  }
  const found = await held;
  const ids = found &&
    (found.since?.changes ?? []).map(({ change }) => change.kind === "changed" ? undefined : change.id);
  return { ids, fence: found?.since?.fence, sent };
}

describe("RedisCache.get()", () => {
  it("asks for records with the entry while it is behind, and after it if it turns out to be", async () => {
    const client = new FakeClient();
    const cache = await RedisCache.open(client);
    const values = [stateAt(client, 8), entryAt(7)];
    const first = await read(client, cache, values, [recordAt(8)]);
    assert.deepEqual([first.ids, first.fence, first.sent], [["8"], `${GENERATION}:8`, ["MGET", "XRANGE"]]);
    const second = await read(client, cache, values, [recordAt(8)]);
    assert.deepEqual([second.ids, second.sent], [["8"], ["MGET XRANGE", ""]]);
    const current = await read(client, cache, [stateAt(client, 8), entryAt(8)], []);
    assert.deepEqual([current.ids, current.sent], [[], ["MGET XRANGE", ""]]);
    const next = await read(client, cache, [stateAt(client, 8), entryAt(8)]);
    assert.deepEqual([next.ids, next.sent], [[], ["MGET"]]);
  });

  it("leaves out what was logged after it looked, and what the entry has", async () => {
    const client = new FakeClient();
    const cache = await RedisCache.open(client);
    await read(client, cache, [stateAt(client, 8), entryAt(7)], [recordAt(8)]);
    const values = [stateAt(client, 9), entryAt(8)];
    const { ids, fence } = await read(client, cache, values, [recordAt(8), recordAt(9), recordAt(10)]);
    assert.deepEqual([ids, fence], [["9"], `${GENERATION}:9`]);
  });

  it("asks again if the entry is older than it was", async () => {
    const client = new FakeClient();
    const cache = await RedisCache.open(client);
    await read(client, cache, [stateAt(client, 8), entryAt(7)], [recordAt(8)]);
    const records = [recordAt(7), recordAt(8)];
    const { ids, sent } = await read(client, cache, [stateAt(client, 8), entryAt(6)], [recordAt(8)], records);
    assert.deepEqual([ids, sent], [["7", "8"], ["MGET XRANGE", "", "XRANGE"]]);
  });

  for (
    const [what, records] of [
      ["are gone", []],
      ["are of another generation", [recordAt(8, "another one is s"), recordAt(9, "another one is s")]],
      ["begin too late", [recordAt(9)]],
      ["end too early", [recordAt(8)]],
      ["have a hole", [recordAt(8), recordAt(10)]],
    ] as const
  ) {
    it(`does not find an entry whose records ${what}`, async () => {
      const client = new FakeClient();
      const cache = await RedisCache.open(client);
      assert.equal((await read(client, cache, [stateAt(client, 9), entryAt(7)], records)).ids, undefined);
    });
  }

  it("fails, once, if one of two calls fails", async () => {
    const client = new FakeClient();
    const cache = await RedisCache.open(client);
    await read(client, cache, [stateAt(client, 8), entryAt(7)], [recordAt(8)]);
    const held = assert.rejects(cache.get(KEY), /away/);
    await settle();
    client.answer(Promise.reject(new Error("away")));
    await held;
    client.answer(Promise.reject(new Error("away too")));
    await settle();
  });
});
