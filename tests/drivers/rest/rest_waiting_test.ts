import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RejectedError, UnavailableError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { FakeClock, settle } from "@vantage/live/testing";
import { json, nothing, scripted, scriptedTable } from "./rest_double.ts";

const REASON = new Error("the reader left");

/** An answer that is never there, and no signal ends. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** A body of which only the beginning comes. */
function halfABody(onCancel = (): void => {}): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('[{"id":')),
    cancel: onCancel,
  });
}

/** Ways in which an answer does not come: no headers to send, no head, no end of the body, no end of a problem. */
const STALLS: Readonly<
  Record<string, { readonly options?: RestTableOptions; readonly answer: () => Promise<Response> }>
> = {
  "while its headers are made": { options: { headers: () => never() }, answer: never },
  "before the head of the answer": { answer: never },
  "within the body": { answer: () => Promise.resolve(new Response(halfABody())) },
  "within a problem": {
    answer: () => {
      const headers = { "content-type": "application/problem+json" };
      return Promise.resolve(new Response(halfABody(), { status: 409, headers }));
    },
  },
};

describe("How long a RestTable waits", () => {
  it("RestTable with an aborted signal sends nothing, and asks for no headers", async () => {
    let asked = 0;
    const { fetch, asked: requests } = scripted();
    const clock = new FakeClock();
    const headers = (): HeadersInit => (asked++, {});
    const table = new RestTable("https://example.com/x", { fetch, clock, headers });
    await assert.rejects(table.listValues({ signal: AbortSignal.abort(REASON) }), REASON);
    await assert.rejects(table.delete("1", { signal: AbortSignal.abort(REASON) }), REASON);
    assert.deepEqual([asked, requests.length, clock.waiting], [0, 0, 0]);
  });

  for (const [moment, { options, answer }] of Object.entries(STALLS)) {
    it(`RestTable rejects with the signal's reason when it is aborted ${moment}, and leaves nothing behind`, async () => {
      const clock = new FakeClock();
      const aborting = new AbortController();
      const { table, asked } = scriptedTable({ clock, ...options }, answer);
      const listing = table.listValues({ signal: aborting.signal });
      await settle();
      assert.equal(clock.waiting, 1);
      aborting.abort(REASON);
      await assert.rejects(listing, REASON);
      assert.equal(clock.waiting, 0);
      for (const { init } of asked) assert.equal(init.signal?.reason, REASON);
    });

    it(`RestTable gives up after timeoutMs ${moment}, and ends the request`, async () => {
      const clock = new FakeClock();
      const { table, asked } = scriptedTable({ clock, timeoutMs: 5000, ...options }, answer);
      const failure = table.listValues().then(() => assert.fail("nothing came"), (error: unknown) => error);
      await clock.advance(4999);
      assert.equal(clock.waiting, 1);
      await clock.advance(1);
      const error = await failure;
      assert(error instanceof UnavailableError, String(error));
      assert.equal(error.message, "GET https://example.com/api/products took more than 5000 ms");
      assert.deepEqual([error.retriable, error.effect], [true, "unknown"]);
      assert.equal(clock.waiting, 0);
      for (const { init } of asked) assert.equal(init.signal?.reason, error);
    });
  }

  it("RestTable keeps no timer once it has an answer, whichever it is", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const answers = [json([]), nothing(500), new Response("<html>"), nothing(302), new TypeError("nobody")];
    const { table } = scriptedTable({ clock }, ...answers);
    for (const _ of answers) await table.listValues({ signal }).catch(() => {});
    assert.equal(clock.waiting, 0);
  });

  it("RestTable leaves no listener on the signal", async () => {
    let listeners = 0;
    const { signal } = new AbortController();
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: unknown[]) => (listeners++, Reflect.apply(add, signal, args));
    signal.removeEventListener = (...args: unknown[]) => (listeners--, Reflect.apply(remove, signal, args));
    const { table } = scriptedTable({}, json([]), nothing(500));
    await table.listValues({ signal });
    await assert.rejects(table.listValues({ signal }));
    assert.equal(listeners, 0);
  });

  it("RestTable waits 30 seconds unless told otherwise", async () => {
    const clock = new FakeClock();
    const { table } = scriptedTable({ clock }, never);
    const failure = assert.rejects(table.listValues(), /took more than 30000 ms/);
    await clock.advance(30_000);
    await failure;
  });

  it("RestTable cancels the body that it does not read to its end", async () => {
    let cancelled = 0;
    const aborting = new AbortController();
    const body = (): ReadableStream<Uint8Array<ArrayBuffer>> => halfABody(() => cancelled++);
    const { table } = scriptedTable({ maxAnswerBytes: 3 }, new Response(body()), new Response(body(), { status: 500 }));
    await assert.rejects(table.listValues({ signal: aborting.signal }));
    await assert.rejects(table.listValues({ signal: aborting.signal }));
    assert.equal(cancelled, 2);
  });

  it("RestTable sends nothing if the signal is aborted while the headers are made", async () => {
    const aborting = new AbortController();
    const made = Promise.withResolvers<HeadersInit>();
    const { table, asked } = scriptedTable({ headers: () => made.promise }, json([]));
    const deleting = table.delete("1", { signal: aborting.signal });
    await settle();
    aborting.abort(REASON);
    await assert.rejects(deleting, REASON);
    made.resolve({});
    await settle();
    assert.equal(asked.length, 0);
  });

  it("RestTable leaves one request alone when another is aborted", async () => {
    const aborting = new AbortController();
    const answered = Promise.withResolvers<Response>();
    const { table } = scriptedTable({}, never, () => answered.promise);
    const [one, other] = [table.listValues({ signal: aborting.signal }), table.listValues()];
    await settle();
    aborting.abort(REASON);
    answered.resolve(json([]));
    await assert.rejects(one, REASON);
    assert.equal((await other).size, 0);
  });
});

