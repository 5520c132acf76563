import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LiveTable, WriteOptions } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";
import { fixture } from "./fixture.ts";

const VERBS: Readonly<Record<string, (table: LiveTable, options: WriteOptions) => Promise<unknown>>> = {
  insertValue: (table, options) => table.insertValue("d", {}, options),
  replaceValue: (table, options) => table.replaceValue("a", {}, options),
  patchValue: (table, options) => table.patchValue("a", {}, options),
  delete: (table, options) => table.delete("a", options),
  deleteAll: (table, options) => table.deleteAll(options),
  insertReturnIdValue: (table, options) => table.insertReturnIdValue({}, options),
};

for (const [verb, write] of Object.entries(VERBS)) {
  describe(`LiveTable.${verb}()`, () => {
    it("hands the idempotency key on that it was given, and one of its own making else", async () => {
      const { table, master } = fixture();
      await write(table, { idempotencyKey: "mine" });
      await write(table, {});
      await write(table, {});
      const keys = master.writeOptions.map(({ idempotencyKey }) => idempotencyKey);
      assert.equal(keys[0], "mine");
      assert.equal(new Set(keys).size, 3);
      for (const key of keys.slice(1)) assert.match(String(key), /./);
      await table.close();
    });

    it("is taken back by its signal while it is queued, and not begun by one that is aborted", async () => {
      const { table, master } = fixture({ writeConcurrency: 1 });
      const gate = master.plan.hold("delete", "before");
      const before = table.delete("z");
      await gate.reached;
      const aborting = new AbortController();
      const queued = write(table, { signal: aborting.signal });
      aborting.abort(new DOMException("enough", "AbortError"));
      await assert.rejects(queued, { name: "AbortError" });
      await assert.rejects(write(table, { signal: aborting.signal }), { name: "AbortError" });
      gate.release();
      await before;
      await table.close();
      assert.equal(master.writeOptions.length, 1);
    });
  });
}

describe("The keys that a LiveTable makes for its writes", () => {
  it("are 128 bits by chance, and the number of the write", async () => {
    for (const [chance, digits] of [[1 - Number.EPSILON, "f"], [0, "0"], [0.5, "80000000"]] as const) {
      const clock = Object.assign(new FakeClock(), { random: () => chance });
      const { table, master } = fixture({ clock });
      await table.delete("a");
      await table.delete("b");
      const part = digits.padEnd(32, digits);
      const keys = master.writeOptions.map(({ idempotencyKey }) => idempotencyKey);
      assert.deepEqual(keys, [`${part}-1`, `${part}-2`]);
      await table.close();
    }
  });
});

describe("LiveTable with masterLagMs", () => {
  it("waits once for the master to catch up, however many writes there are meanwhile", async () => {
    const { table, clock } = fixture({ masterLagMs: 1_000 });
    for (let price = 0; price < 5; price++) {
      await table.patchValue("a", { price });
      await clock.advance(100);
      assert(clock.waiting <= 1, `${clock.waiting} wait`);
    }
    await clock.advance(2_000);
    assert.equal(clock.waiting, 0);
    await table.close();
  });
});
