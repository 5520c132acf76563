import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { LiveTable, ManualLiveStream, MemCache } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { FaultyTable, settle } from "@vantage/live/testing";
import { EventReader } from "./event_reader.ts";
import { bakery, contentOf, problemIn } from "./fixture.ts";
import { type Handler, serve } from "./serve.ts";

/** A connection on which a test says exactly what is sent. */
async function connectTo(url: string, lines: readonly string[], body = ""): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {}); // The other end may well close it first.
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.pause();
  socket.write([...lines, "host: localhost", "", body].join("\r\n"));
  return socket;
}

/** A handler, and the statuses of what it has answered; `answered` resolves with the next one. */
function watched(handler: Handler): { readonly handler: Handler; readonly answered: Promise<number> } {
  let tell: (status: number) => void = () => {};
  const answered = new Promise<number>((resolve) => tell = resolve);
  return {
    answered,
    handler: async (request) => {
      const answer = await handler(request);
      tell(answer.status);
      return answer;
    },
  };
}

/** A server that goes with the test, however that ends. */
async function serving(handler: Handler): Promise<AsyncDisposable & { readonly url: string }> {
  const { url, close } = await serve(handler);
  return { url, [Symbol.asyncDispose]: close };
}

describe("tableHandler(), over HTTP", () => {
  it("rows, writes, problems and 304 arrive as they were sent", async () => {
    await using table = new LiveTable(bakery(), "products", new MemCache());
    const handler = tableHandler(table, { path: "/products", writable: true });
    await using served = await serving(handler);
    const url = `${served.url}/products`;
    const first = await fetch(`${url}/rows`);
    const etag = first.headers.get("etag") ?? "";
    assert.equal((await first.json()).rows.length, 3);
    const again = await fetch(`${url}/rows`, { headers: { "if-none-match": etag } });
    assert.deepEqual([again.status, await again.text()], [304, ""]);
    const patched = await fetch(`${url}/row?id=a`, {
      method: "PATCH",
      body: '{"row":{"name":"Brötchen"}}',
      headers: { "content-type": "application/json" },
    });
    assert.equal((await patched.json()).row.name, "Brötchen");
    const changed = await fetch(`${url}/rows`, { headers: { "if-none-match": etag } });
    assert.equal((await changed.json()).rows[0][1].name, "Brötchen");
    const removed = await fetch(`${url}/row?id=c`, { method: "DELETE" });
    assert.deepEqual([removed.status, await removed.text()], [204, ""]);
    const head = await fetch(`${url}/rows`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    const missing = await fetch(`${url}/row?id=${encodeURIComponent("../../%2e%2e/c")}`);
    assert.deepEqual(await missing.json(), { row: null });
    assert.equal((await problemIn(await fetch(`${url}/../nowhere`))).code, "no_such_path");
    await handler.close();
  });

  it("a body that is too long is refused, and the server goes on", async () => {
    const table = bakery();
    const handler = tableHandler(table, { writable: true, maxBodyBytes: 1000 });
    await using served = await serving(handler);
    for (let n = 0; n < 3; n++) {
      const answer = await fetch(`${served.url}/rows`, {
        method: "POST",
        body: JSON.stringify({ row: { name: "x".repeat(5000) } }),
        headers: { "content-type": "application/json" },
      });
      assert.equal(answer.status, 413);
      await problemIn(answer);
    }
    assert.equal((await (await fetch(`${served.url}/rows`)).json()).rows.length, 3);
  });

  it("a body that is cut off changes nothing", async () => {
    const table = bakery();
    const before = await contentOf(table);
    const { handler, answered } = watched(tableHandler(table, { writable: true }));
    await using served = await serving(handler);
    const lines = ["PATCH /row?id=a HTTP/1.1", "content-type: application/json", "content-length: 1000"];
    const socket = await connectTo(served.url, lines, '{"row":{"price":9}}');
    await new Promise<void>((resolve) => socket.end(resolve));
    socket.destroy();
    assert.equal(await answered, 400);
    assert.equal(await contentOf(table), before);
  });

  it("a client that hangs up while its write is under way leaves no half-known write", async () => {
    const table = new FaultyTable(bakery());
    const gate = table.plan.hold("patchValue", "before");
    const handler = tableHandler(table, { writable: true });
    await using served = await serving(handler);
    const body = '{"row":{"price":9}}';
    const lines = ["PATCH /row?id=a HTTP/1.1", "content-type: application/json", `content-length: ${body.length}`];
    const socket = await connectTo(served.url, lines, body);
    await gate.reached;
    await new Promise<void>((resolve) => socket.destroy().once("close", () => resolve()));
    gate.release();
    await handler.close();
    assert.equal((await table.getValue("a"))?.price, 9);
  });

  it("events arrive as they happen, and a client that leaves makes room", async () => {
    const stream = new ManualLiveStream();
    const handler = tableHandler(bakery(), { events: stream, maxStreams: 1 });
    await using served = await serving(handler);
    for (let n = 0; n < 3; n++) {
      const control = new AbortController();
      let answer = await fetch(`${served.url}/events`, { signal: control.signal });
      while (answer.status === 503) {
        await answer.text();
        answer = await fetch(`${served.url}/events`, { signal: control.signal });
      }
      const reader = new EventReader(answer);
      assert.equal((await reader.next())?.event, "hello");
      stream.push({ kind: "updated", id: String(n) });
      assert.deepEqual((await reader.next())?.data, { kind: "updated", id: String(n) });
      control.abort();
      await reader.next().catch(() => {});
    }
    await handler.close();
  });

  it("a client that does not read costs no more than what is kept for all", async () => {
    const stream = new ManualLiveStream({ bufferCapacity: 1000 });
    const handler = tableHandler(bakery(), { events: stream, replayCapacity: 100 });
    await using served = await serving(handler);
    const reader = new EventReader(await fetch(`${served.url}/events`));
    await reader.next();
    const slow = await connectTo(served.url, ["GET /events HTTP/1.1"]);
    const pushed = 60_000;
    const padding = "x".repeat(1000);
    for (let n = 1; n <= pushed; n++) {
      stream.push({ kind: "updated", id: `${n} ${padding}` });
      if (n % 50 === 0) await settle();
    }
    let received = "";
    const heardOfGap = new Promise<void>((resolve) => {
      slow.on("data", (chunk) => {
        received = (received + String(chunk)).slice(-200);
        if (received.includes('{"kind":"changed"}')) resolve();
      });
    });
    slow.resume();
    await heardOfGap;
    assert(slow.bytesRead < pushed * padding.length / 2, `read ${slow.bytesRead} bytes`);
    slow.destroy();
    await reader.cancel();
    await handler.close();
  });
});