describe("The headers of a RestTable", () => {
  it("RestTable sends the headers that it was given, in any form", async () => {
    const forms: HeadersInit[] = [{ "X-Shop": "1" }, [["x-shop", "1"]], new Headers({ "x-shop": "1" })];
    for (const headers of forms) {
      const { table, asked } = scriptedTable({ headers }, json([]));
      await table.listValues();
      assert.equal(asked[0]?.headers.get("x-shop"), "1");
    }
  });

  it("RestTable asks a function for the headers of each request, since tokens change", async () => {
    let tokens = 0;
    const headers = (): Promise<HeadersInit> => Promise.resolve({ authorization: `Bearer ${++tokens}` });
    const { table, asked } = scriptedTable({ headers }, json([]), nothing(), json([]));
    await table.listValues();
    await table.delete("1");
    await table.listValues();
    assert.deepEqual(asked.map((request) => request.headers.get("authorization")), [
      "Bearer 1",
      "Bearer 2",
      "Bearer 3",
    ]);
  });

  it("RestTable lets its caller choose what is accepted and how a row is typed", async () => {
    const headers = { accept: "application/vnd.shop+json", "content-type": "application/merge-patch+json" };
    const { table, asked } = scriptedTable({ headers }, json({ id: 1 }));
    await table.patchValue("1", {});
    assert.equal(asked[0]?.headers.get("accept"), headers.accept);
    assert.equal(asked[0]?.headers.get("content-type"), headers["content-type"]);
  });

  it("RestTable says that nothing was sent if a function for headers fails", async () => {
    const failure = new Error("no token");
    const clock = new FakeClock();
    const failing = [() => Promise.reject(failure), (): never => {
      throw failure;
    }];
    for (const headers of failing) {
      const { table, asked } = scriptedTable({ clock, headers }, json([]));
      const error = await table.delete("1").catch((reason: unknown) => reason);
      assert(error instanceof RejectedError);
      assert.deepEqual([error.cause, error.effect, asked.length, clock.waiting], [failure, "none", 0, 0]);
    }
    const unavailable = new UnavailableError("no token yet", { effect: "none" });
    await assert.rejects(
      scriptedTable({ clock, headers: () => Promise.reject(unavailable) }).table.listValues(),
      unavailable,
    );
  });

  it("RestTable quotes no header that cannot be sent", async () => {
    const headers = { authorization: "Bearer sec\nret" };
    const error = await scriptedTable({ headers: () => headers }).table.listValues().catch((reason: unknown) => reason);
    assert(error instanceof RejectedError && error.cause === undefined);
    assert.doesNotMatch(error.message, /ret/);
    assert.throws(
      () => scriptedTable({ headers }),
      (thrown) => thrown instanceof TypeError && !/sec/.test(thrown.message),
    );
  });
});

