import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Condition,
  type LiveHandle,
  LiveTable,
  MemCache,
  MemTable,
  type Operator,
  type Order,
  Pagination,
  type Query,
  type Value,
} from "@vantage/live";
// The builder of keys is no entry of the library.
import { CacheKeys, escapeKeyPart } from "../../src/cache/cache_key.ts";
import { anyText } from "./arbitrary_rows.ts";

const master = new MemTable("clients");

function clients(cacheKey = "clients", table = master): LiveTable {
  return new LiveTable(table, cacheKey, new MemCache());
}

/** The key that `listValues()` of a query is kept under. */
function listKey(cacheKey: string, query: Query): string {
  return new CacheKeys(cacheKey).ofList(master.withQuery(query).query);
}

function idKey(cacheKey: string, query: Query, id: string): string {
  return clients(cacheKey).withQuery(query).idCacheKey(id);
}

describe("The keys of a LiveTable", () => {
  it("are {cacheKey}/page_{n} for the pages of the plain view", () => {
    assert.equal(clients().pageCacheKey(1), "clients/page_1");
    assert.equal(clients().pageCacheKey(20), "clients/page_20");
    assert.equal(clients().page(3).pageCacheKey(1), "clients/page_1");
    assert.equal(clients().page(3, 50).pageCacheKey(3), "clients/page_3");
    assert.equal(listKey("clients", { pagination: new Pagination(2) }), "clients/page_2");
  });

  it("are {cacheKey}/all for the plain view without pages", () => {
    assert.equal(listKey("clients", {}), "clients/all");
  });

  it("are {cacheKey}/id/{id} for single rows, on whatever page and in whatever order", () => {
    assert.equal(clients().idCacheKey("marty"), "clients/id/marty");
    assert.equal(clients().page(2, 7).orderBy("name").idCacheKey("marty"), "clients/id/marty");
  });

  it("have a part of their own for every other view", () => {
    const table = clients();
    const views = [
      table,
      table.page(1, 20),
      table.where("city", "eq", "Riga"),
      table.where("city", "ne", "Riga"),
      table.where("name", "eq", "Riga"),
      table.orderBy("city"),
      table.orderBy("city", "desc"),
      table.orderBy("city").orderBy("name"),
      table.orderBy("name").orderBy("city"),
      table.search("Riga"),
      table.search("riga"),
      table.where("city", "eq", "Riga").search("Riga").orderBy("city"),
    ];
    const keys = views.map((view) => view.pageCacheKey(1));
    assert.equal(new Set(keys).size, views.length);
    for (const key of keys.slice(1)) assert.match(key, /^clients\/view:[^/]*\/page_1$/);
  });

  it("name a page of another size than 50 rows, and a narrowed set, by what they are", () => {
    assert.equal(clients().page(2, 10).listCacheKey, "clients/view:;per_page=10/page_2");
    const inRiga = clients().where("city", "eq", "Riga");
    assert.equal(inRiga.listCacheKey, 'clients/view:;where="city" eq "Riga"/all');
    assert.equal(inRiga.page(2, 10).listCacheKey, 'clients/view:;where="city" eq "Riga";per_page=10/page_2');
  });

  it("are {cacheKey}/{view}/id/{id} for single rows of a narrowed set", () => {
    assert.match(clients().where({ city: "Riga" }).idCacheKey("marty"), /^clients\/view:[^/]*\/id\/marty$/);
    assert.match(clients().search("Riga").idCacheKey("marty"), /^clients\/view:[^/]*\/id\/marty$/);
  });

  it("hold how the master itself is narrowed, ordered and paged, so that one cacheKey may stand for all of its sets", () => {
    const sets = [
      master,
      master.where({ city: "Riga" }),
      master.search("Riga"),
      master.orderBy("city"),
      master.where({ city: "Riga" }).orderBy("city"),
    ].map((table) => clients("clients", table));
    assert.equal(new Set(sets.map((table) => table.listCacheKey)).size, sets.length);
    assert.equal(new Set(sets.map((table) => table.pageCacheKey(1))).size, sets.length);
    const [whole, riga, , ordered] = sets;
    assert.equal(riga?.pageCacheKey(1), whole?.where({ city: "Riga" }).pageCacheKey(1));
    assert.equal(riga?.idCacheKey("marty"), whole?.where({ city: "Riga" }).idCacheKey("marty"));
    assert.equal(riga?.withQuery({}).pageCacheKey(1), "clients/page_1");
    assert.equal(
      ordered?.idCacheKey("marty"),
      "clients/id/marty",
      "the order of a set does not change which rows it has",
    );
    assert.equal(clients("clients", master.page(3)).listCacheKey, "clients/page_3");
  });

  it("are the same for the same conditions in another order, said twice, or said in another way", () => {
    const table = clients();
    const key = table.where("a", "gt", 1).where({ b: null }).where("c", "in", [1, 2]).pageCacheKey(1);
    assert.equal(table.where("c", "in", [2, 1, 2]).where("b", "isNull").where("a", "gt", 1).pageCacheKey(1), key);
    assert.equal(
      table.where({ b: null }).where("a", "gt", 1).where({ b: null }).where("c", "in", [1, 2]).pageCacheKey(1),
      key,
    );
  });

  it("are the same for objects whose fields stand in another order", () => {
    const one = clients().where("place", "eq", { city: "Riga", zip: 1 });
    const other = clients().where("place", "eq", { zip: 1, city: "Riga" });
    assert.equal(one.pageCacheKey(1), other.pageCacheKey(1));
  });

  it("tell values of different kinds apart", () => {
    const values: Value[] = [
      1,
      1n,
      "1",
      true,
      "true",
      new Date(1),
      "@1",
      new Uint8Array([1]),
      "h'01'",
      [1],
      ["1"],
      [[1]],
      { a: 1 },
      { a: "1" },
      NaN,
      "NaN",
      "null",
      "",
      [],
      {},
      [null],
      "\ud800",
      "\\ud800",
      "\ufffd",
    ];
    const keys = values.map((value) => listKey("clients", { where: [["city", "eq", value]] }));
    assert.equal(new Set(keys).size, values.length);
  });

  it("cannot be forged by an id, a cacheKey, a search or a column's name", () => {
    assert.notEqual(clients("clients/id").pageCacheKey(1), clients().idCacheKey("page_1"));
    assert.notEqual(idKey("clients", {}, "a/b"), idKey("clients/id/a", {}, "b"));
    assert.notEqual(idKey("clients", {}, "/"), idKey("clients", {}, "%2F"));
    assert.notEqual(clients("view:x").idCacheKey("a"), clients().idCacheKey("a"));
    assert.equal(clients("a/b").idCacheKey("../x"), "a%2Fb/id/..%2Fx");
    assert.notEqual(
      listKey("clients", { search: 'x";order="a" asc' }),
      listKey("clients", { search: "x", orderBy: [["a", "asc"]] }),
    );
    assert.notEqual(
      listKey("clients", { where: [['a" eq 1&"b', "eq", 2]] }),
      listKey("clients", { where: [["a", "eq", 1], ["b", "eq", 2]] }),
    );
  });

  it("stay in their scope: no other cacheKey's prefix is the beginning of one", () => {
    const prefix = new CacheKeys("client").prefix;
    assert(!clients("clients").idCacheKey("a").startsWith(prefix));
    assert(!clients("client/x").idCacheKey("a").startsWith(prefix));
    assert(clients("client").idCacheKey("a").startsWith(prefix));
  });

  it("refuse a cacheKey that is empty or no text", () => {
    for (const cacheKey of ["", 5, null]) {
      assert.throws(() => clients(cacheKey as string), { name: "TypeError", message: /cacheKey/ });
    }
  });

  const seed = seedOf();
  it(`are equal exactly if cacheKey, query and id are (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        asked,
        asked,
        fc.constantFrom<(keyof Asked)[]>([], ["query"], ["query", "id"], ["cacheKey"]),
        (one, drawn, same) => {
          const other = { ...drawn, ...Object.fromEntries(same.map((part) => [part, one[part]])) };
          assert.equal(keyOf(one) === keyOf(other), identityOf(one) === identityOf(other));
        },
      ),
      { seed, numRuns: 5_000 },
    );
  });

  it(`are equal for two tables exactly if their sets are, whether the master or the handle is narrowed (seed ${seed})`, () => {
    fc.assert(
      fc.property(asked, asked, fc.boolean(), (one, drawn, same) => {
        const other = { ...drawn, cacheKey: one.cacheKey, id: one.id, ...(same && { query: one.query }) };
        const ofMaster = clients(one.cacheKey, master.withQuery(one.query));
        const ofHandle = clients(one.cacheKey).withQuery(other.query);
        const key = (table: LiveHandle): string => one.id === undefined ? table.listCacheKey : table.idCacheKey(one.id);
        assert.equal(key(ofMaster) === key(ofHandle), identityOf(one) === identityOf(other));
      }),
      { seed, numRuns: 3_000 },
    );
  });

  it(`start with their own cacheKey's prefix, and with no other's (seed ${seed})`, () => {
    fc.assert(
      fc.property(asked, anyText.filter((text) => text !== ""), (one, cacheKey) => {
        const { prefix } = new CacheKeys(cacheKey);
        assert.equal(keyOf(one).startsWith(prefix), one.cacheKey === cacheKey);
        assert(keyOf({ ...one, cacheKey }).startsWith(prefix));
      }),
      { seed, numRuns: 1_000 },
    );
  });

  it(`do not depend on the order of conditions (seed ${seed})`, () => {
    fc.assert(
      fc.property(conditions, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (where, lots) => {
        const shuffled = where.map((condition) => ({ condition, lot: lots.next().value })).sort((a, b) =>
          a.lot - b.lot
        );
        const again = [...shuffled.map(({ condition }) => condition), ...where.slice(0, 1)];
        assert.equal(listKey("clients", { where: again }), listKey("clients", { where }));
      }),
      { seed, numRuns: 500 },
    );
  });

  it("write what they must not hold as its hexadecimal number", () => {
    assert.equal(escapeKeyPart("a/b%\0\x7f\ud83d"), "a%2Fb%25%00%7F%uD83D");
    assert.equal(escapeKeyPart("\u{1f950}"), "\u{1f950}");
  });

  it(`hold no slash, no control character and no half of a surrogate pair beyond what was asked for (seed ${seed})`, () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = escapeKeyPart(text);
        assert(escaped.isWellFormed());
        // deno-lint-ignore no-control-regex -- control characters are what is looked for
        assert.doesNotMatch(escaped, /[/\u0000-\u001f\u007f]/);
        assert.doesNotThrow(() => new TextDecoder("utf-8", { fatal: true }).decode(new TextEncoder().encode(escaped)));
      }),
      { seed, numRuns: 2_000 },
    );
  });
});

interface Asked {
  readonly cacheKey: string;
  readonly query: Query;
  readonly id: string | undefined;
}

function seedOf(): number {
  const [seed = 0] = crypto.getRandomValues(new Int32Array(1));
  return seed;
}

/** Few different parts, so that two that are drawn are often nearly the same. */
const parts = fc.constantFrom("a", "b", "id", "a/b", "%2F", "/", "page_1", "all", "view:", "\ud800", "%uD800", '"', "");
const operand: fc.Arbitrary<Value> = fc.oneof(
  parts,
  fc.constantFrom<Value>(0, 1, 1n, true, null, new Date(1), [1], { a: 1 }),
);
const conditions: fc.Arbitrary<Condition[]> = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom<Operator>("eq", "ne"), operand),
    fc.tuple(fc.constantFrom("a", "b"), fc.constant<Operator>("in"), fc.array(operand, { maxLength: 2 })),
    fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom<Operator>("isNull", "notNull")),
  ),
  { maxLength: 2 },
);
const orders: fc.Arbitrary<Order[]> = fc.array(
  fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom<"asc" | "desc">("asc", "desc")),
  { maxLength: 2 },
);
const asked: fc.Arbitrary<Asked> = fc.record({
  cacheKey: parts.filter((part) => part !== ""),
  query: fc.record({
    where: conditions,
    orderBy: orders,
    search: fc.constantFrom("", "a", '";'),
    pagination: fc.constantFrom(undefined, new Pagination(1), new Pagination(2), new Pagination(1, 5)),
  }),
  id: fc.option(parts, { nil: undefined }),
});

function keyOf({ cacheKey, query, id }: Asked): string {
  return id === undefined ? listKey(cacheKey, query) : idKey(cacheKey, query, id);
}

/** What a key has to tell apart, written down in another way than the keys are. */
function identityOf({ cacheKey, query, id }: Asked): string {
  const where = [...new Set(master.withQuery(query).query.where?.map(identityOfCondition) ?? [])].sort();
  if (id !== undefined) return JSON.stringify([cacheKey, where, query.search, { id }]);
  const { page, itemsPerPage } = query.pagination ?? {};
  return JSON.stringify([cacheKey, where, query.search, query.orderBy, page ?? "all", itemsPerPage ?? 50]);
}

function identityOfCondition([column, operator, value = null]: Condition): string {
  if (operator !== "in" || !Array.isArray(value)) return JSON.stringify([column, operator, tagged(value)]);
  return JSON.stringify([column, operator, [...new Set(value.map((one) => JSON.stringify(tagged(one))))].sort()]);
}

function tagged(value: Value): unknown {
  if (typeof value === "bigint") return { bigint: `${value}` };
  if (value instanceof Date) return { date: value.getTime() };
  return { value };
}
