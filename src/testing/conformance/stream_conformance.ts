import type { LiveEvent } from "../../stream/live_event.ts";
import type { LiveStream } from "../../stream/live_stream.ts";
import { settle } from "../fake_clock.ts";
import { type Closable, type ConformanceCase, using } from "./conformance_case.ts";
import { expect, expectEqual, show, soon } from "./expect.ts";

/** A stream, and ways to trigger its events. */
export interface OpenStream extends Closable {
  /** The stream. */
  readonly stream: LiveStream;
  /** Emits this event at the master. Subscribers may receive it later. */
  emit(event: LiveEvent): Promise<void> | void;
  /** Ends the open subscriptions, as when a server shuts down. Called only where `ends`. */
  end?(): Promise<void> | void;
  /** Fails the open subscriptions, as when a connection breaks. Called only where `fails`. */
  fail?(error: Error): Promise<void> | void;
  /** How many subscriptions are open. Called only where `countsSubscribers`. */
  subscriberCount?(): number;
}

/** A kind of stream, and what streams of this kind can do. */
export interface StreamHarness {
  /** Whether subscribers receive events of every kind, with their ids; `false` if only `changed`. */
  readonly emitsRows: boolean;
  /** The most events buffered for one subscriber; `undefined` if the bound is not known. */
  readonly bufferCapacity: number | undefined;
  /** Whether `end` ends the open subscriptions. */
  readonly ends: boolean;
  /** Whether `fail` fails the open subscriptions. */
  readonly fails: boolean;
  /** Whether `subscriberCount` returns the number of open subscriptions. */
  readonly countsSubscribers: boolean;
  /** A new stream without subscribers. */
  open(): Promise<OpenStream>;
}

type Case = ConformanceCase<StreamHarness>;

const CHANGED: LiveEvent = { kind: "changed" };
const EVENTS: readonly LiveEvent[] = [
  CHANGED,
  { kind: "inserted", id: "1" },
  { kind: "updated", id: "a/b" },
  { kind: "deleted", id: "\u{1f950} %" },
];

/**
 * The promises of `LiveStream`, as named cases. Events may arrive late, twice and in any order, so the cases wait for
 * the required events, and ignore others.
 *
 * @example Run them against your stream
 * ```ts
 * import { ManualLiveStream } from "@vantage/live";
 * import { streamConformance, type StreamHarness } from "@vantage/live/testing";
 *
 * const harness: StreamHarness = {
 *   emitsRows: true,
 *   bufferCapacity: 4,
 *   ends: true,
 *   fails: true,
 *   countsSubscribers: true,
 *   open: () => {
 *     const stream = new ManualLiveStream({ bufferCapacity: 4 });
 *     return Promise.resolve({
 *       stream,
 *       emit: (event) => void stream.push(event),
 *       end: () => stream.disconnect(),
 *       fail: (error) => stream.disconnect(error),
 *       subscriberCount: () => stream.subscriberCount,
 *       close: () => stream.disconnect(),
 *     });
 *   },
 * };
 *
 * for (const { skip, run } of streamConformance) { // each case is one test: it(name, () => run(harness))
 *   if (skip?.(harness) === undefined) await run(harness);
 * }
 * ```
 */
