import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DurableObjectOutbox } from "@vantage/live/durable-object";
import { outboxConformance } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";
import { outboxHarness } from "./outbox_worker.ts";
import { type RunningWorker, runWorker } from "./run_worker.ts";

let worker: RunningWorker;
let objects = 0;

before(async () => {
  worker = await runWorker("outbox_worker.ts", { durableObjects: { OBJECTS: "OutboxObject" } });
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

const NO_STORAGE = {
  sql: { exec: () => assert.fail("there is no storage here") },
  transactionSync: () => assert.fail(),
};

describe("DurableObjectOutbox in workerd keeps the promises of Outbox", () => {
  const harness = outboxHarness(NO_STORAGE);
  for (const { name, skip } of outboxConformance) {
    skippable(name, skip?.(harness), async () => void await tell("conformance", { case: name }));
  }
});

describe("DurableObjectOutbox", () => {
  it("has what it had after its object was evicted", async () => {
    await tell("append", { id: "w1" }, "evicted");
    await assert.rejects(tell("abort", {}, "evicted"));
    assert.deepEqual(await tell("load", {}, "evicted"), ["w1"]);
  });

  it("is not shared by objects", async () => {
    await tell("append", { id: "w1" }, "one");
    assert.deepEqual(await tell("load", {}, "other"), []);
  });

  it("is empty after a deleteAll() of the storage, and keeps writes again", async () => {
    assert.deepEqual(await tell("emptied"), { held: [], then: ["new"] });
  });

  it("keeps a write up to 2 MB, and refuses a larger one by name", async () => {
    const [kept, refused] = await tell("largest") as string[];
    assert.equal(kept, "1");
    assert.match(refused ?? "", /^RangeError: Cannot keep the write "w2000000" \(insert row "a"\): it has \d+ bytes/);
  });

  it("refuses tables of a newer version, and leaves them alone", async () => {
    assert.deepEqual(await tell("newer"), { refused: ["OutboxError", "OutboxError"], entries: 1 });
  });

  it("refuses what is no storage with a TypeError that names it", () => {
    for (const [wrong, named] of [[{ sql: {} }, "an object"], [undefined, "undefined"], ["outbox.db", '"outbox.db"']]) {
      const make = (): unknown => Reflect.construct(DurableObjectOutbox, [wrong]);
      assert.throws(make, (error) => error instanceof TypeError && error.message.includes(`got ${named}`));
    }
  });

  for (const bound of ["maxEntries", "maxBytes", "maxAnswers", "maxAnswerAgeMs"]) {
    it(`refuses a ${bound} that is no whole number of at least 1`, () => {
      for (const value of [0, 1.5, NaN]) {
        assert.throws(() => new DurableObjectOutbox(NO_STORAGE, { [bound]: value }), {
          name: "RangeError",
          message: new RegExp(bound),
        });
      }
    });
  }
});