describe("The options of a RestTable", () => {
  it("RestTable refuses a URL that is none, is not one of HTTP, or holds credentials", async () => {
    const wrong = ["products", "/products", "", "//example.com/x", "ftp://example.com/x", "file:///x", "data:,x"];
    for (const url of wrong) {
      assert.throws(() => new RestTable(url), TypeError);
      await assert.rejects(RestTable.open(url), TypeError);
    }
    for (
      const url of ["https://ann:s3cret@example.com/x", "https://ann@example.com/x", "http://:s3cret@example.com/"]
    ) {
      assert.throws(() => new RestTable(url), (error) => {
        assert(error instanceof TypeError);
        assert.match(error.message, /example\.com/);
        assert.doesNotMatch(error.message, /ann|s3cret/);
        return true;
      });
    }
    assert.throws(() => new RestTable("ftp://example.com/?token=s3cret"), /^(?!.*s3cret)/);
  });

  it("RestTable keeps its own copy of the URL", async () => {
    const { fetch, asked } = scripted(json([]));
    const url = new URL("https://example.com/x");
    const table = new RestTable(url, { fetch });
    url.pathname = "/y";
    await table.listValues();
    assert.equal(asked[0]?.url, "https://example.com/x");
  });

  it("RestTable refuses an option and an operator that it does not know, by name", () => {
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ pageing: { page: "p", limit: "n" } }, /"pageing".*paging/],
      [{ where: { like: () => {} } }, /"like".*notNull/],
    ];
    // What a caller without types might pass.
    for (const [options, message] of wrong) {
      assert.throws(() => new RestTable("https://example.com/x", options), message);
    }
  });

  it("RestTable refuses a write that it does not know, and bounds that are none", () => {
    const wrong: readonly (readonly [RestTableOptions, ErrorConstructor])[] = [
      // What a caller without types might pass.
      [{ writes: ["insert" as "patch"] }, TypeError],
      [{ timeoutMs: 0 }, RangeError],
      [{ timeoutMs: Infinity }, RangeError],
      [{ maxAnswerBytes: 0.5 }, RangeError],
      [{ maxAnswerBytes: -1 }, RangeError],
    ];
    for (const [options, kind] of wrong) assert.throws(() => new RestTable("https://example.com/x", options), kind);
    assert.throws(() => new RestTable("https://example.com/x", { writes: ["insert" as "patch"] }), /"insert".*patch/);
  });

  it("RestTable refuses by name an option of another kind", () => {
    const wrong: readonly Record<string, unknown>[] = [
      { paging: "page" },
      { paging: { page: "p" } },
      { paging: { cursor: "c", limit: "n" } },
      { paging: { page: "p", limit: 20 } },
      { paging: { page: "p", skip: "s", limit: "n" } },
      { writes: true },
      { where: "brackets" },
      { where: { eq: "name" } },
      { orderBy: "sort" },
      { search: true },
      { address: "/items/{id}" },
      { prepare: {} },
      { toRow: "attributes" },
      { parse: JSON },
      { stringify: "json" },
      { fetch: 5 },
      { idField: 5 },
      { idField: "" },
    ];
    for (const options of wrong) {
      const [name = ""] = Object.keys(options);
      // What a caller without types might pass.
      assert.throws(() => new RestTable("https://example.com/x", options as RestTableOptions), (error) => {
        assert(error instanceof TypeError && new RegExp(`^${name}[. ]`).test(error.message), String(error));
        return true;
      });
    }
    assert.throws(
      () => new RestTable("https://example.com/x", null as unknown as RestTableOptions),
      /must be an object/,
    );
  });
});