export const streamConformance: readonly ConformanceCase<StreamHarness>[] = [
  streamCase("LiveStream.subscribe() is live when it returns", async ({ stream, emit }) => {
    const reader = stream.subscribe().getReader();
    await emit(CHANGED);
    await expectEvent(reader, CHANGED);
  }),
  streamCase("LiveStream.subscribe() misses nothing before it is read for the first time", async ({ stream, emit }) => {
    const subscription = stream.subscribe();
    await emit(CHANGED);
    await settle();
    await expectEvent(subscription.getReader(), CHANGED);
  }),
  ...EVENTS.map((event) => ({
    ...streamCase(`LiveStream emits ${show(event)} as it happened`, async ({ stream, emit }) => {
      const reader = stream.subscribe().getReader();
      await emit(event);
      await expectEvent(reader, event);
    }),
    skip: ({ emitsRows }: StreamHarness) => needs(emitsRows || event.kind === "changed", "the stream emits no rows"),
  })),
  {
    ...streamCase("LiveStream emits every event while its subscriber keeps up", async ({ stream, emit }) => {
      const reader = stream.subscribe().getReader();
      for (let number = 0; number < 50; number++) {
        const event: LiveEvent = { kind: "updated", id: `row ${number}` };
        await emit(event);
        await expectEvent(reader, event);
      }
    }),
    skip: ({ emitsRows }) => needs(emitsRows, "the stream emits no rows"),
  },
  streamCase("LiveStream emits each event to each subscriber", async ({ stream, emit }) => {
    const readers = [stream.subscribe(), stream.subscribe(), stream.subscribe()].map((one) => one.getReader());
    await emit(CHANGED);
    for (const reader of readers) await expectEvent(reader, CHANGED);
  }),
  streamCase("LiveStream emits the same events to a subscriber in the background", async ({ stream, emit }) => {
    const quiet = stream.subscribe({ background: true }).getReader();
    const reader = stream.subscribe().getReader();
    await emit(CHANGED);
    for (const each of [quiet, reader]) await expectEvent(each, CHANGED);
    await reader.cancel();
    await emit(CHANGED);
    await expectEvent(quiet, CHANGED);
  }),
  streamCase("LiveStream may emit events without any subscriber", async ({ stream, emit }) => {
    await emit(CHANGED);
    const reader = stream.subscribe().getReader();
    await reader.cancel();
    await emit(CHANGED);
  }),

  streamCase("LiveStream.subscribe() may be cancelled, which ends this subscription only", async ({ stream, emit }) => {
    const [one, other] = [stream.subscribe().getReader(), stream.subscribe().getReader()];
    await one.cancel("enough");
    expectEqual((await one.read()).done, true, "whether the cancelled one is over");
    await emit(CHANGED);
    await expectEvent(other, CHANGED);
  }),
  streamCase("LiveStream.subscribe() may be cancelled while it is read", async ({ stream, emit }) => {
    const [one, other] = [stream.subscribe().getReader(), stream.subscribe().getReader()];
    const over = expectOver(one);
    await settle();
    await one.cancel();
    await over;
    await emit(CHANGED);
    await expectEvent(other, CHANGED);
  }),
  streamCase(
    "LiveStream.subscribe() ends when its signal is aborted, and only that subscription",
    async ({ stream, emit }) => {
      const controller = new AbortController();
      const one = stream.subscribe({ signal: controller.signal }).getReader();
      const other = stream.subscribe({ signal: new AbortController().signal }).getReader();
      controller.abort();
      await expectOver(one);
      await emit(CHANGED);
      await expectEvent(other, CHANGED);
    },
  ),
  streamCase(
    "LiveStream.subscribe() with a signal that is aborted already is over at once",
    async ({ stream, emit }) => {
      const reader = stream.subscribe({ signal: AbortSignal.abort() }).getReader();
      await emit(CHANGED);
      await expectOver(reader);
    },
  ),
  streamCase(
    "LiveStream.subscribe() may be aborted after it was cancelled, and the other way",
    async ({ stream, emit }) => {
      const controllers = [new AbortController(), new AbortController()] as const;
      const [one, other] = controllers.map(({ signal }) => stream.subscribe({ signal }).getReader());
      await one?.cancel();
      controllers[0].abort();
      controllers[1].abort();
      await other?.cancel().catch(() => {});
      const next = stream.subscribe().getReader();
      await emit(CHANGED);
      await expectEvent(next, CHANGED);
    },
  ),
  {
    ...streamCase(
      "LiveStream keeps nothing of a subscription that is over",
      async ({ stream, emit, subscriberCount }) => {
        const count = (): number => subscriberCount?.() ?? 0;
        const before = count();
        const controller = new AbortController();
        const reader = stream.subscribe().getReader();
        const aborted = stream.subscribe({ signal: controller.signal }).getReader();
        stream.subscribe({ signal: AbortSignal.abort() });
        await emit(CHANGED);
        await expectEvent(reader, CHANGED);
        expectEqual(count() - before, 2, "the number of subscriptions that are open");
        await reader.cancel();
        controller.abort();
        await expectOver(aborted);
        expectEqual(count() - before, 0, "the number of subscriptions that are left");
      },
    ),
    skip: ({ countsSubscribers }) => needs(countsSubscribers, "the harness does not count subscriptions"),
  },

  lagCase("LiveStream emits changed to a subscriber that lags", async ({ stream, emit }, { bufferCapacity = 0 }) => {
    const reader = stream.subscribe().getReader();
    await emitMany(emit, bufferCapacity + 5);
    await expectEvent(reader, CHANGED);
  }),
  lagCase(
    "LiveStream buffers no more events than its capacity for a subscriber that lags",
    async ({ stream, emit }, { bufferCapacity = 0 }) => {
      const reader = stream.subscribe().getReader();
      await emitMany(emit, bufferCapacity * 3 + 5);
      let received = 0;
      for (; (await nextEvent(reader)).kind !== "changed"; received++);
      expect(received <= bufferCapacity, `${received} events were buffered, more than ${bufferCapacity}`);
    },
  ),
  lagCase(
    "LiveStream emits every event again to a subscriber that has caught up",
    async ({ stream, emit }, { bufferCapacity = 0 }) => {
      const reader = stream.subscribe().getReader();
      for (let time = 0; time < 2; time++) {
        await emitMany(emit, bufferCapacity + 5);
        await expectEvent(reader, CHANGED);
        const event: LiveEvent = { kind: "updated", id: "after" };
        await emit(event);
        await expectEvent(reader, event);
      }
    },
  ),
  lagCase(
    "LiveStream does not delay other subscribers when one lags",
    async ({ stream, emit }, { bufferCapacity = 0 }) => {
      const [lagging, reader] = [stream.subscribe().getReader(), stream.subscribe().getReader()];
      for (let number = 0; number < bufferCapacity + 5; number++) {
        const event: LiveEvent = { kind: "updated", id: `row ${number}` };
        await emit(event);
        await expectEvent(reader, event);
      }
      await expectEvent(lagging, CHANGED);
    },
  ),

  {
    ...streamCase(
      "LiveStream ends every subscription when it ends, and takes new ones",
      async ({ stream, emit, end }) => {
        const readers = [stream.subscribe().getReader(), stream.subscribe().getReader()];
        await end?.();
        for (const reader of readers) await expectOver(reader);
        const next = stream.subscribe().getReader();
        await emit(CHANGED);
        await expectEvent(next, CHANGED);
      },
    ),
    skip: ({ ends }) => needs(ends, "the harness cannot end the stream"),
  },
  {
    ...streamCase(
      "LiveStream fails every subscription when it fails, and takes new ones",
      async ({ stream, emit, fail }) => {
        const readers = [stream.subscribe().getReader(), stream.subscribe().getReader()];
        await fail?.(new Error("the connection broke"));
        for (const reader of readers) await expectOver(reader);
        const next = stream.subscribe().getReader();
        await emit(CHANGED);
        await expectEvent(next, CHANGED);
      },
    ),
    skip: ({ fails }) => needs(fails, "the harness cannot fail the stream"),
  },
];

