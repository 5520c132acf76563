import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { defineTable, ManualLiveStream, MemTable, NotFoundError, type Query } from "@vantage/live";
import {
  eventHandler,
  type EventHandlerOptions,
  type TableHandler,
  tableHandler,
  type TableHandlerOptions,
} from "@vantage/live/server";
import { FaultyTable } from "@vantage/live/testing";
import { defineTracer, type TraceRecord } from "@vantage/live/trace";
import { ask, bakery, contentOf, problemIn, sqliteBakery } from "./fixture.ts";

interface Bad {
  readonly path: string;
  readonly method?: string;
  readonly status: number;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly type?: string;
  readonly says?: RegExp;
}

function wherePath(conditions: unknown): string {
  return `/rows?where=${encodeURIComponent(JSON.stringify(conditions))}`;
}

const DEEP = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;

/** Requests that make no sense, each with what is answered. */
const BAD_READS: readonly Bad[] = [
  { path: wherePath([["colour", "eq", 1]]), status: 400, says: /Unknown column "colour" .* accepted are id, name/ },
  { path: wherePath([["name", "like", 1]]), status: 400, says: /Unknown operator "like".* accepted are eq, ne/ },
  { path: wherePath([["__proto__", "eq", 1]]), status: 400 },
  { path: wherePath([["name"]]), status: 400 },
  { path: wherePath([["name", "in", 5]]), status: 400, says: /takes an array/ },
  { path: wherePath([["name", "eq", { $date: "x" }]]), status: 400 },
  { path: wherePath({ name: "Bun" }), status: 400 },
  { path: wherePath([5]), status: 400 },
  {
    path: wherePath(Array.from({ length: 101 }, () => ["name", "eq", 1])),
    status: 400,
    says: /at most 100 conditions/,
  },
  { path: wherePath(Array.from({ length: 10_000 }, () => ["name", "eq", 1])), status: 414 },
  { path: `/rows?where=${encodeURIComponent("[".repeat(2000))}`, status: 400 },
  { path: `/rows?where=${encodeURIComponent(`[["name","eq",${"[".repeat(500)}${"]".repeat(500)}]]`)}`, status: 400 },
  { path: `/rows?orderBy=${encodeURIComponent('[["colour","asc"]]')}`, status: 400, says: /Unknown column "colour"/ },
  { path: `/rows?orderBy=${encodeURIComponent('[["name","up"]]')}`, status: 400, says: /Unknown direction "up"/ },
  { path: "/rows?where=nonsense", status: 400, says: /where must be JSON/ },
  { path: "/rows?search=a&search=b", status: 400, says: /given twice/ },
  { path: "/rows?pages=2", status: 400, says: /Unknown parameter "pages"/ },
  { path: "/rows?page=0", status: 400 },
  { path: "/rows?page=1.5", status: 400 },
  { path: "/rows?page=9007199254740991&limit=9", status: 400 },
  { path: "/rows?page=1&limit=10001", status: 400, says: /limit must be at most 10000, got 10001/ },
  { path: "/rows?limit=-1", status: 400 },
  { path: "/rows?search=%ff", status: 400, says: /not encoded/ },
  { path: "/rows?search=%", status: 400 },
  { path: "/row", status: 400, says: /Exactly one id is required/ },
  { path: "/row?id=a&id=b", status: 400 },
  { path: "/row?id=a&page=1", status: 400, says: /Unknown parameter "page"; accepted are where, search/ },
  { path: "/row?id=%E0%A4%A", status: 400 },
  { path: "/count?page=1", status: 400 },
  { path: "/?where=[]", status: 400, says: /accepted are none/ },
  { path: "/nowhere", status: 404 },
  { path: "/rows/a", status: 404 },
  { path: "/../etc/passwd", status: 404 },
  { path: "/constructor", status: 404 },
  { path: "/rows", method: "PROPFIND", status: 405 },
  { path: "/count", method: "POST", status: 405 },
  { path: "/", method: "DELETE", status: 405 },
  { path: "/events", status: 422, says: /does not support/ },
];

