import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemCache, MemTable, NotFoundError, type TableLike, UnsupportedError } from "@vantage/live";

const ROWS = [
  ["a", { name: "Ann", city: "Riga" }],
  ["b", { name: "Bob", city: "Riga" }],
  ["c", { name: "Anna", city: "Oslo" }],
  ["d", { name: "Dan", city: "Oslo" }],
] as const;

/** The ids that are left in the target after `write`. */
async function left(
  write: (table: LiveTable, target: MemTable) => Promise<void>,
  narrow: (target: MemTable) => TableLike = (target) => target,
): Promise<readonly string[]> {
  const target = new MemTable("target", { rows: ROWS });
  const master = new MemTable("master", { rows: ROWS });
  await using table = new LiveTable(master, "t", new MemCache(), { writeTarget: narrow(target) });
  await write(table, target);
  assert.equal(await master.getCount(), ROWS.length, "the master is only read");
  return (await target.listValues()).ids();
}

describe("LiveTable with a writeTarget, deleteAll()", () => {
  it("removes what is searched for, and nothing else", async () => {
    assert.deepEqual(await left((table) => table.search("ann").deleteAll()), ["b", "d"]);
    assert.deepEqual(await left((table) => table.search("ann").where({ city: "Riga" }).deleteAll()), ["b", "c", "d"]);
    assert.deepEqual(await left((table) => table.search("zoe").deleteAll()), ["a", "b", "c", "d"]);
  });

  it("keeps to what the target searches for", async () => {
    const searching = (target: MemTable): TableLike => target.search("ann");
    assert.deepEqual(await left((table) => table.deleteAll(), searching), ["b", "d"]);
    assert.deepEqual(await left((table) => table.where({ city: "Riga" }).deleteAll(), searching), ["b", "c", "d"]);
    assert.deepEqual(await left((table) => table.search("ann").deleteAll(), searching), ["b", "d"]);
  });

  it("refuses two different searches at once, and changes nothing", async () => {
    const both = (table: LiveTable): Promise<void> => assert.rejects(table.search("bob").deleteAll(), UnsupportedError);
    assert.deepEqual(await left(both, (target) => target.search("ann")), ["a", "b", "c", "d"]);
  });

  it("refuses a page, and changes nothing, also where that is all that narrows", async () => {
    for (const query of [{}, { search: "ann" }]) {
      const onPage = (table: LiveTable): Promise<void> =>
        assert.rejects(table.withQuery(query).page(1).deleteAll(), UnsupportedError);
      assert.deepEqual(await left(onPage), ["a", "b", "c", "d"]);
    }
  });

  it("does not mind the order", async () => {
    assert.deepEqual(await left((table) => table.orderBy("name").deleteAll()), []);
    assert.deepEqual(await left((table) => table.orderBy("name").search("bob").deleteAll()), ["a", "c", "d"]);
  });
});

describe("LiveTable with a writeTarget, a narrowed handle", () => {
  it("patches and deletes only rows of its set there", async () => {
    const ids = await left(async (table) => {
      const searched = table.search("ann");
      await assert.rejects(searched.patchValue("b", { name: "Eve" }), NotFoundError);
      await searched.delete("b");
      await searched.delete("a");
      assert.equal((await searched.patchValue("c", { city: "Bergen" })).city, "Bergen");
    });
    assert.deepEqual(ids, ["b", "c", "d"]);
  });
});

describe("LiveTable with a writeTarget that does not know what a handle is narrowed by", () => {
  it("sends nothing, invalidates nothing, and tells why", async () => {
    const target = new MemTable("target", { rows: ROWS, columns: [{ name: "name" }] });
    await using table = new LiveTable(new MemTable("master", { rows: ROWS }), "t", new MemCache(), {
      writeTarget: target,
    });
    await table.listValues();
    await assert.rejects(table.where({ city: "Riga" }).delete("a"), /Unknown column "city"/);
    await table.listValues();
    const { hits, masterWrites, failedWrites, invalidations } = table.stats();
    assert.deepEqual([hits, masterWrites, failedWrites, invalidations.write], [1, 0, 1, 0]);
  });
});
