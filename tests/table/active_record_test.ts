import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ActiveRecord, MemTable } from "@vantage/live";
import { FaultyTable } from "@vantage/live/testing";

async function bun(): Promise<{ readonly record: ActiveRecord; readonly table: FaultyTable }> {
  const rows = [["a", { name: "Bun", price: 2, tags: ["x"] }]] as const;
  const table = new FaultyTable(new MemTable("products", { rows }));
  const record = await table.getValueRecord("a");
  assert(record);
  return { record, table };
}

describe("ActiveRecord", () => {
  it("save() sends only what changed, and nothing if nothing did", async () => {
    const { record, table } = await bun();
    await record.save();
    assert.equal(table.plan.count("patchValue"), 0);
    record.data.price = 3;
    assert.deepEqual(record.changedColumns(), ["price"]);
    await table.patchValue("a", { name: "Brioche" });
    await record.save();
    assert.deepEqual(await table.getValue("a"), { name: "Brioche", price: 3, tags: ["x"] });
    assert.deepEqual(record.data, { name: "Brioche", price: 3, tags: ["x"] });
    assert.deepEqual(record.changedColumns(), []);
  });

  it("save() keeps what is edited while it is on its way", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    const gate = table.plan.hold("patchValue");
    const saving = record.save();
    await gate.reached;
    record.data.name = "Brioche";
    record.data.colour = "brown";
    delete record.data.tags;
    gate.release();
    await saving;
    assert.deepEqual(record.data, { name: "Brioche", price: 3, colour: "brown" });
    assert.deepEqual(record.changedColumns().sort(), ["colour", "name", "tags"]);
    await record.save();
    assert.deepEqual(await table.getValue("a"), { name: "Brioche", price: 3, colour: "brown" });
  });

  it("save() replaces the row if a column was taken away", async () => {
    const { record, table } = await bun();
    delete record.data.tags;
    await record.save();
    assert.deepEqual(await table.getValue("a"), { name: "Bun", price: 2 });
    assert.equal(table.plan.count("replaceValue"), 1);
  });

  it("save() of a row that was deleted meanwhile is a NotFoundError, and keeps the edit", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    await table.delete("a");
    await assert.rejects(record.save(), { code: "not_found" });
    assert.equal(record.data.price, 3);
    assert.deepEqual(record.changedColumns(), ["price"]);
  });

  it("reload() reads again and drops edits; delete() removes the row", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    assert.equal(await record.reload(), true);
    assert.equal(record.data.price, 2);
    await record.delete();
    assert.equal(await table.getCount(), 0);
    assert.equal(await record.reload(), false);
  });

  it("data is the caller's own: what stands in the table does not change with it", async () => {
    const { record, table } = await bun();
    record.data.tags = ["mine"];
    assert.deepEqual((await table.getValue("a"))?.tags, ["x"]);
    const other = new ActiveRecord(table, "a", { price: 1 });
    assert.deepEqual(other.data, { price: 1 });
  });
});
