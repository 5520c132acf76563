import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { DemoFolder } from "./demo.ts";

/** The ids of the rows of an answer. */
function idsOf({ rows }: Readonly<Record<string, unknown>>): unknown[] {
  return (rows as { id: unknown }[]).map(({ id }) => id);
}

describe("demo ref", () => {
  it("walks from clients over their orders to products: the second time from the cache", async () => {
    using folder = new DemoFolder();
    const walk = ["clients", "id=marty", "ref", "orders", "products"];
    const first = await folder.json(...walk);
    const orders = await folder.json("orders", "client_id=marty");
    const bought = (orders.rows as { product_id: string }[]).map(({ product_id }) => product_id);
    assert.deepEqual(idsOf(first), [...new Set(bought)].sort());
    assert.equal(first.outcome, "miss");
    const second = await folder.json(...walk);
    assert.equal(second.outcome, "hit");
    assert.deepEqual(second.rows, first.rows);
  });

  it("narrows the first table, and orders and pages the last", async () => {
    using folder = new DemoFolder();
    const all = await folder.json("clients", "vip=true", "ref", "orders", "order=quantity:desc");
    const page = await folder.json("clients", "vip=true", "ref", "orders", "order=quantity:desc", "page=2", "limit=2");
    assert.deepEqual(idsOf(page), idsOf(all).slice(2, 4));
    const back = await folder.json("orders", "paid=false", "ref", "clients", "--no-cache");
    const unpaid = (await folder.json("orders", "paid=false")).rows as { client_id: string }[];
    assert.deepEqual(idsOf(back).sort(), [...new Set(unpaid.map(({ client_id }) => client_id))].sort());
  });

  it("names the references that there are", async () => {
    using folder = new DemoFolder();
    for (
      const [words, message] of [
        [["clients", "ref", "cakes"], /clients has no reference "cakes"; accepted are orders/],
        [["clients", "ref", "orders", "cakes"], /orders has no reference "cakes"; accepted are products, clients/],
        [["clients", "colour=red", "ref", "orders"], /Unknown column "colour"/],
      ] as const
    ) {
      const { code, stderr } = await folder.run(...words);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
