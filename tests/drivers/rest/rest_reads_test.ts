import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InvalidAnswerError, type Operator, OPERATORS, UnsupportedError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { json, nothing, scripted, scriptedTable, URL_OF_TABLE } from "./rest_double.ts";

const ROWS = [{ id: 2, name: "Roll" }, { id: "a b", name: "Bun" }];

describe("RestTable reads", () => {
  it("RestTable.listValues() takes a bare array, with numbers and texts as ids, in its order", async () => {
    const { table, asked } = scriptedTable({}, json(ROWS));
    const rows = await table.listValues();
    assert.deepEqual([...rows], [["2", ROWS[0]], ["a b", ROWS[1]]]);
    assert.deepEqual(asked.map(({ method, url }) => [method, url]), [["GET", URL_OF_TABLE]]);
    assert.equal(asked[0]?.headers.get("accept"), "application/json");
    assert.equal(asked[0]?.init.redirect, "manual");
    assert.equal(asked[0]?.init.body, null);
  });

  it("RestTable.listValues() takes rows under a key, or where a function finds them", async () => {
    const underKey = scriptedTable({ rows: "items" }, json({ items: ROWS }));
    assert.deepEqual((await underKey.table.listValues()).ids(), ["2", "a b"]);

    const deep = scriptedTable(
      { rows: ({ body }) => (body as { data: { list: typeof ROWS } }).data.list },
      json({ data: { list: ROWS } }),
    );
    assert.deepEqual((await deep.table.listValues()).ids(), ["2", "a b"]);
  });

  it("RestTable.listValues() takes the id from the column that the options name", async () => {
    const { table } = scriptedTable({ idField: "code" }, json([{ code: "RIX", id: 1 }]));
    assert.equal(table.idField, "code");
    assert.deepEqual((await table.listValues()).ids(), ["RIX"]);
  });

  it("RestTable keeps a column named __proto__ a column", async () => {
    const { table } = scriptedTable({}, new Response('[{"id":1,"__proto__":{"x":1}}]'));
    const row = (await table.listValues()).get("1") ?? {};
    assert.equal(Object.getPrototypeOf(row), Object.prototype);
    assert.deepEqual(Object.keys(row), ["id", "__proto__"]);
  });

  it("RestTable asks for a page by its number or by the rows before it, under any names", async () => {
    const byPage = scriptedTable({ paging: { page: "_page", limit: "per page" } }, json([]));
    await byPage.table.page(3, 20).listValues();
    assert.equal(byPage.asked[0]?.url, `${URL_OF_TABLE}?per+page=20&_page=3`);

    const bySkip = scriptedTable({ paging: { skip: "offset", limit: "max" } }, json([]));
    await bySkip.table.page(3, 20).listValues();
    assert.equal(bySkip.asked[0]?.url, `${URL_OF_TABLE}?max=20&offset=40`);
  });

  it("RestTable without paging asks for all rows, and cuts the page out of them", async () => {
    const { table, asked } = scriptedTable({}, json([{ id: 1 }, { id: 2 }, { id: 3 }]));
    assert.deepEqual((await table.page(2, 2).listValues()).ids(), ["3"]);
    assert.equal(asked[0]?.url, URL_OF_TABLE);
  });

  it("RestTable puts an eq condition as ?column=value", async () => {
    const row = { id: 1, name: "Á&=?#/ +%", price: 2.5, active: true, big: 5 };
    const { table, asked } = scriptedTable({}, json([row]));
    const narrowed = table.where({ name: row.name, price: 2.5, active: true, big: 5n });
    assert.deepEqual((await narrowed.listValues()).ids(), ["1"]);
    const { searchParams } = new URL(asked[0]?.url ?? "");
    assert.deepEqual([...searchParams], [["name", row.name], ["price", "2.5"], ["active", "true"], ["big", "5"]]);
    assert.deepEqual(table.capabilities.where, ["eq"]);
  });

  it("RestTable puts other conditions only as the options say, and knows their operators", async () => {
    const put = (operator: Operator): NonNullable<RestTableOptions["where"]>[Operator] => ({ url }, column, operand) =>
      url.searchParams.append(`${column}[${operator}]`, String(operand));
    const options: RestTableOptions = {
      paging: { page: "page", limit: "limit" },
      where: { gte: put("gte"), in: put("in"), isNull: put("isNull") },
    };
    const row = { id: 1, price: 3, size: 2, note: null };
    const { table, asked } = scriptedTable({ ...options, maxLimit: Infinity }, json([row]), json([]));
    assert.deepEqual(table.capabilities.where, OPERATORS.filter((name) => ["gte", "in", "isNull"].includes(name)));
    await table.where("price", "gte", 2).where("size", "in", [1, 2]).where("note", "isNull").listValues();
    assert.equal(
      asked[0]?.url,
      `${URL_OF_TABLE}?price%5Bgte%5D=2&size%5Bin%5D=1%2C2&note%5BisNull%5D=null`,
    );
    // `eq` is not among them any more.
    await assert.rejects(table.where({ price: 1 }).page(1).listValues(), UnsupportedError);
  });

  it("RestTable does in memory what the resource cannot, as long as it does not page", async () => {
    const rows = [{ id: 1, name: "Bun", price: 2 }, { id: 2, name: "Tart", price: 5 }, {
      id: 3,
      name: "Bap",
      price: 1,
    }];
    const { table, asked } = scriptedTable({ where: {} }, json(rows), json(rows));
    const narrowed = table.where("price", "lt", 5).search("b").orderBy("price");
    assert.deepEqual((await narrowed.listValues()).ids(), ["3", "1"]);
    assert.deepEqual((await table.where({ name: "Tart" }).listValues()).ids(), ["2"]);
    assert.deepEqual(asked.map(({ url }) => url), [URL_OF_TABLE, URL_OF_TABLE]);

    const paging = scriptedTable({ paging: { page: "page", limit: "limit" } });
    for (const handle of [paging.table.orderBy("name"), paging.table.search("b"), paging.table.where("id", "gt", 1)]) {
      await assert.rejects(handle.page(1).listValues(), UnsupportedError);
    }
    assert.equal(paging.asked.length, 0);
  });

  it("RestTable puts an order and a search as the options say", async () => {
    const options: RestTableOptions = {
      orderBy: ({ url }, orderBy) =>
        url.searchParams.set("sort", orderBy.map(([name, direction]) => `${direction}:${name}`).join()),
      search: "q",
    };
    const byName = scriptedTable(options, json([]));
    await byName.table.orderBy("price", "desc").orderBy("name").search("rye bread").listValues();
    assert.equal(byName.asked[0]?.url, `${URL_OF_TABLE}?sort=desc%3Aprice%2Casc%3Aname&q=rye+bread`);

    const elsewhere = scriptedTable({
      search: ({ url }, text) => {
        url.pathname += "/search";
        url.searchParams.set("text", text);
      },
    }, json([]));
    await elsewhere.table.search("rye").listValues();
    assert.equal(elsewhere.asked[0]?.url, `${URL_OF_TABLE}/search?text=rye`);
  });

  it("RestTable.getValue() asks for /{id}, whatever characters the id is of", async () => {
    for (const id of ["7", "a/b", "100%", "a?b#c", "ü", "%2F", "a b", "..x", "\0"]) {
      const { table, asked } = scriptedTable({}, json({ id, name: "Bun" }));
      assert.deepEqual(await table.getValue(id), { id, name: "Bun" });
      const [, last = ""] = asked[0]?.url.split("/api/products/") ?? [];
      assert.equal(decodeURIComponent(last), id);
    }
  });

  it("RestTable.getValue() is undefined where the resource answers 404 or 410", async () => {
    const { table } = scriptedTable(
      {},
      json({ id: 2 }),
      nothing(404),
      nothing(410),
      json("no row", { status: 404 }),
    );
    assert.deepEqual(await table.getValue("2"), { id: 2 });
    for (let time = 0; time < 3; time++) assert.equal(await table.getValue("1"), undefined);
  });

  it("RestTable.getValue() of an id that no row can have asks nobody", async () => {
    const { table, asked } = scriptedTable({});
    assert.equal(await table.getValue(""), undefined);
    await table.delete("");
    for (const id of [".", "..", "\ud800"]) await assert.rejects(table.getValue(id), UnsupportedError);
    await assert.rejects(table.patchValue("", {}), UnsupportedError);
    assert.equal(asked.length, 0);
  });

  it("RestTable.getValue() takes the row under a key, or where a function finds it", async () => {
    const underKey = scriptedTable({ row: "data" }, json({ data: { id: 1 } }));
    assert.deepEqual(await underKey.table.getValue("1"), { id: 1 });
    const first = scriptedTable({ row: ({ body }) => (body as { id: number }[])[0] }, json([{ id: 1 }]));
    assert.deepEqual(await first.table.getValue("1"), { id: 1 });
  });

  it("RestTable.getValue() through a narrowed handle finds no row outside the set", async () => {
    const { table } = scriptedTable({}, json({ id: 1, name: "Bun" }), json({ id: 1, name: "Bun" }));
    assert.equal(await table.where({ name: "Roll" }).getValue("1"), undefined);
    assert.deepEqual(await table.where({ name: "Bun" }).getValue("1"), { id: 1, name: "Bun" });
  });

  it("RestTable.getCount() takes the count from a header", async () => {
    const options: RestTableOptions = { paging: { page: "p", limit: "n" }, count: { header: "X-Total" } };
    const { table, asked } = scriptedTable(options, json([{ id: 1, name: "Bun" }], { headers: { "x-total": "12" } }));
    assert.equal(await table.where({ name: "Bun" }).page(4, 3).getCount(), 12);
    assert.equal(asked[0]?.url, `${URL_OF_TABLE}?name=Bun&n=1&p=1`);
  });

  it("RestTable.getCount() takes the count from a field", async () => {
    const options: RestTableOptions = { rows: "items", paging: { skip: "s", limit: "n" }, count: "total" };
    const { table } = scriptedTable(options, json({ items: [{ id: 1 }], total: 12 }), json({ items: [], total: "0" }));
    assert.equal(await table.getCount(), 12);
    assert.equal(await table.getCount(), 0);
  });

  it("RestTable.getCount() without a place for it in the options is unsupported", async () => {
    const { table } = scriptedTable({});
    assert.equal(table.capabilities.count, false);
    await assert.rejects(table.getCount(), UnsupportedError);
  });

  it("RestTable.getCount() without paging counts the rows themselves", async () => {
    const rows = [{ id: 1, code: "5" }, { id: 2, code: 5 }];
    const { table } = scriptedTable({ rows: "items", count: "total" }, json({ items: rows, total: 2 }));
    assert.equal(await table.where({ code: 5 }).getCount(), 1);
  });

  it("RestTable sends the parameters of its URL along, and has its name from the path", async () => {
    const { fetch, asked } = scripted(json([]), json({ id: 7 }), nothing());
    const table = new RestTable("https://example.com/v1/things/?key=a%20b#top", {
      fetch,
      paging: { page: "p", limit: "n" },
    });
    assert.equal(table.tableName, "things");
    await table.page(1, 5).listValues();
    await table.getValue("7");
    await table.delete("7");
    assert.deepEqual(asked.map(({ url }) => url), [
      "https://example.com/v1/things/?key=a+b&n=5&p=1",
      "https://example.com/v1/things/7?key=a%20b",
      "https://example.com/v1/things/7?key=a%20b",
    ]);
    assert.equal(new RestTable("https://example.com/").tableName, "example.com");
    assert.equal(new RestTable("https://example.com/x", { name: "ours" }).tableName, "ours");
  });

  it("RestTable refuses a condition whose parameter means something else", async () => {
    const options: RestTableOptions = { paging: { page: "page", limit: "limit" }, search: "q" };
    const { fetch, asked } = scripted();
    const table = new RestTable(`${URL_OF_TABLE}?key=1`, { ...options, fetch });
    for (const column of ["page", "limit", "q", "key"]) {
      await assert.rejects(table.where({ [column]: 1 }).listValues(), UnsupportedError);
    }
    assert.equal(asked.length, 0);
  });

  it("RestTable refuses conditions that a parameter cannot hold, and asks nobody", async () => {
    const { table, asked } = scriptedTable({});
    for (const operand of [new Date(0), new Uint8Array(1), [1], { a: 1 }, "\udc00"]) {
      await assert.rejects(table.where("made", "eq", operand).listValues(), UnsupportedError);
    }
    await assert.rejects(table.where({ "\udc00": 1 }).listValues(), UnsupportedError);
    await assert.rejects(table.where({ size: 1 }).where({ size: 2 }).listValues(), UnsupportedError);
    const searching = scriptedTable({ search: "q" });
    await assert.rejects(searching.table.search("\ud800").listValues(), UnsupportedError);
    assert.equal(asked.length + searching.asked.length, 0);
  });

  it("RestTable puts the same condition once, however often it is made", async () => {
    const { table, asked } = scriptedTable({}, json([]));
    await table.where({ size: 1 }).where({ size: 1 }).listValues();
    assert.equal(asked[0]?.url, `${URL_OF_TABLE}?size=1`);
  });

  it("RestTable tells the number 5 from the text 5, which a parameter cannot", async () => {
    const rows = [{ id: 1, size: 5 }, { id: 2, size: "5" }];
    const options: RestTableOptions = { paging: { page: "p", limit: "n" }, maxLimit: 50 };
    const { table } = scriptedTable(options, json(rows), json(rows), json(rows));
    assert.deepEqual((await table.where({ size: "5" }).listValues()).ids(), ["2"]);
    assert.deepEqual((await table.where({ size: 5 }).listValues()).ids(), ["1"]);
    // What else would stand on the page is not known.
    await assert.rejects(table.where({ size: 5 }).page(1, 5).listValues(), UnsupportedError);
  });

  it("RestTable refuses rows for which a condition does not hold", async () => {
    const values = [{ size: 4 }, {}, { size: null }, { size: ["5"] }, { size: { toString: 1, valueOf: 1 } }];
    const answers = values.map((row) => json([{ id: 1, ...row }]));
    for (const answer of answers) {
      const { table } = scriptedTable({}, answer);
      await assert.rejects(table.where({ size: 5 }).listValues(), InvalidAnswerError);
    }
    const counting: RestTableOptions = { paging: { page: "p", limit: "n" }, count: { header: "total" } };
    const { table } = scriptedTable(counting, json([{ id: 1, size: 4 }], { headers: { total: "9" } }));
    await assert.rejects(table.where({ size: 5 }).getCount(), InvalidAnswerError);
  });

  it("RestTable with columns refuses conditions on others", () => {
    const { table } = scriptedTable({ columns: [{ name: "id" }, { name: "name" }] });
    assert.throws(() => table.where({ color: "red" }), TypeError);
  });
});
