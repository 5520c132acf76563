import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type LiveEvent, type LiveStream, LiveTable, ManualLiveStream, MemCache } from "@vantage/live";
import { type TableHandler, tableHandler, type TableHandlerOptions } from "@vantage/live/server";
import { FakeClock, settle } from "@vantage/live/testing";
import { EventReader, type Message } from "./event_reader.ts";
import { ask, bakery, problemIn } from "./fixture.ts";

interface Bench {
  readonly handler: TableHandler;
  readonly stream: ManualLiveStream;
  readonly clock: FakeClock;
}

function setUp(options: TableHandlerOptions = {}): Bench {
  const stream = new ManualLiveStream({ bufferCapacity: 10_000 });
  const clock = new FakeClock();
  return { handler: tableHandler(bakery(), { events: stream, clock, ...options }), stream, clock };
}

async function listen(handler: TableHandler, headers: Record<string, string> = {}): Promise<EventReader> {
  return new EventReader(await ask(handler, "/events", { headers }));
}

function idAt(message: Message | undefined, offset = 0): string {
  const [epoch, number] = (message?.id ?? "").split("-");
  return `${epoch}-${Number(number) + offset}`;
}

async function ids(reader: EventReader, count: number): Promise<unknown[]> {
  return (await reader.take(count)).map((message) => (message?.data as LiveEvent & { id?: string }).id);
}