const JSON_TYPE = "application/json";

const BAD_WRITES: readonly Bad[] = [
  ...["POST", "PUT", "PATCH"].flatMap((method): Bad[] => [
    { path: "/row?id=a", method, type: JSON_TYPE, body: "", status: 400 },
    { path: "/row?id=a", method, type: JSON_TYPE, body: '{"row":{"name":', status: 400, says: /not JSON/ },
    { path: "/row?id=a", method, type: JSON_TYPE, body: "null", status: 400 },
    { path: "/row?id=a", method, type: JSON_TYPE, body: "[]", status: 400 },
    { path: "/row?id=a", method, type: JSON_TYPE, body: '{"row":5}', status: 400, says: /A row must be an object/ },
    { path: "/row?id=a", method, type: JSON_TYPE, body: "{}", status: 400 },
    { path: "/row?id=a", method, type: JSON_TYPE, body: '{"row":{},"rows":[]}', status: 400, says: /nothing else/ },
    { path: "/row?id=a", method, type: JSON_TYPE, body: '{"row":{"price":{"$bigint":"x"}}}', status: 400 },
    { path: "/row?id=a", method, type: JSON_TYPE, body: `{"row":${DEEP}}`, status: 400, says: /levels/ },
    {
      path: "/row?id=a",
      method,
      type: JSON_TYPE,
      body: new Uint8Array([0x22, 0xff, 0x22]),
      status: 400,
      says: /UTF-8/,
    },
    { path: "/row?id=a", method, type: JSON_TYPE, body: `{"row":{"name":"${"x".repeat(2 ** 20)}"}}`, status: 413 },
    { path: "/row?id=a", method, type: JSON_TYPE, body: '{"row":{"id":"b"}}', status: 400, says: /its id is "a"/ },
    { path: "/row?id=a", method, type: "text/plain", body: '{"row":{"name":"X"}}', status: 415 },
    { path: "/row?id=a", method, type: "application/jsonp", body: '{"row":{"name":"X"}}', status: 415 },
    { path: "/row", method, type: JSON_TYPE, body: '{"row":{"name":"X"}}', status: 400 },
  ]),
  { path: "/row?id=nobody", method: "PATCH", type: JSON_TYPE, body: '{"row":{"price":1}}', status: 404 },
  { path: "/row?id=a&where=[]", method: "PUT", type: JSON_TYPE, body: '{"row":{"price":1}}', status: 400 },
  { path: "/rows?search=a", method: "POST", type: JSON_TYPE, body: '{"row":{"price":1}}', status: 400 },
  { path: "/rows?page=1", method: "DELETE", status: 400, says: /Unknown parameter "page"/ },
  { path: wherePath([["colour", "eq", 1]]), method: "DELETE", status: 400 },
  { path: "/row?id=a&where=nonsense", method: "DELETE", status: 400 },
  { path: "/rows", method: "PUT", status: 405 },
];

