import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";
import { SurrealServer, WITHOUT_SURREAL } from "../databases/surreal_server.ts";
import { skippable } from "../skippable.ts";
import { DemoFolder, idsOf } from "./demo.ts";

const PACKAGES = fileURLToPath(new URL("../node_modules", import.meta.url));

/** A folder in which the package `surrealdb` is installed. */
function newFolder(): DemoFolder {
  const folder = new DemoFolder();
  symlinkSync(PACKAGES, folder.file("node_modules"), "junction");
  return folder;
}

describe("demo with --master surrealdb://", () => {
  let server: SurrealServer;
  let master = "";
  before(async () => {
    if (WITHOUT_SURREAL !== undefined) return;
    server = await SurrealServer.start();
    master = `${server.url.replace("ws:", "surrealdb:").replace("/rpc", "")}/shop/bakery`;
  });
  after(() => server?.stop());

  skippable("demo seed fills SurrealDB with the bakery, which every verb works against", WITHOUT_SURREAL, async () => {
    using folder = newFolder();
    const json = (...words: readonly string[]) => folder.json(...words, "--master", master);
    assert.deepEqual((await json("seed")).rows, { clients: 6, products: 10, orders: 20 });
    const miss = await json("products", "list");
    assert.deepEqual([miss.outcome, idsOf(miss).length], ["miss", 10]);
    assert.deepEqual((await json("products", "list")).outcome, "hit");
    const donut = { id: "d", name: "Donut", price: 5, in_stock: 0, vegan: false };
    assert.deepEqual((await json("add", "d", "Donut", "5")).row, donut);
    assert.deepEqual((await json("patch", "d", "price=6")).row, { ...donut, price: 6 });
    assert.deepEqual((await json("products", "get", "d")).row, { ...donut, price: 6 });
    assert.deepEqual(idsOf(await json("list", "vegan=true", "order=price:desc")), ["f", "s", "r", "b"]);
    assert.deepEqual(idsOf(await json("orders", "ref", "clients", "limit=2")), ["ann", "doc"]);
    const [order] = (await json("orders", "list", "client_id=clients:marty", "limit=1")).rows as readonly unknown[]; // It is a list.
    assert.deepEqual(Object.keys(order as object).sort(), [
      "client_id",
      "id",
      "paid",
      "placed_at",
      "product_id",
      "quantity",
    ]);
    assert.equal((await json("delete", "d")).outcome, "deleted");
    assert.deepEqual((await json("info")).master, { kind: "surrealdb", url: master, rows: 10 });
    const refused = await folder.run("patch", "a", "price=-1", "--master", master);
    assert.deepEqual([refused.code, /\$value >= 0/.test(refused.stderr)], [2, true], refused.stderr);
  });

  skippable("demo watch hears from SurrealDB of what others do", WITHOUT_SURREAL, async () => {
    using folder = newFolder();
    await folder.run("seed", "--master", master);
    await using watching = folder.start("watch", "--changes", "1", "--master", master, "--cache", "mem");
    await watching.line(/watching +products, 10 rows/);
    await folder.run("patch", "a", "price=4.5", "--master", master, "--cache", "none");
    assert.match(await watching.line(/changed/), /"a" +price 4.2 -> 4.5/);
    assert.equal(await watching.ended, 0);
  });

  skippable("demo writes wait in the outbox, and are sent to SurrealDB", WITHOUT_SURREAL, async () => {
    using folder = newFolder();
    await folder.run("seed", "--master", master);
    await folder.run("add", "d", "Donut", "5", "--offline", "--master", master);
    const donut = async (): Promise<unknown> =>
      (await folder.json("get", "d", "--master", master, "--cache", "none")).row;
    assert.deepEqual(await donut(), { id: "d", name: "Donut", price: 5 });
    await folder.run("writes", "drain", "--master", master);
    assert.deepEqual(await donut(), { id: "d", name: "Donut", price: 5, in_stock: 0, vegan: false });
  });

  skippable("demo says what is wrong with a master in SurrealDB, and shows no password", WITHOUT_SURREAL, async () => {
    using folder = newFolder();
    const run = async (...words: readonly string[]): Promise<string> => {
      const { code, stderr, stdout } = await folder.run(...words);
      assert.equal(code, 2, stderr);
      assert(!`${stdout}${stderr}`.includes("secret"), stderr);
      return stderr;
    };
    assert.match(await run("list", "--master", "surrealdb://marty:secret@127.0.0.1"), /like surrealdb:\/\/127/);
    assert.match(await run("list", "--master", "ws://127.0.0.1:1/a/b/c"), /<namespace>\/<database>/);
    const away = await run("list", "--master", "surrealdb://marty:secret@127.0.0.1:1/shop/bakery");
    assert.match(away, /There is no SurrealDB at 127.0.0.1:1/);
    assert.match(await run("loaves", "list", "--master", master), /no table "loaves"/);
    assert.match(await run("serve", "--master", master), /serve works on a file/);
    using bare = new DemoFolder();
    // Bun installs it by itself.
    if (!("Bun" in globalThis)) {
      assert.match((await bare.run("list", "--master", master)).stderr, /npm install --no-save surrealdb@2/);
    }
    const others = `${master}2`;
    const db = await server.connect();
    await db.use({ namespace: "shop", database: "bakery2" });
    await db.query(
      "DEFINE TABLE orders SCHEMAFULL; DEFINE FIELD buyer ON orders TYPE option<record<people>>; CREATE orders:1",
    );
    assert.equal(
      (await folder.run("orders", "list", "--master", others)).code,
      0,
      "of the table people nothing is known",
    );
    assert.match(await run("seed", "--master", others), /orders at .* was not created by the demo/);
    await db.close();
  });
});