describe("tableHandler(), events", () => {
  it("is subscribed when it answers, says hello, and tells what happens, without rows", async () => {
    const { handler, stream } = setUp();
    const answer = await ask(handler, "/events");
    assert.equal(stream.subscriberCount, 1);
    assert.equal(answer.headers.get("content-type"), "text/event-stream");
    assert.match(answer.headers.get("cache-control") ?? "", /no-store/);
    assert.equal(answer.headers.get("x-accel-buffering"), "no");
    stream.push({ kind: "updated", id: "a\n\nid: 7", row: { name: "secret" } });
    stream.push({ kind: "changed" });
    const [hello, updated, changed] = await new EventReader(answer).take(3);
    assert.match(hello?.id ?? "", /^[0-9a-f]{16}-0$/);
    assert.deepEqual([hello?.event, hello?.data], ["hello", { heartbeatMs: 15_000, resumed: false }]);
    assert.deepEqual(updated, { id: idAt(hello, 1), data: { kind: "updated", id: "a\n\nid: 7" } });
    assert.deepEqual(changed, { id: idAt(hello, 2), data: { kind: "changed" } });
    await handler.close();
  });

  it("takes the events of a LiveTable by itself, each after what was held is dropped", async () => {
    const table = new LiveTable(bakery(), "products", new MemCache());
    const handler = tableHandler(table, { writable: true });
    const reader = await listen(handler);
    await reader.next();
    await ask(handler, "/rows");
    await ask(handler, "/row?id=a", { method: "PATCH", row: { price: 9 } });
    assert.deepEqual((await reader.next())?.data, { kind: "updated", id: "a", columns: ["price"] });
    assert.match(await (await ask(handler, "/rows")).text(), /"price":9/);
    await table.close();
    assert.equal(await reader.next(), undefined);
    await handler.close();
  });

  it("an event that nobody can read is told as a change", async () => {
    const { handler } = setUp({
      events: {
        subscribe: () =>
          new ReadableStream({ start: (controller) => controller.enqueue({ kind: "eaten" } as unknown as LiveEvent) }),
      },
    });
    const reader = await listen(handler);
    await reader.next();
    assert.deepEqual((await reader.next())?.data, { kind: "changed" });
    await handler.close();
  });

  it("Last-Event-ID is resumed from, if all that came after it is kept", async () => {
    const { handler, stream } = setUp({ replayCapacity: 3 });
    const first = await listen(handler);
    const hello = await first.next();
    for (const id of ["a", "b", "c", "d"]) stream.push({ kind: "updated", id });
    await first.take(4);
    await first.cancel();
    stream.push({ kind: "updated", id: "e" });
    await settle();

    const resumed = await listen(handler, { "last-event-id": idAt(hello, 2) });
    assert.deepEqual(await resumed.next(), {
      event: "hello",
      id: idAt(hello, 2),
      data: { heartbeatMs: 15_000, resumed: true },
    });
    assert.deepEqual(await ids(resumed, 3), ["c", "d", "e"]);
    stream.push({ kind: "updated", id: "f" });
    assert.deepEqual(await ids(resumed, 1), ["f"]);

    const upToDate = await listen(handler, { "last-event-id": idAt(hello, 6) });
    assert.deepEqual((await upToDate.next())?.data, { heartbeatMs: 15_000, resumed: true });
    await handler.close();
  });

  it("a Last-Event-ID beyond what is kept, of another epoch, or of nobody's, is a gap that is said", async () => {
    const { handler, stream } = setUp({ replayCapacity: 2 });
    const hello = await (await listen(handler)).next();
    for (const id of ["a", "b", "c"]) stream.push({ kind: "updated", id });
    await settle();
    const lost = [
      idAt(hello, 0),
      idAt(hello, 4),
      `${"0".repeat(16)}-3`,
      "nonsense",
      "",
      `${idAt(hello)}0000000000000000`,
    ];
    for (const lastEventId of lost) {
      const reader = await listen(handler, { "last-event-id": lastEventId });
      assert.deepEqual(await reader.take(2), [
        { event: "hello", id: idAt(hello, 3), data: { heartbeatMs: 15_000, resumed: false } },
        { id: idAt(hello, 3), data: { kind: "changed" } },
      ]);
    }
    await handler.close();
  });

  it("a client that falls behind what is kept hears `changed`, and then goes on", async () => {
    const { handler, stream } = setUp({ replayCapacity: 4 });
    const slow = await listen(handler);
    const hello = await slow.next();
    for (let n = 1; n <= 100; n++) stream.push({ kind: "updated", id: String(n) });
    await settle();
    stream.push({ kind: "updated", id: "last" });
    await settle();
    assert.deepEqual(await slow.next(), { id: idAt(hello, 101), data: { kind: "changed" } });
    stream.push({ kind: "updated", id: "next" });
    assert.deepEqual(await ids(slow, 1), ["next"]);
    await handler.close();
  });

  it("thousands of events reach who reads, each once and in order", async () => {
    const { handler, stream } = setUp({ replayCapacity: 5000 });
    const readers = await Promise.all([listen(handler), listen(handler), listen(handler)]);
    for (const reader of readers) await reader.next();
    const expected = Array.from({ length: 3000 }, (_, n) => String(n));
    for (const id of expected) stream.push({ kind: "inserted", id });
    for (const reader of readers) assert.deepEqual(await ids(reader, 3000), expected);
    await handler.close();
  });

  it("silence carries heartbeats, from one timer for all", async () => {
    const { handler, stream, clock } = setUp({ heartbeatMs: 1000 });
    const [one, two] = [await listen(handler), await listen(handler)];
    await one.next();
    await two.next();
    assert.equal(clock.waiting, 1);
    for (let n = 0; n < 3; n++) {
      const beats = [one.next(), two.next()];
      await clock.advance(1000);
      assert.deepEqual(await Promise.all(beats), [{ comment: "heartbeat" }, { comment: "heartbeat" }]);
    }
    await one.cancel();
    const beat = two.next();
    stream.push({ kind: "changed" });
    assert.deepEqual((await beat)?.data, { kind: "changed" });
    await two.cancel();
    await settle();
    assert.equal(clock.waiting, 0);
    await handler.close();
  });

  it("a client that takes nothing for stallMs is ended; one that reads is not", async () => {
    const { handler, stream, clock } = setUp({ heartbeatMs: 1000, stallMs: 3000, maxStreams: 2 });
    const [stalled, alert] = [await listen(handler), await listen(handler)];
    await stalled.next();
    await alert.next();
    stream.push({ kind: "updated", id: "a" });
    assert.deepEqual(await ids(alert, 1), ["a"]);
    const rest = (async () => {
      const messages: Message[] = [];
      for (let next = await alert.next(); next !== undefined; next = await alert.next()) messages.push(next);
      return messages;
    })();
    assert.equal((await ask(handler, "/events")).status, 503);
    await clock.advance(5000);
    const other = await listen(handler);
    await other.next();
    assert.equal(await stalled.next(), undefined);
    await handler.close();
    assert.equal((await rest).length, 5);
  });

  it("a wall clock that is set back or forth delays no heartbeat, and ends nobody early or late", async () => {
    for (const hours of [-1, 1]) {
      const clock = new FakeClock({ now: 5 * 3_600_000 });
      const { handler, stream } = setUp({ clock, heartbeatMs: 1000, stallMs: 3000, maxStreams: 2 });
      const [alert, stalled] = [await listen(handler), await listen(handler)];
      await alert.next();
      await stalled.next();
      clock.set(clock.now() + hours * 3_600_000);
      stream.push({ kind: "updated", id: "a" });
      assert.deepEqual(await ids(alert, 1), ["a"]);
      const beat = alert.next();
      await clock.advance(1000);
      assert.deepEqual(await beat, { comment: "heartbeat" });
      clock.set(clock.now() + hours * 3_600_000);
      const rest = alert.take(2);
      await clock.advance(1000);
      assert.equal((await ask(handler, "/events")).status, 503, "it may stall for a second more");
      await clock.advance(1000);
      assert.deepEqual(await rest, [{ comment: "heartbeat" }, { comment: "heartbeat" }]);
      assert.equal(await stalled.next(), undefined);
      await handler.close();
    }
  });

  it("no more than maxStreams listen; who leaves makes room at once", async () => {
    const { handler } = setUp({ maxStreams: 2 });
    const one = await listen(handler);
    const other = await ask(handler, "/events");
    const refused = await ask(handler, "/events");
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "15"]);
    assert.deepEqual((await problemIn(refused)).retriable, true);
    await other.body?.cancel();
    const two = await ask(handler, "/events");
    assert.equal(two.status, 200);
    assert.equal((await ask(handler, "/events")).status, 503);
    await one.cancel();
    assert.equal((await ask(handler, "/events", { method: "HEAD" })).status, 200);
    assert.equal((await ask(handler, "/events")).status, 200);
    await handler.close();
  });

  it("an end or a failure of the stream ends all clients, and the next one begins a new epoch", async () => {
    const { handler, stream } = setUp();
    for (const error of [undefined, new Error("lost")]) {
      const readers = [await listen(handler), await listen(handler)];
      const hello = await readers[0]?.next();
      await readers[1]?.next();
      stream.disconnect(error);
      for (const reader of readers) assert.equal(await reader.next(), undefined);
      const [again, gap] = await (await listen(handler, { "last-event-id": idAt(hello) })).take(2);
      assert.notEqual(again?.id?.slice(0, 16), hello?.id?.slice(0, 16));
      assert.deepEqual([again?.data, gap?.data], [{ heartbeatMs: 15_000, resumed: false }, { kind: "changed" }]);
      stream.disconnect();
      await settle();
    }
    await handler.close();
  });

  it("one subscription serves all, and stays for who comes back", async () => {
    const { handler, stream } = setUp();
    assert.equal(stream.subscriberCount, 0);
    const readers = [await listen(handler), await listen(handler)];
    for (const reader of readers) await reader.cancel();
    assert.equal(stream.subscriberCount, 1);
    await handler.close();
    assert.equal(stream.subscriberCount, 0);
  });

  it("a stream that cannot be subscribed to is a failure of its own, told without its words", async () => {
    const broken: LiveStream = {
      subscribe: () => {
        throw new Error("nats://root:pass@host");
      },
    };
    const { handler } = setUp({ events: broken });
    const answer = await ask(handler, "/events");
    assert.deepEqual([answer.status, (await problemIn(answer)).detail], [
      500,
      "Cannot subscribe to events: the table failed",
    ]);
    await handler.close();
  });

  it("a narrowed table tells that something changed, and of no row", async () => {
    const stream = new ManualLiveStream();
    const table = bakery().where("price", "lt", 10);
    const handler = tableHandler(table, { events: stream, clock: new FakeClock() });
    const reader = await listen(handler);
    await reader.next();
    stream.push({ kind: "deleted", id: "c" });
    assert.deepEqual((await reader.next())?.data, { kind: "changed" });
    await handler.close();
  });

  it("parameters of the URL are left to authorize", async () => {
    const { handler } = setUp({ authorize: ({ url }) => new URL(url).searchParams.get("token") === "sesame" });
    assert.equal((await ask(handler, "/events")).status, 403);
    assert.equal((await ask(handler, "/events?token=sesame")).status, 200);
    await handler.close();
  });

  it("a client that lags is sent small pieces, and an id that is too long is told as a change", async () => {
    const { handler, stream } = setUp();
    const answer = await ask(handler, "/events");
    for (let n = 0; n < 100; n++) stream.push({ kind: "updated", id: `${n}`.padEnd(1024, "\u0001") });
    stream.push({ kind: "updated", id: "x".repeat(1025) });
    stream.push({ kind: "deleted", id: "a" });
    await settle();
    const sizes: number[] = [];
    const measured = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (piece, control) => {
        sizes.push(piece.length);
        control.enqueue(piece);
      },
    });
    const reader = new EventReader(new Response(answer.body?.pipeThrough(measured)));
    const [, ...messages] = await reader.take(103);
    assert.deepEqual(messages.slice(-2).map((message) => message?.data), [{ kind: "changed" }, {
      kind: "deleted",
      id: "a",
    }]);
    assert.equal(new Set(messages.map((message) => message?.id)).size, 102);
    assert.ok(Math.max(...sizes) <= 16 * 1024, `pieces of ${sizes}`);
    await handler.close();
  });

  it("close() ends all streams", async () => {
    const { handler, clock } = setUp();
    const reader = await listen(handler);
    await reader.next();
    const end = reader.next();
    await handler.close();
    assert.equal(await end, undefined);
    assert.equal(clock.waiting, 0);
  });
});
