import type { Consumer, Message } from "@platformatic/kafka";
import type { KafkaSource } from "@vantage/live/kafka";

/** A topic, read through `@platformatic/kafka`; `open` makes a consumer in a group that no other process has. */
export function platformaticSource(
  open: () => Pick<Consumer, "consume" | "listOffsets" | "close">,
  topic: string,
): KafkaSource<Message> {
  // recipe: platformatic
  return {
    offsets: async () => {
      const consumer = open();
      const list = async (timestamp: bigint) =>
        (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? [];
      try {
        const [low, high] = [await list(-2n), await list(-1n)]; // the first offsets, and those after the last
        return low.map((offset, partition) => ({ partition, low: offset, high: high[partition] ?? offset }));
      } finally {
        await consumer.close(true);
      }
    },
    async *messages(from, signal) {
      const consumer = open();
      try {
        const offsets = from.map(({ partition, offset }) => ({ topic, partition, offset }));
        const stream = await consumer.consume({ topics: [topic], mode: "manual", offsets, fallbackMode: "fail" });
        stream.on("error", () => {}); // also when nobody iterates any more
        signal.addEventListener("abort", () => stream.destroy());
        yield* stream;
      } finally {
        await consumer.close(true);
      }
    },
  };
  // end
}
