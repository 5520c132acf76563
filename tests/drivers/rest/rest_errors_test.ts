import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { type Effect, type TableError, UnavailableError } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { FakeClock } from "@vantage/live/testing";
import { json, nothing, scripted, scriptedTable } from "./rest_double.ts";

/** The error of a list that was answered so. */
async function errorFor(answer: Response | Error, clock = new FakeClock()): Promise<TableError> {
  const { table } = scriptedTable({ clock, maxRetries: 0 }, answer);
  return await failureOf(table.listValues());
}

async function failureOf(call: Promise<unknown>): Promise<TableError> {
  return await call.then(() => assert.fail("nothing was refused"), (error) => error);
}

const BY_STATUS: readonly (readonly [statuses: readonly number[], name: string, retriable: boolean, effect: Effect])[] =
  [
    [[404, 410], "NotFoundError", false, "none"],
    [[409, 412], "ConflictError", false, "none"],
    [[405, 501], "UnsupportedError", false, "none"],
    [[401, 403], "UnauthorizedError", false, "none"],
    [[400, 402, 406, 411, 413, 414, 415, 418, 422, 423, 428, 431, 451, 499], "RejectedError", false, "none"],
    [[408, 425, 429], "RejectedError", true, "none"],
    [[500, 502, 503, 504, 507, 520, 599], "UnavailableError", true, "unknown"],
    [[300, 301, 302, 303, 307, 308], "InvalidAnswerError", false, "unknown"],
  ];

