import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { StreamCursor } from "@vantage/live";
import { KafkaLiveStream } from "@vantage/live/kafka";
import { FakeClock, settle } from "@vantage/live/testing";
import { FakeTopic } from "./fake_topic.ts";

/** What happens to a topic and to its reader. A key stays in its partition. */
type Step =
  | { readonly kind: "write" | "lose"; readonly key: number }
  | {
    readonly kind:
      | "skip"
      | "expire"
      | "end"
      | "stop"
      | "start"
      | "recreate"
      | "add"
      | "repeat"
      | "compact"
      | "unreadable"
      | "pause"
      | "fail"
      | "heal";
  };

const PARTITIONS = 2;

const key = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("write" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("lose" as const), key }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "skip" as const,
        "expire",
        "end",
        "stop",
        "start",
        "recreate",
        "add",
        "repeat",
        "compact",
        "unreadable",
        "pause",
        "fail",
        "heal",
      ),
    }),
  },
);

/**
 * A reader that applies what it hears knows the last value of every key; after `changed` it looks at the topic itself,
 * as a LiveTable looks at the master.
 */
class Reader {
  readonly known = new Map<string, string>();
  readonly #truth: ReadonlyMap<string, string>;

  constructor(truth: ReadonlyMap<string, string>) {
    this.#truth = truth;
  }

  hear(id: string | undefined, value: string | undefined): void {
    if (id !== undefined && value !== undefined) this.known.set(id, value);
    if (id !== undefined) return;
    this.known.clear();
    for (const [key, current] of this.#truth) this.known.set(key, current);
  }
}

async function run(steps: readonly Step[]): Promise<void> {
  const topic = new FakeTopic("products", PARTITIONS);
  const clock = new FakeClock();
  const truth = new Map<string, string>();
  const reader = new Reader(truth);
  // What is stored outlives the process, as what was read does.
  let stored: string | undefined;
  const cursor = { load: () => stored, store: (position: string) => void (stored = position), onCaughtUp: () => {} };
  let process: { readonly stop: () => Promise<void> } | undefined = start(topic, clock, cursor, reader);
  await settle();
  let written = 0;
  const change = (key: number): { readonly key: string; readonly value: string; readonly partition: number } => {
    const change = { key: `key ${key}`, value: `value ${++written}`, partition: key % PARTITIONS };
    truth.set(change.key, change.value);
    return change;
  };
  const expire = (partition: number): void => topic.expire(topic.partitions[partition]?.high ?? 0n, partition);
  for (const each of steps) {
    switch (each.kind) {
      case "write":
        topic.write(change(each.key));
        break;
      case "lose": {
        // It expires before it is read.
        const { partition } = change(each.key);
        topic.skip(1, partition);
        expire(partition);
        break;
      }
      case "skip":
        for (const [partition] of topic.partitions.entries()) topic.skip(2, partition);
        break;
      case "expire":
        for (const [partition] of topic.partitions.entries()) expire(partition);
        break;
      case "end":
        topic.deliver("end");
        break;
      case "stop":
        await process?.stop();
        process = undefined;
        break;
      case "start":
        process ??= start(topic, clock, cursor, reader);
        break;
      case "recreate":
        // What is deleted with the topic before it is read is not missed, nor a topic that has as many messages as before.
        if (process === undefined || topic.failure !== undefined) break;
        await clock.advance(61_000);
        topic.recreate();
        await clock.advance(31_000);
        break;
      case "add":
        topic.addPartition();
        break;
      case "repeat":
        for (const { messages } of topic.partitions) for (const message of messages.slice(-2)) topic.deliver(message);
        break;
      case "compact":
        for (const [partition] of topic.partitions.entries()) topic.compact(partition);
        break;
      case "unreadable":
        topic.deliver(null as never);
        break;
      case "fail":
        topic.failure = new Error("no broker");
        break;
      case "heal":
        topic.failure = undefined;
        break;
      case "pause":
        await clock.advance(1_500);
        break;
      default:
        each satisfies never;
    }
    await settle();
  }
  topic.failure = undefined;
  process ??= start(topic, clock, cursor, reader);
  await clock.advance(120_000);
  assert.deepEqual([...reader.known].sort(), [...truth].sort());
  await process.stop();
  assert.deepEqual([topic.open, clock.waiting], [0, 0]);
}

/** A process that reads the topic. */
function start(
  topic: FakeTopic,
  clock: FakeClock,
  cursor: StreamCursor,
  reader: Reader,
): { readonly stop: () => Promise<void> } {
  const stream = new KafkaLiveStream("products", topic, { clock, rowOf: ({ value }) => ({ value }) });
  const subscription = stream.subscribe({ cursor }).getReader();
  const reading = (async () => {
    for (let next = await subscription.read(); !next.done; next = await subscription.read()) {
      const { value: event } = next;
      if (event.kind === "changed") reader.hear(undefined, undefined);
      else reader.hear(event.id, String(event.row?.value));
    }
  })();
  return {
    stop: async () => {
      await subscription.cancel();
      await reading;
      await settle();
    },
  };
}

describe("KafkaLiveStream", () => {
  it("whatever happens to a topic, leaves no reader with an old value once it has caught up", async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), run), { numRuns: 60 });
  });
});