describe("tableHandler(), bad input", () => {
  for (const [name, open] of [["MemTable", bakery], ["SqliteTable", sqliteBakery]] as const) {
    it(`is answered with a clear problem, and changes nothing, over ${name}`, async () => {
      const table = await open();
      const handler = tableHandler(table, { writable: true });
      const before = await contentOf(table);
      for (const { path, method = "GET", status, body, type, says } of [...BAD_READS, ...BAD_WRITES]) {
        const answer = await ask(handler, path, {
          method,
          ...(body !== undefined && { body }),
          headers: type === undefined ? {} : { "content-type": type },
        });
        const what = `${method} ${path.slice(0, 80)} ${String(body).slice(0, 60)}`;
        assert.equal(answer.status, status, what);
        const { detail } = await problemIn(answer);
        if (says !== undefined) assert.match(String(detail), says, what);
        assert(String(detail).length < 1200, what);
        assert.equal(await contentOf(table), before, what);
      }
    });
  }

  it("a body is read no further than its bound, whatever is said of its length", async () => {
    const handler = tableHandler(bakery(), { writable: true, maxBodyBytes: 1000 });
    let pulls = 0;
    let cancelled = false;
    const endless = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        pull: (controller) => {
          pulls++;
          controller.enqueue(new Uint8Array(400));
        },
        cancel: () => void (cancelled = true),
      }, { highWaterMark: 0 });
    const send = (headers: Record<string, string>): Promise<Response> =>
      handler(
        new Request("http://localhost/rows", {
          method: "POST",
          body: endless(),
          duplex: "half",
          headers: { "content-type": JSON_TYPE, ...headers },
        } as RequestInit),
      );
    assert.equal((await send({ "content-length": "5" })).status, 413);
    assert.deepEqual([pulls, cancelled], [3, true]);
    assert.equal((await send({ "content-length": "1001" })).status, 413);
    assert.equal(pulls, 3);
  });

  it("bounds are options, checked at once", () => {
    const bounds = [
      "maxBodyBytes",
      "maxUrlLength",
      "maxConditions",
      "maxValues",
      "maxSearchLength",
      "maxRows",
      "maxStreams",
      "heartbeatMs",
      "replayCapacity",
      "stallMs",
    ];
    for (const bound of bounds) {
      assert.throws(() => tableHandler(bakery(), { [bound]: 0 }), { name: "RangeError", message: new RegExp(bound) });
    }
  });

  it("what a query costs has bounds with names, found before the table is asked", async () => {
    const asked: Query[] = [];
    const table = defineTable({ name: "products", list: ({ query }) => (asked.push(query), []) });
    const handler = tableHandler(table, { maxUrlLength: 2 ** 20 });
    const list = (params: Record<string, unknown>): Promise<Response> => {
      const texts = Object.entries(params).map((
        [name, value],
      ) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
      return ask(handler, `/rows?${new URLSearchParams(texts)}`);
    };
    const numbers = Array.from({ length: 1001 }, (_, n) => n);
    const nested = Array.from({ length: 501 }, (_, n) => ({ a: [n], b: {} }));
    const beyond: readonly (readonly [bound: string, params: Record<string, unknown>])[] = [
      ["maxValues", { where: [["price", "notIn", numbers]] }],
      ["maxValues", { where: [["price", "in", numbers.slice(1)], ["price", "gt", 1]] }],
      ["maxValues", { where: [["price", "eq", numbers]] }],
      ["maxValues", { where: [["price", "in", nested]] }],
      ["maxConditions", { where: numbers.slice(0, 101).map((n) => ["price", "ne", n]) }],
      ["maxConditions", { where: [["price", "isNull"]], orderBy: numbers.slice(0, 100).map(() => ["price", "asc"]) }],
      ["maxSearchLength", { search: "x".repeat(257) }],
    ];
    for (const [bound, params] of beyond) {
      const answer = await list(params);
      const { code, detail } = await problemIn(answer);
      assert.deepEqual([answer.status, code], [400, "bad_request"], bound);
      assert.match(String(detail), new RegExp(`\\(${bound}\\)`));
    }
    assert.deepEqual(asked, []);
    assert.equal((await list({ where: [["price", "in", numbers.slice(1)]], search: "x".repeat(256) })).status, 200);
    assert.equal(asked.length, 1);
    const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
    assert.equal((await list({ where: `[["price","eq",${deep}]]` })).status, 400);
  });

  it("OPTIONS tells the methods of a place", async () => {
    const answer = await ask(tableHandler(bakery(), { writable: true }), "/row", { method: "OPTIONS" });
    assert.deepEqual([answer.status, answer.headers.get("allow")], [
      204,
      "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
    ]);
  });
});