function streamCase(name: string, body: (opened: OpenStream, harness: StreamHarness) => Promise<void>): Case {
  return { name, run: (harness) => using(harness.open(), (opened) => body(opened, harness)) };
}

function lagCase(name: string, body: (opened: OpenStream, harness: StreamHarness) => Promise<void>): Case {
  return {
    ...streamCase(name, body),
    skip: ({ bufferCapacity, emitsRows }) =>
      needs(bufferCapacity !== undefined && emitsRows, "the harness does not know how many events are buffered"),
  };
}

function needs(ability: boolean, reason: string): string | undefined {
  return ability ? undefined : reason;
}

async function emitMany(emit: OpenStream["emit"], count: number): Promise<void> {
  for (let number = 0; number < count; number++) await emit({ kind: "updated", id: `row ${number}` });
}

type Reader = ReadableStreamDefaultReader<LiveEvent>;

async function nextEvent(reader: Reader): Promise<LiveEvent> {
  const { done, value } = await soon(reader.read(), "the next event");
  expect(!done, "the subscription is over");
  return value;
}

/** Reads until the event arrives. Others may come before it. */
async function expectEvent(reader: Reader, expected: LiveEvent): Promise<void> {
  for (;;) {
    const event = await nextEvent(reader);
    if (event.kind !== expected.kind) continue;
    if (event.kind === "changed" || expected.kind === "changed" || event.id === expected.id) return;
  }
}

/** Reads until the subscription is over, whether it ends or fails. */
async function expectOver(reader: Reader): Promise<void> {
  let over = false;
  while (!over) {
    over = await soon(reader.read().then(({ done }) => done, () => true), "the end of the subscription");
  }
}