describe("The errors of a RestTable", () => {
  for (const [statuses, name, retriable, effect] of BY_STATUS) {
    it(`${name} is what the status ${statuses.join(", ")} becomes`, async () => {
      for (const status of statuses) {
        const error = await errorFor(new Response("<h1>No</h1>", { status, headers: { location: "/elsewhere" } }));
        assert.deepEqual(
          [error.name, error.retriable, error.effect, error.retryAfterMs],
          [name, retriable, effect, undefined],
          `status ${status}`,
        );
        assert(error.message.startsWith("GET https://example.com/api/products was answered with"), error.message);
      }
    });
  }

  it("A redirect that a browser does not let anybody see is an InvalidAnswerError", async () => {
    const opaque = nothing(200);
    Object.defineProperties(opaque, { type: { value: "opaqueredirect" }, status: { value: 0 }, ok: { value: false } });
    assert.equal((await errorFor(opaque)).name, "InvalidAnswerError");
  });

  it("Retry-After is kept, in seconds or as a date", async () => {
    const clock = new FakeClock({ now: Date.parse("2026-05-01T12:00:00Z") });
    const cases: readonly (readonly [string, number | undefined])[] = [
      ["0", 0],
      ["120", 120_000],
      ["Fri, 01 May 2026 12:00:30 GMT", 30_000],
      ["Fri, 01 May 2026 11:00:00 GMT", 0],
      ["99999999999999999999999", 86_400_000],
      ["Fri, 01 May 2099 12:00:00 GMT", 86_400_000],
      ["soon", undefined],
    ];
    for (const [header, retryAfterMs] of cases) {
      for (const status of [404, 409, 422, 429, 503]) {
        const error = await errorFor(nothing(status, { "retry-after": header }), clock);
        assert.equal(error.retryAfterMs, retryAfterMs, `${status}, ${header}`);
      }
    }
  });

  it("A 403 with a Retry-After is a limit, which will be over: it is retriable, and no question of credentials", async () => {
    const error = await errorFor(nothing(403, { "retry-after": "2" }));
    assert.deepEqual([error.name, error.retriable, error.retryAfterMs], ["RejectedError", true, 2_000]);
  });

  it("A problem says what was wrong, which error it is, and what was done", async () => {
    const problem = { code: "closed", status: 503, retriable: false, effect: "none", detail: "The shop is closed" };
    const answer = json(problem, {
      status: 503,
      headers: { "content-type": "Application/Problem+JSON; charset=utf-8" },
    });
    const error = await errorFor(answer);
    assert.deepEqual([error.name, error.retriable, error.effect], ["ClosedError", false, "none"]);
    assert.match(error.message, /status 503: The shop is closed$/);
  });

  it("A problem that cannot be read leaves the status to speak", async () => {
    const headers = { "content-type": "application/problem+json" };
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("cut off")) });
    const bodies = ["no JSON", "[]", "null", "5", `{"detail":${"x".repeat(100)}`, "x".repeat(100_000), broken];
    for (const body of bodies) {
      const error = await errorFor(new Response(body, { status: 409, headers }));
      assert.equal(error.name, "ConflictError");
      assert.match(error.message, /status 409$/);
    }
  });

  it("An error is told by its status, whatever becomes of the body", async () => {
    const broken = (): ReadableStream =>
      new ReadableStream({
        pull: (controller) => controller.error(new Error("cut off")),
        cancel: () => Promise.reject(new Error("cannot be cancelled")),
      });
    assert.equal((await errorFor(new Response(broken(), { status: 404 }))).name, "NotFoundError");
    assert.equal((await errorFor(new Response(broken(), { status: 302 }))).name, "InvalidAnswerError");
  });

  it("No connection is an UnavailableError, whichever way fetch fails", async () => {
    const cause = new TypeError("connection refused");
    const error = await errorFor(cause);
    assert(error instanceof UnavailableError);
    assert.deepEqual([error.cause, error.retriable, error.effect], [cause, true, "unknown"]);

    const atOnce = new RestTable("https://example.com/x", {
      fetch: () => {
        throw cause;
      },
    });
    assert.equal((await failureOf(atOnce.listValues())).cause, cause);
  });

  it("What is no answer of a resource is an InvalidAnswerError", async () => {
    const answers: Response[] = [
      new Response("<!doctype html><title>Sign in</title>", { headers: { "content-type": "text/html" } }),
      new Response(""),
      nothing(204),
      new Response('[{"id":1},'),
      new Response(withByte('[{"id":"', 0xff, '"}]')),
      new Response(withByte("[]", 0xc3)),
      json({ items: [] }),
      json(null),
      json("text"),
      json([[1]]),
      json([null]),
      json([5]),
      json([{ name: "no id" }]),
      json([{ id: null }]),
      json([{ id: "" }]),
      json([{ id: true }]),
      json([{ id: {} }]),
      new Response('[{"id":9007199254740993}]'),
      json([{ id: 1 }, { id: 2 }, { id: 1 }]),
      json([{ id: 1 }, { id: "1" }]),
      json([JSON.parse(`{"id":1,"deep":${"[".repeat(100)}${"]".repeat(100)}}`)]),
    ];
    for (const answer of answers) {
      const body = await answer.clone().text();
      const error = await errorFor(answer);
      assert.deepEqual([error.name, error.effect], ["InvalidAnswerError", "unknown"], `${body.slice(0, 80)}: ${error}`);
      assert(error.message.startsWith("GET https://example.com/api/products was answered with"), error.message);
    }
  });

  it("A function that does not find what it picks makes an InvalidAnswerError", async () => {
    const list = scriptedTable(
      { rows: ({ body }) => (body as { data: { rows: [] } }).data.rows },
      json(null),
      json({}),
    );
    assert.equal((await failureOf(list.table.listValues())).name, "InvalidAnswerError");
    const error = await failureOf(list.table.listValues());
    assert.equal(error.name, "InvalidAnswerError");
    assert(error.cause instanceof TypeError);
    const one = scriptedTable({ row: () => undefined }, json({ id: 1 }));
    assert.equal((await failureOf(one.table.getValue("1"))).name, "InvalidAnswerError");
  });

  it("One row with another id than was asked for is an InvalidAnswerError", async () => {
    for (const row of [{ id: 2 }, {}, [], null, { id: "1 " }]) {
      const { table } = scriptedTable({}, json(row), json(row));
      assert.equal((await failureOf(table.getValue("1"))).name, "InvalidAnswerError");
      assert.equal((await failureOf(table.patchValue("1", {}))).name, "InvalidAnswerError");
    }
  });

  it("More rows than were asked for are an InvalidAnswerError", async () => {
    const { table } = scriptedTable({ paging: { page: "p", limit: "n" } }, json([{ id: 1 }, { id: 2 }, { id: 3 }]));
    assert.equal((await failureOf(table.page(1, 2).listValues())).name, "InvalidAnswerError");
  });

  it("A count that does not fit its rows is an InvalidAnswerError, and may be right the next time", async () => {
    const rows = [{ id: 1 }, { id: 2 }];
    const cases: readonly (readonly [total: unknown, page: number | undefined])[] = [
      [1, undefined],
      [3, undefined],
      [1, 1],
      [0, 1],
      [3, 2],
    ];
    for (const [total, page] of cases) {
      const { table } = scriptedTable(
        { rows: "rows", count: "total", paging: { page: "p", limit: "n" }, maxLimit: 50 },
        json({ rows, total }),
      );
      const error = await failureOf((page === undefined ? table : table.page(page, 2)).listValues());
      assert.deepEqual([error.name, error.retriable], ["InvalidAnswerError", true], `${total} on page ${page}`);
    }
  });

  it("A count that is none is an InvalidAnswerError", async () => {
    for (const total of [-1, 1.5, "many", "-1", "1e3", "", true, [1], {}, 2 ** 53, "99999999999999999999"]) {
      const inField = scriptedTable({ rows: "rows", count: "total" }, json({ rows: [], total }));
      assert.equal((await failureOf(inField.table.listValues())).name, "InvalidAnswerError", String(total));
    }
    for (const total of ["-1", "1.5", "many", "0x1", "1, 1"]) {
      const inHeader = scriptedTable({ count: { header: "total" } }, json([], { headers: { total } }));
      assert.equal((await failureOf(inHeader.table.getCount())).name, "InvalidAnswerError", total);
    }
  });

  it("A count that is missing is missed only by who asks for it", async () => {
    for (const body of [{ rows: [] }, { rows: [], total: null }]) {
      const { table } = scriptedTable({ rows: "rows", count: "total" }, json(body), json(body));
      assert.equal((await table.listValues()).size, 0);
      assert.equal((await failureOf(table.getCount())).name, "InvalidAnswerError");
    }
    const inHeader = scriptedTable({ count: { header: "total" } }, json([]));
    assert.equal((await failureOf(inHeader.table.getCount())).name, "InvalidAnswerError");
  });

  it("An answer that is longer than maxAnswerBytes is not read to its end", async () => {
    const { table, asked } = scriptedTable({ maxAnswerBytes: 1000 }, new Response(endless()), json([]));
    const error = await failureOf(table.listValues());
    assert.equal(error.name, "InvalidAnswerError");
    assert.match(error.message, /maxAnswerBytes/);
    assert.equal(asked[0]?.init.signal?.aborted, true);

    const text = "[]".padEnd(1000);
    assert.equal((await scriptedTable({ maxAnswerBytes: 1000 }, new Response(text)).table.listValues()).size, 0);
    const longer = scriptedTable({ maxAnswerBytes: 999 }, new Response(text));
    assert.equal((await failureOf(longer.table.listValues())).name, "InvalidAnswerError");
  });

  it("A text may be cut into pieces anywhere", async () => {
    const bytes = new TextEncoder().encode('[{"id":"\u{1f950}é"}]');
    const inPieces = new ReadableStream({
      start: (controller) => {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    assert.deepEqual((await scriptedTable({}, new Response(inPieces)).table.listValues()).ids(), ["\u{1f950}é"]);
  });

  it("An error names the URL without its query, and so does what caused it", async () => {
    const url = "https://example.com/products?token=s3cret";
    const cause = new TypeError("fetch failed", {
      cause: Object.assign(new Error(`cannot reach ${url}&n=1&p=1`), { code: "ECONNREFUSED", path: url }),
    });
    const cut = new ReadableStream({ pull: (controller) => controller.error(new Error(`${url}&n=1&p=1 broke off`)) });
    for (const answer of [cause, new Response(cut), nothing(500), nothing(302), new Response("<html>"), json({})]) {
      const { fetch } = scripted(answer);
      const table = new RestTable(url, { fetch, paging: { page: "p", limit: "n" } });
      const error = await failureOf(table.page(1, 1).listValues());
      assert.match(error.message, /^GET https:\/\/example\.com\/products /);
      assert.doesNotMatch(inspect(error, { depth: 9 }), /s3cret/);
    }
    const { fetch } = scripted(cause);
    const table = new RestTable(url, { fetch, paging: { page: "p", limit: "n" } });
    const told = (await failureOf(table.page(1, 1).listValues())).cause;
    assert(told instanceof Error && told.cause instanceof Error);
    assert.deepEqual([told.name, told.cause.message], ["TypeError", "cannot reach https://example.com/products"]);
    assert.equal((told.cause as { code?: unknown }).code, "ECONNREFUSED");
  });
});

/** A text with a byte in it that cannot be UTF-8 there. */
function withByte(before: string, byte: number, after = ""): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  return new Uint8Array([...encoder.encode(before), byte, ...encoder.encode(after)]);
}

function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(300).fill(0x20)) });
}
