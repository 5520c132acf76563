import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LiveEvent, LiveTable, MemCache, MemTable } from "@vantage/live";
import { KafkaLiveStream, type KafkaLiveStreamOptions, type KafkaSource } from "@vantage/live/kafka";
import { defineTracer, type TraceRecord } from "@vantage/live/trace";
import { FakeClock, settle } from "@vantage/live/testing";
import { type FakeMessage, FakeTopic } from "./fake_topic.ts";

const ZERO = { partition: 0, low: 0, high: 0 };

interface Listening {
  readonly topic: FakeTopic;
  readonly clock: FakeClock;
  readonly stream: KafkaLiveStream<FakeMessage>;
  readonly states: string[];
  readonly records: TraceRecord[];
  /** What arrived since it was last asked for. */
  heard(): Promise<string[]>;
  /** The same, whole. */
  events(): Promise<LiveEvent[]>;
  stop(): Promise<void>;
}

function listening(
  topic: FakeTopic = new FakeTopic(),
  options: KafkaLiveStreamOptions<FakeMessage> = {},
): Listening {
  const clock = new FakeClock();
  const states: string[] = [];
  const records: TraceRecord[] = [];
  const tracer = defineTracer({
    enabled: () => true,
    span: () => ({ end: () => {} }),
    event: (it) => records.push(it),
  });
  const onState = (state: string): void => void states.push(state);
  const stream = new KafkaLiveStream(topic.name, topic, { clock, onState, tracer, ...options });
  const reader = stream.subscribe().getReader();
  const received: LiveEvent[] = [];
  const read = async (): Promise<void> => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) received.push(next.value);
  };
  void read();
  const events = async (): Promise<LiveEvent[]> => {
    await settle();
    return received.splice(0);
  };
  return {
    topic,
    clock,
    stream,
    states,
    records,
    heard: async () =>
      (await events()).map((event) => event.kind === "changed" ? "changed" : `${event.kind} ${event.id}`),
    events,
    stop: () => reader.cancel(),
  };
}

async function live(topic?: FakeTopic, options?: KafkaLiveStreamOptions<FakeMessage>): Promise<Listening> {
  const listener = listening(topic, options);
  assert.deepEqual(await listener.heard(), ["changed"], "when the connection is established");
  return listener;
}

