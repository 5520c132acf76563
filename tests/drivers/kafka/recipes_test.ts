import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import type { LiveEvent } from "@vantage/live";
import { KafkaLiveStream, type KafkaState } from "@vantage/live/kafka";
import { KAFKA_CLIENTS, type KafkaClient, openProducer } from "../../databases/kafka_clients.ts";
import { startKafka, WITHOUT_KAFKA } from "../../databases/kafka_mock.ts";
import { startKafkaProxy } from "../../databases/kafka_proxy.ts";
import { skippable } from "../../skippable.ts";

const TOPIC = "products";
const CHANGED: LiveEvent = { kind: "changed" };

type Message = readonly [key: string, value: string | null];

/** What happened to a topic that is read through a client, and to its cluster. */
interface Story {
  readonly written: readonly LiveEvent[];
  readonly afterCut: LiveEvent | undefined;
  readonly states: readonly KafkaState[];
  readonly afterThaw: LiveEvent | undefined;
  readonly madeAnew: LiveEvent | undefined;
  readonly afterwards: LiveEvent | undefined;
}

describe("A recipe of docs/kafka.md", () => {
  // A consumer takes seconds to join its group, so all of them do it at once.
  const stories = new Map<KafkaClient, Promise<Story>>();
  before(() => {
    if (WITHOUT_KAFKA !== undefined) return;
    for (const client of KAFKA_CLIENTS) {
      const story = happen(client);
      story.catch(() => {});
      stories.set(client, story);
    }
  });
  const test = (client: KafkaClient, name: string, check: (story: Story) => void): void =>
    skippable(`${name}, through ${client.name}`, WITHOUT_KAFKA, async () => {
      const story = await stories.get(client);
      assert(story !== undefined);
      check(story);
    });

  for (const client of KAFKA_CLIENTS) {
    test(client, "emits what is written from the subscription on, and nothing that was there", ({ written }) => {
      const row = { price: 3 };
      assert.deepEqual(written, [CHANGED, { kind: "inserted", id: "\u{1f950}", row }, {
        kind: "deleted",
        id: "\u{1f950}",
      }]);
    });
    test(client, "misses nothing when its connections break", ({ afterCut }) => {
      assert.deepEqual(afterCut, { kind: "deleted", id: "while it was away" });
    });
    test(client, "is lost when the cluster freezes, and goes on when it thaws", ({ states, afterThaw }) => {
      assert(states.includes("lost"), states.join(", "));
      assert.deepEqual(afterThaw, { kind: "deleted", id: "after the frost" });
    });
    test(client, "emits changed when the topic was made anew, and goes on with that", ({ madeAnew, afterwards }) => {
      assert.deepEqual(madeAnew, CHANGED);
      assert.deepEqual(afterwards, { kind: "deleted", id: "new" });
    });
  }

  it("is in docs/kafka.md as it is run here", () => {
    const docs = readFileSync(new URL("../../../docs/kafka.md", import.meta.url), "utf8");
    for (const name of ["kafkajs", "platformatic"]) {
      const recipe = readFileSync(new URL(`./recipes/${name}.ts`, import.meta.url), "utf8");
      const [, text = ""] = /\/\/ recipe: \w+\n(.+?)\n {2}\/\/ end/s.exec(recipe) ?? [];
      assert(text !== "" && docs.includes(text), `the recipe for ${name}`);
    }
  });
});

async function happen(client: KafkaClient): Promise<Story> {
  const cluster = await startKafka();
  const proxy = await startKafkaProxy(cluster.address);
  const producer = await openProducer(cluster.address);
  const write = (messages: readonly Message[], by = producer) =>
    by.send({ topic: TOPIC, messages: messages.map(([key, value]) => ({ key, value })) });
  await write([["old", "{}"]]);

  const states: KafkaState[] = [];
  let onLost = (): void => {};
  const stream = new KafkaLiveStream(TOPIC, client.source(proxy.address, TOPIC), {
    rowOf: ({ value }) => JSON.parse(String(value)),
    connectTimeoutMs: 1_000,
    checkMs: 500,
    onState: (state) => {
      states.push(state);
      if (state === "lost") onLost();
    },
  });
  const reader = stream.subscribe().getReader();
  const next = async (): Promise<LiveEvent | undefined> => (await reader.read()).value;
  const nextOf = async (id: string): Promise<LiveEvent | undefined> => {
    for (let event = await next();; event = await next()) {
      if (event === undefined || (event.kind !== "changed" && event.id === id)) return event;
    }
  };
  const first = await next();
  await write([["\u{1f950}", '{"price":3}']]);
  await write([["\u{1f950}", null]]);
  const written = [first, await next(), await next()].filter((event) => event !== undefined);

  proxy.leadTo(undefined);
  await write([["while it was away", null]]);
  proxy.leadTo(cluster.address);
  const afterCut = await next();

  const lost = new Promise<void>((resolve) => onLost = resolve);
  cluster.freeze(true);
  await lost;
  cluster.freeze(false);
  await write([["after the frost", null]]);
  const afterThaw = await nextOf("after the frost");

  const other = await startKafka();
  const otherProducer = await openProducer(other.address);
  await write([["there already", null]], otherProducer);
  proxy.leadTo(other.address);
  const madeAnew = await next();
  await write([["new", null]], otherProducer);
  const afterwards = await nextOf("new");

  await reader.cancel();
  for (const closing of [producer.disconnect(), otherProducer.disconnect()]) await closing;
  for (const stopping of [proxy.stop(), cluster.stop(), other.stop()]) await stopping;
  return { written, afterCut, states, afterThaw, madeAnew, afterwards };
}
