import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Capabilities, InvalidAnswerError, LiveTable, MemCache, type Row, UnsupportedError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { tableConformance, type TableHarness } from "@vantage/live/testing";
import { runSuite } from "../../conformance/run_suite.ts";
import { serve } from "../../server/serve.ts";
import { DUMMY_JSON, dummyJson, JSON_PLACEHOLDER, jsonPlaceholder, type Shape } from "./rest_shapes.ts";

const WITH_PAGES: RestTableOptions = {
  ...JSON_PLACEHOLDER,
  paging: { page: "_page", limit: "_limit" },
  maxLimit: Infinity,
  count: { header: "x-total-count" },
};

const CAPABILITIES: Capabilities = {
  exact: false,
  sameRows: false,
  idempotencyKeys: false,
  writeMany: false,
  get: true,
  count: false,
  page: false,
  where: [],
  orderBy: true,
  search: true,
  insert: false,
  replace: false,
  patch: true,
  delete: true,
  deleteAll: false,
  insertReturnId: true,
};

conformance("in pages", { ...CAPABILITIES, page: true, count: true }, { ...WITH_PAGES, where: {} });
conformance("with conditions", { ...CAPABILITIES, where: ["eq"] }, JSON_PLACEHOLDER);

function conformance(title: string, capabilities: Capabilities, options: RestTableOptions): void {
  const harness: TableHarness = {
    capabilities,
    idField: "id",
    knowsColumns: false,
    keepsOrder: true,
    foldsAllLetters: true,
    open: async (rows) => {
      const server = await serve(jsonPlaceholder(rows).handler);
      return { table: new RestTable(`${server.url}/users`, options), close: () => server.close() };
    },
  };
  runSuite(
    `RestTable over a server like JSONPlaceholder ${title} keeps the promises of TableLike`,
    tableConformance,
    () => harness,
  );
}

const USERS: readonly (readonly [id: string, row: Row])[] = [
  ["1", { name: "Leanne", username: "Bret", zip: "92998" }],
  ["2", { name: "Ervin", username: "Antonette", zip: "90566" }],
  ["3", { name: "Clementine", username: "Samantha", zip: "59590" }],
];

const PRODUCTS: readonly (readonly [id: string, row: Row])[] = Array.from(
  { length: 40 },
  (_, at) => [`${at + 1}`, { title: at % 2 === 0 ? `Mascara ${at}` : `Powder ${at}`, price: 40 - at }],
);

describe("RestTable over a server like JSONPlaceholder", () => {
  it("asks for pages, conditions, an order and a search in its words", async () => {
    await over(jsonPlaceholder(USERS), async (url, { asked }) => {
      const users = new RestTable(`${url}/users`, WITH_PAGES);
      assert.deepEqual((await users.where({ username: "Bret" }).orderBy("name").page(1, 5).listValues()).ids(), ["1"]);
      assert.deepEqual((await users.orderBy("username", "desc").orderBy("id").page(2, 2).listValues()).ids(), ["2"]);
      assert.equal(await users.search("e").getCount(), 3);
      assert.deepEqual(await users.getValue("2"), { id: 2, ...USERS[1]?.[1] });
      assert.deepEqual(asked, [
        "GET /users?username=Bret&_sort=name&_order=asc&_limit=5&_page=1",
        "GET /users?_sort=username%2Cid&_order=desc%2Casc&_limit=2&_page=2",
        "GET /users?q=e&_limit=1&_page=1",
        "GET /users/2",
      ]);
    });
  });

  it("is told when it was asked for a column that no row has, which the server passes over", async () => {
    await over(jsonPlaceholder(USERS), async (url) => {
      const users = new RestTable(`${url}/users`, WITH_PAGES);
      for (const narrowed of [users.where({ usrname: "Bret" }), users.where({ usrname: "Bret" }).page(1, 2)]) {
        await assert.rejects(narrowed.listValues(), InvalidAnswerError);
        await assert.rejects(narrowed.getCount(), InvalidAnswerError);
      }
    });
  });

  it("tells a number from its text, or says on a page that it cannot", async () => {
    await over(jsonPlaceholder(USERS), async (url) => {
      const users = new RestTable(`${url}/users`, WITH_PAGES);
      assert.deepEqual((await users.where({ zip: "90566" }).listValues()).ids(), ["2"]);
      assert.equal((await users.where({ zip: 90566 }).listValues()).size, 0);
      await assert.rejects(users.where({ zip: 90566 }).page(1, 5).listValues(), UnsupportedError);
      await assert.rejects(users.where({ zip: 90566 }).getCount(), UnsupportedError);
    });
  });

  it("LiveTable serves hits without asking it, and puts in place what it answered to a write", async () => {
    await over(jsonPlaceholder(USERS), async (url, { asked }) => {
      const users = new RestTable(`${url}/users`, WITH_PAGES);
      await using table = new LiveTable(users, "users", new MemCache());
      for (let time = 0; time < 3; time++) assert.equal((await table.page(1, 2).listValues()).size, 2);
      assert.equal(asked.length, 1);

      assert.equal(await table.insertReturnIdValue({ name: "Patricia" }), "4");
      await table.patchValue("1", { name: "Lea" });
      await table.delete("2");
      const names = [...(await table.page(1, 5).listValues()).values()].map(({ name }) => name);
      assert.deepEqual(names, ["Lea", "Clementine", "Patricia"]);
      assert.deepEqual(asked.slice(1), [
        "POST /users",
        "PATCH /users/1",
        "DELETE /users/2",
        "GET /users?_limit=5&_page=1",
      ]);

      // What was refused changed nothing, so that nothing is read again.
      await assert.rejects(table.patchValue("99", { name: "nobody" }));
      assert.equal((await table.page(1, 5).listValues()).size, 3);
      assert.equal(table.stats().hits, 3);
    });
  });
});

