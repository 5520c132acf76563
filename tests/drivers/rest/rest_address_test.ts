import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NotFoundError, RejectedError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { json, nothing, scripted, scriptedTable, URL_OF_TABLE } from "./rest_double.ts";

const AS_FILE: RestTableOptions = { address: ({ url }, id) => url.pathname += `/${encodeURIComponent(id)}.json` };
const AS_CALL: RestTableOptions = { address: ({ url }, id) => url.pathname += `('${encodeURIComponent(id)}')` };
const AS_FILTER: RestTableOptions = { address: ({ url }, id) => url.searchParams.set("id", `eq.${id}`) };
const WITH_SLASH: RestTableOptions = { address: ({ url }, id) => url.pathname += `/${encodeURIComponent(id)}/` };

describe("The address of a row of a RestTable", () => {
  it("RestTable asks for a row where a function says that it stands", async () => {
    const cases: readonly (readonly [RestTableOptions, string])[] = [
      [AS_FILE, "/a%2Fb.json"],
      [AS_CALL, "('a%2Fb')"],
      [AS_FILTER, "?id=eq.a%2Fb"],
      [WITH_SLASH, "/a%2Fb/"],
    ];
    for (const [options, end] of cases) {
      const row = { id: "a/b" };
      const { table, asked } = scriptedTable(options, json(row), json(row), json(row), nothing());
      await table.getValue("a/b");
      await table.replaceValue("a/b", {});
      await table.patchValue("a/b", {});
      await table.delete("a/b");
      for (const { url } of asked) assert.equal(url, `${URL_OF_TABLE}${end}`);
    }
  });

  it("RestTable refuses an address that is that of all rows, before anything is deleted", async () => {
    const { table, asked } = scriptedTable({ address: () => {} });
    await assert.rejects(table.delete("1"), TypeError);
    await assert.rejects(table.patchValue("1", {}), TypeError);
    assert.equal(asked.length, 0);
  });

  it("RestTable.insertReturnIdValue() finds the id in a Location of any form, and in no other", async () => {
    const cases: readonly (readonly [RestTableOptions, string, string | undefined])[] = [
      [AS_FILE, "/api/products/7.json", "7"],
      [AS_CALL, "https://internal.example/api/products('7')", "7"],
      [AS_FILTER, "/products?id=eq.7", "7"],
      [WITH_SLASH, "/api/products/7/", "7"],
      [{}, "products/7", "7"],
      [{}, "/api/jobs/17", undefined],
      [{}, "/api/products/7/status", undefined],
      [AS_FILE, "/api/products/7", undefined],
      [AS_FILTER, "/products", undefined],
    ];
    for (const [options, location, id] of cases) {
      const { table } = scriptedTable(options, nothing(201, { location }));
      const inserted = table.insertReturnIdValue({});
      if (id === undefined) await assert.rejects(inserted, { name: "InvalidAnswerError" }, location);
      else assert.equal(await inserted, id, location);
    }
  });

  it("RestTable takes null where its options look for a row for no row", async () => {
    const options: RestTableOptions = {
      ...AS_FILTER,
      row: ({ body }) => Array.isArray(body) ? body[0] ?? null : undefined,
    };
    const { table } = scriptedTable(options, json([]), json([]), json({}));
    assert.equal(await table.getValue("1"), undefined);
    await assert.rejects(table.patchValue("1", {}), NotFoundError);
    await assert.rejects(table.getValue("1"), { name: "InvalidAnswerError" });
    assert.equal(await scriptedTable({ row: "data" }, json({ data: null })).table.getValue("1"), undefined);
  });

  it("RestTable.delete() is done if the row is gone, and not if the server does not know the address", async () => {
    // Another row of the list is at its address, so that this one is gone.
    const gone = scriptedTable({}, nothing(404), nothing(404), json([{ id: 2 }]), json({ id: 2 }));
    await gone.table.delete("1");
    assert.deepEqual(gone.asked.map(({ method, url }) => [method, url]), [
      ["DELETE", `${URL_OF_TABLE}/1`],
      ["GET", `${URL_OF_TABLE}/1`],
      ["GET", URL_OF_TABLE],
      ["GET", `${URL_OF_TABLE}/2`],
    ]);
    await scriptedTable({}, nothing(404), nothing(404), json([])).table.delete("1");
    // That rows may not be read one by one says nothing: the list does.
    await scriptedTable({}, nothing(404), nothing(405), json([{ id: 2 }]), nothing(405)).table.delete("1");

    const unknown: readonly (readonly Response[])[] = [
      [nothing(404), nothing(404), nothing(404)],
      [nothing(404), nothing(404), json([{ id: 1 }])],
      [nothing(404), nothing(405), json([{ id: 1 }])],
      [nothing(404), nothing(404), json([{ id: 2 }]), nothing(404)],
      [nothing(410), nothing(404), nothing(404)],
      // The row is still there: it is deleting that is unknown.
      [nothing(404), json({ id: 1 })],
    ];
    for (const answers of unknown) {
      const { table } = scriptedTable({}, ...answers);
      await assert.rejects(table.delete("1"), (error) => {
        assert(error instanceof RejectedError, String(error));
        assert.equal(error.effect, "none");
        return true;
      });
    }
    await assert.rejects(scriptedTable({}, nothing(404), nothing(500)).table.delete("1"), { name: "UnavailableError" });
    const paged: RestTableOptions = { paging: { page: "p", limit: "n" } };
    const { table } = scriptedTable(paged, json({ id: 1 }), nothing(404), json({ id: 1 }));
    await table.getValue("1");
    await assert.rejects(table.delete("1"), RejectedError);
  });

  it("RestTable.getValue() finds no row only where rows are", async () => {
    const { table, asked } = scriptedTable({}, nothing(404), json([{ id: 2 }]), json({ id: 2 }), nothing(404));
    assert.equal(await table.getValue("1"), undefined);
    assert.equal(await table.getValue("3"), undefined);
    assert.equal(asked.length, 4);
    await assert.rejects(scriptedTable({}, nothing(404), nothing(404)).table.getValue("1"), RejectedError);
    await assert.rejects(scriptedTable({}, nothing(404), json([{ id: 1 }])).table.getValue("1"), RejectedError);
  });
});

