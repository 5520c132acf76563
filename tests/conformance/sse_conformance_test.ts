import { type LiveEvent, ManualLiveStream } from "@vantage/live";
import { eventHandler } from "@vantage/live/server";
import { SseLiveStream } from "@vantage/live/rest";
import { type OpenStream, streamConformance } from "@vantage/live/testing";
import { SseHttpServer } from "../drivers/rest/sse_http_server.ts";
import { runSuite } from "./run_suite.ts";
import { untilClosed } from "./until_closed.ts";

runSuite("SseLiveStream over HTTP keeps the promises of LiveStream", streamConformance, () => ({
  emitsRows: true,
  // What is on its way waits in the connection, too.
  bufferCapacity: undefined,
  ends: true,
  fails: true,
  countsSubscribers: true,
  open,
}));

runSuite("SseLiveStream.of() a table among several keeps the promises of LiveStream", streamConformance, () => ({
  // Ids are told, rows are not.
  emitsRows: false,
  bufferCapacity: undefined,
  ends: false,
  fails: false,
  countsSubscribers: true,
  open: openOneOfSeveral,
}));

async function openOneOfSeveral(): Promise<OpenStream> {
  const events = new ManualLiveStream();
  const handler = eventHandler({ products: events, others: new ManualLiveStream() });
  const closing = new AbortController();
  const live = Promise.withResolvers<void>();
  const stream = new SseLiveStream("http://localhost/", {
    fetch: (input, init) => handler(new Request(input, init)),
    onState: (state) => state === "live" && live.resolve(),
  });
  // Somebody else's table keeps the connection, so that it stands whenever a case subscribes.
  const other = stream.of("others").subscribe().getReader();
  await live.promise;
  return {
    stream: untilClosed(stream.of("products"), closing.signal),
    emit: (event) => void events.push(event),
    subscriberCount: () => stream.subscriberCount - 1,
    close: async () => {
      closing.abort();
      await other.cancel();
      await handler.close();
    },
  };
}

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
    stream: untilClosed(stream, closing.signal),
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
