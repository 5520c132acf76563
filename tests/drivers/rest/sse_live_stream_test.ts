import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Clock,
  InvalidAnswerError,
  LiveTable,
  MemCache,
  MemTable,
  NotFoundError,
  RejectedError,
  TableError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from "@vantage/live";
import { SseLiveStream, type SseLiveStreamOptions, type SseMessage } from "@vantage/live/rest";
import { FakeClock, settle } from "@vantage/live/testing";
import { defineTracer, type TraceRecord, type TraceSink } from "@vantage/live/trace";
import { hello, listen, type SseCall, SseServer } from "./sse_server.ts";

const URL_WITH_TOKEN = "https://example.com/events?token=secret#top";

interface Scene {
  readonly server: SseServer;
  readonly clock: FakeClock;
  readonly stream: SseLiveStream;
}

function scene(options: SseLiveStreamOptions = {}, server: SseServer = new SseServer()): Scene {
  const clock = new FakeClock();
  const stream = new SseLiveStream(URL_WITH_TOKEN, { fetch: server.fetch, clock, ...options });
  return { server, clock, stream };
}

function updated(id: string, eventId?: string): string {
  return `${eventId === undefined ? "" : `id: ${eventId}\n`}data: {"kind":"updated","id":"${id}"}\n\n`;
}

/** Longer than the first pause, and shorter than any other wait. */
const FIRST_PAUSE_MS = 100;

