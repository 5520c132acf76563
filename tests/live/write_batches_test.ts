import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LiveTable, MemCache, MemTable, NotFoundError, UnavailableError } from "@vantage/live";
import { FaultyTable, settle } from "@vantage/live/testing";

const IDS = Array.from({ length: 500 }, (_, at) => `row-${at}`);

function scene(options: { writeMany: boolean } = { writeMany: true }) {
  const inner = new MemTable("products", { rows: IDS.map((id) => [id, { name: id, price: 0 }]) });
  const master = new FaultyTable(inner, options);
  const table = new LiveTable(master, "products", new MemCache(), { queueCapacity: 1_000, writeConcurrency: 2 });
  return { master, table };
}

describe("LiveTable, over a master that does several writes in one call", () => {
  it("sends what waits in few calls, and answers each write by itself", async () => {
    const { master, table } = scene();
    await table.listValues();
    const rows = await Promise.all(IDS.map((id, price) => table.patchValue(id, { price })));
    assert.deepEqual(rows.map(({ price }) => price), IDS.map((_, price) => price));
    assert.equal(master.plan.count("patchValue"), 0);
    assert(master.plan.count("writeMany") <= 2 + IDS.length / 100, `${master.plan.count("writeMany")} calls`);
    assert.deepEqual([...(await table.listValues()).values()].map(({ price }) => price), IDS.map((_, price) => price));
  });

  it("settles a write that is refused by itself, and the others as applied", async () => {
    const { table } = scene();
    const [missing, ...others] = ["missing", ...IDS].map((id) => table.patchValue(id, { price: 1 }));
    assert.equal((await Promise.all(others)).length, IDS.length);
    await assert.rejects(missing ?? Promise.resolve(), NotFoundError);
  });

  it("takes no more calls than writeConcurrency at once, and a single write alone", async () => {
    const { master, table } = scene();
    const gates = [master.plan.hold("writeMany"), master.plan.hold("writeMany")];
    const writes = IDS.map((id) => table.patchValue(id, { price: 1 }));
    await settle();
    // The first two hold both places, and come in one call.
    assert.equal(master.plan.count("writeMany"), 1);
    gates[0]?.release();
    await gates[1]?.reached;
    gates[1]?.release();
    await Promise.all(writes);
    await table.patchValue("row-1", { price: 2 });
    assert.equal(master.plan.count("patchValue"), 1);
  });

  it("keeps writes to one row in order, one call after the other", async () => {
    const { master, table } = scene();
    await Promise.all([1, 2, 3, 4].map((price) => table.patchValue("row-1", { price })));
    assert.equal((await master.getValue("row-1"))?.price, 4);
  });

  it("knows nothing of each write of a call that broke off, and reads their rows again", async () => {
    const { master, table } = scene();
    await table.listValues();
    master.plan.fail("writeMany", new UnavailableError("the connection dropped"), "after");
    const writes = ["row-1", "row-2"].map((id) => table.patchValue(id, { price: 9 }));
    for (const { reason } of await Promise.allSettled(writes) as PromiseRejectedResult[]) {
      assert.equal((reason as UnavailableError).effect, "unknown");
    }
    for (const id of ["row-1", "row-2"]) assert.equal((await table.getValue(id))?.price, 9);
  });

  it("one that does each in a call of its own is called for each", async () => {
    const { master, table } = scene({ writeMany: false });
    await Promise.all(IDS.map((id) => table.patchValue(id, { price: 1 })));
    assert.deepEqual([master.plan.count("writeMany"), master.plan.count("patchValue")], [0, IDS.length]);
  });
});
