import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  defineTable,
  LiveTable,
  MemCache,
  type Row,
  type TableSource,
  UnavailableError,
  type WriteOp,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { readBack } from "../../src/live/read_back.ts";

describe("readBack()", () => {
  const found = async (
    op: WriteOp,
    row: Row | undefined,
    before?: Row,
    more: Partial<TableSource> = {},
  ): Promise<string> => {
    const table = defineTable({ name: "t", list: () => [], get: () => row, ...more });
    return (await readBack(op, table, before, {})).kind;
  };
  const replace = (row: Row): WriteOp => ({ kind: "replace", id: "a", row });

  it("does not take a replacement for applied that only removes columns, whose row still has them", async () => {
    assert.equal(await found(replace({ a: 1 }), { a: 1, b: 2 }, { a: 1, b: 2 }), "not applied");
    assert.equal(await found(replace({}), { a: 1 }, { a: 1 }), "not applied");
    assert.equal(await found(replace({ a: 1 }), { a: 1, b: 3 }, { a: 1, b: 2 }), "unknown", "another write changed it");
    assert.equal(await found(replace({ a: 1 }), { a: 1, b: 2 }), "unknown", "nothing is known of it");
  });

  it("takes it for applied if they are gone, or other columns show it", async () => {
    assert.equal(await found(replace({ a: 1 }), { a: 1 }, { a: 1, b: 2 }), "applied");
    assert.equal(await found(replace({ a: 1 }), { a: 1 }), "applied");
    assert.equal(await found(replace({ a: 2 }), { a: 2, changed: 9 }, { a: 1, changed: 8 }), "applied");
  });

  it("knows the columns that the master alone sets", async () => {
    const columns = [{ name: "id", type: "text", flags: ["id"] }, {
      name: "sum",
      type: "number",
      flags: ["generated"],
    }] as const;
    assert.equal(
      await found(replace({ a: 1 }), { id: "a", a: 1, sum: 3 }, undefined, { columns, idField: "id" }),
      "applied",
    );
  });

  it("tells patches and deletions from what was before", async () => {
    const patch: WriteOp = { kind: "patch", id: "a", partial: { a: 2 } };
    assert.equal(await found(patch, { a: 2, b: 1 }, { a: 1, b: 1 }), "applied");
    assert.equal(await found(patch, { a: 1, b: 1 }, { a: 1, b: 1 }), "not applied");
    assert.equal(await found(patch, undefined, { a: 1 }), "unknown");
    assert.equal(await found({ kind: "delete", id: "a" }, undefined, { a: 1 }), "applied");
    assert.equal(await found({ kind: "delete", id: "a" }, { a: 1 }, { a: 1 }), "not applied");
    assert.equal(await found({ kind: "delete", id: "a" }, { a: 3 }, { a: 1 }), "unknown");
  });
});

describe("LiveTable, a write that is looked for", () => {
  it("is sent again if it was to remove columns that are still there", async () => {
    const rows = new Map<string, Row>([["x", { a: 1, b: 2 }]]);
    let sent = 0;
    const replace = (id: string, row: Row): Row => {
      if (++sent === 1) throw new UnavailableError("dropped before it arrived");
      rows.set(id, row);
      return row;
    };
    const clock = new FakeClock();
    const master = defineTable({ name: "t", list: () => rows, get: (id) => rows.get(id), replace });
    const live = new LiveTable(master, "t", new MemCache(), { clock, retry: {} });
    await live.listValues();
    const written = live.replaceValue("x", { a: 1 });
    await settle();
    await clock.advance(1_000);
    assert.deepEqual(await written, { a: 1 });
    assert.deepEqual([rows.get("x"), sent], [{ a: 1 }, 2]);
    await live.close();
  });

  /** A master that loses the answers to its first patch, before or after that is applied. */
  function losing(
    lost: "before" | "after",
  ): { readonly live: LiveTable; readonly rows: Map<string, Row>; pass(): Promise<void> } {
    const rows = new Map<string, Row>([["x", { a: 1, b: 1 }]]);
    let sent = 0;
    const patch = (id: string, partial: Row): Row => {
      const isLost = ++sent === 1;
      const row = { ...rows.get(id), ...partial };
      if (!isLost || lost === "after") rows.set(id, row);
      if (isLost) throw new UnavailableError("the answer was lost");
      return row;
    };
    const clock = new FakeClock();
    const master = defineTable({ name: "t", list: () => rows, get: (id) => rows.get(id), patch });
    const live = new LiveTable(master, "t", new MemCache(), { clock, retry: {} });
    const pass = async (): Promise<void> => {
      await settle();
      for (let time = 0; time < 3; time++) await clock.advance(60_000);
    };
    return { live, rows, pass };
  }

  it("is found where it has taken its row out of the set that it was done in", async () => {
    for (const lost of ["before", "after"] as const) {
      const { live, rows, pass } = losing(lost);
      await live.listValues();
      const written = live.where("a", "eq", 1).patchValue("x", { a: 2 });
      await pass();
      assert.deepEqual([await written, rows.get("x")], [{ a: 2, b: 1 }, { a: 2, b: 1 }]);
      await live.close();
    }
  });

  it("is found if it is the save of a record, which is done on the condition that nothing has changed", async () => {
    for (const lost of ["before", "after"] as const) {
      const { live, rows, pass } = losing(lost);
      const record = await live.getValueRecord("x");
      assert(record !== undefined);
      record.data["a"] = 2;
      const saved = record.save();
      await pass();
      await saved;
      assert.deepEqual([rows.get("x"), record.isDirty], [{ a: 2, b: 1 }, false]);
      await live.close();
    }
  });

  it("is looked for in the set of the master itself", async () => {
    const rows = new Map<string, Row>([["y", { b: 1 }]]);
    const lost = (id: string): never => {
      rows.set(id, { b: 2 });
      throw new UnavailableError("the answer was lost");
    };
    const all = defineTable({ name: "t", list: () => rows, delete: lost });
    const clock = new FakeClock();
    const live = new LiveTable(all.where("b", "eq", 1), "t", new MemCache(), { clock, retry: {} });
    const deleted = live.enqueue({ kind: "delete", id: "y" });
    await settle();
    for (let time = 0; time < 3; time++) await clock.advance(60_000);
    await deleted.applied;
    await live.close();
  });
});
