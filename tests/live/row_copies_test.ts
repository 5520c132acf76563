import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hidesMarks } from "../../src/base/unchangeable.ts";
import { skippable } from "../skippable.ts";
import { defineTable, LiveTable, MemCache, MemTable, type Row, Rows } from "@vantage/live";

const unmarked = hidesMarks() ? undefined : "this engine shows marks of rows to URLSearchParams, so rows are copied";

/** A table that stores the rows as they are given to it, and answers with them. */
function keeping(): { readonly table: LiveTable; readonly given: Row[] } {
  const given: Row[] = [];
  const keep = (_: string, row: Row): Row => {
    given.push(row);
    return row;
  };
  const source = { name: "p", list: () => [], insert: keep, replace: keep, patch: keep };
  return { table: new LiveTable(defineTable(source), "p", new MemCache()), given };
}

/** A row that counts how often it is read. */
function counted(): { readonly row: Row; readonly reads: () => number } {
  let reads = 0;
  const row = {
    get deep(): Row {
      reads++;
      return { list: [1, { n: 2 }] };
    },
  };
  return { row, reads: () => reads };
}

describe("A row without dates or bytes", () => {
  skippable("is copied once on its way to the master and back", unmarked, async () => {
    const { table, given } = keeping();
    for (const kind of ["insert", "replace"] as const) {
      const { row, reads } = counted();
      const write = table.enqueue({ kind, id: "a", row });
      const answer = await write.applied;
      assert.equal(reads(), 1, kind);
      assert(write.op.kind === kind);
      assert.notEqual(write.op.row, row);
      assert.equal(given.at(-1), write.op.row, `what the master is given for ${kind} is the write's row itself`);
      assert.equal(answer, write.op.row, `what the caller of ${kind} is given is the master's answer itself`);
    }
    await table.close();
  });

  skippable("is stored by a MemTable, held and handed out as it is", unmarked, async () => {
    const master = new MemTable("p", { idField: "id" });
    const table = new LiveTable(master, "p", new MemCache());
    const inserted = await table.insertValue("a", { id: "a", deep: { n: 1 } });
    assert.equal(await master.getValue("a"), inserted);
    assert.equal(await table.getValue("a"), inserted);
    assert.equal((await table.listValues()).get("a"), inserted);
    const { row: partial, reads } = counted();
    const patched = await table.patchValue("a", partial);
    assert.equal(reads(), 1);
    assert.equal(patched.deep, (await table.listValues()).get("a")?.deep);
    assert.equal((await table.patchValue("a", { n: 2 })).deep, patched.deep, "a patch copies no other column");
    const replaced = await table.replaceValue("b", { deep: { n: 1 } });
    assert.deepEqual(replaced, { id: "b", deep: { n: 1 } });
    assert.equal(await table.getValue("b"), replaced);
    await table.close();
  });

  skippable("is known only by the very object: what resembles it is copied", unmarked, () => {
    const row = Rows.from([["a", { deep: { n: 1 } }]]).get("a") ?? {};
    const same = (like: Row): boolean => Rows.from([["a", like]]).get("a") === like;
    assert(same(row));
    const frozen: Row = Object.freeze({ deep: { n: 1 } });
    for (const like of [frozen, { ...row }, structuredClone(row), new Proxy(row, {})]) assert(!same(like));
    assert.deepEqual(row, { deep: { n: 1 } });
    assert.deepEqual(Reflect.ownKeys(row), ["deep"]);
    assert(Object.isFrozen(row));
  });

  it("is none if a date or bytes are anywhere in it", async () => {
    for (const value of [new Date(5), new Uint8Array([5]), [new Date(5)], { deep: [new Uint8Array([5])] }]) {
      const row = Rows.from([["a", { value }]]).get("a") ?? {};
      assert.notEqual(Rows.from([["a", row]]).get("a"), row);
      const master = new MemTable("p", { rows: [["a", row]] });
      assert.notEqual(await master.getValue("a"), await master.getValue("a"));
      assert.notEqual(await master.patchValue("a", { n: 1 }), await master.patchValue("a", { n: 1 }));
    }
  });

  it("is what the platform takes for an object of its columns and nothing else", async () => {
    const table = new LiveTable(new MemTable("p", { rows: [["a", { name: "Bun", n: "2" }]] }), "p", new MemCache());
    const row = (await table.listValues()).get("a") as Record<string, string>; // Its columns are texts.
    assert.equal(String(new URLSearchParams(row)), "name=Bun&n=2");
    assert.equal(new Headers(row).get("name"), "Bun");
    assert.deepEqual(Reflect.ownKeys(row), ["name", "n"]);
    assert.deepEqual(structuredClone(row), { name: "Bun", n: "2" });
    await table.close();
  });
});