describe("KafkaLiveStream, messages", () => {
  it("makes an insertion of a value, and a deletion of null", async () => {
    const { topic, events, stop } = await live();
    topic.write({ key: "a", value: "1" });
    topic.write({ key: "b" });
    assert.deepEqual(await events(), [{ kind: "inserted", id: "a" }, { kind: "deleted", id: "b" }]);
    await stop();
  });

  it("takes keys of bytes for their text, which may begin with a byte order mark", async () => {
    const { topic, events, stop } = await live();
    topic.write({ key: new TextEncoder().encode("\ufeff\u{1f950} %"), value: "1" });
    assert.deepEqual(await events(), [{ kind: "inserted", id: "\ufeff\u{1f950} %" }]);
    await stop();
  });

  it("has the row that rowOf makes of a value, now or later, and asks for none where the value is null", async () => {
    const asked: unknown[] = [];
    const rowOf = async ({ value }: FakeMessage) => {
      await Promise.resolve();
      asked.push(value);
      return JSON.parse(value ?? "");
    };
    const { topic, events, stop } = await live(undefined, { rowOf });
    topic.write({ key: "a", value: '{"price":3}' });
    topic.write({ key: "a" });
    assert.deepEqual(await events(), [{ kind: "inserted", id: "a", row: { price: 3 } }, { kind: "deleted", id: "a" }]);
    assert.deepEqual(asked, ['{"price":3}']);
    await stop();
  });

  it("has the event that eventOf makes of a message, and none where that is undefined", async () => {
    const eventOf = ({ key, value }: FakeMessage): LiveEvent | undefined =>
      key === "other" ? undefined : { kind: "updated", id: `product ${key}`, columns: [String(value)] };
    const { topic, events, stop } = await live(undefined, { eventOf });
    topic.write({ key: "other", value: "x" });
    topic.write({ key: "a", value: "price" });
    assert.deepEqual(await events(), [{ kind: "updated", id: "product a", columns: ["price"] }]);
    await stop();
  });

  for (
    const [what, message] of [
      ["no key", { key: null, value: "1" }],
      ["a key that is no text", { key: Uint8Array.of(0xff), value: "1" }],
      ["a value that rowOf cannot read", { key: "a", value: "{" }],
    ] as const
  ) {
    it(`emits changed for a message with ${what}, and goes on`, async () => {
      const { topic, heard, stream, records, stop } = await live(undefined, {
        rowOf: ({ value }) => JSON.parse(value ?? ""),
      });
      topic.write(message);
      topic.write({ key: "b", value: "{}" });
      assert.deepEqual(await heard(), ["changed", "inserted b"]);
      assert.equal(stream.stats().unreadable, 1);
      assert.equal(stream.stats().messages, 2);
      assert.equal(records.filter(({ name }) => name === "message not understood").length, 1);
      assert.equal(stream.stats().state, "live");
      await stop();
    });
  }

  for (
    const [what, message] of [
      ["nothing", undefined],
      ["no partition", { topic: "products", offset: 0n }],
      ["an offset that is none", { topic: "products", partition: 0, offset: "x" }],
      ["another topic", { topic: "clients", partition: 0, offset: 0n, key: "a", value: null }],
    ] as const
  ) {
    it(`emits changed for a message of ${what}, and goes on`, async () => {
      const { topic, heard, stream, stop } = await live();
      topic.deliver(Object(message) === message ? message as unknown as FakeMessage : null as unknown as FakeMessage);
      topic.write({ key: "b" });
      assert.deepEqual(await heard(), ["changed", "deleted b"]);
      assert.equal(stream.stats().unreadable, 1);
      await stop();
    });
  }

  it("emits changed where eventOf makes no event of a message", async () => {
    const { topic, heard, stream, stop } = await live(undefined, { eventOf: () => ({ kind: "renamed" }) as never });
    topic.write({ key: "a" });
    assert.deepEqual(await heard(), ["changed"]);
    assert.equal(stream.stats().unreadable, 1);
    await stop();
  });

  it("keeps the order of the messages, however long eventOf takes", async () => {
    const slow = Promise.withResolvers<LiveEvent>();
    const eventOf = ({ key }: FakeMessage) => key === "a" ? slow.promise : { kind: "updated", id: "b" } as const;
    const { topic, heard, stop } = await live(undefined, { eventOf });
    topic.write({ key: "a" });
    topic.write({ key: "b" });
    assert.deepEqual(await heard(), []);
    slow.resolve({ kind: "updated", id: "a" });
    assert.deepEqual(await heard(), ["updated a", "updated b"]);
    await stop();
  });

  it("takes offsets as numbers and texts, up to the largest that Kafka has", async () => {
    const high = 2n ** 63n - 2n;
    const topic = "products";
    const source: KafkaSource = {
      offsets: () => [{ partition: 0, low: "0", high: String(high) }, { partition: 1, low: 0, high: 5 }],
      messages: async function* (from) {
        assert.deepEqual(from, [{ partition: 0, offset: high }, { partition: 1, offset: 5n }]);
        yield { topic, partition: 0, offset: String(high), key: "a", value: null };
        yield { topic, partition: 1, offset: 5, key: "b", value: null };
        await new Promise(() => {});
      },
    };
    const stream = new KafkaLiveStream(topic, source);
    const reader = stream.subscribe().getReader();
    const kinds = [await reader.read(), await reader.read(), await reader.read()].map(({ value }) => value?.kind);
    assert.deepEqual(kinds, ["changed", "deleted", "deleted"]);
    assert.equal(stream.stats().gaps.back + stream.stats().unreadable, 0);
    await reader.cancel();
  });
});

