import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { InvalidAnswerError, LiveTable, MemCache, MemTable } from "@vantage/live";
import { SseLiveStream } from "@vantage/live/rest";
import { settle } from "@vantage/live/testing";
import { serve } from "../../server/serve.ts";
import { SseHttpServer } from "./sse_http_server.ts";

describe("SseLiveStream over real HTTP", () => {
  it("lets go of its connection when the last subscriber is gone", async () => {
    const server = new SseHttpServer();
    await server.start();
    const stream = new SseLiveStream(server.url);
    const readers = [stream.subscribe().getReader(), stream.subscribe().getReader()];
    for (const reader of readers) await reader.read();
    await server.connections(1);
    for (const reader of readers) await reader.cancel();
    await server.connections(0);
    await server.stop();
  });

  it("heals a LiveTable when a server that went away is back: it serves the truth", async () => {
    const server = new SseHttpServer();
    await server.start();
    let arrived = Promise.withResolvers<void>();
    let lost = Promise.withResolvers<void>();
    const stream = new SseLiveStream(server.url, {
      onState: (state) => state === "live" ? arrived.resolve() : state === "lost" ? lost.resolve() : undefined,
    });
    const master = new MemTable("products", { rows: [["a", { price: 2 }]] });
    await using table = new LiveTable(master, "products", new MemCache(), { liveStream: stream });
    // A table alone does not keep the process waiting for a server that is lost; who reads its events does.
    const reader = table.events.subscribe().getReader();
    await arrived.promise;
    await settle();
    await table.listValues();
    arrived = Promise.withResolvers<void>();
    await server.stop();
    await lost.promise;
    await master.patchValue("a", { price: 9 });
    assert.equal((await table.listValues()).get("a")?.price, 2, "served from the cache while nobody answers");
    lost = Promise.withResolvers<void>();
    await lost.promise;
    await server.start();
    await arrived.promise;
    await settle();
    assert.equal((await table.listValues()).get("a")?.price, 9);
    await reader.cancel();
    await table.close();
    await server.stop();
  });

  for (const id of ["e-1", "日本-🥐", "à", "a b"]) {
    it(`resumes after an id of any characters, such as ${id}`, async () => {
      const asked: (string | null)[] = [];
      const again = Promise.withResolvers<void>();
      const server = await serve(({ headers }) => {
        asked.push(headers.get("last-event-id"));
        if (asked.length === 2) again.resolve();
        return new Response(`id: ${id}\ndata: {"kind":"changed"}\n\n`, {
          headers: { "content-type": "text/event-stream" },
        });
      });
      const reader = new SseLiveStream(`${server.url}/events`).subscribe().getReader();
      await again.promise;
      await reader.cancel();
      await server.close();
      const bytes = Uint8Array.from(asked[1] ?? "", (character) => character.charCodeAt(0));
      // Some servers take headers for UTF-8, others for bytes.
      assert([asked[1], new TextDecoder().decode(bytes)].includes(id), `sent ${asked[1]}`);
    });
  }

  it("follows no redirect: no token travels to another place", async () => {
    const asked: string[] = [];
    const evil = await serve(() => {
      asked.push("evil");
      return new Response(null, { status: 204 });
    });
    const server = await serve(() => new Response(null, { status: 307, headers: { location: evil.url } }));
    const stream = new SseLiveStream(`${server.url}/events`, { headers: { authorization: "Bearer secret" } });
    await assert.rejects(stream.subscribe().getReader().read(), (error) => error instanceof InvalidAnswerError);
    assert.deepEqual(asked, []);
    await server.close();
    await evil.close();
  });
});
