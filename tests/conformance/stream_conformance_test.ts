import {
  defineTable,
  type LiveEvent,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemTable,
  type Row,
  type Table,
} from "@vantage/live";
import { type OpenStream, streamConformance, type StreamHarness } from "@vantage/live/testing";
import { runSuite } from "./run_suite.ts";
import { CloneCache } from "./third_party_cache.ts";

const ABLE: Omit<StreamHarness, "open"> = {
  emitsRows: true,
  bufferCapacity: 256,
  ends: true,
  fails: true,
  countsSubscribers: false,
};

for (const bufferCapacity of [1, 2, 256]) {
  runSuite(`ManualLiveStream for ${bufferCapacity} events keeps the promises of LiveStream`, streamConformance, () => ({
    ...ABLE,
    bufferCapacity,
    countsSubscribers: true,
    open: () => Promise.resolve(manual(new ManualLiveStream({ bufferCapacity }))),
  }));
}

runSuite("LiveTable.events of what a stream told keeps the promises of LiveStream", streamConformance, () => ({
  ...ABLE,
  // What was just pushed waits for the table first, and not for the subscriber.
  bufferCapacity: undefined,
  ends: false,
  fails: false,
  open: () => Promise.resolve(relayed(new MemCache())),
}));

runSuite(
  "LiveTable.events with a cache that answers later keeps the promises of LiveStream",
  streamConformance,
  () => ({
    ...ABLE,
    // The first events wait for the cache and not for the subscriber.
    bufferCapacity: undefined,
    ends: false,
    fails: false,
    open: () => Promise.resolve(relayed(new CloneCache())),
  }),
);

runSuite("LiveTable.events of its own writes keeps the promises of LiveStream", streamConformance, () => ({
  ...ABLE,
  ends: false,
  fails: false,
  open: () => Promise.resolve(written()),
}));

function manual(stream: ManualLiveStream): OpenStream {
  return {
    stream,
    emit: (event) => void stream.push(event),
    end: () => stream.disconnect(),
    fail: (error) => stream.disconnect(error),
    subscriberCount: () => stream.subscriberCount,
    close: () => stream.disconnect(),
  };
}

/** A table that hears of the events from a stream, and tells of them once it has dropped what it held. */
function relayed(cache: MemCache | CloneCache): OpenStream {
  const liveStream = new ManualLiveStream();
  const table = new LiveTable(new MemTable("bakery"), "bakery", cache, { liveStream });
  return { stream: table.events, emit: (event) => void liveStream.push(event), close: () => table.close() };
}

/** A table that tells of what is written through it. */
function written(): OpenStream {
  const table = new LiveTable(anyRow(), "bakery", new MemCache());
  return { stream: table.events, emit: (event) => write(table, event), close: () => table.close() };
}

async function write(table: LiveTable, event: LiveEvent): Promise<void> {
  switch (event.kind) {
    case "changed":
      return await table.invalidate();
    case "inserted":
      return void await table.insertValue(event.id, {});
    case "updated":
      return void await table.patchValue(event.id, {});
    case "deleted":
      return await table.delete(event.id);
    default:
      return event satisfies never;
  }
}

/** A table in which any row can be patched. */
function anyRow(): Table {
  const none = (): Row => ({});
  return defineTable({ name: "bakery", list: () => [], get: none, insert: none, patch: none, delete: () => {} });
}
