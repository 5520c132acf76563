import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LiveTable, MemCache, MemTable, TableError, type TableWrite, type WriteResult } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { tableHandler, type TableHandlerOptions } from "@vantage/live/server";
import { FaultyTable } from "@vantage/live/testing";
import { contentOf, problemIn } from "./fixture.ts";
import { serve } from "./serve.ts";

const COLUMNS = [{ name: "name" }, { name: "price" }, { name: "photo" }, { name: "soldAt" }];

interface Scene extends AsyncDisposable {
  readonly url: string;
  readonly master: FaultyTable;
  /** The paths that were asked for. */
  readonly asked: readonly string[];
  open(headers?: HeadersInit): Promise<RestTable>;
}

async function scene(options: TableHandlerOptions = {}): Promise<Scene> {
  const rows = ["a", "b", "c"].map((id, price) => [id, { name: id, price }] as const);
  const master = new FaultyTable(new MemTable("products", { columns: COLUMNS, rows }), { writeMany: true });
  const handler = tableHandler(master, { writable: true, ...options });
  const asked: string[] = [];
  const server = await serve((request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return handler(request);
  });
  return {
    url: server.url,
    master,
    asked,
    open: (headers) => RestTable.open(server.url, headers && { headers }),
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await server.close();
    },
  };
}

function patches(ids: readonly string[], price: number): readonly TableWrite[] {
  return ids.map((id) => ({ op: { kind: "patch", id, partial: { price } }, idempotencyKey: `${id} ${price}` }));
}

function codes(results: readonly WriteResult[]): readonly unknown[] {
  return results.map((result) => "error" in result && result.error instanceof TableError ? result.error.code : "done");
}