describe("KafkaLiveStream, gaps", () => {
  it("begins after all that is there, since what is read from now on has it", async () => {
    const topic = new FakeTopic();
    topic.write({ key: "old", value: "1" });
    const { heard, stop } = await live(topic);
    assert.deepEqual(topic.began, [[{ partition: 0, offset: 1n }]]);
    topic.write({ key: "new", value: "1" });
    assert.deepEqual(await heard(), ["inserted new"]);
    await stop();
  });

  for (const [what, trouble] of [["end", "end"], ["fail", new Error("broken")]] as const) {
    it(`goes on where it stands when the messages ${what}, after a pause, and emits no changed`, async () => {
      const { topic, clock, heard, states, stream, stop } = await live();
      topic.write({ key: "a" });
      topic.deliver(trouble);
      assert.equal(stream.isLive, true);
      assert.deepEqual(await heard(), ["deleted a"]);
      assert.deepEqual(states, ["connecting", "live", "lost"]);
      assert.equal(stream.isLive, false);
      topic.write({ key: "b" });
      topic.write({ key: "c" });
      await clock.advance(100);
      assert.deepEqual(await heard(), ["deleted b", "deleted c"]);
      assert.deepEqual(topic.began.at(-1), [{ partition: 0, offset: 1n }]);
      assert.deepEqual(states.slice(3), ["connecting", "live"]);
      assert.equal(stream.stats().lost, 1);
      await stop();
    });
  }

  it("pauses longer and longer while the source fails, and emits one changed once it is there", async () => {
    const topic = new FakeTopic();
    topic.failure = new Error("no broker");
    const { clock, heard, states, stop } = listening(topic);
    await clock.advance(4_000);
    const attempts = topic.lookedUp;
    assert(attempts >= 4 && attempts <= 7, `${attempts} attempts in 4 s`);
    assert.deepEqual(await heard(), []);
    topic.failure = undefined;
    await clock.advance(30_000);
    assert.deepEqual(await heard(), ["changed"]);
    assert.equal(states.at(-1), "live");
    await stop();
  });

  it("counts a source that does not answer in time as lost", async () => {
    const topic = new FakeTopic();
    topic.frozen = true;
    const { clock, states, stop } = listening(topic, { connectTimeoutMs: 5_000 });
    await clock.advance(4_999);
    assert.deepEqual(states, ["connecting"]);
    await clock.advance(1);
    assert.deepEqual(states, ["connecting", "lost"]);
    await stop();
  });

  it("counts a broker that is frozen while it is live as lost", async () => {
    const { topic, clock, states, stop } = await live(undefined, { connectTimeoutMs: 5_000, checkMs: 10_000 });
    topic.frozen = true;
    await clock.advance(15_000);
    assert.equal(states.at(-1), "lost");
    assert.equal(topic.open, 0);
    await stop();
  });

  it("emits changed when messages expired while it was away, and goes on after all that is there", async () => {
    const { topic, clock, heard, stream, stop } = await live();
    topic.deliver("end");
    await settle();
    for (const key of ["a", "b", "c"]) topic.write({ key });
    topic.expire(2n);
    await clock.advance(100);
    assert.deepEqual(await heard(), ["changed"]);
    assert.deepEqual(topic.began.at(-1), [{ partition: 0, offset: 3n }]);
    assert.equal(stream.stats().gaps.expired, 1);
    topic.write({ key: "d" });
    assert.deepEqual(await heard(), ["deleted d"]);
    await stop();
  });

  it("emits changed when a reader that lags is moved past messages that expired, within a second", async () => {
    const { topic, clock, heard, stream, stop } = await live();
    topic.skip(5); // it does not receive them
    topic.expire(5n);
    topic.write({ key: "f" });
    assert.deepEqual(await heard(), ["deleted f"]);
    await clock.advance(1_000);
    assert.deepEqual(await heard(), ["changed"]);
    assert.equal(stream.stats().gaps.expired, 1);
    await stop();
  });

  it("emits changed when it is moved past messages that expired, and the messages end before that is looked into", async () => {
    const { topic, clock, heard, stop } = await live();
    topic.skip(5);
    topic.expire(5n);
    topic.write({ key: "f" });
    topic.deliver("end");
    await clock.advance(100);
    assert.deepEqual(await heard(), ["deleted f", "changed"]);
    await stop();
  });

  it("emits changed when all that it had not read expired, though no other message comes", async () => {
    const { topic, clock, heard, stop } = await live();
    topic.skip(5);
    topic.expire(5n);
    await clock.advance(30_000);
    assert.deepEqual(await heard(), ["changed"]);
    await clock.advance(60_000);
    assert.deepEqual(await heard(), [], "once");
    await stop();
  });

  it("does not take the ends of transactions, and what was compacted away, for a gap", async () => {
    const { topic, clock, heard, stream, stop } = await live();
    topic.write({ key: "a", value: "1" });
    topic.skip();
    topic.write({ key: "b" });
    topic.deliver("end");
    await settle();
    for (const value of ["2", "3", "4"]) topic.write({ key: "a", value });
    topic.compact();
    await clock.advance(100);
    assert.deepEqual(await heard(), ["inserted a", "deleted b", "inserted a"]);
    await clock.advance(60_000);
    assert.deepEqual(await heard(), []);
    assert.deepEqual(stream.stats().gaps, { start: 1, expired: 0, behind: 0, back: 0, partitions: 0 });
    await stop();
  });

  it("looks at the offsets no more than once a second, however many holes there are", async () => {
    const { topic, clock, stop } = await live();
    const before = topic.lookedUp;
    for (let second = 0; second < 10; second++) {
      for (let number = 0; number < 20; number++) {
        topic.skip();
        topic.write({ key: "a" });
      }
      await clock.advance(1_000);
    }
    assert.equal(topic.lookedUp - before, 10);
    await stop();
  });

  it("leaves columns out where an event that was compacted away may have changed others", async () => {
    const eventOf = ({ key, value }: FakeMessage): LiveEvent => ({
      kind: "updated",
      id: String(key),
      columns: [String(value)],
    });
    const { topic, clock, events, stop } = await live(undefined, { eventOf });
    topic.write({ key: "a", value: "price" });
    topic.deliver("end");
    assert.deepEqual(await events(), [{ kind: "updated", id: "a", columns: ["price"] }]);
    topic.write({ key: "a", value: "name" });
    topic.write({ key: "b", value: "name" });
    topic.write({ key: "a", value: "price" });
    topic.compact();
    await clock.advance(100);
    assert.deepEqual(await events(), [{ kind: "updated", id: "b" }, { kind: "updated", id: "a" }]);
    topic.write({ key: "a", value: "name" });
    assert.deepEqual(await events(), [{ kind: "updated", id: "a" }], "the hole is not checked yet");
    await clock.advance(1_000);
    topic.write({ key: "a", value: "name" });
    assert.deepEqual(await events(), [{ kind: "updated", id: "a", columns: ["name"] }]);
    topic.skip();
    topic.write({ key: "b", value: "name" });
    assert.deepEqual(await events(), [{ kind: "updated", id: "b" }]);
    await clock.advance(1_000);
    topic.write({ key: "b", value: "name" });
    assert.deepEqual(await events(), [{ kind: "updated", id: "b", columns: ["name"] }]);
    await stop();
  });

  it("emits changed when more messages were missed than maxMissed", async () => {
    const { topic, clock, heard, stream, stop } = await live(undefined, { maxMissed: 3 });
    topic.deliver("end");
    await settle();
    for (const key of ["a", "b", "c", "d"]) topic.write({ key });
    await clock.advance(100);
    assert.deepEqual(await heard(), ["changed"]);
    assert.equal(stream.stats().gaps.behind, 1);
    await stop();
  });

  it("emits changed when offsets go back, and every event after it", async () => {
    const { topic, heard, stream, stop } = await live();
    const messages = ["a", "b"].map((key) => topic.write({ key }));
    await heard();
    for (const message of messages) topic.deliver(message);
    topic.write({ key: "c" });
    assert.deepEqual(await heard(), ["changed", "deleted a", "deleted b", "deleted c"]);
    assert.equal(stream.stats().gaps.back, 1);
    await stop();
  });

  it("passes over what comes from before the place to begin at", async () => {
    const topic = new FakeTopic();
    topic.write({ key: "old" });
    topic.rewinds = true;
    const { heard, stream, stop } = await live(topic);
    topic.write({ key: "new" });
    assert.deepEqual(await heard(), ["deleted new"]);
    assert.equal(stream.stats().gaps.back, 0);
    await stop();
  });

  it("emits changed when the topic was made anew while it was away", async () => {
    const { topic, clock, heard, stream, stop } = await live();
    for (const key of ["a", "b", "c"]) topic.write({ key });
    topic.deliver("end");
    await heard();
    topic.recreate();
    topic.write({ key: "d" });
    await clock.advance(100);
    assert.deepEqual(await heard(), ["changed"]);
    assert.equal(stream.stats().gaps.back, 1);
    topic.write({ key: "e" });
    assert.deepEqual(await heard(), ["deleted e"]);
    await stop();
  });

  it("emits changed when the topic was made anew under a reader that has read nothing of it", async () => {
    const topic = new FakeTopic();
    for (const key of ["a", "b", "c"]) topic.write({ key });
    const { clock, heard, stream, stop } = await live(topic);
    topic.recreate();
    topic.write({ key: "d" });
    await clock.advance(30_000);
    assert.deepEqual(await heard(), ["changed"]);
    assert.equal(stream.stats().gaps.back, 1);
    topic.write({ key: "e" });
    assert.deepEqual(await heard(), ["deleted e"]);
    await stop();
  });

  it("emits changed when partitions were added, and reads them from then on", async () => {
    const { topic, clock, heard, states, stream, stop } = await live();
    topic.addPartition();
    await clock.advance(30_000);
    assert.deepEqual(await heard(), ["changed"]);
    assert.equal(stream.stats().gaps.partitions, 1);
    assert.equal(stream.stats().lost, 0);
    assert.deepEqual(states, ["connecting", "live", "connecting", "live"]);
    assert.deepEqual(topic.began.at(-1), [{ partition: 0, offset: 0n }, { partition: 1, offset: 0n }]);
    assert.equal(topic.open, 1);
    topic.write({ key: "a", partition: 1 });
    assert.deepEqual(await heard(), ["deleted a"]);
    await stop();
  });

  it("emits changed when a message comes from a partition that was not there", async () => {
    const { topic, heard, stream, stop } = await live();
    topic.addPartition();
    topic.write({ key: "a", partition: 1 });
    topic.write({ key: "b", partition: 1 });
    assert.deepEqual(await heard(), ["changed", "deleted a", "deleted b"]);
    assert.equal(stream.stats().gaps.partitions, 1);
    await stop();
  });

  it("goes on while the offsets cannot be looked up, and checks a hole once they can", async () => {
    const { topic, clock, heard, records, stop } = await live();
    topic.failure = new Error("not now");
    topic.skip(5);
    topic.expire(5n);
    topic.write({ key: "a" });
    await clock.advance(1_000);
    assert.deepEqual(await heard(), ["deleted a"]);
    assert(records.some(({ name }) => name === "event source failed"));
    topic.failure = undefined;
    await clock.advance(1_000);
    assert.deepEqual(await heard(), ["changed"]);
    await stop();
  });

  it("is lost again and again while the source has no partitions, or answers with what is no iterable", async () => {
    for (
      const [source, message] of [
        [{ offsets: () => [], messages: () => [] as never }, /has no partitions/],
        [{ offsets: () => undefined as never, messages: () => [] as never }, /offsets\(\) must answer with a list/],
        [{ offsets: () => [null] as never, messages: () => [] as never }, /offsets\(\) must answer with a list/],
        [{ offsets: () => [ZERO, ZERO], messages: () => [] as never }, /have a partition twice/],
        [{ offsets: () => [{ partition: 0, low: 0, high: -1 }], messages: () => [] as never }, /An offset must be/],
        [{ offsets: () => [{ partition: 0, low: 0, high: 0 }], messages: () => [] as never }, /async iterable/],
      ] as const satisfies readonly (readonly [KafkaSource, RegExp])[]
    ) {
      const errors: unknown[] = [];
      const clock = new FakeClock();
      const stream = new KafkaLiveStream("products", source, {
        clock,
        onState: (_, error) => void (error && errors.push(error.cause)),
      });
      const reader = stream.subscribe().getReader();
      await clock.advance(100);
      assert.equal(errors.length, 2);
      assert.match(String(errors[0]), message);
      await reader.cancel();
    }
  });
});

