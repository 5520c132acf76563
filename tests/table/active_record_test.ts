import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  ActiveRecord,
  ConflictError,
  LiveTable,
  MemCache,
  MemTable,
  NotFoundError,
  RecordConflictError,
  type Row,
  type TableLike,
  UnavailableError,
} from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import { FaultyTable } from "@vantage/live/testing";

const BUN: Row = { name: "Bun", price: 2, tags: ["x"] };

async function bun(row: Row = BUN): Promise<{ readonly record: ActiveRecord; readonly table: FaultyTable }> {
  const table = new FaultyTable(new MemTable("products", { rows: [["a", row]] }));
  return { record: await recordIn(table), table };
}

/** Resolves when nothing more happens by itself. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

async function recordIn(table: TableLike): Promise<ActiveRecord> {
  const record = await table.getValueRecord("a");
  assert(record);
  return record;
}

describe("ActiveRecord", () => {
  it("save() sends only what changed, and nothing if nothing did", async () => {
    const { record, table } = await bun();
    await record.save();
    assert.equal(table.plan.count("patchValue"), 0);
    record.data.price = 3;
    assert(record.isDirty);
    await table.patchValue("a", { name: "Brioche" });
    await record.save();
    assert.deepEqual(await table.getValue("a"), { name: "Brioche", price: 3, tags: ["x"] });
    assert.deepEqual(record.data, { name: "Brioche", price: 3, tags: ["x"] });
    assert.deepEqual([record.isDirty, record.changed()], [false, {}]);
  });

  it("changed() names what was edited, added and removed, in whatever order the columns stand", async () => {
    const { record } = await bun();
    const { price: _, ...others } = record.data;
    record.data = { colour: "brown", ...others, tags: ["x"], name: "Brioche", note: undefined } as unknown as Row;
    assert.deepEqual(record.changed(), {
      name: { base: "Bun", mine: "Brioche" },
      price: { base: 2, mine: undefined },
      colour: { base: undefined, mine: "brown" },
    });
  });

  it("revert() drops the edits, or those of one column", async () => {
    const { record } = await bun();
    Object.assign(record.data, { name: "Brioche", price: 3, colour: "brown" });
    delete record.data.tags;
    record.revert("name");
    assert.deepEqual(record.data, { name: "Bun", price: 3, colour: "brown" });
    record.revert();
    assert.deepEqual(record.data, BUN);
    assert(!record.isDirty);
  });

  it("save() keeps what is edited while it is on its way", async () => {
    const { record, table } = await bun();
    const { data } = record;
    data.price = 3;
    const gate = table.plan.hold("patchValue");
    const saving = record.save();
    await gate.reached;
    data.name = "Brioche";
    data.price = 4;
    data.colour = "brown";
    delete data.tags;
    gate.release();
    await saving;
    assert.equal(record.data, data);
    assert.deepEqual(data, { name: "Brioche", price: 4, colour: "brown" });
    assert.deepEqual(record.changed().price, { base: 3, mine: 4 });
    await record.save();
    assert.deepEqual(await table.getValue("a"), { name: "Brioche", price: 4, colour: "brown" });
    assert(!record.isDirty);
  });

  it("save() shows what the master made of the values, but not over an edit made meanwhile", async () => {
    const rounding = new MemTable("t", { rows: [["a", { price: 1, tax: 1 }]] });
    const table = new FaultyTable(rounding);
    const record = await recordIn(table);
    Object.assign(record.data, { price: 2.4, tax: 0.4 });
    const gate = table.plan.hold("patchValue", "before");
    const saving = record.save();
    await gate.reached;
    record.data.tax = 5;
    gate.release();
    await saving;
    await rounding.patchValue("a", { price: 2 });
    await record.refresh();
    assert.deepEqual(record.data, { price: 2, tax: 5 });
    assert.deepEqual(record.changed(), { tax: { base: 0.4, mine: 5 } });
  });

  it("save() that fails keeps the draft, and what it is compared with", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    const error = new UnavailableError("down");
    table.plan.fail("patchValue", error);
    await assert.rejects(record.save(), error);
    assert.deepEqual(record.changed(), { price: { base: 2, mine: 3 } });
    await record.save();
    assert.equal((await table.getValue("a"))?.price, 3);
  });

  it("save() after one whose answer was lost finds its own values, and writes nothing", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    table.plan.fail("patchValue", new UnavailableError("cut off"), "after");
    await assert.rejects(record.save(), UnavailableError);
    assert(record.isDirty);
    const held = table.plan.count("replaceValue");
    await record.save();
    assert.deepEqual([record.isDirty, record.conflict], [false, undefined]);
    assert.equal(table.plan.count("replaceValue"), held);
  });

  it("save() twice at once sends what was edited in between, in order", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    const gate = table.plan.hold("patchValue", "before");
    const first = record.save();
    await gate.reached;
    record.data.price = 4;
    const second = record.save();
    const refreshed = record.refresh();
    await settled();
    assert.deepEqual([table.plan.count("patchValue"), table.plan.count("getValue")], [1, 1]);
    gate.release();
    await Promise.all([first, second, refreshed]);
    assert.equal(table.plan.count("patchValue"), 2);
    assert.deepEqual([record.data.price, record.isDirty, (await table.getValue("a"))?.price], [4, false, 4]);
  });

  it("an aborted signal ends the wait for the calls before, and then nothing is sent", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    const gate = table.plan.hold("patchValue");
    const first = record.save();
    await gate.reached;
    record.data.price = 4;
    const stop = new AbortController();
    const second = record.save({ signal: stop.signal });
    stop.abort(new Error("left"));
    await assert.rejects(second, /left/);
    const refreshed = record.refresh();
    await settled();
    assert.equal(table.plan.count("getValue"), 1);
    gate.release();
    await Promise.all([first, refreshed]);
    assert.equal(table.plan.count("patchValue"), 1);
    assert.deepEqual(record.changed(), { price: { base: 3, mine: 4 } });
  });

  it("save() replaces the row if a column was removed, with what others have changed meanwhile", async () => {
    const { record, table } = await bun();
    delete record.data.tags;
    await table.patchValue("a", { name: "Brioche", colour: "brown" });
    await record.save();
    assert.deepEqual(await table.getValue("a"), { name: "Brioche", price: 2, colour: "brown" });
    assert.deepEqual(record.data, { name: "Brioche", price: 2, colour: "brown" });
    assert.equal(table.plan.count("replaceValue"), 1);
  });

  it("save() sets a removed column to null in one step where the table declares its columns", async () => {
    const columns = ["name", "price", "tags"].map((name) => ({ name }));
    const table = new FaultyTable(new MemTable("products", { rows: [["a", BUN]], columns }));
    const record = await recordIn(table);
    delete record.data.tags;
    await record.save();
    assert.deepEqual(await table.getValue("a"), { ...BUN, tags: null });
    assert.deepEqual([record.data.tags, record.isDirty, table.plan.count("replaceValue")], [null, false, 0]);
  });

  it("save() with a column removed does not bring a deleted row back", async () => {
    const { record, table } = await bun();
    delete record.data.tags;
    await table.delete("a");
    await assert.rejects(record.save(), NotFoundError);
    assert.deepEqual([await table.getCount(), record.changed()], [0, { tags: { base: ["x"], mine: undefined } }]);
  });

  it("save() of a row that was deleted meanwhile is a NotFoundError; the draft can be inserted again", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    await table.delete("a");
    await assert.rejects(record.save(), NotFoundError);
    assert.deepEqual(record.changed(), { price: { base: 2, mine: 3 } });
    assert.equal(await record.refresh(), false);
    await table.insertValue(record.id, record.data);
    await record.save();
    assert.deepEqual([record.isDirty, await table.getValue("a")], [false, { ...BUN, price: 3 }]);
  });

  it("save() writes nothing over a change that arrives just before it", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    const gate = table.plan.hold("patchValue", "before");
    const saving = record.save();
    await gate.reached;
    const other = await recordIn(table);
    other.data.price = 4;
    await other.save();
    gate.release();
    await assert.rejects(saving, RecordConflictError);
    assert.equal((await table.getValue("a"))?.price, 4);
  });

  it("save() gives up if the row changes each time", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    for (let time = 0; time < 3; time++) table.plan.fail("patchValue", new NotFoundError("not as it was"));
    const error: unknown = await record.save({ idempotencyKey: "k" }).catch((reason) => reason);
    assert(error instanceof ConflictError && !(error instanceof RecordConflictError) && error.retriable);
    assert.deepEqual(table.writeOptions.map(({ idempotencyKey }) => idempotencyKey), ["k", "k/2", "k/3"]);
    await record.save();
    assert(!record.isDirty);
  });

  it("save() replaces the row in a table that cannot patch", async () => {
    const rows = new Map<string, Row>([["a", BUN]]);
    const { defineTable } = await import("@vantage/live");
    const table = defineTable({
      name: "t",
      columns: [{ name: "name" }, { name: "price" }, { name: "tags" }, { name: "total", flags: ["generated"] }],
      list: () => [...rows].map(([id, row]) => [id, { ...row, total: Number(row.price) * 2 }] as const),
      replace: (id, row) => (rows.set(id, row), { ...row, total: Number(row.price) * 2 }),
    });
    const record = await recordIn(table);
    record.data.price = 3;
    rows.set("a", { ...BUN, name: "Brioche" });
    await record.save();
    assert.deepEqual(rows.get("a"), { ...BUN, name: "Brioche", price: 3 });
    assert.equal(record.data.total, 6);
    record.data.price = 5;
    rows.set("a", { ...BUN, price: 4 });
    await assert.rejects(record.save(), RecordConflictError);
    assert.equal(rows.get("a")?.price, 4);
  });

  it("the id and generated columns are no edits, and are never sent", async () => {
    const db = new DatabaseSync(":memory:");
    db.exec("CREATE TABLE t (id TEXT PRIMARY KEY, n REAL, note TEXT, twice REAL NOT NULL AS (n * 2)) STRICT");
    db.exec("INSERT INTO t (id, n, note) VALUES ('a', 1, 'x')");
    const table = await SqliteTable.open(db, "t");
    assert.deepEqual(table.columns.find(({ name }) => name === "twice")?.flags, ["generated"]);
    const record = await recordIn(table);
    Object.assign(record.data, { id: "b", twice: 99 });
    assert.equal(record.isDirty, false);
    await record.refresh();
    assert.deepEqual(record.data, { id: "a", n: 1, note: "x", twice: 2 });
    Object.assign(record.data, { id: "b", twice: 99 });
    record.data.n = 2;
    await record.save();
    assert.deepEqual(record.data, { id: "a", n: 2, note: "x", twice: 4 });
    Reflect.deleteProperty(record.data, "note");
    record.data.twice = 99;
    record.data.n = 3;
    await record.save();
    assert.deepEqual(await table.getValue("a"), { id: "a", n: 3, note: null, twice: 6 });
    db.close();
  });

  it("refresh() and save() read from the master, not from a cache in front of it", async () => {
    const master = new MemTable("products", { rows: [["a", BUN]] });
    await using back = new LiveTable(master, "back", new MemCache());
    await using live = new LiveTable(back, "products", new MemCache(), {
      whileStale: "serve",
      onMasterFailure: "serve",
    });
    await live.listValues();
    const record = await recordIn(live);
    await master.patchValue("a", { name: "Brioche" });
    await record.refresh();
    assert.equal(record.data.name, "Brioche");
    record.data.price = 3;
    await master.patchValue("a", { price: 4 });
    await assert.rejects(record.save(), RecordConflictError);
    assert.equal((await master.getValue("a"))?.price, 4);
    record.resolve("mine");
    await record.save();
    assert.equal((await master.getValue("a"))?.price, 3);
    assert.equal((await live.getValue("a"))?.price, 3);
  });

  it("a column may have any name", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", ""];
    const row: Row = Object.fromEntries(names.map((name) => [name, 1]));
    const { record, table } = await bun(row);
    const edited = (value: number): Row => Object.fromEntries(names.map((name) => [name, value]));
    record.data = { ...edited(2) };
    const changes: object = record.changed();
    assert.deepEqual(Object.keys(changes).sort(), names.toSorted());
    assert(Object.values(changes).every(({ base, mine }) => base === 1 && mine === 2));
    await record.save();
    assert.deepEqual(await table.getValue("a"), edited(2));
    record.data = { ...edited(3) };
    await table.replaceValue("a", edited(4));
    await record.refresh();
    const { columns, base, mine, theirs } = record.conflict ?? {};
    assert.deepEqual([columns?.toSorted(), base, mine, theirs], [names.toSorted(), edited(2), edited(3), edited(4)]);
    record.resolve("theirs");
    assert.deepEqual(record.data, edited(4));
    record.data = {};
    await record.save();
    assert.deepEqual(await table.getValue("a"), {});
    record.revert("__proto__");
    assert.equal(Object.getPrototypeOf(record.data), Object.prototype);
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it("data and answers are the caller's own, dates and bytes included", async () => {
    const row: Row = { at: new Date(1), bytes: new Uint8Array([1]), list: [new Date(2)], n: 1 };
    const { record, table } = await bun(row);
    const spoil = (held: object | undefined): void => {
      for (const value of Object.values(held ?? {})) {
        if (value instanceof Date) value.setTime(99);
        else if (value instanceof Uint8Array) value[0] = 99;
        else if (typeof value === "object" && value !== null) spoil(value);
      }
    };
    spoil(record.data);
    assert.deepEqual(Object.keys(record.changed()), ["at", "bytes", "list"]);
    spoil(record.changed());
    record.revert();
    assert.deepEqual(record.data, row);
    spoil(record.data);
    record.revert();
    assert(!record.isDirty);
    record.data.at = new Date(3);
    await table.patchValue("a", { at: new Date(4) });
    await record.refresh();
    spoil(record.conflict);
    assert.deepEqual(record.conflict?.theirs, { at: new Date(4) });
    record.resolve("theirs");
    spoil(record.data);
    record.revert();
    assert.deepEqual(record.data, { ...row, at: new Date(4) });
    assert.deepEqual(await table.getValue("a"), { ...row, at: new Date(4) });
  });

  it("data that was frozen is replaced by what is saved", async () => {
    const { record, table } = await bun();
    record.data = Object.freeze({ ...record.data, price: 3 });
    await table.patchValue("a", { name: "Brioche" });
    await record.save();
    assert.deepEqual(record.data, { name: "Brioche", price: 3, tags: ["x"] });
    record.data.price = 4;
    assert(record.isDirty);
  });

  it("a value that no row can hold is refused before anything is sent, and the draft stays", async () => {
    const { record, table } = await bun();
    record.data.price = (() => 3) as unknown as number;
    await assert.rejects(record.save(), TypeError);
    assert.equal(table.plan.count("patchValue"), 0);
  });

  it("save() of a column that the table does not have says so", async () => {
    const table = new MemTable("t", { rows: [["a", { n: 1 }]], columns: [{ name: "n" }] });
    const record = await recordIn(table);
    record.data.m = 1;
    await assert.rejects(record.save(), { name: "TypeError", message: /Unknown column "m" in a row/ });
  });

  it("data is the caller's own: what stands in the table does not change with it", async () => {
    const { record, table } = await bun();
    record.data.tags = ["mine"];
    assert.deepEqual((await table.getValue("a"))?.tags, ["x"]);
    const other = new ActiveRecord(table, "a", { price: 1 });
    assert.deepEqual(other.data, { price: 1 });
  });
});

describe("ActiveRecord.resolve()", () => {
  async function inConflict(): Promise<{ readonly record: ActiveRecord; readonly table: FaultyTable }> {
    const { record, table } = await bun({ name: "Bun", price: 2, stock: 10 });
    Object.assign(record.data, { name: "Brioche", price: 3, stock: 8 });
    await table.patchValue("a", { price: 4, stock: 9 });
    await assert.rejects(record.save(), (error) => {
      assert(error instanceof RecordConflictError && error instanceof ConflictError);
      assert.deepEqual([error.name, error.code, error.retriable, error.effect], [
        "RecordConflictError",
        "conflict",
        false,
        "none",
      ]);
      assert.match(error.message, /row "a" of "products": "price", "stock" changed meanwhile/);
      return true;
    });
    assert.deepEqual(await table.getValue("a"), { name: "Bun", price: 4, stock: 9 });
    assert.deepEqual(record.conflict, {
      columns: ["price", "stock"],
      base: { price: 2, stock: 10 },
      mine: { price: 3, stock: 8 },
      theirs: { price: 4, stock: 9 },
    });
    return { record, table };
  }

  const cases: readonly [name: string, resolve: (record: ActiveRecord) => void, saved: Row][] = [
    [`("mine") keeps the edits`, (record) => record.resolve("mine"), { price: 3, stock: 8 }],
    [`("theirs") takes the master's values`, (record) => record.resolve("theirs"), { price: 4, stock: 9 }],
    ["(function) takes what it returns", (record) =>
      record.resolve(({ base, mine, theirs }) => ({
        price: 5,
        stock: Number(mine.stock) + Number(theirs.stock) - Number(base.stock),
        total: 35,
      })), { price: 5, stock: 7, total: 35 }],
    ["(function) leaves what it does not return in conflict", (record) => {
      record.resolve(({ mine }) => ({ price: mine.price, stock: undefined }));
      assert.deepEqual(record.conflict?.columns, ["stock"]);
      record.resolve("theirs");
    }, { price: 3, stock: 9 }],
    ["takes a column", (record) => {
      record.resolve("mine", "price");
      assert.deepEqual(record.conflict?.columns, ["stock"]);
      record.resolve(() => ({ price: 100, stock: 1 }), "stock");
    }, { price: 3, stock: 1 }],
    ["is not needed for a column that is set to the master's value", (record) => {
      Object.assign(record.data, { price: 4, stock: 9 });
      assert.equal(record.conflict, undefined);
    }, { price: 4, stock: 9 }],
    ["is not needed for a column that is reverted", (record) => {
      record.revert("price");
      record.data.stock = 10; // as it was read
      assert.deepEqual([record.conflict, Object.keys(record.changed())], [undefined, ["name"]]);
    }, { price: 4, stock: 9 }],
  ];
  for (const [name, resolve, saved] of cases) {
    it(name, async () => {
      const { record, table } = await inConflict();
      resolve(record);
      assert.equal(record.conflict, undefined);
      await record.save();
      assert.deepEqual(await table.getValue("a"), { name: "Brioche", ...saved });
      assert.deepEqual(record.data, { name: "Brioche", ...saved });
    });
  }

  it("leaves the conflict to the next save() if the column changes again", async () => {
    const { record, table } = await inConflict();
    record.resolve("mine");
    await table.patchValue("a", { price: 5 });
    await assert.rejects(record.save(), {
      columns: ["price"],
      base: { price: 4 },
      mine: { price: 3 },
      theirs: { price: 5 },
    });
  });

  it("save() asks nothing of the master before a conflict is resolved; refresh() may end it", async () => {
    const { record, table } = await inConflict();
    const sent = table.plan.count("patchValue");
    await assert.rejects(record.save(), RecordConflictError);
    assert.equal(table.plan.count("patchValue"), sent);
    await table.patchValue("a", { price: 2, stock: 8 });
    await record.refresh();
    assert.equal(record.conflict, undefined);
    assert.deepEqual(Object.keys(record.changed()), ["name", "price"]);
  });

  it("a column edited during a save, which somebody else has changed, is in conflict after it", async () => {
    const { record, table } = await bun();
    record.data.price = 3;
    const gate = table.plan.hold("patchValue", "before");
    const saving = record.save();
    await gate.reached;
    record.data.name = "Brioche";
    await new ActiveRecord(table, "a", BUN).refresh();
    const others = table.patchValue("a", { name: "Roll" });
    await others;
    gate.release();
    await saving;
    assert.deepEqual(record.conflict, {
      columns: ["name"],
      base: { name: "Bun" },
      mine: { name: "Brioche" },
      theirs: { name: "Roll" },
    });
    assert.equal((await table.getValue("a"))?.price, 3);
  });

  it("without a conflict does nothing; what is no way to resolve one is a TypeError", async () => {
    const { record } = await bun();
    record.data.price = 3;
    record.resolve("theirs");
    assert.equal(record.data.price, 3);
    assert.throws(() => record.resolve("ours" as "mine"), TypeError);
    const { record: other } = await inConflict();
    assert.throws(() => other.resolve((() => 5) as unknown as "mine"), TypeError);
    assert.equal(other.conflict?.columns.length, 2);
  });
});
