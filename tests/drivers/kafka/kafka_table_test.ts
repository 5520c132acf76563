import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemCache, MemTable } from "@vantage/live";
import { KafkaLiveStream } from "@vantage/live/kafka";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { FakeTopic } from "./fake_topic.ts";

describe("A LiveTable over a KafkaLiveStream", () => {
  const world = () => {
    const topic = new FakeTopic();
    const clock = new FakeClock();
    const cache = new MemCache();
    const rows = ["a", "b", "c", "d"].map((id, index) => [id, { price: index + 1 }] as const);
    const master = new FaultyTable(new MemTable("products", { rows }));
    /** A table as another process has it, after the one before. */
    const open = (): LiveTable => {
      const liveStream = new KafkaLiveStream(topic.name, topic, {
        clock,
        eventOf: ({ key }) => ({ kind: "updated", id: String(key) }),
      });
      return new LiveTable(master, "products", cache, { clock, liveStream });
    };
    return { topic, master, open };
  };

  it("goes on where an earlier process has stopped: what changed since is read again, and nothing else", async () => {
    const { topic, master, open } = world();
    const first = open();
    await settle();
    await first.listValues();
    topic.write({ key: "a" });
    await settle();
    await first.listValues();
    await first.close();
    await master.patchValue("b", { price: 3 });
    topic.write({ key: "b" });
    const second = open();
    await settle();
    assert.equal((await second.listValues()).get("b")?.price, 3);
    const { masterReads, rowsReceived } = second.stats();
    assert.equal(masterReads, 1);
    assert(rowsReceived <= 2, `${rowsReceived} rows: the last event before the end may come twice`);
    await second.close();
  });

  it("drops what is held if messages have expired since", async () => {
    const { topic, master, open } = world();
    const first = open();
    await settle();
    await first.listValues();
    await first.close();
    await master.patchValue("b", { price: 3 });
    topic.write({ key: "b" });
    topic.expire(1n);
    const second = open();
    await settle();
    assert.equal((await second.listValues()).get("b")?.price, 3);
    assert.equal(second.stats().rowsReceived, 4);
    await second.close();
  });
});
