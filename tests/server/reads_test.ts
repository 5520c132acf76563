import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { defineTable, LiveTable, MemCache, MemTable, type Table, UnavailableError } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { tableHandler } from "@vantage/live/server";
import { FaultyTable } from "@vantage/live/testing";
import { ask, bakery, problemIn } from "./fixture.ts";

function where(...conditions: readonly unknown[]): string {
  return `where=${encodeURIComponent(JSON.stringify(conditions))}`;
}

async function idsAt(path: string): Promise<string[]> {
  const { rows } = await (await ask(tableHandler(bakery()), path)).json();
  return rows.map(([id]: [string]) => id);
}

describe("tableHandler(), read", () => {
  it("GET / tells what the table is, without writes unless it is writable", async () => {
    const answer = await ask(tableHandler(bakery()), "/");
    const { protocol, name, idField, columns, capabilities } = await answer.json();
    assert.deepEqual([answer.status, protocol, name, idField, columns.length], [200, 1, "products", "id", 3]);
    assert.deepEqual([capabilities.get, capabilities.page, capabilities.insert, capabilities.deleteAll], [
      true,
      true,
      false,
      false,
    ]);
    const writable = await (await ask(tableHandler(bakery(), { writable: true }), "/")).json();
    assert.equal(writable.capabilities.insert, true);
  });

  it("GET /rows gives rows in order, narrowed, ordered, searched and paged", async () => {
    assert.deepEqual(await idsAt("/rows"), ["a", "b", "c"]);
    assert.deepEqual(await idsAt(`/rows?${where(["price", "gt", 3])}`), ["b", "c"]);
    assert.deepEqual(await idsAt(`/rows?orderBy=${encodeURIComponent('[["price","desc"]]')}`), ["c", "b", "a"]);
    assert.deepEqual(await idsAt("/rows?search=TAR"), ["b"]);
    assert.deepEqual(await idsAt("/rows?page=2&limit=2"), ["c"]);
  });

  it("GET /rows carries values without loss", async () => {
    const table = new MemTable("all", {
      rows: [["π/%2F ", { big: 2n ** 70n, at: new Date(5), bytes: new Uint8Array([1]), nan: NaN, half: "\ud800" }]],
    });
    const { rows } = await (await ask(tableHandler(table), "/rows")).json();
    assert.deepEqual(rows, [["π/%2F ", {
      big: { $bigint: String(2n ** 70n) },
      at: { $date: 5 },
      bytes: { $bytes: "AQ==" },
      nan: { $number: "NaN" },
      half: "\ud800",
    }]]);
  });

  it("GET /rows has a strong ETag of its bytes, and answers 304 to who has them", async () => {
    const table = bakery();
    const handler = tableHandler(table);
    const first = await ask(handler, "/rows");
    const etag = first.headers.get("etag") ?? "";
    assert.match(etag, /^"[\w-]{24}"$/);
    assert.equal(first.headers.get("cache-control"), "no-cache");
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await ask(handler, "/rows", { headers: { "if-none-match": tag } });
      assert.deepEqual([again.status, await again.text(), again.headers.get("etag")], [304, "", etag], tag);
    }
    assert.equal((await ask(handler, "/rows", { headers: { "if-none-match": '"other"' } })).status, 200);
    await table.patchValue("a", { price: 3 });
    const changed = await ask(handler, "/rows", { headers: { "if-none-match": etag } });
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get("etag"), etag);
  });

  it("GET /rows of a LiveTable answers hits, old ones never", async () => {
    const table = new LiveTable(bakery(), "products", new MemCache());
    const handler = tableHandler(table, { writable: true });
    const [one, two] = [await ask(handler, "/rows"), await ask(handler, "/rows")];
    assert.equal(await one.text(), await two.text());
    assert.equal(table.stats().hits, 1);
    await ask(handler, "/row?id=a", { method: "PATCH", row: { price: 99 } });
    assert.match(await (await ask(handler, "/rows")).text(), /99/);
    await table.close();
  });

  it("GET /rows of a LiveTable shows a date as it is, whatever another reader did to his", async () => {
    const master = new MemTable("cakes", { rows: [["a", { at: new Date(5) }]] });
    const table = new LiveTable(master, "cakes", new MemCache());
    const handler = tableHandler(table);
    const before = await (await ask(handler, "/rows?page=1&limit=5")).text();
    const mine = (await table.page(1, 5).listValues()).get("a")?.at;
    assert(mine instanceof Date);
    mine.setTime(7);
    assert.equal(await (await ask(handler, "/rows?page=1&limit=5")).text(), before);
    await table.close();
  });

  it("GET /rows without a page gives at most maxRows, and reads no further", async () => {
    const table = new FaultyTable(bakery());
    assert.equal((await ask(tableHandler(table, { maxRows: 3 }), "/rows")).status, 200);
    const refused = await ask(tableHandler(table, { maxRows: 2 }), "/rows");
    assert.deepEqual([refused.status, (await problemIn(refused)).detail], [
      422,
      "These are more than 2 rows; ask for a page",
    ]);
    const page = await ask(tableHandler(table, { maxRows: 2 }), "/rows?page=1&limit=2");
    assert.equal((await page.json()).rows.length, 2);
    const asked: unknown[] = [];
    const endless = defineTable({
      name: "endless",
      capabilities: { page: true },
      list: ({ query }) => {
        asked.push(query.pagination?.limit);
        return Array.from({ length: query.pagination?.limit ?? 0 }, (_, index) => [String(index), {}] as const);
      },
    });
    assert.equal((await ask(tableHandler(endless, { maxRows: 10 }), "/rows")).status, 422);
    assert.deepEqual(asked, [10, 1]);
  });

  it("GET /rows and listValues() are one entry of a cache, as are GET /row and getValue()", async () => {
    const master = new FaultyTable(bakery());
    const table = new LiveTable(master, "products", new MemCache());
    const handler = tableHandler(table);
    const cheap = table.where("price", "lt", 10);
    for (const [set, params] of [[table, ""], [cheap, `?${where(["price", "lt", 10])}`]] as const) {
      const before = master.plan.count("listValues");
      assert.equal((await ask(handler, `/rows${params}`)).status, 200);
      await set.listValues();
      await table.invalidate();
      await set.listValues();
      assert.equal((await ask(handler, `/rows${params}`)).status, 200);
      assert.equal(master.plan.count("listValues") - before, 2, params);
    }
    await table.invalidate();
    await table.getValue("a");
    await ask(handler, "/row?id=a");
    assert.equal(master.plan.count("getValue"), 1);
    await handler.close();
    await table.close();
  });

  it("GET /rows notices that a table has grown or shrunk beyond maxRows", async () => {
    const table = bakery();
    const handler = tableHandler(table, { maxRows: 3 });
    const status = async (params: string): Promise<number> => (await ask(handler, `/rows${params}`)).status;
    assert.equal(await status(""), 200);
    await table.insertValue("d", { name: "Roll", price: 1 });
    assert.equal(await status(""), 422);
    assert.equal(await status(`?${where(["price", "lt", 100])}`), 422);
    assert.equal(await status(`?${where(["price", "lt", 10])}`), 200);
    await table.delete("a");
    assert.equal(await status(`?${where(["price", "lt", 100])}`), 200);
    assert.equal(await status(""), 200);
    await handler.close();
  });

  it("GET /rows gives at most maxAnswerBytes, also of rows that were given before", async () => {
    const table = new LiveTable(bakery(), "products", new MemCache());
    const whole = await (await ask(tableHandler(table), "/rows?page=1&limit=10")).text();
    const maxAnswerBytes = new TextEncoder().encode(whole).length;
    assert.equal((await ask(tableHandler(table, { maxAnswerBytes }), "/rows?page=1&limit=10")).status, 200);
    for (const fewer of [maxAnswerBytes - 1, 1]) {
      const refused = await ask(tableHandler(table, { maxAnswerBytes: fewer }), "/rows?page=1&limit=10");
      assert.deepEqual([refused.status, (await problemIn(refused)).code], [422, "bad_request"]);
    }
    const fresh = await ask(tableHandler(bakery(), { maxAnswerBytes: 40 }), "/rows");
    assert.equal(fresh.status, 422);
    await table.close();
  });

  it("GET /row gives one row of the set, whatever its id", async () => {
    for (const id of ["a/b", "100%", "%2F", ".", "..", "", " ", "+", "ä&=?#", "\u0000"]) {
      const handler = tableHandler(new MemTable("odd", { rows: [[id, { name: id }]] }));
      const answer = await ask(handler, `/row?${new URLSearchParams({ id })}`);
      assert.deepEqual([answer.status, await answer.json()], [200, { row: { name: id } }]);
    }
    const outside = await ask(tableHandler(bakery()), `/row?id=a&${where(["price", "gt", 3])}`);
    assert.deepEqual([outside.status, await outside.json()], [200, { row: null }]);
  });

  it("GET /count counts the set", async () => {
    assert.deepEqual(await (await ask(tableHandler(bakery()), "/count")).json(), { count: 3 });
    const some = await ask(tableHandler(bakery()), `/count?${where(["price", "gt", 3])}&search=t`);
    assert.deepEqual(await some.json(), { count: 2 });
  });

  it("HEAD is GET without a body", async () => {
    const handler = tableHandler(bakery());
    const [head, get] = [await ask(handler, "/rows", { method: "HEAD" }), await ask(handler, "/rows")];
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    assert.equal(head.headers.get("etag"), get.headers.get("etag"));
    assert.equal((await ask(handler, "/nowhere", { method: "HEAD" })).status, 404);
  });

  it("a table stands under its path, with or without a slash at the end, and nowhere else", async () => {
    const handler = tableHandler(bakery(), { path: "/shop/pr oducts/" });
    for (const path of ["/shop/pr%20oducts", "/shop/pr%20oducts/", "/shop/pr%20oducts/rows"]) {
      assert.equal((await ask(handler, path)).status, 200, path);
    }
    for (const path of ["/", "/rows", "/shop/pr%20oductsrows", "/shop/pr%20oducts/rows/", "/shop/pr%20oducts//rows"]) {
      const answer = await ask(handler, path);
      assert.deepEqual([answer.status, (await problemIn(answer)).code], [404, "no_such_path"], path);
    }
    assert.throws(() => tableHandler(bakery(), { path: "products" }), TypeError);
    assert.throws(() => tableHandler(bakery(), { path: "/a?b" }), TypeError);
  });

  it("a narrowed table is served as if nothing else existed", async () => {
    const handler = tableHandler(bakery().where("price", "lt", 10).orderBy("price", "desc"));
    assert.deepEqual((await (await ask(handler, "/rows")).json()).rows.map(([id]: [string]) => id), ["b", "a"]);
    assert.deepEqual(await (await ask(handler, `/count?${where(["price", "gt", 3])}`)).json(), { count: 1 });
    assert.deepEqual(await (await ask(handler, "/row?id=c")).json(), { row: null });
    const searched = tableHandler(bakery().search("secret"));
    const twice = await ask(searched, "/rows?search=bun");
    assert.doesNotMatch(JSON.stringify(await problemIn(twice)), /secret/);
    assert.equal(twice.status, 422);
    assert.throws(() => tableHandler(bakery().page(1)), TypeError);
  });

  it("a failure of the table is told by its kind, in none of its words", async () => {
    const table = new FaultyTable(bakery());
    const handler = tableHandler(table);
    table.plan.fail("listValues", new UnavailableError("no answer of db://root:pass@host", { retryAfterMs: 1500 }));
    const unavailable = await ask(handler, "/rows");
    assert.deepEqual([unavailable.status, unavailable.headers.get("retry-after")], [502, "2"]);
    assert.equal(
      (await problemIn(unavailable)).detail,
      "Cannot list the rows: the table's backend did not answer",
    );
    table.plan.fail("getCount", new TypeError("SELECT secret FROM /home/x.ts"));
    const fault = await ask(handler, "/count");
    const problem = await problemIn(fault);
    assert.deepEqual([fault.status, problem.code, problem.effect], [500, "fault", "unknown"]);
  });
});

