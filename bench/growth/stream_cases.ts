import { type LiveEvent, LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { each, type GrowthCase, upTo } from "./growth_case.ts";

const EVENT: LiveEvent = { kind: "updated", id: "a" };

export const streamCases: readonly GrowthCase[] = [
  {
    name: "ManualLiveStream: n subscriptions under one signal, ended by it",
    prepare: (n) => {
      const stream = new ManualLiveStream();
      const controller = new AbortController();
      return () => {
        for (const _ of upTo(n)) stream.subscribe({ signal: controller.signal });
        controller.abort();
      };
    },
  },
  {
    name: "ManualLiveStream: an event for n subscribers",
    prepare: (n) => {
      const stream = new ManualLiveStream();
      for (const _ of upTo(n)) stream.subscribe();
      return () => each(10, () => stream.push(EVENT));
    },
  },
  {
    name: "ManualLiveStream: n events for one subscriber that lags",
    prepare: (n) => {
      const stream = new ManualLiveStream();
      stream.subscribe();
      return () => each(n, () => stream.push(EVENT));
    },
  },
  {
    name: "ManualLiveStream: n events, all of them read",
    prepare: (n) => {
      const stream = new ManualLiveStream();
      const reader = stream.subscribe().getReader();
      return () =>
        each(n, async () => {
          stream.push(EVENT);
          await reader.read();
        });
    },
  },
  {
    name: "LiveTable: n events one after the other",
    prepare: (n) => {
      const stream = new ManualLiveStream();
      const live = new LiveTable(new MemTable("products"), "products", new MemCache(), { liveStream: stream });
      return () =>
        each(n, async (number) => {
          stream.push({ kind: "updated", id: `${number}` });
          await live.getCount();
        });
    },
  },
  {
    name: "tableHandler: n events replayed to a client that resumes",
    prepare: async (n) => {
      const events = new ManualLiveStream({ bufferCapacity: n + 1 });
      const handler = tableHandler(new MemTable("products"), { events, replayCapacity: n + 1 });
      const first = await connected(handler);
      const hello = await first.next();
      const id = /id: (\S+)/.exec(hello)?.[1] ?? "";
      for (const number of upTo(n)) events.push({ kind: "updated", id: `${number}` });
      // A separate loop logs the pushed events.
      for (let received = 0; received < n;) received += count(await first.next());
      await first.cancel();
      return async () => {
        const again = await connected(handler, id);
        for (let received = 0; received < n;) received += count(await again.next());
        await again.cancel();
        await handler.close();
      };
    },
  },
];

interface Client {
  next(): Promise<string>;
  cancel(): Promise<void>;
}

async function connected(handler: ReturnType<typeof tableHandler>, lastEventId?: string): Promise<Client> {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const response = await handler(new Request("http://bench.test/events", { headers }));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  return {
    next: async () => (await reader?.read())?.value ?? "",
    cancel: async () => await reader?.cancel(),
  };
}

function count(text: string): number {
  return text.split('"updated"').length - 1;
}
