import type { LiveEvent } from "@vantage/live";
import { SseLiveStream } from "@vantage/live/stream/sse";
import { type OpenStream, streamConformance } from "@vantage/live/testing";
import { SseHttpServer } from "../stream/sse_http_server.ts";
import { runSuite } from "./run_suite.ts";

runSuite("SseLiveStream over HTTP keeps the promises of LiveStream", streamConformance, () => ({
  tellsRows: true,
  // What is on its way waits in the connection, too.
  bufferCapacity: undefined,
  ends: true,
  fails: true,
  countsSubscribers: true,
  open,
}));

async function open(): Promise<OpenStream> {
  const server = new SseHttpServer();
  await server.start();
  const stream = new SseLiveStream(server.url);
  const closing = new AbortController();
  const emit = async (event: LiveEvent): Promise<void> => {
    // What happens before the connection stands is told as `changed`: true, but not what the cases wait for.
    if (stream.subscriberCount > 0) await server.connections(1);
    server.send(event);
  };
  const refuse = async (status: number): Promise<void> => {
    await server.connections(1);
    server.refuseNext(new Response(null, { status }));
  };
  return {
    // Subscriptions that a case leaves behind would be connected anew for ever.
    stream: {
      subscribe: ({ signal = closing.signal } = {}) =>
        stream.subscribe({ signal: AbortSignal.any([signal, closing.signal]) }),
    },
    emit,
    end: () => refuse(204),
    fail: () => refuse(403),
    subscriberCount: () => stream.subscriberCount,
    close: () => {
      closing.abort();
      return server.stop();
    },
  };
}