describe("tableHandler(), authorize", () => {
  const secret: TableHandlerOptions = {
    writable: true,
    authorize: ({ headers }) => headers.get("authorization") === "Bearer sesame",
  };

  it("lets pass only who is told `true`, before anything is read", async () => {
    const table = new FaultyTable(bakery());
    const handler = tableHandler(table, secret);
    for (const path of ["/", "/rows", "/row?id=a", "/count", "/events", "/nowhere", "/rows?where=nonsense"]) {
      const answer = await ask(handler, path);
      assert.deepEqual([answer.status, (await problemIn(answer)).code], [403, "forbidden"], path);
    }
    const request = new Request("http://localhost/rows", { method: "POST", body: "not read" });
    assert.equal((await handler(request)).status, 403);
    assert.equal(request.bodyUsed, false);
    assert.equal(table.plan.count("listValues"), 0);
    const answer = await ask(handler, "/rows", { headers: { authorization: "Bearer sesame" } });
    assert.deepEqual([answer.status, answer.headers.get("cache-control")], [200, "private, no-cache"]);
  });

  it("a Response is the answer, with what CORS adds", async () => {
    const handler = tableHandler(bakery(), {
      authorize: () =>
        Promise.resolve(new Response("who?", { status: 401, headers: { "www-authenticate": "Bearer" } })),
      cors: { origins: ["https://shop.example"] },
    });
    const answer = await ask(handler, "/rows", { headers: { origin: "https://shop.example" } });
    assert.deepEqual([answer.status, answer.headers.get("www-authenticate"), await answer.text()], [
      401,
      "Bearer",
      "who?",
    ]);
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://shop.example");
    const elsewhere = tableHandler(bakery(), {
      authorize: () => Response.redirect("https://login.example/"),
      cors: { origins: "*" },
    });
    assert.equal((await ask(elsewhere, "/rows")).status, 302);
  });

  it("whatever else it does is no permit", async () => {
    const forgetful = tableHandler(bakery(), { authorize: (() => undefined) as unknown as () => boolean });
    assert.equal((await ask(forgetful, "/rows")).status, 403);
    for (
      const authorize of [() => Promise.reject(new Error("ldap://root:pass@host")), () => {
        throw new Error("/etc/passwd");
      }]
    ) {
      const answer = await ask(tableHandler(bakery(), { authorize }), "/rows");
      assert.deepEqual([answer.status, (await problemIn(answer)).detail], [500, "The request could not be answered"]);
    }
  });

  it("an object that is no Response is no permit, and no answer that could be taken for success", async () => {
    const named = tableHandler(bakery(), {
      writable: true,
      authorize: (() => ({ user: 1 })) as unknown as () => boolean,
    });
    assert.equal((await ask(named, "/row?id=a", { method: "DELETE" })).status, 403);
  });

  it("its errors are not those of the table: nothing was asked, and nothing changed", async () => {
    const authorize = (): boolean => {
      throw new NotFoundError("no such user");
    };
    const answer = await ask(tableHandler(bakery(), { writable: true, authorize }), "/row?id=a", { method: "DELETE" });
    const { status, code, effect, retriable } = await problemIn(answer);
    assert.deepEqual([status, code, effect, retriable], [500, "fault", "none", true]);
  });
});

describe("tableHandler(), authorize", () => {
  it("hears what the server hands over with a request", async () => {
    const heard: object[] = [];
    const handler = tableHandler(bakery(), {
      authorize: (_, context) => {
        heard.push(context);
        return true;
      },
    });
    const context = { remoteAddr: { hostname: "127.0.0.1" } };
    await handler(new Request("http://localhost/count"), context);
    assert.deepEqual(heard, [context]);
  });
});

