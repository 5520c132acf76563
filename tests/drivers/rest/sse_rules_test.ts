import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { SseLiveStream, type SseMessage } from "@vantage/live/rest";
import { FakeClock, settle } from "@vantage/live/testing";
import { interpret } from "./event_stream_rules.ts";
import { listen, SseServer } from "./sse_server.ts";

const value = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    " a",
    "5",
    "05",
    "-1",
    "1.5",
    "٣",
    "é",
    "🥐",
    "\uFEFF",
    "ï»¿",
    "\0",
    "a\0b",
    "a:b",
    "\u2028",
    "\x85",
  ),
  fc.string({ unit: "grapheme", maxLength: 4 }),
);
const name = fc.constantFrom("data", "event", "id", "retry", "", "Data", " data", "\uFEFFdata", "ï»¿data", "x");
const line = fc.oneof(
  fc.tuple(name, fc.constantFrom(":", ": ", ":  "), value).map((parts) => parts.join("")),
  name,
  fc.constant(""),
  fc.constant(""),
);
const end = fc.constantFrom("\n", "\r", "\r\n");
const text = fc.tuple(
  fc.constantFrom("", "", "\uFEFF", "\uFEFF\uFEFF"),
  fc.array(fc.tuple(line, end).map((parts) => parts.join("")), { maxLength: 12 }),
  fc.constantFrom("", "data: cut", "\r"),
).map(([mark, lines, rest]) => mark + lines.join("") + rest);

/** What a stream makes of some chunks, and what it asks the next time. */
async function heardOf(chunks: readonly Uint8Array[]): Promise<{ messages: SseMessage[]; lastEventId: string | null }> {
  const [server, clock, messages]: [SseServer, FakeClock, SseMessage[]] = [new SseServer(), new FakeClock(), []];
  const stream = new SseLiveStream("http://a/", {
    fetch: server.fetch,
    clock,
    toEvent: (message) => void messages.push(message),
  });
  const heard = listen(stream);
  await settle();
  server.call.open();
  for (const chunk of chunks) server.call.send(chunk);
  server.call.end();
  await settle();
  await clock.advance(Math.min(interpret(joined(chunks)).retryMs ?? 0, 300_000) + 100);
  const lastEventId = server.call.headers.get("last-event-id");
  await heard.cancel();
  return { messages, lastEventId };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...new Set(cuts.map((place) => place % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((place, index) => bytes.slice(places[index], place)).filter(({ length }) => length > 0);
}

describe("SseLiveStream and the rules of the HTML standard", () => {
  it("agree about any stream, wherever its bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 8 }), async (content, cuts) => {
        const bytes = new TextEncoder().encode(content);
        const expected = interpret(bytes);
        const { messages, lastEventId } = await heardOf(cut(bytes, cuts));
        assert.deepEqual(messages.map(({ event, data }) => ({ event, data })), expected.messages);
        const sent = Uint8Array.from(lastEventId ?? "", (character) => character.charCodeAt(0));
        // What no header can carry is not resumed after.
        const carried = /\p{Cc}|^ | $/u.test(expected.lastEventId) ? "" : expected.lastEventId;
        assert.equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(sent), carried);
      }),
      { numRuns: 100 },
    );
  });

  it("agree about bytes that are no UTF-8, one by one", async () => {
    const bytes = Uint8Array.from([
      0xef,
      0xbb,
      0xbf,
      0xef,
      0xbb,
      0xbf,
      ...new TextEncoder().encode("data: a\n\ndata: "),
      0xff,
      0xf0,
      0x9f,
      10,
      10,
    ]);
    const { messages } = await heardOf([...bytes].map((byte) => Uint8Array.of(byte)));
    assert.deepEqual(messages.map(({ event, data }) => ({ event, data })), interpret(bytes).messages);
    assert.equal(interpret(bytes).messages.length, 1, "the second byte order mark is part of the name of a field");
  });
});