describe("fresh=true", () => {
  it("is read from the master of what is served, however many are between", async () => {
    const master = bakery();
    await using live = new LiveTable(master, "t", new MemCache());
    const handler = tableHandler(live);
    const remote = await RestTable.open("http://localhost/", {
      fetch: (input, init) => handler(new Request(input, init)),
    });
    await using near = new LiveTable(remote, "near", new MemCache());
    const prices = async (table: Table | LiveTable, fresh: boolean): Promise<unknown> => [
      (await table.getValue("a", { fresh }))?.price,
      (await table.where("price", "lt", 9).listValues({ fresh })).get("a")?.price,
      await table.where("price", "lt", 9).getCount({ fresh }),
    ];
    assert.deepEqual(await prices(near, false), [2, 2, 2]);
    await master.patchValue("a", { price: 3 });
    await master.delete("b");
    assert.deepEqual(await prices(near, false), [2, 2, 2]);
    assert.deepEqual(await prices(remote, false), [2, 2, 2]);
    assert.deepEqual(await prices(near, true), [3, 3, 1]);
    assert.deepEqual(await prices(remote, false), [3, 3, 1]);
  });

  it("is refused if it is something else", async () => {
    const handler = tableHandler(bakery());
    for (const path of ["/row?id=a&fresh=1", "/rows?fresh=", "/count?fresh=true&fresh=true", "/?fresh=true"]) {
      assert.equal((await ask(handler, path)).status, 400, path);
    }
  });
});
