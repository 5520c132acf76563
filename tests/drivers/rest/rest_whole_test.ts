import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { InvalidAnswerError, type Row, UnsupportedError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { json, nothing, scriptedTable, URL_OF_TABLE } from "./rest_double.ts";

/** How a server gives its rows. */
interface Habits {
  readonly total: number;
  /** The most rows that it gives at once. */
  readonly cap: number;
  readonly style: "page" | "skip";
  /** What it makes of a page beyond the last. */
  readonly beyond: "empty" | "404" | "410" | "416" | "last page";
  /** What it says besides the rows. */
  readonly says: "nothing" | "count" | "Link" | "has_more" | "count and has_more" | "next URL";
}

const HABITS: fc.Arbitrary<Habits> = fc.record({
  total: fc.integer({ min: 0, max: 40 }),
  cap: fc.integer({ min: 1, max: 12 }),
  style: fc.constantFrom("page", "skip"),
  beyond: fc.constantFrom("empty", "404", "410", "416", "last page"),
  says: fc.constantFrom("nothing", "count", "Link", "has_more", "count and has_more", "next URL"),
});

/** Answers that hold one row, and count more of them, or more pages, or name where the others begin. */
const COUNTED_PARTS: readonly (readonly [RestTableOptions, unknown, Record<string, string>?])[] = [
  [{ rows: "products" }, { products: [{ id: 1 }], total: 194, skip: 0, limit: 30 }],
  [{ rows: "data" }, { data: [{ id: 1 }], total: "2" }],
  [{ rows: "data" }, { data: [{ id: 1 }], meta: { pagination: { page: 1, pageSize: 25, pageCount: 2, total: 2 } } }],
  [{ rows: "data" }, { data: [{ id: 1 }], meta: { current_page: 1, last_page: 2 } }],
  [{ rows: "content" }, { content: [{ id: 1 }], page: { size: 1, totalElements: 2, totalPages: 2, number: 0 } }],
  [{ rows: "results" }, { info: { count: 2, pages: 2 }, results: [{ id: 1 }] }],
  [{ rows: "hits.hits" }, { hits: { total: { value: 2 }, hits: [{ id: 1 }] } }],
  [{ rows: "data.items" }, { data: { items: [{ id: 1 }], pageInfo: { hasNextPage: true } } }],
  [{ rows: "data.items" }, { data: { items: [{ id: 1 }], totalCount: 2 } }],
  [{ rows: "value" }, { "@odata.count": 2, value: [{ id: 1 }] }],
  [{ rows: "values" }, { values: [{ id: 1 }], isLast: false }],
  [{ rows: "Items" }, { Items: [{ id: 1 }], Count: 1, LastEvaluatedKey: { id: 1 } }],
  [{ rows: "data" }, { data: [{ id: 1 }], more: true }],
  [{ rows: "data" }, { data: [{ id: 1 }], next_offset: 1 }],
  [{}, [{ id: 1 }], { "x-wp-total": "2" }],
  [{}, [{ id: 1 }], { "x-total-pages": "2" }],
  [{}, [{ id: 1 }], { "x-next-page": "2" }],
  [{}, [{ id: 1 }], { "x-pagination": '{"TotalCount":2,"PageSize":1,"CurrentPage":1,"TotalPages":2}' }],
  [{}, [{ id: 1 }], { "x-pagination": '{"currentPage":1,"totalPages":2}' }],
  [{}, [{ id: 1 }], { "x-pagination": '{"HasNext":true}' }],
  [{ rows: "data", paging: { limit: "n" } }, { data: [{ id: 1 }], total: 2 }],
];

describe("RestTable gives the rows that were asked for, and not a part of them", () => {
  it("RestTable.listValues() is right over servers of all habits, and so is any page", async () => {
    const asked = fc.record({
      page: fc.integer({ min: 1, max: 8 }),
      limit: fc.integer({ min: 1, max: 30 }),
      isCapKnown: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(HABITS, fc.array(asked, { minLength: 1, maxLength: 3 }), async (habits, queries) => {
        const fetch = serverOf(habits);
        for (const isCapKnown of [false, true]) {
          const options = optionsFor(habits, isCapKnown);
          const table = new RestTable(URL_OF_TABLE, { ...options, fetch });
          for (const { page, limit } of queries) {
            const rows = await table.page(page, limit).listValues();
            const from = Math.min((page - 1) * limit, habits.total);
            assert.deepEqual(
              rows.ids(),
              ids(from + 1, Math.min(from + limit, habits.total)),
              `page ${page} of ${limit}`,
            );
          }
          assert.deepEqual((await table.listValues()).ids(), ids(1, habits.total), "the list");
        }
      }),
      { numRuns: 500 },
    );
  });

  it("RestTable.listValues() follows Link headers, next URLs and cursors where it cannot ask for a page", async () => {
    for (const says of ["Link", "next URL"] as const) {
      const habits: Habits = { total: 25, cap: 10, style: "page", beyond: "empty", says };
      const { paging: _, ...options } = optionsFor(habits, false);
      const table = new RestTable(URL_OF_TABLE, { ...options, fetch: serverOf(habits) });
      assert.deepEqual((await table.listValues()).ids(), ids(1, 25));
      assert.deepEqual((await table.page(2, 7).listValues()).ids(), ids(8, 14));
    }
    const { table, asked } = scriptedTable(
      {
        rows: "items",
        paging: { limit: "n" },
        next: ({ url }, { body }) => {
          const { cursor } = body as { cursor?: string };
          url.searchParams.set("after", cursor ?? "");
          return cursor !== undefined;
        },
      },
      json({ items: [{ id: 1 }, { id: 2 }], cursor: "a b" }),
      json({ items: [], cursor: "c" }),
      json({ items: [{ id: 3 }] }),
    );
    assert.deepEqual((await table.listValues()).ids(), ids(1, 3));
    assert.deepEqual(asked.map(({ url }) => new URL(url).search), ["?n=100", "?n=100&after=a+b", "?n=100&after=c"]);
  });

  it("RestTable.listValues() finds rel=next in a Link header of any form", async () => {
    const links = [
      `</products?x=a,b>; rel="prev", </products?p=2,3;4>; title="a, \\"b; rel=prev"; rel="last next"`,
      `<?p=2>;rel=next`,
      `<?p=1> ; REL = "first" , <?p=2> ; REL = Next ; type="a/b"`,
      `<?p=0>; title="x; rel=next; y"; rel=prev, <?p=2>; rel=next`,
    ];
    for (const link of links) {
      const { table, asked } = scriptedTable({}, json([{ id: 1 }], { headers: { link } }), json([{ id: 2 }]));
      assert.deepEqual((await table.listValues()).ids(), ids(1, 2), link);
      assert.match(asked[1]?.url ?? "", /\?p=2/, link);
    }
  });

  it("RestTable.listValues() refuses a part where it does not know how to reach the rest", async () => {
    const more: readonly unknown[] = [
      { has_more: true },
      { hasMore: true },
      { next: "https://example.com/api/products?page=2" },
      { next_cursor: "abc" },
      { nextPageToken: "abc" },
      { "@odata.nextLink": "products?$skip=2" },
      { links: { next: "/products?page=2" } },
      { _links: { next: { href: "/products?page=2" } } },
      { meta: { next_page: 2 } },
      { pageInfo: { hasNextPage: true } },
      { paging: { next: "x" } },
      { response_metadata: { next_cursor: "x" } },
      { last: false },
      { offset: "itrOGNjaT/recYsnzN" },
      { incomplete_results: true },
    ];
    for (const said of more) {
      const { table } = scriptedTable({ rows: "rows" }, json({ rows: [{ id: 1 }], ...said as object }));
      await assert.rejects(table.listValues(), InvalidAnswerError, JSON.stringify(said));
    }
    const headers: readonly Record<string, string>[] = [{ "x-total-count": "9" }, { "content-range": "items 0-0/9" }];
    for (const told of headers) {
      await assert.rejects(
        scriptedTable({}, json([{ id: 1 }], { headers: told })).table.listValues(),
        { name: "InvalidAnswerError", retriable: false },
      );
    }
    await assert.rejects(scriptedTable({}, json([{ id: 1 }], { status: 206 })).table.listValues(), InvalidAnswerError);
    for (const [options, body, headers = {}] of COUNTED_PARTS) {
      const { table } = scriptedTable(options, json(body, { headers }));
      await assert.rejects(table.listValues(), { name: "InvalidAnswerError", retriable: false }, JSON.stringify(body));
    }
    // A full page, of which nothing says whether it is the last.
    const full = scriptedTable({ paging: { limit: "n" }, maxLimit: 2 }, json([{ id: 1 }, { id: 2 }]));
    await assert.rejects(full.table.listValues(), InvalidAnswerError);
  });

  it("RestTable.listValues() takes for the whole what says that nothing follows", async () => {
    const none: readonly unknown[] = [
      { has_more: false },
      { next: null },
      { next_cursor: "" },
      { links: { next: null } },
      { pageInfo: { hasNextPage: false } },
      { last: true },
      { incomplete_results: false },
      { total: 1, pages: 1, limit: 30 },
      { total: 99.5 },
      { total: 7, has_more: false },
      { isLast: true },
      { offset: 1, limit: 1 },
      { offset: "0" },
      { offset: "" },
      { meta: { pagination: { pageCount: 1, total: "1" } } },
    ];
    for (const said of none) {
      const { table } = scriptedTable({ rows: "rows" }, json({ rows: [{ id: 1 }], ...said as object }));
      assert.equal((await table.listValues()).size, 1, JSON.stringify(said));
    }
    const pagination = ['{"TotalCount":1,"HasNext":false}', "page 1 of 2", '"2"', "[2]", ""];
    const last = [{ "x-total-pages": "1", "x-next-page": "" }, ...pagination.map((said) => ({ "x-pagination": said }))];
    for (const headers of last) {
      assert.equal((await scriptedTable({}, json([{ id: 1 }], { headers })).table.listValues()).size, 1);
    }
  });

  it("RestTable.listValues() notices rows that move while its pages are read, and may be right the next time", async () => {
    const options: RestTableOptions = { paging: { page: "p", limit: "n" }, maxLimit: 2 };
    const moved = scriptedTable(options, json([{ id: 1 }, { id: 2 }]), json([{ id: 2 }, { id: 3 }]));
    await assert.rejects(moved.table.listValues(), { name: "InvalidAnswerError", retriable: true });

    const counted = { rows: "rows", count: "total", ...options };
    const gone = scriptedTable(
      counted,
      json({ rows: [{ id: 1 }, { id: 2 }], total: 4 }),
      json({ rows: [{ id: 4 }], total: 3 }),
    );
    await assert.rejects(gone.table.listValues(), { name: "InvalidAnswerError", retriable: true });

    const link = { headers: { link: `<${URL_OF_TABLE}?p=2>; rel="next"` } };
    const chained = scriptedTable({}, json([{ id: 1 }, { id: 2 }], link), json([{ id: 2 }]));
    await assert.rejects(chained.table.listValues(), { name: "InvalidAnswerError", retriable: true });
  });

  it("RestTable sends nothing to a next page at another origin, and does not go in circles", async () => {
    const elsewhere = [
      "https://evil.example/api/products?page=2",
      "http://example.com/api/products?page=2",
      "//evil.example/x",
      "https://example.com:8443/x",
      "https://ann:s3cret@example.com/x",
      "data:,x",
    ];
    for (const target of elsewhere) {
      const link = { headers: { link: `<${target}>; rel=next` } };
      const { table, asked } = scriptedTable({ headers: { authorization: "Bearer s3cret" } }, json([{ id: 1 }], link));
      await assert.rejects(table.listValues(), InvalidAnswerError, target);
      assert.equal(asked.length, 1);
    }
    const circle = { headers: { link: `<${URL_OF_TABLE}>; rel="next"` } };
    await assert.rejects(scriptedTable({}, json([{ id: 1 }], circle)).table.listValues(), InvalidAnswerError);
    await assert.rejects(
      scriptedTable({ rows: "rows", next: "next" }, json({ rows: [], next: 7 })).table.listValues(),
      InvalidAnswerError,
    );
  });

  it("RestTable finds the next page in a Link header of any form", async () => {
    const next = `${URL_OF_TABLE}?page=2,3;x`;
    const forms = [
      `<${next}>; rel="next"`,
      `<${next}>; rel=next`,
      `<${next}>;rel="prefetch next"; title="a, b; rel=last"`,
      `<https://example.com/?a=1>; rel="prev", <${next}>; title="x"; rel="NEXT", <https://example.com/>; rel="last"`,
      `<?page=2,3;x>; rel="next"`,
    ];
    for (const link of forms) {
      const { table, asked } = scriptedTable({}, json([{ id: 1 }], { headers: { link } }), json([{ id: 2 }]));
      assert.equal((await table.listValues()).size, 2, link);
      assert.equal(asked[1]?.url, next);
    }
    for (const link of [`<${next}>; rel="prev"`, `<${next}>; rel="nextish"`, `<${next}>; title="rel=next"`, "next"]) {
      const { table } = scriptedTable({}, json([{ id: 1 }], { headers: { link } }));
      assert.equal((await table.listValues()).size, 1, link);
    }
  });

  it("RestTable asks for no more than maxPages answers, and names it", async () => {
    const endless: typeof fetch = (input) => {
      const page = Number(new URL(String(input)).searchParams.get("p"));
      return Promise.resolve(json([{ id: page }]));
    };
    const options: RestTableOptions = { paging: { page: "p", limit: "n" }, maxLimit: 1, maxPages: 7, fetch: endless };
    await assert.rejects(new RestTable(URL_OF_TABLE, options).listValues(), (error) => {
      assert(error instanceof UnsupportedError);
      assert.match(error.message, /maxPages, 7/);
      return true;
    });
    for (const maxPages of [0, 1.5, NaN]) assert.throws(() => new RestTable(URL_OF_TABLE, { maxPages }), RangeError);
    for (const maxLimit of [0, -1, 2.5]) assert.throws(() => new RestTable(URL_OF_TABLE, { maxLimit }), RangeError);
  });

  it("RestTable notices a server that does not know its paging parameters", async () => {
    const alike: typeof fetch = () => Promise.resolve(json([{ id: 1 }, { id: 2 }]));
    const options: RestTableOptions = { paging: { page: "p", limit: "n" }, fetch: alike };
    for (const limit of [1, 2, 5]) {
      await assert.rejects(new RestTable(URL_OF_TABLE, options).page(2, limit).listValues(), InvalidAnswerError);
      await assert.rejects(new RestTable(URL_OF_TABLE, options).listValues(), InvalidAnswerError);
    }
    const counted: typeof fetch = () => Promise.resolve(json([{ id: 1 }, { id: 2 }], { headers: { total: "5" } }));
    const counting: RestTableOptions = { ...options, count: { header: "total" }, fetch: counted };
    await assert.rejects(new RestTable(URL_OF_TABLE, counting).listValues(), { name: "InvalidAnswerError" });
  });

  it("RestTable notices rows from elsewhere than its Range asked for, and an order that was passed over", async () => {
    const ranged: RestTableOptions = {
      count: { header: "Content-Range" },
      paging: ({ headers }, { skip, limit }) => headers.set("range", `items=${skip}-${skip + limit - 1}`),
    };
    const { table, asked } = scriptedTable(
      ranged,
      json([{ id: 3 }, { id: 4 }], { status: 206, headers: { "content-range": "items 2-3/5" } }),
      json([{ id: 1 }, { id: 2 }], { status: 206, headers: { "content-range": "items 0-1/5" } }),
    );
    assert.deepEqual((await table.page(2, 2).listValues()).ids(), ["3", "4"]);
    assert.equal(asked[0]?.headers.get("range"), "items=2-3");
    await assert.rejects(table.page(2, 2).listValues(), InvalidAnswerError);

    const ordered = scriptedTable(
      { orderBy: ({ url }) => url.searchParams.set("sort", "x") },
      json([{ id: 1, price: 5 }, { id: 2, price: 4 }]),
      json([{ id: 1, price: 4 }, { id: 2, price: null }, { id: 3, price: 4 }]),
    );
    await assert.rejects(ordered.table.orderBy("price").listValues(), InvalidAnswerError);
    assert.equal((await ordered.table.orderBy("price").listValues()).size, 3);
  });

  it("RestTable takes no failure for rows, whatever its status", async () => {
    const bodies: readonly object[] = [
      { rows: [], success: false },
      { rows: [], ok: false, error: "not_authed" },
      { rows: [], errors: [{ message: "timeout" }] },
      { rows: [{ id: 1 }], error: { code: 500 } },
      { rows: [], status: "error", message: "down" },
      { rows: [], status: "fail" },
    ];
    for (const body of bodies) {
      await assert.rejects(scriptedTable({ rows: "rows" }, json(body)).table.listValues(), InvalidAnswerError);
    }
    const fine = { rows: [{ id: 1, error: "a column" }], error: null, errors: [], success: true };
    assert.equal(
      (await scriptedTable({ rows: "rows" }, json({ ...fine, error: 0, errors: {} })).table.listValues()).size,
      1,
    );
    assert.equal((await scriptedTable({ rows: "rows" }, json(fine)).table.listValues()).size, 1);
    await assert.rejects(
      scriptedTable({ row: "row" }, json({ row: { id: 1 }, error: "stale" })).table.getValue("1"),
      InvalidAnswerError,
    );
    await assert.rejects(scriptedTable({}, json({ success: false })).table.delete("1"), InvalidAnswerError);
    await assert.rejects(scriptedTable({}, json({ status: "error" })).table.delete("1"), InvalidAnswerError);
    await scriptedTable({}, json({ id: 1, error: "a column" })).table.delete("1");
    await scriptedTable({}, json({ id: 1, status: "error" })).table.delete("1");
  });

  it("RestTable checks every operator that a server was given", async () => {
    const where: RestTableOptions["where"] = {
      gt: ({ url }, column, operand) => url.searchParams.set(`${column}__gt`, String(operand)),
    };
    const rows: readonly Row[] = [{ id: 1, price: 6 }, { id: 2, price: 5 }];
    const { table } = scriptedTable({ where }, json(rows), json(rows.slice(0, 1)));
    await assert.rejects(table.where("price", "gt", 5).listValues(), InvalidAnswerError);
    assert.equal((await table.where("price", "gt", 5).listValues()).size, 1);
  });
});

function ids(from: number, to: number): string[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => String(from + at));
}

function optionsFor({ style, says, cap }: Habits, isCapKnown: boolean): RestTableOptions {
  return {
    paging: style === "page" ? { page: "page", limit: "limit" } : { skip: "skip", limit: "limit" },
    ...says !== "Link" && { rows: "rows" },
    ...says.includes("count") && { count: "total" },
    ...says === "Link" && isCapKnown && { next: { header: "Link" } },
    ...says === "next URL" && { next: "next" },
    ...isCapKnown && { maxLimit: cap },
  };
}

function serverOf({ total, cap, style, beyond, says }: Habits): typeof fetch {
  return (input) => {
    const url = new URL(String(input));
    const number = (name: string, otherwise: number): number => Number(url.searchParams.get(name) ?? otherwise);
    const limit = Math.min(number("limit", cap), cap);
    let skip = style === "page" ? (number("page", 1) - 1) * limit : number("skip", 0);
    if (skip > 0 && skip >= total) {
      if (/^\d+$/.test(beyond)) return Promise.resolve(nothing(Number(beyond)));
      if (beyond === "last page") skip = Math.max(0, Math.floor((total - 1) / limit) * limit);
    }
    const rows = ids(skip + 1, Math.min(skip + limit, total)).map((id) => ({ id: Number(id) }));
    const isMore = skip + rows.length < total && rows.length > 0;
    const next = new URL(url);
    next.searchParams.set("limit", String(limit));
    if (style === "page") next.searchParams.set("page", String(skip / limit + 2));
    else next.searchParams.set("skip", String(skip + limit));
    if (says === "Link") {
      return Promise.resolve(json(rows, { headers: isMore ? { link: `<${next.href}>; rel="next"` } : {} }));
    }
    return Promise.resolve(json({
      rows,
      ...says.includes("count") && { total },
      ...says.includes("has_more") && { has_more: isMore },
      ...says === "next URL" && { next: isMore ? next.href : null },
    }));
  };
}
