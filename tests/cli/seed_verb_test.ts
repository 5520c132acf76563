import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DemoFolder, idsOf, rowsOf } from "./demo.ts";

describe("demo seed", () => {
  it("demo seed fills clients, products and orders that refer to each other", async () => {
    using folder = new DemoFolder();
    const { code, stdout, stderr } = await folder.run("seed");
    assert.equal(stderr, "");
    assert.equal(code, 0);
    for (const line of [/^clients +6$/m, /^products +10$/m, /^orders +20$/m]) assert.match(stdout, line);
    const [clients, products, orders] = await Promise.all(
      ["clients", "products", "orders"].map((entity) => folder.json("list", "--entity", entity)),
    );
    assert.ok(clients && products && orders);
    for (const order of rowsOf(orders)) {
      assert.ok(idsOf(clients).includes(order.client_id), JSON.stringify(order));
      assert.ok(idsOf(products).includes(order.product_id), JSON.stringify(order));
    }
  });

  it("demo seed --rows makes so many rows of the entity, the same each time, and no bar where there is no terminal", async () => {
    using folder = new DemoFolder();
    const pages: unknown[] = [];
    for (const master of ["one.sqlite", "two.sqlite"]) {
      const { stdout, stderr } = await folder.run("seed", "--rows", "60000", "--master", master, "--json");
      assert.equal(stderr, "");
      assert.deepEqual(JSON.parse(stdout).rows, { clients: 6, products: 60_000, orders: 20 });
      pages.push((await folder.json("list", "--page", "1200", "--master", master)).rows);
    }
    assert.equal(Array.isArray(pages[0]) && pages[0].length, 50);
    assert.deepEqual(pages[0], pages[1]);
  });

  it("demo seed replaces what it made, and drops what a cache held of it", async () => {
    using folder = new DemoFolder();
    await folder.run("seed", "--rows", "3", "--entity", "clients");
    assert.equal(idsOf(await folder.json("list", "--entity", "clients")).length, 3);
    await folder.run("seed");
    const list = await folder.json("list", "--entity", "clients");
    assert.equal(list.outcome, "miss");
    assert.equal(idsOf(list).length, 6);
  });

  it("demo seed by two processes at once leaves one bakery", async () => {
    using folder = new DemoFolder();
    const runs = await Promise.all([folder.run("list"), folder.run("list"), folder.run("seed")]);
    for (const { code, stderr } of runs) assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(idsOf(await folder.json("list")).length, 10);
  });
});