describe("What a RestTable sends", () => {
  it("RestTable lets prepare have the last word: method, headers, and a wrapped body", async () => {
    const { table, asked } = scriptedTable(
      {
        row: "post",
        headers: { "x-shop": "1", accept: "text/x" },
        prepare: (draft) => {
          draft.headers.set("accept", "application/vnd.shop+json");
          draft.url.searchParams.set("verb", draft.verb);
          if (draft.verb === "patch") draft.method = "POST";
          if (draft.body !== undefined) draft.body = { post: draft.body, id: draft.id ?? null };
        },
      },
      json({ post: { id: 7 } }),
      json({ post: { id: 7 } }),
      nothing(),
    );
    await table.insertReturnIdValue({ name: "Bun" });
    await table.patchValue("7", { name: "Roll" });
    await table.delete("7");
    assert.deepEqual(asked.map(({ method, url, body }) => [method, url, body]), [
      ["POST", `${URL_OF_TABLE}?verb=insertReturnId`, { post: { name: "Bun" }, id: null }],
      ["POST", `${URL_OF_TABLE}/7?verb=patch`, { post: { name: "Roll" }, id: "7" }],
      ["DELETE", `${URL_OF_TABLE}/7?verb=delete`, undefined],
    ]);
    for (const { headers } of asked) {
      assert.deepEqual([headers.get("accept"), headers.get("x-shop")], ["application/vnd.shop+json", "1"]);
    }
  });

  it("RestTable lets conditions, order, search and pages set headers as well as parameters", async () => {
    const { table, asked } = scriptedTable(
      {
        where: { eq: ({ headers }, column, operand) => headers.append("x-filter", `${column}=${operand}`) },
        orderBy: ({ headers }, [[column] = [""]]) => headers.set("x-sort", column),
        search: ({ headers }, text) => headers.set("x-search", text),
        paging: ({ headers }, { page }) => headers.set("x-page", String(page - 1)),
        maxLimit: 50,
      },
      json([{ id: 1, a: 1, b: 2 }]),
    );
    await table.where({ a: 1, b: 2 }).orderBy("a").search("x").page(1, 20).listValues();
    const { headers, url } = asked[0] ?? assert.fail();
    assert.deepEqual(["x-filter", "x-sort", "x-search", "x-page"].map((name) => headers.get(name)), [
      "a=1, b=2",
      "a",
      "x",
      "0",
    ]);
    assert.equal(url, URL_OF_TABLE);
  });

  it("RestTable takes a path of keys, and a key that holds dots", async () => {
    const { table } = scriptedTable(
      { rows: "a.b", count: "@odata.count", paging: { page: "p", limit: "n" } },
      json({ a: { b: [{ id: 1 }] }, "@odata.count": 7, "@odata": { count: 9 } }),
    );
    assert.equal(await table.getCount(), 7);
    for (const rows of ["a.c", "a.b.c", "__proto__", "constructor.name"]) {
      const { table } = scriptedTable({ rows }, json({ a: { b: [] } }));
      await assert.rejects(table.listValues(), { name: "InvalidAnswerError" }, rows);
    }
    for (const wrong of [{ count: { field: "total" } }, { rows: 1 }, { row: null }]) {
      // What a caller without types might pass.
      assert.throws(() => new RestTable(URL_OF_TABLE, wrong as unknown as RestTableOptions), TypeError);
    }
  });

  it("RestTable takes a count from a Content-Range, and misses it where that is a star", async () => {
    const options: RestTableOptions = { paging: { skip: "s", limit: "n" }, count: { header: "Content-Range" } };
    for (const [range, total] of [["items 0-0/250", 250], ["0-0/12", 12], ["bytes 0-0/3", 3]] as const) {
      const { table } = scriptedTable(options, json([{ id: 1 }], { headers: { "content-range": range } }));
      assert.equal(await table.getCount(), total);
    }
    const empty = scriptedTable(options, json([], { headers: { "content-range": "*/0" } }));
    assert.equal(await empty.table.getCount(), 0);
    for (const range of ["items 0-0/*", "items 0-0", "items 0-0/x"]) {
      const { table } = scriptedTable(options, json([{ id: 1 }], { headers: { "content-range": range } }));
      await assert.rejects(table.getCount(), { name: "InvalidAnswerError" }, range);
    }
  });
});

