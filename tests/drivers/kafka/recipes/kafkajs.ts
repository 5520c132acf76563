import type { IHeaders, Kafka } from "kafkajs";
import type { KafkaSource } from "@vantage/live/kafka";

/** A message as kafkajs has it. */
export interface KafkaJsMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: IHeaders | undefined;
}

/** A topic, read through kafkajs. */
export function kafkaJsSource(kafka: Kafka, topic: string): KafkaSource<KafkaJsMessage> {
  // recipe: kafkajs
  return {
    offsets: async () => {
      const admin = kafka.admin();
      await admin.connect();
      return await admin.fetchTopicOffsets(topic).finally(() => admin.disconnect());
    },
    async *messages(from, signal) {
      const { readable, writable } = new TransformStream<KafkaJsMessage, KafkaJsMessage>();
      const writer = writable.getWriter();
      const end = (reason: unknown) => void writer.abort(reason).catch(() => {});
      const consumer = kafka.consumer({ groupId: `live-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 }); // shared by none
      consumer.on("consumer.crash", ({ payload }) => end(payload.error));
      signal.addEventListener("abort", () => end(signal.reason));
      try {
        await consumer.subscribe({ topic, fromBeginning: true }); // never skips what was not read
        await consumer.run({
          eachMessage: ({ partition, message }) => writer.write({ topic, partition, ...message }).catch(() => {}),
        });
        for (const { partition, offset } of from) consumer.seek({ topic, partition, offset: String(offset) });
        yield* readable;
      } finally {
        await consumer.disconnect();
      }
    },
  };
  // end
}
