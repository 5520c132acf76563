import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ConflictError, LiveTable, MemCache, MemTable, QueueFullError } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { FaultyTable, settle } from "@vantage/live/testing";
import { ask, bakery, contentOf, problemIn, sqliteBakery } from "./fixture.ts";

function where(...conditions: readonly unknown[]): string {
  return `where=${encodeURIComponent(JSON.stringify(conditions))}`;
}

describe("tableHandler(), write", () => {
  it("every write does what the table does, and answers with its answer", async () => {
    const table = bakery();
    const handler = tableHandler(table, { writable: true });

    const inserted = await ask(handler, "/row?id=d", {
      method: "POST",
      row: { name: "Roll", price: { $bigint: "7" } },
    });
    assert.deepEqual([inserted.status, await inserted.json()], [200, {
      row: { id: "d", name: "Roll", price: { $bigint: "7" } },
    }]);
    const existing = await ask(handler, "/row?id=a", { method: "POST", row: { name: "Other" } });
    assert.deepEqual(await existing.json(), { row: { id: "a", name: "Bun", price: 2 } });
    const replaced = await ask(handler, "/row?id=a", { method: "PUT", row: { name: "Bread" } });
    assert.deepEqual(await replaced.json(), { row: { id: "a", name: "Bread" } });
    const patched = await ask(handler, "/row?id=a", { method: "PATCH", row: { price: 3 } });
    assert.deepEqual(await patched.json(), { row: { id: "a", name: "Bread", price: 3 } });
    const created = await ask(handler, "/rows", { method: "POST", row: { name: "Pie" } });
    const { id } = await created.json();
    assert.deepEqual([created.status, (await table.getValue(id))?.name], [201, "Pie"]);
    const removed = await ask(handler, "/row?id=a", { method: "DELETE" });
    assert.deepEqual([removed.status, await removed.text(), await table.getValue("a")], [204, "", undefined]);
    assert.equal((await ask(handler, "/row?id=a", { method: "DELETE" })).status, 204);
    assert.equal((await ask(handler, `/rows?${where(["name", "eq", "Tart"])}`, { method: "DELETE" })).status, 204);
    assert.deepEqual((await table.listValues()).ids(), ["c", "d", id]);
    assert.equal((await ask(handler, "/rows", { method: "DELETE" })).status, 204);
    assert.equal(await table.getCount(), 0);
  });

  it("PATCH and DELETE touch only what is in the set they name", async () => {
    const table = bakery();
    const handler = tableHandler(table, { writable: true });
    const before = await contentOf(table);
    const patch = (path: string, where?: unknown): Promise<Response> =>
      ask(handler, path, { method: "PATCH", row: { price: 9 }, where });
    for (const answer of [await patch("/row?id=a", [["price", "gt", 3]]), await patch("/row?id=a&search=tart")]) {
      assert.deepEqual([answer.status, (await problemIn(answer)).code], [404, "not_found"]);
    }
    assert.equal((await ask(handler, `/row?id=a&search=tart`, { method: "DELETE" })).status, 204);
    assert.equal(await contentOf(table), before);
    assert.equal(
      (await patch("/row?id=a", [["price", "eq", 2], ["name", "in", ["Bun", "x".repeat(100_000)]]])).status,
      200,
    );
    assert.equal((await table.getValue("a"))?.price, 9);
  });

  it("a PATCH with conditions that are none is refused", async () => {
    const table = bakery();
    const handler = tableHandler(table, { writable: true, maxConditions: 2 });
    const before = await contentOf(table);
    const row = { price: 9 };
    for (
      const where of [5, {}, [5], [["price"]], [["price", "like", 5]], [["nmae", "eq", 5]], [["price", "eq"]], [
        ["price", "eq", { $date: "x" }],
      ], Array(3).fill(["price", "eq", 2])]
    ) {
      const answer = await ask(handler, "/row?id=a", { method: "PATCH", row, where });
      assert.deepEqual([answer.status, (await problemIn(answer)).code], [400, "bad_request"], JSON.stringify(where));
    }
    assert.equal((await ask(handler, `/row?id=a&${where(["price", "eq", 2])}`, { method: "PATCH", row })).status, 400);
    for (const method of ["PUT", "POST"]) {
      assert.equal((await ask(handler, "/row?id=a", { method, row, where: [] })).status, 400);
    }
    assert.equal(await contentOf(table), before);
  });

  it("a PATCH of a narrowed table keeps to its set, whatever its conditions say", async () => {
    const table = bakery();
    const handler = tableHandler(table.where("price", "lt", 10), { writable: true });
    const patch = (id: string, where: unknown): Promise<Response> =>
      ask(handler, `/row?id=${id}`, { method: "PATCH", row: { name: "X" }, where });
    assert.equal((await patch("c", [["price", "eq", 30]])).status, 404);
    assert.equal((await patch("a", [["price", "eq", 2]])).status, 200);
    assert.deepEqual([(await table.getValue("a"))?.name, (await table.getValue("c"))?.name], ["X", "Gâteau"]);
  });

  it("a table is read-only unless told otherwise", async () => {
    const table = bakery();
    const before = await contentOf(table);
    const writes = [["POST", "/rows"], ["PUT", "/row?id=a"], ["DELETE", "/rows"], ["PATCH", "/row?id=a"]] as const;
    for (const [method, path] of writes) {
      const answer = await ask(tableHandler(table), path, { method, row: { name: "X" } });
      assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
      assert.equal((await problemIn(answer)).code, "unsupported");
    }
    assert.equal(await contentOf(table), before);
  });

  it("Idempotency-Key reaches the table", async () => {
    const table = new FaultyTable(bakery());
    const handler = tableHandler(table, { writable: true });
    await ask(handler, "/row?id=a", { method: "PATCH", row: { price: 1 }, headers: { "idempotency-key": "k-1" } });
    await ask(handler, "/row?id=a", { method: "DELETE" });
    assert.deepEqual(table.writeOptions.map((options) => options.idempotencyKey), ["k-1", undefined]);
    const long = { "idempotency-key": "k".repeat(2000) };
    assert.equal((await ask(handler, "/row?id=b", { method: "DELETE", headers: long })).status, 400);
    assert.equal(await table.getCount(), 2);
  });

  it("a write that was begun is finished, whoever leaves; waitUntil and close() wait for it", async () => {
    const table = new FaultyTable(bakery());
    const handler = tableHandler(table, { writable: true });
    const gate = table.plan.hold("patchValue", "before");
    const control = new AbortController();
    const kept: Promise<unknown>[] = [];
    const request = new Request("http://localhost/row?id=a", {
      method: "PATCH",
      body: '{"row":{"price":9}}',
      headers: { "content-type": "application/json" },
      signal: control.signal,
    });
    const context = { waitUntil: (work: Promise<unknown>): unknown => kept.push(work) };
    const answer = handler(request, context);
    await gate.reached;
    control.abort();
    let closed = false;
    const closing = handler.close().then(() => closed = true);
    await settle();
    assert.deepEqual([kept.length, closed, table.writeOptions[0]?.signal], [1, false, undefined]);
    gate.release();
    await Promise.all([kept[0], closing, answer]);
    assert.equal((await table.getValue("a"))?.price, 9);
  });

  it("no piece of a body is kept, since it may be a byte of a large buffer", async () => {
    const table = bakery();
    const handler = tableHandler(table, { writable: true });
    const bytes = new TextEncoder().encode('{"row":{"name":"Gâteau"}}');
    // One buffer for all: a piece that is looked at later than it came reads as the last one.
    const shared = new Uint8Array(1);
    let sent = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        const byte = bytes[sent++];
        if (byte === undefined) return controller.close();
        shared[0] = byte;
        controller.enqueue(shared);
      },
    }, { highWaterMark: 0 });
    const init = { method: "PATCH", headers: { "content-type": "application/json" }, body, duplex: "half" } as const;
    assert.equal((await handler(new Request("http://localhost/row?id=a", init))).status, 200);
    assert.equal((await table.getValue("a"))?.name, "Gâteau");
  });

  it("what others hand over with a request is no matter", async () => {
    const handler = tableHandler(bakery(), { writable: true });
    for (const context of [{ remoteAddr: {} }, { incoming: {}, outgoing: {} }, {}]) {
      const answer = await handler(new Request("http://localhost/row?id=a", { method: "DELETE" }), context);
      assert.equal(answer.status, 204);
    }
  });

  it("refusals of the table are told by their kind", async () => {
    const table = new FaultyTable(bakery());
    const handler = tableHandler(table, { writable: true });
    const cases: readonly [unknown, number, string, string, string | null][] = [
      [new ConflictError("UNIQUE constraint failed: products.name"), 409, "conflict", "none", null],
      [new QueueFullError("10256 writes", { retriable: true }), 503, "queue_full", "none", "1"],
      [new Error("connection to 10.0.0.1 lost"), 500, "fault", "unknown", null],
      [new TypeError("fetch failed"), 400, "bad_request", "unknown", null],
      [new RangeError("/etc/x"), 400, "bad_request", "unknown", null],
    ];
    for (const [error, status, code, effect, retryAfter] of cases) {
      table.plan.fail("patchValue", error);
      const answer = await ask(handler, "/row?id=a", { method: "PATCH", row: { price: 1 } });
      const problem = await problemIn(answer);
      assert.deepEqual([answer.status, problem.code, problem.effect], [status, code, effect]);
      assert.equal(answer.headers.get("retry-after"), retryAfter);
      assert.match(String(problem.detail), /^Cannot patch row "a": /);
    }
  });

  it("a value or column that a database cannot hold is a clear 4xx", async () => {
    const table = await sqliteBakery();
    const handler = tableHandler(table, { writable: true });
    const before = await contentOf(table);
    const rows: readonly [object, number][] = [
      [{ colour: "red" }, 400],
      [{ price: { $number: "NaN" } }, 400],
      [{ price: { $bigint: "9".repeat(30) } }, 400],
      [{ name: { nested: true } }, 400],
      [{ name: "\ud800" }, 400],
      [{ name: null }, 422],
      [{ name: "Tart" }, 409],
    ];
    for (const [row, status] of rows) {
      const answer = await ask(handler, "/row?id=a", { method: "PATCH", row });
      await problemIn(answer);
      assert.equal(answer.status, status, JSON.stringify(row));
    }
    const unknown = await problemIn(await ask(handler, "/rows", { method: "POST", row: { colour: "red" } }));
    assert.deepEqual([unknown.effect, unknown.detail], ["none", 'Cannot insert a row: there is no column "colour"']);
    assert.equal(await contentOf(table), before);
  });

  it("through the result of a search no row is changed so that it would not be found any more", async () => {
    const table = bakery();
    const handler = tableHandler(table.search("bun"), { writable: true });
    const refused = await ask(handler, "/row?id=a", { method: "PATCH", row: { name: "Roll" } });
    assert.deepEqual([refused.status, (await problemIn(refused)).effect], [422, "none"]);
    assert.equal((await ask(handler, "/row?id=a", { method: "PATCH", row: { name: "Bun of the day" } })).status, 200);
    assert.equal((await ask(handler, "/row?id=a", { method: "PATCH", row: { price: 3 } })).status, 200);
    assert.deepEqual(await table.getValue("a"), { id: "a", name: "Bun of the day", price: 3 });
  });

  it("through a narrowed table nothing outside of it is written, shown or made", async () => {
    const table = new MemTable("orders", {
      idField: "id",
      rows: [["1", { tenant: "a", total: 5 }], ["2", { tenant: "b", total: 7 }]],
    });
    const handler = tableHandler(table.where({ tenant: "a" }), { writable: true });
    const { capabilities } = await (await ask(handler, "/")).json();
    assert.deepEqual([capabilities.insert, capabilities.replace, capabilities.patch], [false, false, true]);
    const before = await contentOf(table);
    const refused: readonly [string, string, object?][] = [
      ["POST", "/row?id=2", { tenant: "a" }],
      ["PUT", "/row?id=2", { tenant: "a" }],
      ["PUT", "/row?id=9", { tenant: "a" }],
      ["PATCH", "/row?id=2", { total: 0 }],
      ["PATCH", "/row?id=1", { tenant: "b" }],
      ["POST", "/rows", { tenant: "b" }],
      ["POST", "/rows", { total: 1 }],
      ["POST", "/rows", { id: "2", tenant: "a" }],
    ];
    for (const [method, path, row] of refused) {
      const answer = await ask(handler, path, { method, row });
      assert(answer.status >= 400 && answer.status < 500, `${method} ${path}`);
      assert.doesNotMatch(JSON.stringify(await problemIn(answer)), /total/);
    }
    assert.equal((await ask(handler, "/row?id=2", { method: "DELETE" })).status, 204);
    assert.equal(await contentOf(table), before);
    assert.equal((await ask(handler, "/row?id=1", { method: "PATCH", row: { tenant: "a", total: 6 } })).status, 200);
    assert.equal((await ask(handler, "/rows", { method: "POST", row: { tenant: "a" } })).status, 201);
    assert.equal((await ask(handler, "/rows", { method: "DELETE" })).status, 204);
    assert.deepEqual((await table.listValues()).ids(), ["2"]);
  });

  it("who has the answer of a LiveTable's write reads what was written", async () => {
    const table = new LiveTable(bakery(), "products", new MemCache());
    const handler = tableHandler(table, { writable: true });
    for (let price = 0; price < 20; price++) {
      await ask(handler, "/rows");
      await ask(handler, "/row?id=a", { method: "PATCH", row: { price } });
      assert.equal((await (await ask(handler, "/rows")).json()).rows[0][1].price, price);
    }
    await table.close();
    const closed = await ask(handler, "/row?id=a", { method: "DELETE" });
    assert.deepEqual([closed.status, (await problemIn(closed)).code], [503, "closed"]);
  });
});
