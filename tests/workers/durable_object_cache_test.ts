import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { cacheConformance } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";
import { HARNESSES } from "./cache_harnesses.ts";
import { type RunningWorker, runWorker, type WorkerOptions } from "./run_worker.ts";

const OPTIONS: WorkerOptions = { durableObjects: { OBJECTS: "CacheObject" } };

let worker: RunningWorker;
let objects = 0;

before(async () => {
  worker = await runWorker("cache_worker.ts", OPTIONS);
});
after(() => worker[Symbol.asyncDispose]());

/** What an object, a new one unless named, answers when told to do something. */
async function tell(
  deed: string,
  parameters: Record<string, string> = {},
  object = `object-${++objects}`,
): Promise<unknown> {
  return JSON.parse(await worker.ask(`/${object}/${deed}?${new URLSearchParams(parameters)}`));
}

for (const [cache, newHarness] of Object.entries(HARNESSES)) {
  describe(`${cache} in workerd keeps the promises of Cache`, () => {
    const harness = newHarness({ exec: () => assert.fail("there is no storage here") });
    for (const { name, skip } of cacheConformance) {
      skippable(name, skip?.(harness), async () => void await tell("conformance", { cache, case: name }));
    }
  });
}

describe("DurableObjectCache", () => {
  it("needs neither eval nor anything of Node", async () => {
    assert.deepEqual(await tell("surroundings"), { process: false, eval: false });
  });

  it("keeps its bounds, what was put longest ago going first, whatever time it was", async () => {
    assert.deepEqual(await tell("bounds"), {
      stored: [true, true, true, true],
      tooLarge: false,
      held: ["a/2", "b/3", "b/4"],
    });
  });

  it("keeps entries up to 2 MB, under a long key too, and none beyond", async () => {
    assert.deepEqual(await tell("largest"), { stored: [true, true, false], held: [1, null] });
  });

  it("is empty after a deleteAll() of the storage, refuses what was fetched before, and stores again", async () => {
    assert.deepEqual(await tell("emptied"), { held: null, late: false, stored: true, then: "new" });
  });

  it("drops an entry that cannot be decoded, and tells of it", async () => {
    assert.deepEqual(await tell("damaged"), { held: [null, "kept"], told: ["warn a/1"], left: 1 });
  });

  it("leaves other tables of the storage alone", async () => {
    assert.deepEqual(await tell("beside"), { accounts: [{ name: "Marty" }], others: ["accounts"] });
  });

  it("is not shared by objects", async () => {
    await tell("put", { key: "a/all", name: "kept" }, "one");
    assert.equal(await tell("get", { key: "a/all" }, "other"), null);
  });

  it("holds what it held after its object was evicted", async () => {
    await tell("put", { key: "a/all", name: "kept" }, "evicted");
    await assert.rejects(tell("abort", {}, "evicted"));
    assert.equal(await tell("get", { key: "a/all" }, "evicted"), "kept");
  });

  it("refuses what is no SQL storage with a TypeError that names it", () => {
    for (const [wrong, named] of [[{ sql: {} }, "an object"], [undefined, "undefined"], ["cache.db", '"cache.db"']]) {
      const make = (): unknown => Reflect.construct(DurableObjectCache, [wrong]);
      assert.throws(make, (error) => error instanceof TypeError && error.message.includes(`got ${named}`));
    }
  });

  for (const bound of ["maxEntries", "maxScopes", "maxBytes"]) {
    it(`refuses a ${bound} that is no whole number of at least 1`, () => {
      const sql = { exec: () => assert.fail("nothing is asked of it") };
      for (const value of [0, 1.5, NaN]) {
        assert.throws(() => new DurableObjectCache(sql, { [bound]: value }), {
          name: "RangeError",
          message: new RegExp(bound),
        });
      }
    });
  }
});
