import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LiveEvent, StreamCursor } from "@vantage/live";
import { KafkaLiveStream, type KafkaLiveStreamOptions } from "@vantage/live/kafka";
import { FakeClock, settle } from "@vantage/live/testing";
import { type FakeMessage, FakeTopic } from "./fake_topic.ts";

/** What a subscriber keeps beside what it has read. */
class Kept implements StreamCursor {
  readonly stored: string[] = [];
  caughtUp = 0;
  readonly #position: string | undefined;
  constructor(position?: string) {
    this.#position = position;
  }
  load(): Promise<string | undefined> {
    return Promise.resolve(this.#position);
  }
  store(position: string): void {
    this.stored.push(position);
  }
  onCaughtUp(): void {
    this.caughtUp++;
  }
}

interface Subscribed {
  readonly stream: KafkaLiveStream<FakeMessage>;
  readonly reader: ReadableStreamDefaultReader<LiveEvent>;
  readonly kept: Kept;
  readonly clock: FakeClock;
}

function subscribed(
  topic: FakeTopic,
  position?: string,
  options: KafkaLiveStreamOptions<FakeMessage> = {},
): Subscribed {
  const clock = new FakeClock();
  const kept = new Kept(position);
  const stream = new KafkaLiveStream(topic.name, topic, { clock, ...options });
  return { stream, kept, clock, reader: stream.subscribe({ cursor: kept }).getReader() };
}

async function next(reader: ReadableStreamDefaultReader<LiveEvent>): Promise<string> {
  const { value } = await reader.read();
  return value === undefined ? "over" : value.kind === "changed" ? "changed" : value.id;
}

describe("KafkaLiveStream with a cursor", () => {
  it("has the name of what it reads, since positions in other topics mean nothing to it", () => {
    assert.equal(new KafkaLiveStream("products", new FakeTopic()).resumes, "kafka:products");
  });

  it("begins with changed where there is no position, and stores one when that is applied", async () => {
    const topic = new FakeTopic("products", 2);
    topic.write({ key: "old", partition: 1 });
    const { reader, kept } = subscribed(topic);
    assert.equal(await next(reader), "changed");
    await settle();
    assert.deepEqual([kept.stored, kept.caughtUp], [[], 0], "it may still be at work on it");
    const read = next(reader);
    await settle();
    assert.deepEqual([kept.stored, kept.caughtUp], [['{"0":"0","1":"1"}'], 1]);
    topic.write({ key: "new" });
    assert.equal(await read, "new");
    await reader.cancel();
  });

  it("goes on at the position, without changed, and has caught up when all that was missed is applied", async () => {
    const topic = new FakeTopic("products", 2);
    for (const key of ["read", "missed"]) topic.write({ key });
    topic.write({ key: "missed too", partition: 1 });
    const { reader, kept, stream } = subscribed(topic, '{"0":"1","1":"0"}');
    assert.equal(await next(reader), "missed");
    assert.equal(await next(reader), "missed too");
    await settle();
    assert.equal(kept.caughtUp, 0);
    const read = next(reader);
    await settle();
    assert.deepEqual([kept.stored.at(-1), kept.caughtUp], ['{"0":"2","1":"1"}', 1]);
    assert.equal(stream.stats().gaps.start, 0);
    topic.write({ key: "new" });
    assert.equal(await read, "new");
    assert.equal(kept.caughtUp, 1, "once");
    await reader.cancel();
  });

  it("has caught up at once where nothing was missed", async () => {
    const topic = new FakeTopic();
    topic.write({ key: "read" });
    const { reader, kept } = subscribed(topic, '{"0":"1"}');
    const read = next(reader);
    await settle();
    assert.equal(kept.caughtUp, 1);
    topic.write({ key: "new" });
    assert.equal(await read, "new");
    await reader.cancel();
  });

  for (
    const [what, position, happens] of [
      ["messages after it have expired", '{"0":"1"}', (topic: FakeTopic) => topic.expire(2n)],
      ["the topic was made anew", '{"0":"3"}', (topic: FakeTopic) => topic.recreate()],
      ["partitions were added", '{"0":"3"}', (topic: FakeTopic) => topic.addPartition()],
      ["it is of more partitions", '{"0":"3","1":"0"}', () => {}],
      ["it is no position", '{"0":"3"', () => {}],
      ["it is empty", "", () => {}],
      ["it has no partitions", "{}", () => {}],
      ["it has no offsets", '{"0":"x"}', () => {}],
      ["it is the position of another stream", '{"lsn":"0/16B3748"}', () => {}],
    ] as const
  ) {
    it(`begins with changed where ${what}`, async () => {
      const topic = new FakeTopic();
      for (const key of ["a", "b", "c"]) topic.write({ key });
      happens(topic);
      const { reader, kept } = subscribed(topic, position);
      assert.equal(await next(reader), "changed");
      const read = next(reader);
      await settle();
      assert.equal(kept.caughtUp, 1);
      topic.write({ key: "new" });
      assert.equal(await read, "new");
      await reader.cancel();
    });
  }

  it("stores no position after a hole that was not looked into: another process looks into it", async () => {
    const topic = new FakeTopic();
    const { reader, kept, clock } = subscribed(topic, '{"0":"0"}');
    const read = next(reader);
    await clock.advance(5_000);
    topic.failure = new Error("not now");
    topic.skip(3);
    topic.expire(3n);
    topic.write({ key: "a" });
    assert.equal(await read, "a");
    const last = next(reader);
    await clock.advance(5_000);
    topic.write({ key: "b" });
    await last;
    void next(reader);
    await settle();
    assert.deepEqual(kept.stored.at(-1), '{"0":"0"}');
    await reader.cancel();
    topic.failure = undefined;
    const another = subscribed(topic, kept.stored.at(-1));
    assert.equal(await next(another.reader), "changed");
    await another.reader.cancel();
  });

  it("goes on though onCaughtUp throws", async () => {
    const topic = new FakeTopic();
    const { reader, kept } = subscribed(topic);
    kept.onCaughtUp = () => {
      throw new Error("mine");
    };
    assert.equal(await next(reader), "changed");
    const read = next(reader);
    await settle();
    topic.write({ key: "a" });
    assert.equal(await read, "a");
    await reader.cancel();
  });

  it("begins with changed where more was missed than maxMissed", async () => {
    const topic = new FakeTopic();
    for (let number = 0; number < 5; number++) topic.write({ key: `${number}` });
    const { reader } = subscribed(topic, '{"0":"0"}', { maxMissed: 4 });
    assert.equal(await next(reader), "changed");
    await reader.cancel();
  });

  it("begins with changed where the position cannot be loaded", async () => {
    const topic = new FakeTopic();
    const cursor = new Kept();
    cursor.load = () => Promise.reject(new Error("no cache"));
    const reader = new KafkaLiveStream("products", topic).subscribe({ cursor }).getReader();
    assert.equal(await next(reader), "changed");
    await reader.cancel();
  });

  it("begins with changed for a subscription that joins others, whatever its position", async () => {
    const topic = new FakeTopic();
    for (const key of ["a", "b"]) topic.write({ key });
    const first = subscribed(topic, '{"0":"2"}');
    const early = new Kept('{"0":"1"}');
    const joinsAtOnce = first.stream.subscribe({ cursor: early }).getReader();
    await settle();
    const late = new Kept('{"0":"1"}');
    const joinsLater = first.stream.subscribe({ cursor: late }).getReader();
    const reads = [next(first.reader)];
    for (const [reader, kept] of [[joinsAtOnce, early], [joinsLater, late]] as const) {
      assert.equal(await next(reader), "changed");
      reads.push(next(reader));
      await settle();
      assert.deepEqual([kept.caughtUp, kept.stored.at(-1)], [1, '{"0":"2"}']);
    }
    topic.write({ key: "new" });
    assert.deepEqual(await Promise.all(reads), ["new", "new", "new"]);
    assert.equal(first.stream.subscriberCount, 3);
    for (const reader of [first.reader, joinsAtOnce, joinsLater]) await reader.cancel();
    await settle();
    assert.equal(topic.open, 0);
  });

  it("misses nothing for a subscription without a cursor that joins one with a position", async () => {
    const topic = new FakeTopic();
    topic.write({ key: "a" });
    const first = subscribed(topic, '{"0":"1"}');
    const plain = first.stream.subscribe().getReader();
    topic.write({ key: "b" });
    assert.equal(await next(plain), "b");
    for (const reader of [first.reader, plain]) await reader.cancel();
  });

  it("stores a position once a second while messages come, and the last one with the next look at the offsets", async () => {
    const topic = new FakeTopic();
    const { reader, kept, clock } = subscribed(topic);
    await next(reader);
    void (async () => {
      while (await next(reader) !== "over");
    })();
    await settle();
    for (let tenth = 0; tenth < 35; tenth++) {
      topic.write({ key: "a" });
      await clock.advance(100);
    }
    assert.deepEqual(kept.stored, ["0", "11", "21", "31"].map((offset) => `{"0":"${offset}"}`));
    await clock.advance(30_000);
    assert.equal(kept.stored.at(-1), '{"0":"35"}');
    await reader.cancel();
  });

  it("stores positions one after the other, and of those that wait the last", async () => {
    const topic = new FakeTopic();
    const { reader, kept, clock } = subscribed(topic);
    const gates: (() => void)[] = [];
    kept.store = (position) => {
      kept.stored.push(position);
      return new Promise<void>((resolve) => void gates.push(resolve));
    };
    await next(reader);
    void (async () => {
      while (await next(reader) !== "over");
    })();
    for (let second = 0; second < 5; second++) {
      await settle();
      topic.write({ key: "a" });
      await clock.advance(1_000);
    }
    assert.deepEqual(kept.stored, ['{"0":"0"}']);
    gates.shift()?.();
    await settle();
    assert.deepEqual(kept.stored, ['{"0":"0"}', '{"0":"5"}']);
    await reader.cancel();
  });

  it("goes on though a position cannot be stored", async () => {
    const topic = new FakeTopic();
    const { reader, kept, clock } = subscribed(topic);
    kept.store = () => {
      throw new Error("no room");
    };
    assert.equal(await next(reader), "changed");
    const read = next(reader);
    await clock.advance(30_000);
    topic.write({ key: "a" });
    assert.equal(await read, "a");
    await reader.cancel();
  });

  it("sends changed to one that lags, and stores no position before that is applied", async () => {
    const topic = new FakeTopic();
    const { reader, kept, clock } = subscribed(topic, '{"0":"0"}', { bufferCapacity: 2 });
    const read = next(reader);
    await settle();
    for (const key of ["a", "b", "c", "d", "e"]) topic.write({ key });
    assert.equal(await read, "a");
    await clock.advance(30_000);
    assert.deepEqual(kept.stored, ['{"0":"0"}']);
    assert.equal(await next(reader), "changed");
    await settle();
    assert.deepEqual(kept.stored, ['{"0":"0"}']);
    const last = next(reader);
    await settle();
    assert.equal(kept.stored.at(-1), '{"0":"5"}');
    topic.write({ key: "f" });
    assert.equal(await last, "f");
    await reader.cancel();
  });

  it("is over when its signal is aborted: with changed first if events wait, and at once if it was aborted already", async () => {
    const topic = new FakeTopic();
    const stream = new KafkaLiveStream("products", topic);
    const over = stream.subscribe({ cursor: new Kept(), signal: AbortSignal.abort() }).getReader();
    assert.equal(await next(over), "over");
    assert.deepEqual([stream.subscriberCount, topic.lookedUp], [0, 0]);
    const control = new AbortController();
    const reader = stream.subscribe({ cursor: new Kept(), signal: control.signal }).getReader();
    assert.equal(await next(reader), "changed");
    await settle();
    topic.write({ key: "a" });
    await settle();
    control.abort();
    assert.equal(await next(reader), "changed");
    assert.equal(await next(reader), "over");
    assert.equal(stream.subscriberCount, 0);
  });

  it("waits in the background if its subscription is", async () => {
    const topic = new FakeTopic();
    topic.failure = new Error("no broker");
    const waits: (boolean | undefined)[] = [];
    const fake = new FakeClock();
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
    const quiet = stream.subscribe({ cursor: new Kept(), background: true }).getReader();
    await settle();
    assert.deepEqual(waits.splice(0), [true]);
    const loud = stream.subscribe({ cursor: new Kept() }).getReader();
    await settle();
    assert.deepEqual(waits.splice(0), [false]);
    await loud.cancel();
    await settle();
    assert.deepEqual(waits.splice(0), [true]);
    await quiet.cancel();
  });
});
