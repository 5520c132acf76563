import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Condition, OPERATORS, type Order, Pagination, type Query, UnsupportedError } from "@vantage/live";
import { toQuery } from "../../src/table/check_query.ts";
import { inUrl, queryFromParams, queryToParams } from "../../src/wire/query_params.ts";
import { anyText, anyValue } from "../cache/arbitrary_rows.ts";

const anyColumn = anyText.filter((name) => name !== "");

const anyCondition: fc.Arbitrary<Condition> = fc.tuple(anyColumn, fc.constantFrom(...OPERATORS), anyValue).map(
  ([column, operator, value]) =>
    operator === "isNull" || operator === "notNull"
      ? [column, operator]
      : [column, operator, operator === "in" || operator === "notIn" ? [value] : value],
);

const anyQuery: fc.Arbitrary<Query> = fc.record({
  where: fc.array(anyCondition, { maxLength: 4 }),
  orderBy: fc.array(fc.tuple(anyColumn, fc.constantFrom("asc", "desc")), { maxLength: 3 }) as fc.Arbitrary<Order[]>,
  search: anyText.filter((text) => text.isWellFormed()),
  pagination: fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }))
    .map(([page, limit]) => new Pagination(page, limit)),
}, { requiredKeys: [] });

/** Through a URL, as a server reads it. */
function sent(query: Query): Query {
  const url = new URL("http://localhost/");
  for (const [name, text] of queryToParams(query)) url.searchParams.set(name, text);
  return queryFromParams(new URL(url.href).searchParams);
}

function read(params: string): Query {
  return queryFromParams(new URLSearchParams(params));
}

describe("Queries in a URL", () => {
  it("queryToParams() and queryFromParams() carry every query without loss", () => {
    fc.assert(fc.property(anyQuery, (given) => {
      const query = toQuery(given, "products", []);
      assert.deepEqual(toQuery(sent(query), "products", []), query);
    }));
  });

  it("queryToParams() puts each part under a name of its own, and nothing for what is missing", () => {
    const params = queryToParams({
      where: [["city", "eq", "Rīga & more"], ["size", "in", [5n, null]], ["note", "isNull"]],
      orderBy: [["name", "asc"], ["id", "desc"]],
      search: "ann+",
      pagination: new Pagination(2, 50),
    });
    assert.deepEqual([...params], [
      ["where", '[["city","eq","Rīga & more"],["size","in",[{"$bigint":"5"},null]],["note","isNull"]]'],
      ["orderBy", '[["name","asc"],["id","desc"]]'],
      ["search", "ann+"],
      ["page", "2"],
      ["limit", "50"],
    ]);
    assert.equal(queryToParams({}).size, 0);
    assert.deepEqual(read(""), {});
  });

  it("queryFromParams() takes the usual size of a page where only its number is given, and the first page", () => {
    assert.deepEqual(read("page=3").pagination, new Pagination(3));
    assert.deepEqual(read("limit=5").pagination, new Pagination(1, 5));
  });

  it("queryFromParams() leaves columns and operators for the table to check", () => {
    const query = read('where=[["x","like",1],[],[5]]&orderBy=[[5,"up"]]');
    assert.deepEqual(query.where, [["x", "like", 1], [undefined, undefined], [5, undefined]]);
    assert.throws(() => toQuery(query, "products", []), TypeError);
    assert.throws(() => toQuery({ orderBy: query.orderBy }, "products", []), TypeError);
  });

  it("queryFromParams() refuses parameters that are none, or stand twice", () => {
    for (const name of ["Where", "offset", "__proto__", "constructor", "", "where[]"]) {
      assert.throws(() => read(`${encodeURIComponent(name)}=1`), { name: "TypeError", message: /accepted are where/ });
    }
    for (const name of ["where", "orderBy", "search", "page", "limit"]) {
      assert.throws(() => read(`${name}=1&${name}=1`), { name: "TypeError", message: /given twice/ });
    }
  });

  it("queryFromParams() refuses what does not have the shape of its part", () => {
    const wrong = [
      ...["", "x", "{}", "null", "5", '"x"', "[", "[5]", '["x"]', "[{}]", "[null]"].map((text) => ["where", text]),
      ...['[["x","eq",1,2]]', '[["x","eq",{"$date":"x"}]]', `[["x","eq",${"[".repeat(99)}${"]".repeat(99)}]]`]
        .map((text) => ["where", text]),
      ...["", "x", "{}", "null", "name", "[5]", "[[]]", '[["x"]]', '[["x","asc",1]]'].map((text) => ["orderBy", text]),
    ];
    for (const [name = "", text = ""] of wrong) {
      assert.throws(() => queryFromParams(new URLSearchParams({ [name]: text })), TypeError, `${name}=${text}`);
    }
  });

  it("queryFromParams() names what is no JSON, but not all of it", () => {
    assert.throws(() => read(`where=${"x".repeat(10_000)}`), (error) => {
      assert(error instanceof TypeError);
      assert(error.message.length < 200);
      return true;
    });
  });

  it("queryFromParams() refuses numbers of pages and rows that are none", () => {
    for (const text of ["0", "-1", "1.5", "1e3", "0x1", "", " 1", "01", "x", "9999999999999999", "1".repeat(99)]) {
      assert.throws(() => queryFromParams(new URLSearchParams({ page: text })), RangeError, `page ${text}`);
      assert.throws(() => queryFromParams(new URLSearchParams({ limit: text })), RangeError, `limit ${text}`);
    }
    assert.throws(() => read("page=9007199254740991&limit=2"), RangeError);
  });

  it("queryFromParams() refuses anything at all only with a TypeError or a RangeError", () => {
    const anyName = fc.constantFrom("where", "orderBy", "search", "page", "limit", "x");
    const anyContent = fc.oneof(anyText, fc.json({ maxDepth: 4 }), fc.nat().map(String));
    fc.assert(fc.property(fc.array(fc.tuple(anyName, anyContent), { maxLength: 4 }), (entries) => {
      try {
        queryFromParams(new URLSearchParams(entries));
      } catch (error) {
        assert(error instanceof TypeError || error instanceof RangeError, String(error));
      }
    }));
  });

  it("inUrl() refuses what a URL would make another text of, and queryToParams() with it", () => {
    assert.equal(inUrl("id", "\u{1f950}"), "\u{1f950}");
    for (const text of ["\ud800", "a\udc00b", "\udd50\ud83e"]) {
      assert.throws(() => inUrl("id", text), UnsupportedError);
      assert.throws(() => queryToParams({ search: text }), UnsupportedError);
    }
  });

  it("queryToParams() carries conditions on half a surrogate pair all the same", () => {
    const where: Condition[] = [["\ud800", "eq", "\udc00"]];
    assert.deepEqual(sent({ where }), { where });
  });
});
