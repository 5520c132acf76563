import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { skippable } from "../skippable.ts";
import { DemoFolder, idsOf, isDocument } from "./demo.ts";

const DONUT = { id: "d", name: "Donut", price: 5, in_stock: 0, vegan: false };
/** Where nothing can listen. */
const NOBODY = "http://127.0.0.1:1/";
/** Outside of the ports that the system deals out, so that a server finds it free when it comes back. */
const OWN_PORT = String(20_000 + process.pid % 10_000);

describe("demo serve", () => {
  it("demo serve makes a server that every verb works against", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve("--latency-ms", "20");
    const json = (...words: readonly string[]) => folder.json(...words, "--master", server.url);
    const miss = await json("list");
    assert.deepEqual([miss.outcome, idsOf(miss).length], ["miss", 10]);
    assert.ok(Number(miss.ms) >= 20, String(miss.ms));
    const hit = await json("list");
    assert.deepEqual([hit.outcome, hit.rows], ["hit", miss.rows]);
    assert.deepEqual((await json("add", "d", "Donut", "5")).row, DONUT);
    assert.equal((await json("add", "d", "Doughnut", "6")).outcome, "kept");
    assert.deepEqual((await json("patch", "d", "price=6")).row, { ...DONUT, price: 6 });
    assert.equal((await json("patch", "zz", "price=6")).outcome, "missing");
    assert.deepEqual((await json("get", "d")).row, { ...DONUT, price: 6 });
    assert.equal((await json("delete", "d")).outcome, "deleted");
    assert.equal((await json("get", "d")).row, null);
    const after = await json("list", "--where", "vegan=true", "--order", "price:desc");
    assert.deepEqual([after.outcome, idsOf(after)], ["miss", ["f", "s", "r", "b"]]);
    const orders = await json("list", "--entity", "orders", "--limit", "1");
    assert.deepEqual(idsOf(orders), ["o1"]);
    const { master } = await json("info");
    assert.deepEqual(master, { kind: "rest", url: `${server.url}products`, rows: 10 });
    const { before } = await json("event-then-list");
    assert.ok(Array.isArray(before));
    assert.deepEqual(before.map(({ outcome }) => outcome), ["miss", "hit"]);
    const { stats } = await json("stats");
    assert.ok(isDocument(stats));
    assert.equal(stats.hits, 4);
  });

  it("demo serve lists its tables at its root, and ends in order when it is told to", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve();
    const answer = await fetch(server.url);
    assert.deepEqual(await answer.json(), { tables: ["clients", "products", "orders"] });
    assert.equal(await server.end("SIGTERM"), 0);
    // What SQLite keeps beside an open database is gone.
    assert.deepEqual(readdirSync(folder.file(".vantage-demo")), ["master.sqlite"]);
  });

  it("demo serve ends with its standard input if it is started as a child", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve();
    server.endInput();
    assert.equal(await server.ended, 0);
  });

  it("demo serve answers nobody who asks by another name, as a page of the web might", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve();
    const asked = await fetch(`${server.url}products/rows`, { headers: { origin: "https://elsewhere.example" } });
    assert.equal(asked.status, 403);
    const local = await fetch(`${server.url}products/rows`, { headers: { origin: "http://localhost:3000" } });
    assert.equal(local.status, 200);
    await Promise.all([asked.body?.cancel(), local.body?.cancel()]);
  });

  it("demo serve --inspect serves a page that shows what the tables do, to be read from here only", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve("--inspect");
    const get = (path: string, init?: RequestInit): Promise<Response> => fetch(new URL(path, server.url), init);
    await (await get("products/rows")).text();
    const { tables } = await (await get("-/inspector/recorded")).json();
    const products = tables.find(({ name }: { readonly name: string }) => name === "products");
    // The rows and their number.
    assert.equal(products.reads.length, products.stats.misses);
    assert.notEqual(products.reads.length, 0);
    const page = await get("-/inspector");
    assert.match(await page.text(), /<vantage-inspector src="\/-\/inspector\/recorded">/);
    assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none'/);
    const module = await get("-/inspector/src/inspector/mod.ts");
    assert.equal(module.headers.get("content-type"), "text/javascript");
    assert.doesNotMatch(await module.text(), /export type/);
    const statuses = async (...paths: readonly string[]): Promise<number[]> =>
      await Promise.all(paths.map(async (path) => {
        const response = await get(path);
        await response.body?.cancel();
        return response.status;
      }));
    assert.deepEqual(
      await statuses(
        "-/inspector/src/%2e%2e/deno.json",
        "-/inspector/src/none.ts",
        "-/inspector/src/base/../../cli/main.ts",
      ),
      [404, 404, 404],
    );
    const written = await get("-/inspector", { method: "POST" });
    const foreign = await get("-/inspector/recorded", { headers: { origin: "https://elsewhere.example" } });
    assert.deepEqual([written.status, foreign.status], [405, 403]);
    await Promise.all([written.body?.cancel(), foreign.body?.cancel()]);
  });

  it("demo serve has no inspector unless it is asked for", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve();
    const response = await fetch(`${server.url}-/inspector`);
    await response.body?.cancel();
    assert.equal(response.status, 404);
  });

  it("demo serve --read-only refuses to write", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve("--read-only");
    const { code, stdout, stderr } = await folder.run("add", "d", "Donut", "5", "--master", server.url);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^demo: [^\n]*products[^\n]*; nothing was changed\n$/);
    assert.equal((await folder.json("get", "d", "--master", server.url)).row, null);
  });

  it("demo serve refuses a port that is taken, and its clients what it does not have", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve();
    const taken = await folder.run("serve", "--port", new URL(server.url).port);
    assert.deepEqual([taken.code, taken.stdout], [2, ""]);
    assert.match(taken.stderr, /^demo: Port \d+ is taken; --port 0 takes any free one\n$/);
    const cakes = await folder.run("list", "--entity", "cakes", "--master", server.url);
    assert.equal(cakes.code, 2);
    assert.match(
      cakes.stderr,
      /^demo: Cannot open "cakes" in the master: [^\n]*there are clients, products, orders\n$/,
    );
    const colour = await folder.run("list", "--where", "colour=red", "--master", server.url);
    assert.equal(colour.code, 2);
    assert.match(colour.stderr, /^demo: Unknown column "colour"; accepted are id, name/);
  });
});