describe("RestTable over a server like DummyJSON", () => {
  it("asks for pages, an order and a search in its words", async () => {
    await over(dummyJson(PRODUCTS), async (url, { asked }) => {
      const products = new RestTable(`${url}/products?limit=0`, DUMMY_JSON);
      assert.equal((await products.listValues()).size, 40);
      assert.deepEqual((await products.page(3, 15).listValues()).ids().slice(0, 2), ["31", "32"]);
      assert.equal((await products.page(3, 15).listValues()).size, 10);
      assert.deepEqual((await products.orderBy("price").page(1, 2).listValues()).ids(), ["40", "39"]);
      assert.equal(await products.search("mascara").getCount(), 20);
      assert.deepEqual((await products.search("powder").page(2, 2).listValues()).ids(), ["6", "8"]);
      assert.equal((await products.getValue("7"))?.["title"], "Mascara 6");
      assert.equal(await products.getValue("41"), undefined);
      assert.deepEqual(asked, [
        "GET /products?limit=0",
        "GET /products?limit=15&skip=30",
        "GET /products?limit=15&skip=30",
        "GET /products?limit=2&sortBy=price&order=asc&skip=0",
        "GET /products/search?limit=1&q=mascara&skip=0",
        "GET /products/search?limit=2&q=powder&skip=2",
        "GET /products/7?limit=0",
        "GET /products/41?limit=0",
      ]);
    });
  });

  it("is told when it takes the first 30 rows for all of them", async () => {
    await over(dummyJson(PRODUCTS), async (url) => {
      await assert.rejects(new RestTable(`${url}/products`, DUMMY_JSON).listValues(), /30 rows where there are 40/);
    });
  });

  it("refuses conditions on its pages, and does them in memory on all rows", async () => {
    await over(dummyJson(PRODUCTS), async (url) => {
      const products = new RestTable(`${url}/products?limit=0`, DUMMY_JSON);
      assert.deepEqual((await products.where("price", "lte", 2).listValues()).ids(), ["39", "40"]);
      await assert.rejects(products.where("price", "lte", 2).page(1).listValues(), UnsupportedError);
    });
  });

  it("LiveTable serves hits without asking it, and reads again what was written", async () => {
    await over(dummyJson(PRODUCTS), async (url, { asked }) => {
      const products = new RestTable(`${url}/products?limit=0`, DUMMY_JSON);
      await using table = new LiveTable(products, "products", new MemCache());
      for (let time = 0; time < 3; time++) assert.equal((await table.getValue("1"))?.["price"], 40);
      await table.patchValue("1", { price: 1 });
      assert.equal((await table.getValue("1"))?.["price"], 1);
      await table.delete("1");
      assert.equal(await table.getValue("1"), undefined);
      await assert.rejects(table.insertReturnIdValue({ title: "New" }), UnsupportedError);
      assert.deepEqual(asked.map((line) => line.replace("?limit=0", "")), [
        "GET /products/1",
        "PATCH /products/1",
        "DELETE /products/1",
        "GET /products/1",
      ]);
    });
  });
});

async function over(shape: Shape, body: (url: string, shape: Shape) => Promise<void>): Promise<void> {
  const server = await serve(shape.handler);
  try {
    await body(server.url, shape);
  } finally {
    await server.close();
  }
}