describe("KafkaLiveStream, subscriptions", () => {
  it("opens one source for all subscribers, and closes it when the last one leaves", async () => {
    const { topic, stream, clock, stop } = await live();
    const other = stream.subscribe().getReader();
    await settle();
    assert.equal(topic.open, 1);
    await stop();
    await settle();
    assert.equal(topic.open, 1);
    assert.equal(stream.subscriberCount, 1);
    await other.cancel();
    await settle();
    assert.deepEqual([topic.open, stream.subscriberCount, stream.stats().state], [0, 0, "idle"]);
    assert.equal(clock.waiting, 0, "no timer is left");
  });

  it("begins anew with changed after the last subscriber has left", async () => {
    const { topic, stream, stop } = await live();
    await stop();
    topic.write({ key: "missed" });
    const reader = stream.subscribe().getReader();
    assert.deepEqual((await reader.read()).value, { kind: "changed" });
    await settle();
    assert.deepEqual(topic.began.at(-1), [{ partition: 0, offset: 1n }]);
    await reader.cancel();
  });

  it("leaves no timer and no reader when it is stopped in any state", async () => {
    const opening = listening();
    await opening.stop();
    const failing = new FakeTopic();
    failing.failure = new Error("no broker");
    const lost = listening(failing);
    await settle();
    await lost.stop();
    const frozen = new FakeTopic();
    frozen.frozen = true;
    const waiting = listening(frozen);
    await settle();
    await waiting.stop();
    for (const { clock, topic, stream } of [opening, lost, waiting]) {
      await settle();
      assert.deepEqual([clock.waiting, topic.open, stream.stats().state], [0, 0, "idle"]);
    }
  });

  it("gives up on a source that does not close, and opens the next", async () => {
    const topic = "products";
    let opened = 0;
    const source: KafkaSource = {
      offsets: () => [{ partition: 0, low: 0, high: 0 }],
      messages: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => opened++ === 0 ? Promise.reject(new Error("broken")) : new Promise(() => {}),
          return: () => new Promise(() => {}),
        }),
      }),
    };
    const clock = new FakeClock();
    const stream = new KafkaLiveStream(topic, source, { clock, connectTimeoutMs: 5_000 });
    const reader = stream.subscribe().getReader();
    await clock.advance(4_000);
    assert.equal(opened, 1);
    await clock.advance(1_200);
    assert.equal(opened, 2);
    await reader.cancel();
  });

  it("waits in the background, unless a subscriber awaits events", async () => {
    const topic = new FakeTopic();
    topic.failure = new Error("no broker");
    const fake = new FakeClock();
    const waits: (boolean | undefined)[] = [];
    const clock = {
      now: () => fake.now(),
      monotonic: () => fake.monotonic(),
      random: () => 0,
      wait: (ms: number, options?: { readonly background?: boolean; readonly signal?: AbortSignal }) => {
        if (ms < 1_000) waits.push(options?.background);
        return fake.wait(ms, options);
      },
    };
    const stream = new KafkaLiveStream("products", topic, { clock });
    const quiet = stream.subscribe({ background: true }).getReader();
    await settle();
    assert.deepEqual(waits.splice(0), [true]);
    const release = stream.hold();
    await settle();
    assert.deepEqual(waits.splice(0), [false]);
    release();
    await settle();
    assert.deepEqual(waits.splice(0), [true]);
    await quiet.cancel();
  });

  it("survives an onState that throws, or cancels the subscription", async () => {
    const states: string[] = [];
    const stop: { cancel?: () => Promise<void> } = {};
    const topic = new FakeTopic();
    const stream = new KafkaLiveStream("products", topic, {
      onState: (state) => {
        states.push(state);
        if (state === "live") void stop.cancel?.();
        throw new Error("mine");
      },
    });
    const reader = stream.subscribe().getReader();
    stop.cancel = () => reader.cancel();
    await settle();
    await settle();
    assert.deepEqual(states, ["connecting", "live"]);
    assert.deepEqual([stream.subscriberCount, topic.open, stream.stats().state], [0, 0, "idle"]);
  });
});