describe("demo with a server that is away", () => {
  it("demo says so in one line, and exits with 1", async () => {
    using folder = new DemoFolder();
    const runs = [folder.run("list", "--master", NOBODY), folder.run("watch", "--master", NOBODY)];
    for (const { code, stdout, stderr } of await Promise.all(runs)) {
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^demo: the master is unavailable: [^\n]*127\.0\.0\.1:1\/products[^\n]*\n$/);
    }
    assert.deepEqual(folder.snapshot(), []);
  });

  it("demo reads what is cached, and says how old it is; it refuses to write", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve();
    await folder.run("list", "--master", server.url);
    await server.end("SIGKILL");
    const { code, stdout } = await folder.run("list", "--master", server.url);
    assert.equal(code, 0);
    assert.match(stdout, /^HIT .* 10 of products on page 1 {2}cached \d+ s ago/m);
    const missing = await folder.run("list", "--page", "2", "--master", server.url);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^demo: the master is unavailable: [^\n]*\n$/);
    assert.equal((await folder.run("add", "d", "Donut", "5", "--master", server.url)).code, 1);
  });
});

describe("demo watch", () => {
  it("demo watch tells what others change, through the server and in its file", async () => {
    using folder = new DemoFolder();
    using elsewhere = new DemoFolder();
    await using server = await folder.serve();
    await using watch = folder.start("watch", "--master", server.url, "--cache", "mem", "--changes", "4");
    await watch.line(/^\d\d:\d\d:\d\d {2}watching products, 10 rows$/);
    await elsewhere.run("add", "d", "Donut", "5", "--master", server.url);
    await watch.line(/added +"d" +id d, name Donut, price 5, in_stock 0, vegan false {2}read again with its page$/);
    await folder.run("patch", "d", "price=6");
    await server.line(/^CHANGED by another process/);
    await watch.line(/changed +"d" +price 5 -> 6 {2}read again with its page$/);
    await elsewhere.run("patch", "d", "price=7", "--master", server.url);
    await watch.line(/changed +"d" +price 6 -> 7 {2}read again alone$/);
    await elsewhere.run("delete", "d", "--master", server.url);
    await watch.line(/removed +"d" {2}read again with its page$/);
    assert.equal(await watch.ended, 0);
  });

  it("demo watch tells what becomes of a file, and ends in order when it is told to", async () => {
    using folder = new DemoFolder();
    await folder.run("seed");
    await using watch = folder.start("watch", "--where", "vegan=true", "--cache", "mem", "--json");
    assert.equal((await watch.event("watching")).rows, 4);
    await folder.run("patch", "c", "vegan=true");
    assert.equal((await watch.event("added")).id, "c");
    await folder.run("patch", "b", "price=2");
    const { id, columns } = await watch.event("changed");
    assert.deepEqual([id, columns], ["b", { price: { before: 1.1, after: 2 } }]);
    assert.equal(await watch.end("SIGINT"), 0);
  });

  it("demo watch goes on with what is cached while the server is away, and then shows the truth", async () => {
    using folder = new DemoFolder();
    using elsewhere = new DemoFolder();
    await using server = await folder.serve("--port", OWN_PORT);
    const master = ["--master", server.url];
    await using watch = elsewhere.start("watch", "--json", ...master);
    await watch.event("watching");
    assert.equal((await elsewhere.json("list", ...master)).outcome, "miss");
    await server.end("SIGKILL");
    assert.equal(typeof (await watch.event("lost")).servedFrom, "string");
    await folder.run("patch", "a", "price=9");
    const { outcome, rows } = await elsewhere.json("list", ...master);
    assert.ok(Array.isArray(rows) && isDocument(rows[0]));
    assert.deepEqual([outcome, rows[0].price], ["hit", 4.2]);
    await using _ = await folder.serve("--port", OWN_PORT);
    await watch.event("live");
    assert.deepEqual((await watch.event("changed")).columns, { price: { before: 4.2, after: 9 } });
    assert.equal((await elsewhere.json("list", ...master)).outcome, "miss");
  });
});

describe("demo --cache kv", () => {
  const elsewhere = "Deno" in globalThis ? undefined : "Deno KV is in Deno only";

  skippable("demo --cache kv keeps rows in Deno KV, from one process to the next", elsewhere, async () => {
    using folder = new DemoFolder();
    for (const [index, cache] of ["kv", "kv", "kv:own.kv", "kv:own.kv"].entries()) {
      assert.equal((await folder.json("list", "--cache", cache)).outcome, index % 2 === 0 ? "miss" : "hit", cache);
    }
    assert.ok(readdirSync(folder.path).includes("own.kv"));
    const { cache } = await folder.json("info", "--cache", "kv");
    assert.ok(isDocument(cache));
    assert.deepEqual([cache.kind, cache.held, cache.rows], ["kv", true, 10]);
  });

  skippable("demo --cache kv is refused elsewhere", elsewhere === undefined ? "this is Deno" : undefined, async () => {
    using folder = new DemoFolder();
    await folder.run("seed");
    const { code, stderr } = await folder.run("list", "--cache", "kv");
    assert.equal(code, 2);
    assert.match(stderr, /^demo: Deno KV is in Deno only; accepted for --cache here are [^\n]*\n$/);
  });
});