describe("SseLiveStream", () => {
  it("is live while its connection is, for all tables", async () => {
    const { server, stream, clock } = scene();
    const products = stream.of("products");
    const isLive = (): readonly (boolean | undefined)[] => [stream.isLive, products.isLive];
    assert.deepEqual(isLive(), [false, false]);
    const heard = listen(products);
    await settle();
    assert.deepEqual(isLive(), [false, false]);
    server.call.open();
    await settle();
    assert.deepEqual(isLive(), [true, true]);
    server.call.end();
    await settle();
    assert.deepEqual(isLive(), [false, false]);
    await clock.advance(FIRST_PAUSE_MS);
    server.call.open();
    await settle();
    assert.deepEqual(isLive(), [true, true]);
    await heard.cancel();
    assert.deepEqual(isLive(), [false, false]);
  });

  describe("when it connects", () => {
    it("asks for events with the first subscriber, and tells `changed` as soon as the head is there", async () => {
      const { server, stream } = scene();
      assert.equal(server.calls.length, 0);
      const heard = listen(stream);
      await settle();
      assert.equal(server.calls.length, 1);
      assert.equal(server.call.url, URL_WITH_TOKEN.split("#")[0]);
      assert.equal(server.call.headers.get("accept"), "text/event-stream");
      assert.equal(server.call.headers.has("last-event-id"), false);
      assert.equal(server.call.redirect, "manual");
      assert.deepEqual(heard.events, []);
      server.call.open();
      await settle();
      assert.deepEqual(heard.events, ["changed"]);
      server.call.send(hello(false));
      await settle();
      assert.deepEqual(heard.events, ["changed"], "the hello tells nothing new");
      await heard.cancel();
    });

    it("has one connection for all subscribers, and a late one is live at once", async () => {
      const { server, stream } = scene();
      const early = listen(stream);
      await settle();
      server.call.open(hello(false));
      await settle();
      const late = listen(stream);
      server.call.send(updated("a"));
      await settle();
      assert.deepEqual([early.events, late.events], [["changed", "a"], ["a"]]);
      assert.equal(server.calls.length, 1);
      assert.equal(stream.subscriberCount, 2);
      await early.cancel();
      assert.equal(server.open, 1);
      await late.cancel();
      assert.equal(server.open, 0);
      assert.equal(stream.subscriberCount, 0);
    });

    it("sends headers that are asked for anew for each connection", async () => {
      let token = 0;
      const { server, clock, stream } = scene({
        headers: () => Promise.resolve({ authorization: `Bearer ${++token}`, accept: "text/event-stream, */*" }),
      });
      const heard = listen(stream);
      await settle();
      assert.equal(server.call.headers.get("authorization"), "Bearer 1");
      assert.equal(server.call.headers.get("accept"), "text/event-stream, */*");
      server.call.open().end();
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.call.headers.get("authorization"), "Bearer 2");
      await heard.cancel();
    });

    it("copies headers that are given once", async () => {
      const headers = new Headers({ authorization: "Bearer 1" });
      const { server, stream } = scene({ headers });
      headers.delete("authorization");
      const heard = listen(stream);
      await settle();
      assert.equal(server.call.headers.get("authorization"), "Bearer 1");
      await heard.cancel();
    });

    it("refuses a URL that it cannot ask, without quoting what could be a credential", () => {
      const make = (url: string) => (): SseLiveStream => new SseLiveStream(url);
      assert.throws(make("/events?token=secret"), (error: Error) => {
        return error instanceof TypeError && /must be absolute/.test(error.message) && !/secret/.test(error.message);
      });
      assert.throws(make("ftp://example.com/"), { name: "TypeError", message: /http: or https:.*"ftp:"/ });
      assert.throws(make("https://ann:secret@example.com/events?token=secret"), (error: Error) => {
        return error instanceof TypeError && /https:\/\/example\.com\/events .*headers/.test(error.message) &&
          !/ann|secret/.test(error.message);
      });
    });

    it("refuses options that make no sense", () => {
      for (const name of ["silenceMs", "connectTimeoutMs", "maxEventLength", "bufferCapacity"]) {
        assert.throws(() => scene({ [name]: 0 }), { name: "RangeError", message: new RegExp(`${name}.*number 0`) });
      }
      assert.throws(() => scene({ headers: { "no header": "x" } }), TypeError);
    });
  });

  describe("when it reads", () => {
    const text = [
      ": a comment\r\n\r\n",
      "event: hello\r\ndata: {}\r\n\r\n",
      'data: {"kind":"inserted",\r\ndata: "id":"é🥐"}\r\n\r\n',
      'id: 5\rdata: {"kind":"deleted","id":"b"}\r\r',
      "id: 6\n\n",
      'unknown: x\nretry: soon\ndata:{"kind":"changed","id":"ignored"}\n\n',
      'data: {"kind":"updated","id":"half"}\n',
    ].join("");
    const EVENTS = ["changed", "changed", "é🥐", "b", "changed"];

    it("takes CRLF, CR and LF, comments, several lines of data and a byte order mark for what they are", async () => {
      const { server, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(`\uFEFF${text}`).end();
      await settle();
      assert.deepEqual(heard.events, EVENTS);
      await heard.cancel();
    });

    it("takes events that are cut anywhere, even within a character", async () => {
      const { server, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open();
      for (const byte of new TextEncoder().encode(`\uFEFF${text}`)) server.call.send(Uint8Array.of(byte));
      await settle();
      assert.deepEqual(heard.events, EVENTS);
      await heard.cancel();
    });

    it("keeps the row that an event carries, with all its types", async () => {
      const { server, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open('data: {"kind":"updated","id":"a","row":{"n":{"$bigint":"5"}},"__proto__":{}}\n\n');
      await settle();
      assert.deepEqual(heard.whole[1], { kind: "updated", id: "a", row: { n: 5n } });
      await heard.cancel();
    });

    it("tells `changed` for what is no event, and traces that", async () => {
      const tracer = new Records();
      const { server, stream } = scene({ tracer: defineTracer(tracer) });
      const heard = listen(stream);
      await settle();
      const odd = ["ping", "null", "[1]", '{"kind":"renamed","id":"a"}', '{"kind":"updated","id":5}'];
      const rows = ['{"kind":"updated","id":"a","row":5}', '{"kind":"updated","id":"a","row":{"n":{"$bigint":1}}}'];
      server.call.open([...odd, ...rows].map((data) => `event: x\ndata: ${data}\n\n`).join("") + hello(true));
      await settle();
      assert.deepEqual(heard.events, Array(9).fill("changed"));
      assert.equal(tracer.named("message not understood").length, 8, "a hello is one only where it comes first");
      await heard.cancel();
    });

    it("asks `toEvent` what a message tells", async () => {
      const messages: SseMessage[] = [];
      const toEvent = (message: SseMessage): { kind: "updated"; id: string } | undefined => {
        messages.push(message);
        if (message.data === "bad") throw new Error("bad");
        return message.event === "price" ? { kind: "updated", id: message.data } : undefined;
      };
      const { server, stream } = scene({ toEvent });
      const heard = listen(stream);
      await settle();
      server.call.open("event: price\nid: 1\ndata: a\n\ndata: b\n\ndata: bad\n\nevent: hello\ndata: c\n\n");
      await settle();
      assert.deepEqual(heard.events, ["changed", "a", "changed"]);
      assert.deepEqual(messages, [
        { event: "price", data: "a", id: "1" },
        { event: "message", data: "b", id: undefined },
        { event: "message", data: "bad", id: undefined },
        { event: "hello", data: "c", id: undefined },
      ]);
      await heard.cancel();
    });

    it("keeps no more for a subscriber than `bufferCapacity`, and then tells `changed`", async () => {
      const { server, stream } = scene({ bufferCapacity: 3 });
      const reader = stream.subscribe().getReader();
      await settle();
      server.call.open("abcdef".split("").map((id) => updated(id)).join(""));
      await settle();
      const heard: string[] = [];
      for (let count = 0; count < 4; count++) heard.push((await reader.read()).value?.kind ?? "end");
      assert.deepEqual(heard, ["changed", "updated", "updated", "changed"]);
      await reader.cancel();
    });

    it("loses the connection over an event that does not end, and does not ask for it again", async () => {
      const errors: unknown[] = [];
      const { server, clock, stream } = scene({
        maxEventLength: 1000,
        onState: (state, error) => state === "lost" && errors.push(error),
      });
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false) + updated("a", "e-1"));
      for (let line = 0; line < 20; line++) server.call.send(`data: ${"x".repeat(60)}\n`);
      await settle();
      assert(errors[0] instanceof UnavailableError);
      assert.match(errors[0].message, /https:\/\/example\.com\/events sent an event of more than maxEventLength, 1000/);
      assert.equal(server.call.over, true);
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.call.headers.has("last-event-id"), false);
      server.call.open();
      await settle();
      assert.deepEqual(heard.events, ["changed", "a", "changed"]);
      await heard.cancel();
    });
  });

  describe("when a connection is lost", () => {
    it("tells nothing until it is back, and then `changed`", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false) + updated("a", "e-1")).end();
      await clock.advance(FIRST_PAUSE_MS);
      assert.deepEqual(heard.events, ["changed", "a"]);
      assert.equal(server.calls.length, 2);
      server.call.open();
      await settle();
      assert.deepEqual(heard.events, ["changed", "a"], "whether it resumes is not known yet");
      server.call.send(hello(false) + updated("b", "f-1"));
      await settle();
      assert.deepEqual(heard.events, ["changed", "a", "changed", "b"]);
      await heard.cancel();
    });

    it("sends the last id, and tells what was missed in place of `changed` if the server resumes", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false) + updated("a", "e-1"));
      await settle();
      server.call.break();
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.call.headers.get("last-event-id"), "e-1");
      server.call.refuse();
      await clock.advance(2 * FIRST_PAUSE_MS);
      assert.equal(server.call.headers.get("last-event-id"), "e-1", "kept over a connection that never was");
      server.call.open(hello(true, { id: "e-1" }) + updated("b", "e-2") + "id: e-3\n\n").end();
      await clock.advance(4 * FIRST_PAUSE_MS);
      assert.deepEqual(heard.events, ["changed", "a", "b"]);
      assert.equal(server.call.headers.get("last-event-id"), "e-3");
      server.call.open(hello(true, { id: "e-3" }));
      await settle();
      assert.deepEqual(heard.events, ["changed", "a", "b"]);
      await heard.cancel();
    });

    it("keeps the id of no event that was cut off", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false) + updated("a", "e-1") + updated("b", "e-2").slice(0, -1));
      await settle();
      server.call.break();
      await clock.advance(FIRST_PAUSE_MS);
      assert.deepEqual(heard.events, ["changed", "a"]);
      assert.equal(server.call.headers.get("last-event-id"), "e-1");
      await heard.cancel();
    });

    it("believes no server that says it resumed where nothing was asked for", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open('event: hello\ndata: {"heartbeatMs":1,"resumed":true}\n\n').end();
      await clock.advance(FIRST_PAUSE_MS);
      server.call.open('event: hello\ndata: {"heartbeatMs":1,"resumed":true}\n\n');
      await settle();
      assert.deepEqual(heard.events, ["changed", "changed"]);
      await heard.cancel();
    });

    it("tells `changed` with the head again if the server says no hello", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(updated("a", "1")).end();
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.call.headers.get("last-event-id"), "1");
      server.call.open();
      await settle();
      assert.deepEqual(heard.events, ["changed", "a", "changed"]);
      await heard.cancel();
    });

    it("tells `changed` before the first message if the server has stopped saying hello", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false) + updated("a", "e-1")).end();
      await clock.advance(FIRST_PAUSE_MS);
      server.call.open(updated("b"));
      await settle();
      assert.deepEqual(heard.events, ["changed", "a", "changed", "b"]);
      await heard.cancel();
    });

    it("waits for a hello no longer than `connectTimeoutMs`, and once", async () => {
      const { server, clock, stream } = scene({ connectTimeoutMs: 5_000 });
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false)).end();
      await clock.advance(FIRST_PAUSE_MS);
      server.call.open(": nothing but comments\n\n");
      await clock.advance(4_000);
      server.call.send(": nothing but comments\n\n");
      await clock.advance(2_000);
      assert.deepEqual([server.calls.length, heard.events.length], [3, 1]);
      server.call.open();
      await settle();
      assert.deepEqual(heard.events, ["changed", "changed"]);
      await heard.cancel();
    });

    for (const id of ["", " a", "a\t", "a\u0001", "a\u007f", "x".repeat(1025), "é".repeat(513)]) {
      it(`resumes after no id that a header cannot carry, such as ${JSON.stringify(id.slice(0, 5))}`, async () => {
        const { server, clock, stream } = scene();
        const heard = listen(stream);
        await settle();
        server.call.open(hello(false) + updated("a", id)).end();
        await clock.advance(FIRST_PAUSE_MS);
        assert.equal(server.call.headers.has("last-event-id"), false);
        await heard.cancel();
      });
    }

    for (const id of ["a b", "a\tb", "é", "à", "日本-🥐", "é".repeat(512)]) {
      it(`sends an id in UTF-8, as an EventSource does, such as ${JSON.stringify(id.slice(0, 5))}`, async () => {
        const { server, clock, stream } = scene();
        const heard = listen(stream);
        await settle();
        server.call.open(hello(false) + updated("a", id)).end();
        await clock.advance(FIRST_PAUSE_MS);
        const sent = server.call.headers.get("last-event-id") ?? "";
        const bytes = Uint8Array.from(sent, (character) => character.charCodeAt(0));
        assert.equal(new TextDecoder("utf-8", { fatal: true }).decode(bytes), id);
        await heard.cancel();
      });
    }

    it("an id with NUL is none, and an empty one takes back the last", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false) + updated("a", "e-1") + updated("b", "e-\0-2")).end();
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.call.headers.get("last-event-id"), "e-1");
      server.call.open(hello(true) + updated("c", "")).end();
      await clock.advance(2 * FIRST_PAUSE_MS);
      assert.equal(server.call.headers.has("last-event-id"), false);
      await heard.cancel();
    });

    it("takes silence beyond 45 seconds for a lost connection, comments for a sign of life", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open();
      await clock.advance(44_999);
      server.call.send(":\n");
      await clock.advance(44_999);
      assert.equal(server.call.over, false);
      await clock.advance(1);
      assert.equal(server.call.over, true);
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.calls.length, 2);
      await heard.cancel();
    });

    it("takes three silent heartbeats for a lost connection if the server tells of one", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false, { heartbeatMs: 1_000 }));
      await clock.advance(2_999);
      assert.equal(server.call.over, false);
      await clock.advance(1);
      assert.equal(server.call.over, true);
      await heard.cancel();
    });

    it("takes no heartbeat for one that makes no sense", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false, { heartbeatMs: 0 }));
      await clock.advance(44_999);
      assert.equal(server.calls.length, 1);
      await heard.cancel();
    });

    it("takes silence beyond `silenceMs` for a lost connection, whatever the heartbeat", async () => {
      const { server, clock, stream } = scene({ silenceMs: 500 });
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false));
      await clock.advance(499);
      assert.equal(server.call.over, false);
      await clock.advance(1);
      assert.equal(server.call.over, true);
      await heard.cancel();
    });

    it("waits no longer than `connectTimeoutMs` for the head of an answer, or for headers", async () => {
      const deaf = new SseServer({ deaf: true });
      const errors: (Error | undefined)[] = [];
      const onState: SseLiveStreamOptions["onState"] = (state, error) => state === "lost" && errors.push(error);
      const { clock, stream } = scene({ onState }, deaf);
      const heard = listen(stream);
      await clock.advance(30_000);
      await clock.advance(FIRST_PAUSE_MS);
      assert.match(errors[0]?.message ?? "", /GET https:\/\/example\.com\/events was not answered within 30000 ms/);
      assert.equal(deaf.calls.length, 2);
      deaf.calls[0]?.open();
      await settle();
      assert.equal(deaf.calls[0]?.over, true, "an answer that comes too late is let go of");
      await heard.cancel();

      const slow = scene({ onState, headers: () => new Promise(() => {}), connectTimeoutMs: 10 });
      const other = listen(slow.stream);
      await slow.clock.advance(10);
      assert.match(errors[1]?.message ?? "", /within 10 ms/);
      assert.equal(slow.server.calls.length, 0);
      await other.cancel();
    });

    it("pauses longer and longer, and briefly again after a connection that lasted", async () => {
      const fake = new FakeClock();
      const waits: number[] = [];
      const clock: Clock = {
        now: () => fake.now(),
        random: () => 0,
        monotonic: () => fake.monotonic(),
        wait: (ms, options) => (waits.push(ms), fake.wait(ms, options)),
      };
      const pauses = (): number[] => waits.splice(0).filter((ms) => ms !== 30_000 && ms !== 45_000);
      const { server, stream } = scene({ clock });
      const heard = listen(stream);
      for (let failed = 0; failed < 4; failed++) {
        await settle();
        server.call.refuse();
        await fake.advance(1_000);
      }
      assert.deepEqual(pauses(), [50, 100, 200, 400]);
      server.call.open(hello(false)).end();
      await fake.advance(2_000);
      assert.deepEqual(pauses(), [800], "a hello proves nothing");
      server.call.open(hello(false) + updated("a")).end();
      await fake.advance(2_000);
      assert.deepEqual(pauses(), [1_600], "nor does an event");
      server.call.refuse();
      await fake.advance(4_000);
      server.call.open(hello(true));
      await fake.advance(10_000);
      server.call.end();
      await fake.advance(2_000);
      server.call.refuse();
      await fake.advance(2_000);
      assert.deepEqual(pauses(), [3_200, 50, 100]);
      await heard.cancel();
    });

    const hasty: readonly (readonly [what: string, answer: (call: SseCall) => void])[] = [
      ["says one message and hangs up", (call) => call.open(updated("a", "e-1")).end()],
      ["says hello and hangs up", (call) => call.open(hello(false)).end()],
      ["says hello, a message and breaks off", (call) => call.open(hello(false) + updated("a")).break()],
      ["answers 200 and ends", (call) => call.open().end()],
      ["asks for no pause at all", (call) => call.open(`retry: 0\n\n${updated("a")}`).end()],
      [
        "is busy for 0 seconds",
        (call) => call.answer(new Response(null, { status: 503, headers: { "retry-after": "0" } })),
      ],
      ["cannot be reached", (call) => call.refuse()],
    ];
    for (const [what, answer] of hasty) {
      it(`asks a server less and less often that ${what}`, async () => {
        const server = new SseServer();
        const answered: typeof fetch = (input, init) => {
          const response = server.fetch(input, init);
          answer(server.call);
          return response;
        };
        const { clock, stream } = scene({ fetch: answered });
        const heard = listen(stream);
        const pass = async (ms: number): Promise<number> => {
          const before = server.calls.length;
          await clock.advance(ms);
          return server.calls.length - before;
        };
        assert(await pass(4_000) <= 7);
        await pass(60_000);
        assert(await pass(60_000) <= 4, "half a minute apart, at last");
        await heard.cancel();
      });
    }

    it("waits in the background while all its subscribers do, and no longer", async () => {
      const fake = new FakeClock();
      const waits: (boolean | undefined)[] = [];
      const clock: Clock = {
        now: () => fake.now(),
        random: () => 0,
        monotonic: () => fake.monotonic(),
        wait: (ms, options) => (waits.push(options?.background), fake.wait(ms, options)),
      };
      const { server, stream } = scene({ clock });
      const table = stream.of("products").subscribe({ background: true }).getReader();
      await settle();
      server.call.refuse();
      await settle();
      assert.deepEqual(waits.splice(0), [true, true], "the alarm, which guards an open socket, and the pause");
      const left = new AbortController();
      const heard = listen(stream, left.signal);
      await settle();
      assert.deepEqual(waits.splice(0), [false], "the rest of the pause");
      left.abort();
      await settle();
      assert.deepEqual(waits.splice(0), [true]);
      assert.equal(heard.over, "end");
      await fake.advance(49);
      assert.equal(server.calls.length, 1);
      await fake.advance(1);
      assert.equal(server.calls.length, 2, "not a moment later for all that");
      await table.cancel();
      await settle();
      assert.equal(fake.waiting, 0);
    });

    it("many streams that lose one server do not come back at the same moment", async () => {
      const server = new SseServer();
      const clock = new FakeClock();
      const asked: number[] = [];
      const counting: typeof fetch = (input, init) => {
        asked.push(clock.monotonic());
        return server.fetch(input, init);
      };
      const streams = Array.from({ length: 50 }, () => new SseLiveStream("http://a/", { fetch: counting, clock }));
      const heard = streams.map((stream) => listen(stream));
      await settle();
      asked.length = 0;
      for (const call of server.calls) {
        call.answer(new Response(null, { status: 503, headers: { "retry-after": "60" } }));
      }
      await clock.advance(61_000);
      assert.equal(asked.length, 50);
      assert(asked.every((at) => at >= 60_000), "none before it may");
      assert(new Set(asked).size >= 45, "spread after it");
      for (const each of heard) await each.cancel();
    });

    it("a wall clock that is set back or forth moves no wait", async () => {
      for (const hours of [-1, 1]) {
        const clock = new FakeClock({ now: 5 * 3_600_000 });
        const { server, stream } = scene({ clock });
        const set = (): void => clock.set(clock.now() + hours * 3_600_000);
        const heard = listen(stream);
        await settle();
        server.call.open(hello(false));
        await settle();
        set();
        await clock.advance(44_999);
        assert.equal(server.call.over, false);
        await clock.advance(1);
        assert.equal(server.call.over, true, "three silent heartbeats");
        set();
        await clock.advance(FIRST_PAUSE_MS);
        assert.equal(server.calls.length, 2, "it had lasted, whatever the wall clock says");
        const sent = new Date(clock.now()).toUTCString();
        set();
        const later = new Date(clock.now() - hours * 3_600_000 + 60_000).toUTCString();
        server.call.answer(new Response(null, { status: 503, headers: { "retry-after": later, date: sent } }));
        await clock.advance(59_000);
        assert.equal(server.calls.length, 2, "a date counts from the server's own");
        await clock.advance(1_000 + 2 * FIRST_PAUSE_MS);
        assert.equal(server.calls.length, 3);
        await heard.cancel();
      }
    });

    for (
      const [name, headers] of [
        ["in seconds", { "retry-after": "60" }],
        ["as a date", { "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }],
      ] as const
    ) {
      for (const status of [408, 425, 429, 500, 503]) {
        it(`waits as long as Retry-After says ${name} after ${status}`, async () => {
          const { server, clock, stream } = scene();
          const heard = listen(stream);
          await settle();
          server.call.answer(new Response("later", { status, headers }));
          await clock.advance(60_000);
          assert.equal(server.calls.length, 1);
          await clock.advance(FIRST_PAUSE_MS);
          assert.equal(server.calls.length, 2);
          assert.equal(heard.over, undefined);
          await heard.cancel();
        });
      }
    }

    it("waits no longer than five minutes, whatever Retry-After says, and does not mind nonsense", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.answer(new Response(null, { status: 503, headers: { "retry-after": "99999999999" } }));
      await clock.advance(300_000 + FIRST_PAUSE_MS);
      assert.equal(server.calls.length, 2);
      server.call.answer(new Response(null, { status: 503, headers: { "retry-after": "soon" } }));
      await clock.advance(2 * FIRST_PAUSE_MS);
      assert.equal(server.calls.length, 3);
      await heard.cancel();
    });

    it("waits at least as long as `retry:` says", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open("retry: 5000\n\n").end();
      await clock.advance(5_000);
      assert.equal(server.calls.length, 1);
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.calls.length, 2);
      server.call.open("retry: 999999999999999999999999\n\n").end();
      await clock.advance(300_000 + 2 * FIRST_PAUSE_MS);
      assert.equal(server.calls.length, 3);
      await heard.cancel();
    });
  });

  describe("when the server refuses", () => {
    const refusals: readonly (readonly [what: string, response: () => Response, kind: unknown, message: RegExp])[] = [
      ["400", () => new Response(null, { status: 400 }), RejectedError, /status 400/],
      ["401", () => new Response("no", { status: 401 }), UnauthorizedError, /status 401/],
      ["403", () => new Response("no", { status: 403 }), UnauthorizedError, /status 403/],
      ["404", () => new Response("no", { status: 404 }), NotFoundError, /status 404/],
      ["405", () => new Response("no", { status: 405 }), UnsupportedError, /status 405/],
      ["410", () => new Response("no", { status: 410 }), NotFoundError, /status 410/],
      [
        "a page",
        () => new Response("<html>", { headers: { "content-type": "text/html" } }),
        InvalidAnswerError,
        /html/,
      ],
      ["no type", () => new Response(new Uint8Array(1)), InvalidAnswerError, /content type "unknown"/],
      ["206", () => events(206), InvalidAnswerError, /status 206/],
      ["302", () => Response.redirect("https://evil.example/", 302), InvalidAnswerError, /redirect/],
      ["304", () => new Response(null, { status: 304 }), InvalidAnswerError, /redirect/],
    ];
    for (const [what, response, kind, message] of refusals) {
      it(`fails the subscriptions with a typed error, for ${what}`, async () => {
        const { server, clock, stream } = scene();
        const [one, other] = [listen(stream), listen(stream)];
        await settle();
        server.call.answer(response());
        await clock.advance(600_000);
        assert(one.over instanceof TableError && one.over.constructor === kind, String(one.over));
        assert.match(one.over.message, message);
        assert.match(one.over.message, /^GET https:\/\/example\.com\/events was/);
        assert.doesNotMatch(one.over.message, /secret|top/);
        assert.equal(one.over.retriable, false);
        assert.equal(other.over, one.over);
        assert.deepEqual([server.calls.length, clock.waiting, stream.subscriberCount], [1, 0, 0]);
      });
    }

    it("fails them for a redirect that a browser hides", async () => {
      const { server, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.answer(Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" }));
      await settle();
      assert(heard.over instanceof InvalidAnswerError && /redirect/.test(heard.over.message));
    });

    it("lets go of the body", async () => {
      const { server, stream } = scene({}, new SseServer({ deaf: true }));
      listen(stream);
      await settle();
      server.call.open("<html>", { "content-type": "text/html" });
      await settle();
      assert.equal(server.call.over, true);
    });

    it("ends the subscriptions for 204, and takes new ones", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.answer(new Response(null, { status: 204 }));
      await settle();
      assert.equal(heard.over, "end");
      assert.equal(clock.waiting, 0);
      const next = listen(stream);
      await settle();
      server.call.open();
      await settle();
      assert.deepEqual(next.events, ["changed"]);
      await next.cancel();
    });

    it("takes a content type with parameters and capitals", async () => {
      const { server, stream } = scene();
      const heard = listen(stream);
      await settle();
      server.call.open("", { "content-type": "Text/Event-Stream; charset=UTF-8" });
      await settle();
      assert.deepEqual(heard.events, ["changed"]);
      await heard.cancel();
    });

    for (
      const [how, headers] of [
        ["throws", () => {
          throw new Error("no token");
        }],
        ["rejects", () => Promise.reject(new Error("no token"))],
        ["gives none", () => ({ "no header": "x" })],
      ] as const
    ) {
      it(`fails the subscriptions with a typed error if the function of the headers ${how}`, async () => {
        const { server, clock, stream } = scene({ headers });
        const heard = listen(stream);
        await clock.advance(600_000);
        assert(heard.over instanceof RejectedError);
        // What cannot be sent is not quoted: it could be a credential.
        assert.equal(heard.over.cause instanceof Error, how !== "gives none");
        assert.deepEqual([server.calls.length, clock.waiting], [0, 0]);
      });
    }

    it("tries again by itself if the function of the headers says that this may help", async () => {
      let asked = 0;
      const { server, clock, stream } = scene({
        headers: () => {
          if (asked++ === 0) throw new UnavailableError("no token yet");
          return {};
        },
      });
      const heard = listen(stream);
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(server.calls.length, 1);
      await heard.cancel();
    });
  });

  describe("when the last subscriber is gone", () => {
    const states: readonly (readonly [state: string, reach: (scene: Scene) => Promise<void>])[] = [
      ["asks", () => settle()],
      ["is live", ({ server }) => (server.call.open(hello(false)), settle())],
      ["waits for a hello", async ({ server, clock }) => {
        server.call.open(hello(false)).end();
        await clock.advance(FIRST_PAUSE_MS);
        server.call.open();
        await settle();
      }],
      ["reads half an event", ({ server }) => (server.call.open("data: x"), settle())],
      ["pauses", ({ server }) => (server.call.refuse(), settle())],
      ["waits as it was asked to", ({ server }) => {
        server.call.answer(new Response(null, { status: 429, headers: { "retry-after": "60" } }));
        return settle();
      }],
    ];
    for (const [state, reach] of states) {
      for (const deaf of [false, true]) {
        for (const way of ["aborted", "cancelled"]) {
          it(`keeps nothing when it is ${way} while it ${state}${deaf ? ", even if fetch is deaf" : ""}`, async () => {
            const told: string[] = [];
            const parts = scene({ onState: (state) => told.push(state) }, new SseServer({ deaf }));
            const { server, clock, stream } = parts;
            const control = new AbortController();
            const heard = listen(stream, control.signal);
            await settle();
            await reach(parts);
            const before = told.length;
            if (way === "aborted") control.abort();
            else await heard.cancel();
            await settle();
            assert.equal(heard.over, "end");
            assert.equal(clock.waiting, 0);
            server.call.open();
            await clock.advance(600_000);
            assert.equal(server.open, 0);
            assert.deepEqual(told.slice(before), [], "nothing is told any more");
            const calls = server.calls.length;
            const next = listen(stream);
            await settle();
            assert.equal(server.calls.length, calls + 1);
            assert.equal(server.call.headers.has("last-event-id"), false, "its gap is its own");
            await next.cancel();
          });
        }
      }
    }

    it("asks for nothing if the signal was aborted before", async () => {
      const { server, clock, stream } = scene();
      const heard = listen(stream, AbortSignal.abort());
      await settle();
      assert.equal(heard.over, "end");
      assert.deepEqual([server.calls.length, clock.waiting], [0, 0]);
    });

    it("asks for nothing if it went while headers were awaited", async () => {
      const headers = Promise.withResolvers<HeadersInit>();
      const { server, clock, stream } = scene({ headers: () => headers.promise });
      const heard = listen(stream);
      await settle();
      await heard.cancel();
      headers.resolve({});
      await settle();
      assert.deepEqual([server.calls.length, clock.waiting], [0, 0]);
    });
  });

  describe("onState", () => {
    it("tells connecting, live and lost in this order, and why", async () => {
      const told: string[] = [];
      const onState: SseLiveStreamOptions["onState"] = (state, error) =>
        told.push(error === undefined ? state : `${state}: ${error.name}`);
      const { server, clock, stream } = scene({ onState });
      const heard = listen(stream);
      await settle();
      assert.deepEqual(told.splice(0), ["connecting"]);
      server.call.open(hello(false));
      await settle();
      assert.deepEqual(told.splice(0), ["live"]);
      server.call.break();
      await settle();
      assert.deepEqual(told.splice(0), ["lost: UnavailableError"]);
      await clock.advance(FIRST_PAUSE_MS);
      assert.deepEqual(told.splice(0), ["connecting"]);
      server.call.open();
      await settle();
      assert.deepEqual(told.splice(0), []);
      server.call.send(hello(true));
      await settle();
      assert.deepEqual(told.splice(0), ["live"]);
      server.call.end();
      await clock.advance(2 * FIRST_PAUSE_MS);
      assert.deepEqual(told.splice(0), ["lost: UnavailableError", "connecting"]);
      server.call.answer(new Response(null, { status: 403 }));
      await settle();
      assert.deepEqual(told.splice(0), ["lost: UnauthorizedError"]);
      assert(heard.over instanceof UnauthorizedError);
    });

    it("that throws hurts nobody, and is traced", async () => {
      const tracer = new Records();
      const { server, clock, stream } = scene({
        tracer: defineTracer(tracer),
        onState: () => {
          throw new Error("mine");
        },
      });
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false) + updated("a")).end();
      await clock.advance(FIRST_PAUSE_MS);
      assert.deepEqual(heard.events, ["changed", "a"]);
      assert.equal(server.calls.length, 2);
      assert.equal(tracer.named("onState failed").length, 4);
      await heard.cancel();
    });

    it("may end the subscription", async () => {
      for (const when of ["live", "lost", "connecting"]) {
        const control = new AbortController();
        let told = 0;
        // The first time it is connecting, there is no subscription to end.
        const onState = (state: string): void => void (told++ > 0 && state === when && control.abort());
        const { server, clock, stream } = scene({ onState });
        const heard = listen(stream, control.signal);
        await settle();
        server.call.open(hello(false) + updated("a")).end();
        await clock.advance(1_000);
        assert.equal(heard.over, "end");
        assert.deepEqual([server.calls.length, clock.waiting], [1, 0], when);
      }
    });
  });

  describe("traces", () => {
    it("tell of each state with the URL, but nothing that could be a credential", async () => {
      const tracer = new Records();
      const { server, clock, stream } = scene({ tracer: defineTracer(tracer), headers: { authorization: "secret" } });
      const heard = listen(stream);
      await settle();
      server.call.open(hello(false)).end();
      await clock.advance(FIRST_PAUSE_MS);
      await heard.cancel();
      assert.deepEqual(tracer.records.map(({ level, name, fields }) => [level, name, fields.url, fields.error]), [
        ["info", "event source connecting", "https://example.com/events", undefined],
        ["info", "event source live", "https://example.com/events", undefined],
        ["warn", "event source lost", "https://example.com/events", "UnavailableError"],
        ["info", "event source connecting", "https://example.com/events", undefined],
      ]);
      assert.doesNotMatch(JSON.stringify(tracer.records), /secret/);
    });

    it("that fail hurt nobody", async () => {
      const tracer = defineTracer({
        enabled: () => {
          throw new Error("mine");
        },
        span: () => ({ end: () => {} }),
        event: () => {},
      });
      const { server, stream } = scene({ tracer });
      const heard = listen(stream);
      await settle();
      server.call.open();
      await settle();
      assert.deepEqual(heard.events, ["changed"]);
      await heard.cancel();
    });
  });

  describe("under a LiveTable", () => {
    async function tableOver({ stream, server, clock }: Scene): Promise<{ table: LiveTable; master: MemTable }> {
      const master = new MemTable("products", { rows: [["a", { price: 2 }]] });
      const table = new LiveTable(master, "products", new MemCache(), { liveStream: stream, clock });
      await settle();
      server.call.open(hello(false));
      await settle();
      await table.listValues();
      return { table, master };
    }

    it("a server that comes back with a gap makes the table serve the truth, and meanwhile what it holds", async () => {
      const parts = scene();
      const { server, clock } = parts;
      const { table, master } = await tableOver(parts);
      server.call.break();
      await settle();
      await master.patchValue("a", { price: 9 });
      for (let failed = 0; failed < 3; failed++) {
        await clock.advance(1_000);
        server.call.refuse();
      }
      assert.equal((await table.listValues()).get("a")?.price, 2, "served from the cache while it is away");
      await clock.advance(1_000);
      server.call.open(hello(false));
      await settle();
      assert.equal((await table.listValues()).get("a")?.price, 9);
      await table.close();
      assert.deepEqual([server.open, clock.waiting], [0, 0]);
    });

    it("a server that resumes empties no cache, and drops what the missed events are about", async () => {
      const parts = scene();
      const { server, clock } = parts;
      const { table, master } = await tableOver(parts);
      const { masterReads } = table.stats();
      server.call.break();
      await clock.advance(FIRST_PAUSE_MS);
      server.call.open(hello(true));
      await settle();
      await table.listValues();
      assert.equal(table.stats().masterReads, masterReads, "a hit");
      server.call.break();
      await settle();
      await master.patchValue("a", { price: 9 });
      await clock.advance(2 * FIRST_PAUSE_MS);
      server.call.open(hello(true) + updated("a", "e-1"));
      await settle();
      assert.equal((await table.listValues()).get("a")?.price, 9);
      await table.close();
    });

    it("a server that refuses is asked again with the pauses of the table", async () => {
      const parts = scene();
      const { server, clock } = parts;
      const { table, master } = await tableOver(parts);
      server.call.end();
      await clock.advance(FIRST_PAUSE_MS);
      await master.patchValue("a", { price: 9 });
      server.call.answer(new Response(null, { status: 401 }));
      await clock.advance(FIRST_PAUSE_MS);
      assert.equal(table.stats().retries, 1);
      server.call.open(hello(false));
      await settle();
      assert.equal((await table.listValues()).get("a")?.price, 9);
      await table.close();
      assert.deepEqual([server.open, clock.waiting], [0, 0]);
    });
  });
});

function events(status: number): Response {
  return new Response(new ReadableStream(), { status, headers: { "content-type": "text/event-stream" } });
}

/** A tracer that keeps what it is told. */
class Records implements TraceSink {
  readonly records: TraceRecord[] = [];

  enabled(): boolean {
    return true;
  }

  span(start: TraceRecord): { end(): void } {
    this.records.push(start);
    return { end: () => {} };
  }

  event(event: TraceRecord): void {
    this.records.push(event);
  }

  named(name: string): TraceRecord[] {
    return this.records.filter((record) => record.name === name);
  }
}