describe("KafkaLiveStream of a LiveTable", () => {
  it("keeps it current: a value reads the row again, and an old row of an event is not used", async () => {
    const topic = new FakeTopic();
    const clock = new FakeClock();
    const liveStream = new KafkaLiveStream("products", topic, { clock, rowOf: ({ value }) => JSON.parse(value ?? "") });
    const master = new MemTable("products", {
      rows: [["a", { price: 1, version: 1 }], ["b", { price: 5, version: 1 }]],
    });
    const products = new LiveTable(master, "products", new MemCache(), {
      liveStream,
      clock,
      versionOf: (row) => Number(row.version),
    });
    await settle();
    await products.listValues();
    await master.patchValue("a", { price: 2, version: 2 });
    topic.write({ key: "a", value: '{"price":2,"version":2}' });
    await settle();
    assert.equal((await products.getValue("a"))?.price, 2);
    topic.write({ key: "a", value: '{"price":1,"version":1}' });
    await settle();
    assert.equal((await products.getValue("a"))?.price, 2);
    await master.delete("b");
    topic.write({ key: "b" });
    await settle();
    assert.equal(await products.getValue("b"), undefined);
    assert(!("ordered" in liveStream), "it is not newer than every read");
    await products.close();
    assert.equal(topic.open, 0);
  });
});