describe("tableHandler(), cors", () => {
  it("more headers are allowed if the options name them", async () => {
    const cors = { origins: "*", headers: ["X-Api-Key"] } as const;
    const preflight = { origin: "https://shop.example", "access-control-request-method": "GET" };
    const answer = await ask(tableHandler(bakery(), { cors }), "/rows", { method: "OPTIONS", headers: preflight });
    assert.match(answer.headers.get("access-control-allow-headers") ?? "", /Idempotency-Key.*, X-Api-Key$/);
    assert.throws(() => tableHandler(bakery(), { cors: { origins: "*", headers: ["X Key"] } }), TypeError);
    const mistyped: readonly (readonly [options: unknown, message: RegExp])[] = [
      [null, /options of a tableHandler must be an object, got null/],
      [{ writeable: true }, /"writeable" of a tableHandler; accepted are path/],
      [{ authorize: true }, /authorize must be a function, got boolean true/],
      [{ clock: {} }, /clock must be a clock/],
      [{ cors: true }, /options of cors must be an object/],
      [{ cors: { origins: "*", credential: true } }, /"credential" of cors; accepted are origins/],
    ];
    for (const [options, message] of mistyped) {
      // What a caller without types might pass.
      assert.throws(() => tableHandler(bakery(), options as TableHandlerOptions), { name: "TypeError", message });
    }
    const events = { products: new ManualLiveStream() };
    const writable = { writable: true } as EventHandlerOptions;
    assert.throws(() => eventHandler(events, writable), /"writable" of an eventHandler; accepted are path/);
  });

  const origin = "https://shop.example";

  it("without it, nothing is said to other origins", async () => {
    const answer = await ask(tableHandler(bakery()), "/rows", { headers: { origin } });
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
  });

  it("a preflight is answered before authorize, with the methods and headers that may be used", async () => {
    const handler = tableHandler(bakery(), { authorize: () => false, cors: { origins: [origin], credentials: true } });
    const answer = await ask(handler, "/row?id=a", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "PATCH" },
    });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get("access-control-allow-origin"), origin);
    assert.equal(answer.headers.get("access-control-allow-credentials"), "true");
    assert.equal(answer.headers.get("access-control-allow-methods"), "GET, HEAD");
    assert.equal(answer.headers.get("vary"), "Origin");
    const headers = answer.headers.get("access-control-allow-headers") ?? "";
    for (const name of ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID"]) {
      assert(headers.includes(name), name);
    }
  });

  it("an answer names the origin if it is on the list, and varies by it", async () => {
    const handler = tableHandler(bakery(), { cors: { origins: [origin] } });
    for (const path of ["/rows", "/nowhere"]) {
      const answer = await ask(handler, path, { headers: { origin } });
      assert.equal(answer.headers.get("access-control-allow-origin"), origin);
      assert.equal(answer.headers.get("access-control-expose-headers"), "ETag, Retry-After");
    }
    for (const other of ["https://shop.example.evil.test", "http://shop.example", "null"]) {
      const answer = await ask(handler, "/rows", { headers: { origin: other } });
      assert.deepEqual([answer.headers.get("access-control-allow-origin"), answer.headers.get("vary")], [
        null,
        "Origin",
      ]);
    }
    const open = await ask(tableHandler(bakery(), { cors: { origins: "*" } }), "/rows", { headers: { origin } });
    assert.deepEqual([open.headers.get("access-control-allow-origin"), open.headers.get("vary")], ["*", null]);
  });

  const ofApps = [
    "tauri://localhost",
    "capacitor://localhost",
    "ionic://localhost",
    "app://obsidian.md",
    "wails://wails.localhost:34115",
    "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
    "moz-extension://f7ae2b07-9d8e-4d6c-b4f5-3b5ab8a1d9f1",
    "safari-web-extension://0E58CB4B-E4D9-4F67-B3C6-0D6D1C0C6B37",
    "vscode-webview://1k2j3",
    "http://localhost:1420",
    "https://tauri.localhost",
    "null",
  ];

  it("takes origins of apps, extensions and files exactly as they are sent", async () => {
    for (const app of ofApps) {
      const handler = tableHandler(bakery(), { cors: { origins: [origin, app] } });
      for (const asking of [...ofApps, "chrome-extension://other", `${app}.evil`, `${app}/`]) {
        const answer = await ask(handler, "/rows", { headers: { origin: asking } });
        assert.equal(answer.headers.get("access-control-allow-origin"), asking === app ? app : null, asking);
      }
    }
    assert.equal(
      tableHandler(bakery(), { cors: { origins: ["tauri://localhost"], credentials: true } }) instanceof Function,
      true,
    );
  });

  it("what makes no sense is refused at once", () => {
    const make = (cors: object) => (): TableHandler =>
      tableHandler(bakery(), { cors: cors as NonNullable<TableHandlerOptions["cors"]> });
    const odd = [
      "https://shop.example/",
      "shop",
      "tauri://",
      "tauri://localhost/",
      "tauri:localhost",
      "HTTPS://a.test",
    ];
    const odder = [
      "https://a.test:443",
      "chrome-extension://id/page.html",
      "tauri://a b",
      "tauri://me@a",
      "*",
      "",
      5,
      null,
    ];
    for (const none of [...odd, ...odder]) assert.throws(make({ origins: [none] }), TypeError, String(none));
    for (const none of [undefined, "https://shop.example", 5]) assert.throws(make({ origins: none }), TypeError);
    for (const anybody of ["*", ["null"], [origin, "null"]]) {
      assert.throws(make({ origins: anybody, credentials: true }), /name them/);
    }
  });
});

