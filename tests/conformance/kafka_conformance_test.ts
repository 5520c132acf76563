import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { LiveEvent, LiveStream } from "@vantage/live";
import { KafkaLiveStream, type KafkaMessage } from "@vantage/live/kafka";
import { type OpenStream, streamConformance } from "@vantage/live/testing";
import { KAFKA_CLIENTS, type KafkaClient, openProducer } from "../databases/kafka_clients.ts";
import { startKafka, WITHOUT_KAFKA } from "../databases/kafka_mock.ts";
import { startKafkaProxy } from "../databases/kafka_proxy.ts";
import { FakeTopic } from "../drivers/kafka/fake_topic.ts";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";

/** No message and no source ends it. */
const ENDLESS = { emitsRows: true, ends: false, fails: false, countsSubscribers: true };

for (const bufferCapacity of [1, 256]) {
  runSuite(`KafkaLiveStream for ${bufferCapacity} events keeps the promises of LiveStream`, streamConformance, () => ({
    ...ENDLESS,
    bufferCapacity,
    open: () => openFake(bufferCapacity),
  }));
}

describe("KafkaLiveStream over a cluster", () => {
  if (WITHOUT_KAFKA !== undefined) return skippable("is tried with every case", WITHOUT_KAFKA, () => {});
  const topics = new Map<KafkaClient, OpenTopic>();
  before(() => Promise.all(KAFKA_CLIENTS.map(async (client) => topics.set(client, await openTopic(client)))));
  after(() => Promise.all(Array.from(topics.values(), (topic) => topic.stop())));

  for (const client of KAFKA_CLIENTS) {
    runSuite(`through ${client.name} keeps the promises of LiveStream`, streamConformance, () => ({
      ...ENDLESS,
      // What is on its way waits in the client, too.
      bufferCapacity: undefined,
      open: () => {
        const topic = topics.get(client);
        assert(topic !== undefined);
        return Promise.resolve(topic.open());
      },
    }));
  }
});

interface OpenTopic {
  open(): OpenStream;
  stop(): Promise<void>;
}

/** The value of a message is the event, and `null` is none. */
function eventOf({ value }: KafkaMessage): LiveEvent {
  return JSON.parse(String(value));
}

async function openFake(bufferCapacity: number): Promise<OpenStream> {
  const topic = new FakeTopic();
  const live = Promise.withResolvers<void>();
  const stream = new KafkaLiveStream(topic.name, topic, {
    bufferCapacity,
    eventOf,
    onState: (state) => state === "live" && live.resolve(),
  });
  // The first connection is told as `changed`, which the cases do not count on.
  const other = stream.subscribe().getReader();
  await live.promise;
  while (topic.open === 0) await Promise.resolve();
  return {
    stream,
    emit: async (event) => {
      const { messages } = stream.stats();
      topic.write({ key: null, value: JSON.stringify(event) });
      while (stream.stats().messages === messages) await Promise.resolve();
    },
    subscriberCount: () => stream.subscriberCount - 1,
    close: () => other.cancel(),
  };
}

/** One topic for all cases: a consumer takes seconds to join its group. */
async function openTopic(client: KafkaClient): Promise<OpenTopic> {
  const topic = "products";
  const cluster = await startKafka();
  const proxy = await startKafkaProxy(cluster.address);
  const producer = await openProducer(cluster.address);
  const emit = async (event: LiveEvent): Promise<void> => {
    await producer.send({ topic, messages: [{ key: "one partition", value: JSON.stringify(event) }] });
  };
  await emit({ kind: "updated", id: "the topic is there" });
  const stream = new KafkaLiveStream(topic, client.source(proxy.address, topic), { eventOf });
  const other = stream.subscribe().getReader();
  await other.read();
  await emit({ kind: "updated", id: "the consumer has joined" });
  await other.read();
  return {
    open: () => {
      const closing = new AbortController();
      return {
        stream: untilClosed(stream, closing.signal),
        emit,
        subscriberCount: () => stream.subscriberCount - 1,
        close: () => closing.abort(),
      };
    },
    stop: async () => {
      await other.cancel();
      await producer.disconnect();
      await proxy.stop();
      await cluster.stop();
    },
  };
}

/** Subscriptions that a case leaves behind would be counted in the next. */
function untilClosed(stream: LiveStream, closing: AbortSignal): LiveStream {
  return {
    subscribe: ({ signal = closing, ...others } = {}) =>
      stream.subscribe({ ...others, signal: AbortSignal.any([signal, closing]) }),
  };
}
