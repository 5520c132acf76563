import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { LiveTable, MemCache, Pagination, type Query, type Row, TableError, UnavailableError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { FakeClock, settle } from "@vantage/live/testing";
import { answer, head, type RawServer, rawServer, type Reply, unchecked } from "./rest_raw_server.ts";

const ROWS: readonly Row[] = [{ id: 1, name: "Bun" }, { id: 2, name: "Roll" }];
const LISTED = JSON.stringify(ROWS);
const FIRST_TEN: Query = { pagination: new Pagination(1, 10) };
const IN_HEADER: RestTableOptions = { count: { header: "X-Total-Count" } };
const IN_FIELD: RestTableOptions = { rows: "rows", count: "total" };

/** A master that answers a list in a way that cannot be right. */
interface BadMaster {
  readonly reply: Reply;
  /** The code of the error, or of any of the errors: runtimes differ in what they take for the end of an answer. */
  readonly code: "invalid_answer" | "unavailable" | "either";
  readonly options?: RestTableOptions;
  /** Which rows are asked for; default the first ten. */
  readonly query?: Query;
}

const BAD_MASTERS: Readonly<Record<string, BadMaster>> = {
  "HTML with status 200": {
    reply: answer("<!doctype html><title>Sign in</title>", ["Content-Type: text/html"]),
    code: "invalid_answer",
  },
  "an empty body": { reply: answer(""), code: "invalid_answer" },
  "no body, and status 204": { reply: (socket) => void socket.end(head([], "204 No Content")), code: "invalid_answer" },
  "half of a JSON text": { reply: answer(LISTED.slice(0, 20)), code: "invalid_answer" },
  "a chunked body that is cut off": {
    reply: unchecked(`14\r\n${LISTED.slice(0, 20)}\r\n`, ["Transfer-Encoding: chunked"]),
    code: "unavailable",
  },
  "a chunk that is shorter than it says": {
    reply: unchecked(`ffff\r\n${LISTED}\r\n0\r\n\r\n`, ["Transfer-Encoding: chunked"]),
    code: "unavailable",
  },
  "a body that is shorter than its Content-Length": {
    reply: unchecked(LISTED, ["Content-Length: 1000"]),
    code: "unavailable",
  },
  "a head that is cut off": { reply: (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-"), code: "unavailable" },
  "something that is not HTTP": {
    reply: (socket) => void socket.end("220 mail.example.com ESMTP\r\n"),
    code: "unavailable",
  },
  "the end of the connection": { reply: (socket) => void socket.destroy(), code: "unavailable" },
  "bytes that are not UTF-8": {
    reply: answer(new TextEncoder().encode(LISTED).fill(0xff, 18, 19)),
    code: "invalid_answer",
  },
  "a body that is not gzip, though it says so": {
    reply: answer(LISTED, ["Content-Encoding: gzip"]),
    code: "either",
  },
  "a gzip body that is cut off": {
    reply: answer(gzipSync(LISTED).subarray(0, 20), ["Content-Encoding: gzip"]),
    code: "either",
  },
  "20 MB of blanks in 20 kB of gzip": {
    reply: answer(gzipSync(`[${" ".repeat(20_000_000)}]`), ["Content-Encoding: gzip"]),
    code: "invalid_answer",
  },
  "a body without an end": { reply: endless, code: "invalid_answer" },
  "an object in place of the rows": { reply: answer('{"error":"none"}'), code: "invalid_answer" },
  "a row without an id": { reply: answer('[{"id":1},{"name":"Roll"}]'), code: "invalid_answer" },
  "two rows with one id": { reply: answer('[{"id":1},{"id":1}]'), code: "invalid_answer" },
  "a number and a text as one id": { reply: answer('[{"id":1},{"id":"1"}]'), code: "invalid_answer" },
  "an id that is too large for a number": { reply: answer('[{"id":9007199254740993}]'), code: "invalid_answer" },
  "a row that is none": { reply: answer("[[1]]"), code: "invalid_answer" },
  "a row that is nested too deep": {
    reply: answer(`[{"id":1,"x":${"[".repeat(5000)}${"]".repeat(5000)}}]`),
    code: "invalid_answer",
  },
  ...Object.fromEntries(
    ["3", "1", "0", "-2", "two", "1e1", "2.0", ""].map((total): [string, BadMaster] => [
      `a header that counts ${JSON.stringify(total)} rows where there are two`,
      { reply: answer(LISTED, [`X-Total-Count: ${total}`]), code: "invalid_answer", options: IN_HEADER },
    ]),
  ),
  ...Object.fromEntries(
    [3, 1, 0, -2, 2.5, "two", true, [2]].map((total): [string, BadMaster] => [
      `a field that counts ${JSON.stringify(total)} rows where there are two`,
      { reply: answer(JSON.stringify({ rows: ROWS, total })), code: "invalid_answer", options: IN_FIELD },
    ]),
  ),
  "more rows than the page": {
    reply: answer(LISTED),
    code: "invalid_answer",
    query: { pagination: new Pagination(1, 1) },
  },
  "rows that were not asked for": {
    reply: answer(LISTED),
    code: "invalid_answer",
    query: { ...FIRST_TEN, where: [["name", "eq", "Bun"]] },
  },
  "a redirect to itself": { reply: answer("", ["Location: /products"], "302 Found"), code: "invalid_answer" },
  "a redirect to another place": {
    reply: answer("", ["Location: http://127.0.0.1:1/"], "307 Temporary Redirect"),
    code: "invalid_answer",
  },
  "status 500": { reply: answer("<h1>Error</h1>", [], "500 Internal Server Error"), code: "unavailable" },
};

describe("RestTable over a bad master", () => {
  for (const [what, { reply, code, options, query = FIRST_TEN }] of Object.entries(BAD_MASTERS)) {
    it(`${what} is a typed error that names the URL without its query, and nothing is kept`, async () => {
      await over(reply, async (server) => {
        const table = productsAt(server, options);
        const error = await failureOf(table.withQuery(query).listValues());
        if (code !== "either") assert.equal(error.code, code, String(error));
        assert.equal(error.effect, "unknown");
        assert(error.message.startsWith(`GET ${server.url}/products `), error.message);
        assert.doesNotMatch(inspect(error, { depth: 9 }), /s3cret/);

        await using live = new LiveTable(table, "products", new MemCache());
        for (let time = 0; time < 2; time++) await failureOf(live.withQuery(query).listValues());
        assert.equal(server.requests.length, 3, "each read asks again, and asks once");
        const { fills, hits, misses } = live.stats();
        assert.deepEqual({ fills, hits, misses }, { fills: 0, hits: 0, misses: 2 });
      });
    });
  }

  it("a master that comes to its senses is read again", async () => {
    await over(answer("<html>"), async (server) => {
      await using live = new LiveTable(productsAt(server), "products", new MemCache());
      await failureOf(live.page(1, 10).listValues());
      server.reply = answer(LISTED);
      for (let time = 0; time < 3; time++) assert.deepEqual((await live.page(1, 10).listValues()).ids(), ["1", "2"]);
      assert.equal(server.requests.length, 2);
    });
  });

  it("a master that nobody listens for is Unavailable", async () => {
    const server = await rawServer(() => {});
    await server.close();
    const error = await failureOf(productsAt(server).listValues());
    assert(error instanceof UnavailableError, String(error));
    assert(error.message.startsWith(`GET ${server.url}/products `), error.message);
    assert.doesNotMatch(inspect(error, { depth: 9 }), /s3cret/);
  });

  for (const [what, reply] of Object.entries({ "never answers": silent, "never ends its answer": half })) {
    it(`a master that ${what} is Unavailable after timeoutMs, and its connection is ended`, async () => {
      const clock = new FakeClock();
      const asked = Promise.withResolvers<void>();
      await over((socket) => (reply(socket), asked.resolve()), async (server) => {
        const gone = server.gone();
        const failure = failureOf(productsAt(server, { clock, timeoutMs: 5000 }).listValues());
        await asked.promise;
        await clock.advance(5000);
        const error = await failure;
        assert(error instanceof UnavailableError, String(error));
        assert.equal(error.message, `GET ${server.url}/products took more than 5000 ms`);
        assert.equal(clock.waiting, 0);
        await gone;
      });
    });

    it(`a master that ${what} is left when the signal is aborted`, async () => {
      const clock = new FakeClock();
      const asked = Promise.withResolvers<void>();
      const aborting = new AbortController();
      await over((socket) => (reply(socket), asked.resolve()), async (server) => {
        const gone = server.gone();
        const listing = productsAt(server, { clock }).listValues({ signal: aborting.signal });
        await asked.promise;
        const reason = new Error("the reader left");
        aborting.abort(reason);
        await assert.rejects(listing, reason);
        assert.equal(clock.waiting, 0);
        await gone;
      });
    });
  }

  it("an endless answer is read to its bound, and its connection is ended", async () => {
    await over(endless, async (server) => {
      const gone = server.gone();
      await failureOf(productsAt(server).listValues());
      await gone;
    });
  });
});

/** What is answered to a write, whether it may have been applied all the same, and the code of its error. */
const WRITES: Readonly<Record<string, readonly [reply: Reply, effect: "none" | "unknown", code: string]>> = {
  "409": [answer("", [], "409 Conflict"), "none", "conflict"],
  "422": [answer("<h1>No</h1>", [], "422 Unprocessable Content"), "none", "rejected"],
  "429": [answer("", ["Retry-After: 3"], "429 Too Many Requests"), "none", "rejected"],
  "404": [answer("", [], "404 Not Found"), "none", "not_found"],
  "405": [answer("", [], "405 Method Not Allowed"), "none", "unsupported"],
  "500": [answer("", [], "500 Internal Server Error"), "unknown", "unavailable"],
  "503": [answer("", ["Retry-After: 3"], "503 Service Unavailable"), "unknown", "unavailable"],
  "a redirect": [answer("", ["Location: /"], "303 See Other"), "unknown", "invalid_answer"],
  "HTML with status 200": [answer("<html>"), "unknown", "invalid_answer"],
  "another row": [answer('{"id":2}'), "unknown", "invalid_answer"],
  "the end of the connection": [(socket) => void socket.destroy(), "unknown", "unavailable"],
  "half of an answer": [unchecked('{"id":', ["Content-Length: 1000"]), "unknown", "unavailable"],
};

describe("A LiveTable over a bad master", () => {
  for (const [what, [reply, effect, code]] of Object.entries(WRITES)) {
    const then = effect === "none" ? "keeps its entries" : "drops its entries, since it may have been applied";
    it(`a write that is answered with ${what} ${then}`, async () => {
      await over(answer(LISTED), async (server) => {
        await using live = new LiveTable(productsAt(server), "products", new MemCache());
        await live.page(1, 10).listValues();
        server.reply = reply;
        const error = await failureOf(live.patchValue("1", { name: "Bap" }));
        assert.deepEqual([error.code, error.effect], [code, effect], String(error));
        server.reply = answer(LISTED);
        assert.equal((await live.page(1, 10).listValues()).size, 2);
        const lists = server.requests.filter((line) => line.startsWith("GET"));
        // The row is asked for first; this server does not know conditions, so that all are.
        assert.equal(lists.length, effect === "none" ? 1 : 3);
        assert.equal(server.requests.filter((line) => line.startsWith("PATCH")).length, 1, "nothing is retried");
      });
    });
  }

  it("a write that is not answered in time drops its entries", async () => {
    const clock = new FakeClock();
    await over(answer(LISTED), async (server) => {
      await using live = new LiveTable(productsAt(server, { clock }), "products", new MemCache());
      await live.page(1, 10).listValues();
      const asked = Promise.withResolvers<void>();
      server.reply = () => asked.resolve();
      const failure = failureOf(live.delete("1"));
      await asked.promise;
      await clock.advance(30_000);
      assert.deepEqual([(await failure).code, (await failure).effect], ["unavailable", "unknown"]);
      server.reply = answer(LISTED);
      await live.page(1, 10).listValues();
      assert.equal(server.requests.filter((line) => line.startsWith("GET")).length, 2);
      await settle();
      assert.equal(clock.waiting, 0);
    });
  });
});

function productsAt(server: RawServer, options: RestTableOptions = {}): RestTable {
  return new RestTable(`${server.url}/products?token=s3cret`, {
    paging: { page: "page", limit: "limit" },
    maxLimit: 50,
    maxAnswerBytes: 1_000_000,
    ...options,
  });
}

async function over(reply: Reply, body: (server: RawServer) => Promise<void>): Promise<void> {
  const server = await rawServer(reply);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

async function failureOf(call: Promise<unknown>): Promise<TableError> {
  const error: unknown = await call.then(() => assert.fail("nothing was refused"), (error) => error);
  assert(error instanceof TableError, String(error));
  return error;
}

function silent(): void {}

function half(socket: Socket): void {
  socket.write(head(["Content-Length: 1000"]) + LISTED.slice(0, 10));
}

/** Blanks, for as long as somebody takes them. */
function endless(socket: Socket): void {
  socket.write(head([]));
  const blanks = " ".repeat(100_000);
  const more = (): void => void (socket.writable && socket.write(blanks, () => setImmediate(more)));
  more();
}
