import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DemoFolder, idsOf, isDocument } from "./demo.ts";

describe("demo list", () => {
  it("demo list is a miss at first and a hit in a new process, which says how much faster it was", async () => {
    using folder = new DemoFolder();
    const first = await folder.run("list");
    assert.equal(first.code, 0);
    assert.equal(first.stderr, "");
    assert.match(first.stdout, /^First use: filled \S+ with the bakery\.\n/);
    assert.match(first.stdout, /^id +name +price/m);
    assert.match(first.stdout, /^MISS +[\d.]+ ms .* received 10 rows$/m);
    const second = await folder.run("list");
    assert.doesNotMatch(second.stdout, /First use/);
    assert.match(second.stdout, /^HIT +[\d.]+ ms .* faster than the last miss \([\d.]+ ms\)$/m);
  });

  it("demo list --json prints one document, and the seeding on standard error", async () => {
    using folder = new DemoFolder();
    const first = await folder.run("list", "--json");
    assert.match(first.stderr, /^First use: filled.*\n$/);
    const { ms, rows, ...facts } = JSON.parse(first.stdout);
    assert.equal(typeof ms, "number");
    assert.equal(rows.length, 10);
    assert.deepEqual(rows[0], { id: "a", name: "Apple tart", price: 4.2, in_stock: 12, vegan: false });
    assert.match(facts.key, /^products@[0-9a-f]{12}\/page_1$/);
    assert.deepEqual({ ...facts, key: "" }, {
      verb: "list",
      entity: "products",
      key: "",
      outcome: "miss",
      rowsReceived: 10,
      page: 1,
      limit: 50,
    });
    const second = await folder.json("list");
    assert.equal(second.outcome, "hit");
    assert.equal(second.lastMissMs, ms);
    assert.equal(typeof second.timesFaster, "number");
    assert.deepEqual(second.rows, rows);
  });

  it("demo list narrows, orders, searches and pages", async () => {
    using folder = new DemoFolder();
    assert.deepEqual(idsOf(await folder.json("list", "--where", "vegan=true", "--order", "price:desc")), [
      "f",
      "s",
      "r",
      "b",
    ]);
    assert.deepEqual(idsOf(await folder.json("list", "--where", "vegan=true", "--where", "price=1.1")), ["b"]);
    assert.deepEqual(idsOf(await folder.json("list", "--where=name=Rye loaf")), ["r"]);
    assert.deepEqual(idsOf(await folder.json("list", "--order", "vegan", "--order", "in_stock:asc", "--limit", "2")), [
      "k",
      "h",
    ]);
    assert.deepEqual(idsOf(await folder.json("list", "--search", "CAKE")), ["h"]);
    const page = await folder.json("list", "--page", "3", "--limit", "4");
    assert.deepEqual(idsOf(page), ["r", "s"]);
    assert.match(String(page.key), /\/view:;per_page=4\/page_3$/);
  });

  it("demo list --entity shows another table, with dates and booleans as what they are", async () => {
    using folder = new DemoFolder();
    const { rows } = await folder.json("list", "--entity", "orders", "--limit", "1");
    assert.ok(Array.isArray(rows) && isDocument(rows[0]));
    assert.deepEqual(rows[0].placed_at, { $date: "2025-01-02T07:00:00.000Z" });
    assert.equal(typeof rows[0].paid, "boolean");
  });

  it("demo list --cache says where rows are kept", async () => {
    using folder = new DemoFolder();
    await folder.run("seed");
    for (const [cache, outcomes] of Object.entries({ mem: "miss miss", none: "miss miss", "my.cache": "miss hit" })) {
      const seen = [await folder.json("list", "--cache", cache), await folder.json("list", "--cache", cache)];
      assert.equal(seen.map(({ outcome }) => outcome).join(" "), outcomes, cache);
    }
  });

  it("demo list never shows the rows of another master from a shared cache", async () => {
    using folder = new DemoFolder();
    await folder.run("seed", "--master", "one.sqlite", "--rows", "1");
    await folder.run("seed", "--master", "two.sqlite", "--rows", "2");
    assert.equal((await folder.json("list", "--master", "one.sqlite")).outcome, "miss");
    const two = await folder.json("list", "--master", "two.sqlite");
    assert.equal(two.outcome, "miss");
    assert.deepEqual(idsOf(two), ["a", "b"]);
    assert.equal((await folder.json("list", "--master", "one.sqlite")).outcome, "hit");
  });
});