describe("The numbers of a RestTable", () => {
  it("RestTable notices an integer that would be rounded, wherever it stands", async () => {
    const rounded = [
      "9007199254740993",
      "-9007199254740993",
      "12345678901234567890",
      "1e400",
      "[1,9007199254740993]",
      "9007199254740993.0",
      "-9007199254740993.000",
    ];
    for (const value of rounded) {
      const { table } = scriptedTable({}, new Response(`[{"id":1,"n":${value}}]`));
      await assert.rejects(table.listValues(), { name: "InvalidAnswerError" }, value);
    }
    const kept = [
      "9007199254740992",
      "9007199254740992.0",
      "1e21",
      "1e23",
      "9007199254740993.5",
      "0.1234567890123456789",
      '"9007199254740993"',
      '"a\\"9007199254740993"',
    ];
    for (const value of kept) {
      const { table } = scriptedTable({}, new Response(`[{"id":1,"n":${value}}]`));
      assert.equal((await table.listValues()).size, 1, value);
    }
  });

  it("RestTable takes what its parser makes of numbers, and of all else", async () => {
    const text = '[{"id":9007199254740993,"n":9007199254740993,"made":"1970-01-01T00:00:00Z"}]';
    const rounding = scriptedTable({ parse: JSON.parse, idField: "made" }, new Response(text));
    assert.equal((await rounding.table.listValues()).first()?.[1]["n"], 9007199254740992);

    const parse: RestTableOptions["parse"] = () => [{ id: 9007199254740993n, n: 9007199254740993n, made: new Date(0) }];
    const { table } = scriptedTable({ parse }, new Response(text));
    assert.deepEqual([...await table.listValues()], [
      ["9007199254740993", { id: 9007199254740993n, n: 9007199254740993n, made: new Date(0) }],
    ]);
  });

  it("RestTable sends what its writer makes of a row", async () => {
    const { fetch, asked } = scripted(json({ id: 1 }));
    const stringify = (): string => '{"n":9007199254740993}';
    await new RestTable(URL_OF_TABLE, { fetch, stringify }).insertReturnIdValue({ n: 9007199254740993n });
    assert.equal(asked[0]?.init.body, '{"n":9007199254740993}');
  });
});
