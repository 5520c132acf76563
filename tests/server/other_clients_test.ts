import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { getBytes, getLines, getMessages } from "@microsoft/fetch-event-source/lib/cjs/parse.js";
import { EventSource } from "eventsource";
import { createParser } from "eventsource-parser";
import { ManualLiveStream } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { FakeClock } from "@vantage/live/testing";
import { NO_BROWSER, openPage } from "../browser/chromium.ts";
import { skippable } from "../skippable.ts";
import { bakery } from "./fixture.ts";
import { serve } from "./serve.ts";

/** What a client tells of each message: its kind and its data. */
type Hear = (event: string, data: string) => void;

/** Follows the events at an address; answers how to leave. */
type Client = (url: string, hear: Hear) => () => void;

const HEARTBEATS = 3;

/** What a client hears of a table that says hello, nothing for three heartbeats, and that a row has changed. */
async function heardBy(client: Client, page?: string): Promise<readonly (readonly [event: string, data: string])[]> {
  const [events, clock] = [new ManualLiveStream(), new FakeClock()];
  const handler = tableHandler(bakery(), { path: "/products", events, clock, heartbeatMs: 1000 });
  const served = await serve((request) => {
    if (new URL(request.url).pathname !== "/page") return handler(request);
    return new Response(page, { headers: { "content-type": "text/html" } });
  });
  const heard: (readonly [string, string])[] = [];
  let more = Promise.withResolvers<void>();
  const leave = client(served.url, (event, data) => {
    heard.push([event, data]);
    more.resolve();
  });
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      await more.promise;
      more = Promise.withResolvers<void>();
    }
  };
  await until(() => heard.length > 0);
  for (let beat = 0; beat < HEARTBEATS; beat++) await clock.advance(1000);
  events.push({ kind: "updated", id: "a" });
  await until(() => heard.some(([, data]) => data.includes("updated")));
  leave();
  await handler.close();
  await served.close();
  return heard;
}

const EXPECTED = [
  ["hello", '{"heartbeatMs":1000,"resumed":false}'],
  ["message", '{"kind":"updated","id":"a"}'],
];

describe("tableHandler(), events in other clients", () => {
  const clients: Readonly<Record<string, Client>> = {
    "eventsource": (url, hear) => {
      const source = new EventSource(`${url}/products/events`);
      for (const type of ["hello", "message"]) source.addEventListener(type, ({ data }) => hear(type, data));
      return () => source.close();
    },
    "@microsoft/fetch-event-source": (url, hear) => {
      const leaving = new AbortController();
      const read = async (): Promise<void> => {
        const { body } = await fetch(`${url}/products/events`, { signal: leaving.signal });
        const onMessage = getMessages(() => {}, () => {}, ({ event, data }) => hear(event || "message", data));
        if (body !== null) await getBytes(body, getLines(onMessage));
      };
      read().catch(() => {});
      return () => leaving.abort();
    },
    "eventsource-parser": (url, hear) => {
      const leaving = new AbortController();
      const read = async (): Promise<void> => {
        const parser = createParser({ onEvent: ({ event, data }) => hear(event ?? "message", data) });
        const { body } = await fetch(`${url}/products/events`, { signal: leaving.signal });
        for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(text);
      };
      read().catch(() => {});
      return () => leaving.abort();
    },
  };
  for (const [name, client] of Object.entries(clients)) {
    it(`${name} takes no heartbeat for a message`, async () => {
      assert.deepEqual(await heardBy(client), EXPECTED);
    });
  }

  skippable("a browser's EventSource takes no heartbeat for a message", NO_BROWSER, async () => {
    const script = `const source = new EventSource("/products/events");
      for (const type of ["hello", "message"]) source.addEventListener(type, ({ data }) => console.log(type + " " + data));`;
    const page = `<!DOCTYPE html><link rel="icon" href="data:,"><script>${script}</script>`;
    const inBrowser: Client = (url, hear) => {
      const left = Promise.withResolvers<void>();
      void openPage(async (page, lines) => {
        await page.goto(`${url}/page`);
        const follow = async (): Promise<void> => {
          for (let next = await lines.next(); !next.done; next = await lines.next()) {
            const [event = "", ...data] = next.value.split(" ");
            hear(event, data.join(" "));
          }
        };
        await Promise.race([follow(), left.promise]);
      });
      return () => left.resolve();
    };
    assert.deepEqual(await heardBy(inBrowser, page), EXPECTED);
  });
});
