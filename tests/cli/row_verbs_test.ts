import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { DemoFolder, idsOf, rowsOf } from "./demo.ts";

const DONUT = { id: "d", name: "Donut", price: 5, in_stock: 0, vegan: false };

describe("demo get", () => {
  it("demo get shows one row: a miss, then a hit", async () => {
    using folder = new DemoFolder();
    const { code, stdout } = await folder.run("get", "a");
    assert.equal(code, 0);
    assert.match(stdout, /^name +Apple tart$/m);
    assert.match(stdout, /^MISS +[\d.]+ ms /m);
    const again = await folder.json("get", "a");
    assert.equal(again.outcome, "hit");
    assert.deepEqual(again.row, { id: "a", name: "Apple tart", price: 4.2, in_stock: 12, vegan: false });
  });

  it("demo get of a row that is not there exits with 1 and says so", async () => {
    using folder = new DemoFolder();
    await folder.run("seed");
    const { code, stdout, stderr } = await folder.run("get", "zz", "--json");
    assert.equal(code, 1);
    assert.equal(stderr, 'No such row: products has no "zz"\n');
    assert.equal(JSON.parse(stdout).row, null);
  });
});

describe("demo add, patch and delete", () => {
  it("demo add sends a row through the queue, and the next list is a miss that shows it", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    const { code, stdout, stderr } = await folder.run("add", "d", "Donut", "5");
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /^added [\d.]+ ms +row "d" of products/m);
    const { outcome, ...list } = await folder.json("list");
    assert.equal(outcome, "miss");
    assert.deepEqual(rowsOf(list).at(-1), DONUT);
  });

  it("demo add takes JSON, and leaves an id that is taken as it is", async () => {
    using folder = new DemoFolder();
    const added = await folder.json("add", "d", JSON.stringify({ name: "Donut", price: 5 }));
    assert.equal(added.outcome, "added");
    assert.deepEqual(added.row, DONUT);
    const kept = await folder.json("add", "d", "Doughnut", "6");
    assert.equal(kept.outcome, "kept");
    assert.deepEqual(kept.row, DONUT);
  });

  it("demo patch changes the columns that are named, by their types", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    const { outcome, row } = await folder.json("patch", "b", "price=1.25", "vegan=false", "name=Bun = round");
    assert.equal(outcome, "patched");
    assert.deepEqual(row, { id: "b", name: "Bun = round", price: 1.25, in_stock: 80, vegan: false });
    const list = await folder.json("list");
    assert.equal(list.outcome, "hit", "the row is put in place in what another process has stored");
    assert.match(JSON.stringify(list), /Bun = round/);
  });

  it("demo patch of a row that is not there exits with 1", async () => {
    using folder = new DemoFolder();
    await folder.run("seed");
    const { code, stderr } = await folder.run("patch", "zz", "price=1");
    assert.equal(code, 1);
    assert.match(stderr, /^No such row: products has no "zz"; nothing was changed\n$/);
  });

  it("demo delete removes a row, and says when there was none", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    assert.equal((await folder.json("delete", "a")).outcome, "deleted");
    const list = await folder.json("list");
    assert.equal(list.outcome, "miss");
    assert.ok(!idsOf(list).includes("a"));
    const again = await folder.run("delete", "a");
    assert.equal(again.code, 0);
    assert.match(again.stdout, /^absent .*which did not exist/m);
  });

  it("demo add and list give back what JSON has no word for", async () => {
    using folder = new DemoFolder();
    const db = new DatabaseSync(folder.file("own.sqlite"));
    db.exec("CREATE TABLE things (id TEXT PRIMARY KEY, big INTEGER, at TIMESTAMP, raw BLOB, far REAL, doc JSON)");
    db.close();
    const row = {
      big: { $bigint: "9007199254740993" },
      at: { $date: "2026-01-31T08:00:00.000Z" },
      raw: { $bytes: "AP/+" },
      far: { $number: "Infinity" },
      doc: { list: [1, { deep: null }], ["__proto__"]: { polluted: true } },
    };
    const own = ["--master", "own.sqlite", "--entity", "things"];
    const expected = { id: "x", ...row };
    assert.deepEqual((await folder.json("add", "x", JSON.stringify(row), ...own)).row, expected);
    for (const outcome of ["miss", "hit"]) {
      const list = await folder.json("list", ...own);
      assert.equal(list.outcome, outcome);
      assert.deepEqual(rowsOf(list), [expected]);
    }
    assert.deepEqual(idsOf(await folder.json("list", "--where", "big=9007199254740993", ...own)), ["x"]);
    assert.deepEqual(idsOf(await folder.json("list", "--where", "big=9007199254740992", ...own)), []);
  });
});
