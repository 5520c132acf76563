import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineTable, LiveTable, ManualLiveStream, MemCache, MemTable, NoCache } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";

/** Makes a LiveTable of anything. */
function wire(master: unknown, cache: unknown, options?: unknown): LiveTable {
  return Reflect.construct(LiveTable, [master, "t", cache, options]);
}

const master = new MemTable("t");
const cache = new MemCache();

describe("LiveTable, over what it is given", () => {
  const MASTERS: readonly (readonly [given: unknown, message: RegExp])[] = [
    [undefined, /got undefined$/],
    [null, /got null$/],
    ["t", /got "t"$/],
    [{}, /got an object without listValues, getValue, patchValue, withQuery$/],
    [{ name: "t", list: () => [] }, /what defineTable makes; got an object without/],
    [new Map(), /got an object of class Map without listValues/],
    [Promise.resolve(master), /got a promise, which has to be awaited first$/],
    [MemTable, /got the function or class "MemTable", not an instance$/],
  ];
  for (const [given, message] of MASTERS) {
    it(`refuses a master by name: ${message.source}`, () => {
      assert.throws(() => wire(given, cache), {
        name: "TypeError",
        message: /^The master of a LiveTable must be a table/,
      });
      assert.throws(() => wire(given, cache), { message });
      if (given === undefined) return;
      assert.throws(() => wire(master, cache, { writeTarget: given }), {
        name: "TypeError",
        message: /^writeTarget must be/,
      });
    });
  }

  const CACHES: readonly (readonly [given: unknown, message: RegExp])[] = [
    [undefined, /got undefined$/],
    [{}, /got an object without get, fence, put, invalidatePrefix$/],
    [new Map(), /got an object of class Map without fence, put, invalidatePrefix$/],
    [Promise.resolve(cache), /got a promise, which has to be awaited first$/],
    [MemCache, /got the function or class "MemCache", not an instance$/],
    [master, /got an object of class MemTable without get/],
  ];
  for (const [given, message] of CACHES) {
    it(`refuses a cache by name: ${message.source}`, () => {
      assert.throws(() => wire(master, given), {
        name: "TypeError",
        message: /^The cache of a LiveTable must be a cache/,
      });
      assert.throws(() => wire(master, given), { message });
    });
  }

  const OPTIONS: readonly (readonly [options: unknown, message: RegExp])[] = [
    [{ staleTime: 5 }, /^Unknown option "staleTime" of a LiveTable; accepted are liveStream.*staleTimeMs/],
    [{ livestream: new ManualLiveStream() }, /^Unknown option "livestream"/],
    [null, /^The options of a LiveTable must be an object, got null/],
    [5, /^The options of a LiveTable must be an object, got number 5/],
    [{ liveStream: new ReadableStream() }, /^liveStream must be a live stream.*ReadableStream without subscribe/],
    [{ liveStream: Promise.resolve(new ManualLiveStream()) }, /^liveStream must be.*a promise/],
    [
      { tracer: () => {} },
      /^tracer must be a tracer, such as ConsoleTracer or what defineTracer makes; got the function or class "tracer"/,
    ],
    [{ clock: { now: Date.now } }, /^clock must be a clock; got an object without monotonic, random, wait/],
  ];
  for (const [options, message] of OPTIONS) {
    it(`refuses options by name: ${message.source}`, () => {
      assert.throws(() => wire(master, cache, options), { name: "TypeError", message });
    });
  }

  it("takes all that it knows, and what is undefined", async () => {
    const options = { liveStream: new ManualLiveStream(), clock: new FakeClock(), tracer: undefined, staleTimeMs: 5 };
    await using table = wire(defineTable({ name: "t", list: () => [] }), new NoCache(), options);
    assert.equal((await table.where("a", "eq", 1).listValues()).size, 0);
  });
});