describe("tableHandler(), tracer", () => {
  it("hears of every request and failure, and of nothing that could be a secret", async () => {
    const heard: TraceRecord[] = [];
    const ends: unknown[] = [];
    const tracer = defineTracer({
      enabled: () => true,
      event: (record) => void heard.push(record),
      span: (record) => {
        heard.push(record);
        return { end: (fields) => void ends.push(fields) };
      },
    });
    const table = new FaultyTable(new MemTable("products"));
    const handler = tableHandler(table, { tracer });
    await ask(handler, "/rows?search=secret", { headers: { authorization: "Bearer secret" } });
    table.plan.fail("getCount", Object.assign(new Error("secret"), { code: "E1" }));
    await ask(handler, "/count");
    await ask(handler, "/nowhere");
    assert.deepEqual(ends, [
      { status: 200, outcome: "answered" },
      { status: 500, outcome: "refused" },
      { status: 404, outcome: "refused" },
    ]);
    assert.deepEqual(heard.map(({ target, level, name }) => `${target} ${level} ${name}`), [
      "vantage_live::server debug request",
      "vantage_live::server debug request",
      "vantage_live::server error request failed",
      "vantage_live::server debug request",
    ]);
    assert.deepEqual(heard[2]?.fields, { table: "products", outcome: "failed", error: "Error", code: "E1" });
    assert.doesNotMatch(JSON.stringify([heard, ends]), /secret/);
  });
});

describe("tableHandler(), close", () => {
  it("answers nothing any more, and may be called again", async () => {
    const handler = tableHandler(bakery());
    await handler.close();
    await handler[Symbol.asyncDispose]();
    const answer = await ask(handler, "/rows");
    assert.deepEqual([answer.status, (await problemIn(answer)).code, answer.headers.get("retry-after")], [
      503,
      "closed",
      "1",
    ]);
  });

  it("what was let in, but not begun, is not begun any more", async () => {
    const table = bakery();
    const before = await contentOf(table);
    const events = new ManualLiveStream();
    const { promise: permit, resolve } = Promise.withResolvers<boolean>();
    const handler = tableHandler(table, { writable: true, events, authorize: () => permit });
    const asked = [
      ask(handler, "/rows", { method: "DELETE" }),
      ask(handler, "/row?id=a", { method: "PATCH", row: { price: 9 } }),
      ask(handler, "/events"),
    ];
    await handler.close();
    resolve(true);
    for (const answer of asked) assert.equal((await answer).status, 503);
    assert.deepEqual([await contentOf(table), events.subscriberCount], [before, 0]);
  });

  it("nor is a write whose body was still on its way", async () => {
    const table = bakery();
    const before = await contentOf(table);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const handler = tableHandler(table, { writable: true });
    const headers = { "content-type": "application/json" };
    const init = { method: "PATCH", headers, body: readable, duplex: "half" } as const;
    const answer = handler(new Request("http://localhost/row?id=a", init));
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode('{"row":{"price"'));
    await handler.close();
    await writer.write(new TextEncoder().encode(":9}}"));
    await writer.close();
    assert.deepEqual([(await answer).status, await contentOf(table)], [503, before]);
  });
});