function post(url: string, body: string, headers: HeadersInit = {}): Promise<Response> {
  return fetch(`${url}/writes`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

describe("RestTable and tableHandler() over HTTP, several writes in one request", () => {
  it("does them in one request and one call of the table, and loses nothing of what JSON has not", async () => {
    await using it = await scene();
    const table = await it.open();
    const row = { name: "Ⓑun", price: 9n, photo: new Uint8Array([0, 255]), soldAt: new Date(5) };
    const results = await table.writeMany([
      { op: { kind: "insert", id: "ключ/?#", row } },
      { op: { kind: "patch", id: "a", partial: { price: 5 } } },
      { op: { kind: "delete", id: "b" } },
      { op: { kind: "insertReturnId", row: { name: "new" } }, newId: "made" },
    ]);
    assert.deepEqual(results, [
      { answer: row },
      { answer: { name: "a", price: 5 } },
      { answer: undefined },
      { answer: "made" },
    ]);
    assert.deepEqual(it.asked.filter((path) => path.startsWith("POST")), ["POST /writes"]);
    assert.equal(it.master.plan.count("writeMany"), 1);
    assert.deepEqual((await it.master.listValues()).ids(), ["a", "c", "ключ/?#", "made"]);
  });

  it("settles each by its own result: the answer is a 200 also if some were refused", async () => {
    await using it = await scene();
    const table = await it.open();
    const results = await table.writeMany(patches(["a", "missing", "c"], 7));
    assert.deepEqual(codes(results), ["done", "not_found", "done"]);
    const { status } = await post(it.url, `{"writes":[{"verb":"patch","id":"missing","row":{}}]}`);
    assert.equal(status, 200);
  });

  it("does once what comes again after a request that broke off, under the same keys", async () => {
    await using it = await scene();
    const table = await it.open();
    it.master.plan.fail("writeMany", new Error("the process is stopped"), "after");
    const first = await table.writeMany(patches(["a", "b"], 7));
    assert.deepEqual(first.map((result) => "error" in result && (result.error as TableError).effect), [
      "unknown",
      "unknown",
    ]);
    await table.writeMany(patches(["c"], 7));
    await it.master.patchValue("c", { price: 8 });
    const [again] = await table.writeMany(patches(["c"], 7));
    assert.deepEqual(again, { answer: { name: "c", price: 7 }, unsettled: true });
    assert.equal((await it.master.getValue("c"))?.["price"], 8);
  });

  it("asks for the rights of each write: what is not allowed is refused alone", async () => {
    await using it = await scene({
      writable: ["patch", "delete"],
      authorize: ({ method, headers }) => {
        const who = headers.get("authorization");
        return who === null ? new Response(null, { status: 401 }) : method !== "DELETE" || who === "Bearer baker";
      },
    });
    const writes: readonly TableWrite[] = [
      ...patches(["a"], 5),
      { op: { kind: "delete", id: "b" } },
      { op: { kind: "insert", id: "d", row: {} } },
    ];
    const clerk = await it.open({ authorization: "Bearer clerk" });
    assert.deepEqual(codes(await clerk.writeMany(writes)), ["done", "unauthorized", "unsupported"]);
    const baker = await it.open({ authorization: "Bearer baker" });
    assert.deepEqual(codes(await baker.writeMany(writes.slice(0, 2))), ["done", "done"]);
    assert.deepEqual((await it.master.listValues()).ids(), ["a", "c"]);
    const before = await contentOf(it.master);
    const answer = await post(it.url, `{"writes":[{"verb":"delete","id":"a"}]}`);
    assert.equal(answer.status, 401);
    await answer.body?.cancel();
    assert.equal(await contentOf(it.master), before);
  });

  it("refuses what is no list of writes by name, and does nothing", async () => {
    await using it = await scene({ maxWrites: 2, maxBodyBytes: 300 });
    const before = await contentOf(it.master);
    const remove = `{"verb":"delete","id":"a"}`;
    const bodies: readonly [string, number, RegExp, HeadersInit?][] = [
      ["", 400, /JSON/],
      [`{"writes":[${remove}`, 400, /JSON/],
      [`[${remove}]`, 400, /"writes"/],
      [`{"writes":{}}`, 400, /"writes"/],
      [`{"writes":[${remove},${remove},${remove}]}`, 413, /at most 2 writes \(maxWrites\)/],
      [`{"writes":[{"verb":"delete","id":"${"a".repeat(300)}"}]}`, 413, /300 bytes/],
      [`{"writes":[${remove}]}`, 415, /application\/json/, { "content-type": "text/plain" }],
    ];
    for (const [body, status, says, headers] of bodies) {
      const answer = await post(it.url, body, headers);
      const problem = await problemIn(answer);
      assert.deepEqual([answer.status, problem.effect], [status, "none"], body);
      assert.match(String(problem.detail), says);
    }
    const wrongMethod = await fetch(`${it.url}/writes`, { method: "PUT", body: "{}" });
    assert.equal(wrongMethod.status, 405);
    await wrongMethod.body?.cancel();
    assert.equal(await contentOf(it.master), before);
  });

  it("refuses a bad write by name, and does the others", async () => {
    await using it = await scene();
    const bad: readonly [string, RegExp][] = [
      [`5`, /must be an object, got number 5/],
      [`{"verb":"rename","id":"a"}`, /Unknown verb "rename"/],
      [`{"verb":"patch","row":{}}`, /id/],
      [`{"verb":"patch","id":"a"}`, /needs a row/],
      [`{"verb":"patch","id":7,"row":{}}`, /id of a write must be a text, got number 7/],
      [`{"verb":"patch","id":"a","row":{"colour":"red"}}`, /colour/],
      [`{"verb":"delete","id":"a","key":"${"k".repeat(1025)}"}`, /at most 1024 characters/],
      [`{"verb":"delete","id":"a","where":[]}`, /where/],
      [`{"verb":"delete","id":"a","secret":1}`, /"secret"/],
    ];
    const body = `{"writes":[${
      [...bad.map(([write]) => write), `{"verb":"patch","id":"c","row":{"price":4}}`].join()
    }]}`;
    const answer = await post(it.url, body);
    assert.equal(answer.status, 200);
    const { results } = await answer.json() as { results: { problem?: Record<string, unknown>; row?: unknown }[] };
    for (const [at, [write, says]] of bad.entries()) {
      const problem = results[at]?.problem;
      assert.deepEqual([problem?.code, problem?.effect], ["bad_request", "none"], write);
      assert.match(String(problem?.detail), says);
    }
    assert.deepEqual(results.at(-1), { row: { name: "c", price: 4 } });
    assert.deepEqual((await it.master.listValues()).ids(), ["a", "b", "c"]);
  });

  it("goes in parts to a server that takes fewer", async () => {
    await using it = await scene({ maxWrites: 3 });
    const table = await it.open();
    const ids = Array.from({ length: 10 }, (_, at) => `row-${at}`);
    const results = await table.writeMany(ids.map((id) => ({ op: { kind: "insert", id, row: { name: id } } })));
    assert.deepEqual(codes(results), ids.map(() => "done"));
    assert.equal((await it.master.listValues()).size, 13);
  });

  it("a LiveTable sends what waits in one request, and shows it", async () => {
    await using it = await scene();
    const live = new LiveTable(await it.open(), "products", new MemCache());
    await live.listValues();
    live.setOnline(false);
    const writes = ["a", "b", "missing", "c"].map((id) => live.patchValue(id, { price: 7 }));
    live.setOnline(true);
    const outcomes = await Promise.allSettled(writes);
    assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(it.asked.filter((path) => /^(POST|PATCH)/.test(path)), ["POST /writes"]);
    assert.deepEqual([...(await live.listValues()).values()].map(({ price }) => price), [7, 7, 7]);
    await live.close();
  });
});
