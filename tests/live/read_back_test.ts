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
});
