import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Cache, MemCache, MemTable } from "@vantage/live";
import { fixture, slowly } from "./fixture.ts";

const CACHES = [
  { kind: "a cache that answers at once", make: (): Cache => new MemCache() },
  { kind: "a cache that answers later", make: (): Cache => slowly(new MemCache()) },
];

for (const { kind, make } of CACHES) {
  describe(`Changes put in place, with ${kind}`, () => {
    it("a delete through a narrowed handle of a row outside its set leaves the row in every list", async () => {
      const { table } = fixture({}, make());
      await table.listValues();
      await table.where({ name: "Bun" }).delete("b");
      assert.deepEqual((await table.listValues()).ids(), ["a", "b", "c"]);
    });

    it("a replacement that moves a row from an earlier page moves the rows of the later pages", async () => {
      const { table, master } = fixture({}, make());
      const cheapestFirst = table.orderBy("price").page(2, 1);
      assert.deepEqual((await cheapestFirst.listValues()).ids(), ["a"]);
      await table.replaceValue("b", { name: "Roll", price: 9 });
      const now = await cheapestFirst.listValues();
      assert.deepEqual(now.ids(), (await master.orderBy("price").page(2, 1).listValues()).ids());
    });

    it("a row that the write target has deleted is shown as long as the master has it", async () => {
      const writeTarget = new MemTable("requests", { rows: [["a", { name: "Bun" }]] });
      const { table } = fixture({ writeTarget }, make());
      await table.listValues();
      await table.delete("a");
      assert.deepEqual((await table.listValues()).ids(), ["a", "b", "c"]);
    });

    it("an answer to a write does not replace what was read from the master after it was applied", async () => {
      const { table, master } = fixture({}, make());
      const gate = master.plan.hold("patchValue", "after");
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      await master.patchValue("a", { price: 4 });
      assert.equal((await table.listValues()).get("a")?.price, 4);
      gate.release();
      await write;
      assert.equal((await table.listValues()).get("a")?.price, 4);
    });
  });
}