describe("new KafkaLiveStream()", () => {
  const source = new FakeTopic();
  for (
    const [what, make, message] of [
      ["no topic", () => new KafkaLiveStream("", source), /A topic has a name, got ""/],
      [
        "a client as its source",
        () => new KafkaLiveStream("t", {} as never),
        /source of a KafkaLiveStream must be .+offsets, messages/,
      ],
      [
        "an unknown option",
        () => new KafkaLiveStream("t", source, { rowof: () => ({}) } as never),
        /Unknown option "rowof"/,
      ],
      [
        "rowOf and eventOf",
        () => new KafkaLiveStream("t", source, { rowOf: () => ({}), eventOf: () => undefined }),
        /exclude/,
      ],
      [
        "a rowOf that is none",
        () => new KafkaLiveStream("t", source, { rowOf: {} as never }),
        /rowOf must be a function/,
      ],
      [
        "a negative bound",
        () => new KafkaLiveStream("t", source, { maxMissed: -1 }),
        /maxMissed must be a whole number/,
      ],
      ["no time to connect", () => new KafkaLiveStream("t", source, { connectTimeoutMs: 0 }), /connectTimeoutMs/],
      ["half a check", () => new KafkaLiveStream("t", source, { checkMs: 0.5 }), /checkMs/],
    ] as const
  ) {
    it(`refuses ${what}`, () => {
      assert.throws(make, message);
    });
  }

  it("says in a message nothing of what a client throws, which may have credentials", async () => {
    const topic = new FakeTopic();
    topic.failure = new Error("sasl: user marty, password hunter2");
    const { records, stop } = listening(topic);
    await settle();
    assert(records.some(({ name }) => name === "event source lost"));
    assert(!JSON.stringify(records).includes("hunter2"));
    await stop();
  });
});
