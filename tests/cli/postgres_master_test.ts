import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";
import { type OpenClient, openPool } from "../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../databases/postgres_server.ts";
import type { DatabaseServer } from "../databases/server_process.ts";
import { skippable } from "../skippable.ts";
import { DemoFolder, idsOf } from "./demo.ts";

const INSTALLED = fileURLToPath(new URL("../node_modules", import.meta.url));
const SECRET = "s3cret";

let server: DatabaseServer | undefined;
let pool: OpenClient | undefined;

/** A folder with the client that the demo loads. */
function folderWithClient(): DemoFolder {
  const folder = new DemoFolder();
  symlinkSync(INSTALLED, folder.file("node_modules"), "junction");
  return folder;
}

function url(): string {
  return `postgres://postgres:${SECRET}@127.0.0.1:${server?.port}/postgres`;
}

function test(name: string, body: () => Promise<void>): void {
  skippable(name, WITHOUT_POSTGRES, body);
}

describe("demo --master postgres://", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    pool = await openPool(server.port);
  });
  after(async () => {
    await pool?.close();
    await server?.stop();
  });

  test("every verb works on a database of PostgreSQL", async () => {
    using folder = folderWithClient();
    const json = (...words: readonly string[]) => folder.json(...words, "--master", url());
    const seeded = await json("seed");
    assert.deepEqual(seeded.rows, { clients: 6, products: 10, orders: 20 });
    assert(!JSON.stringify(seeded).includes(SECRET));
    const miss = await json("list");
    assert.deepEqual([miss.outcome, idsOf(miss).length], ["miss", 10]);
    assert.equal((await json("list")).outcome, "hit");
    assert.deepEqual((await json("add", "d", "Donut", "5")).row, {
      ...{ id: "d", name: "Donut", price: 5, in_stock: 0, vegan: false },
    });
    assert.equal((await json("patch", "d", "price=6.5")).outcome, "patched");
    assert.equal((await json("delete", "d")).outcome, "deleted");
    const cheap = await json("list", "--where", "vegan=true", "--order", "price:desc");
    assert.deepEqual(idsOf(cheap), ["f", "s", "r", "b"]);
    const { master } = await json("info");
    assert.deepEqual(master, { kind: "postgres", url: `postgres://127.0.0.1:${server?.port}/postgres`, rows: 10 });
  });

  test("demo watch prints what others change, and goes on when the server was away", async () => {
    using folder = folderWithClient();
    await folder.json("seed", "--master", url());
    await using watch = folder.start("watch", "--json", "--master", url());
    await watch.event("watching");
    await pool?.run("UPDATE products SET price = 7 WHERE id = 'a'");
    const changed = await watch.event("changed");
    assert.deepEqual([changed.id, changed.effect], ["a", "hole"]);
    await server?.halt();
    await watch.event("lost");
    await server?.restart();
    await watch.event("live");
    await pool?.run("SELECT").catch(() => {});
    await pool?.run("DELETE FROM products WHERE id = 'b'");
    assert.equal((await watch.event("removed")).id, "b");
    assert.equal(await watch.end("SIGINT"), 0);
  });

  test("seed replaces no table that it did not create", async () => {
    using folder = folderWithClient();
    await pool?.run("DROP TABLE IF EXISTS orders, products, clients; CREATE TABLE products (id INT PRIMARY KEY)");
    const { code, stderr } = await folder.run("seed", "--master", url());
    assert.equal(code, 2);
    assert.match(stderr, /"products" was not created by the demo/);
    await pool?.run("DROP TABLE products");
  });

  test("says in one sentence what is wrong, without the password", async () => {
    using folder = folderWithClient();
    await pool?.run("CREATE TABLE IF NOT EXISTS silent (id INT PRIMARY KEY)");
    const cases: readonly (readonly [code: number, words: RegExp, ...given: readonly string[]])[] = [
      [2, /There is no table "nowhere"/, "list", "--entity", "nowhere", "--master", url()],
      [2, /installNotify/, "watch", "--entity", "silent", "--master", url()],
      [2, /serve works on a file/, "serve", "--master", url()],
      [2, /--master takes a URL like postgres:/, "list", "--master", `postgres://a:${SECRET}@`],
      [2, /--master takes a URL like postgres:/, "list", "--master", `postgres://a:${SECRET}@127.0.0.1`],
      [1, /unavailable/, "list", "--master", `postgres://a:${SECRET}@127.0.0.1:1/shop`],
    ];
    for (const [code, words, ...given] of cases) {
      const ran = await folder.run(...given);
      assert.equal(ran.code, code, ran.stderr);
      assert.match(ran.stderr, words);
      assert(!`${ran.stdout}${ran.stderr}`.includes(SECRET), ran.stderr);
    }
    // Bun fetches what a folder without node_modules lacks.
    if ("Bun" in globalThis) return;
    using bare = new DemoFolder();
    const missing = await bare.run("list", "--master", url());
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /needs the npm package postgres; "npm install/);
  });
});
