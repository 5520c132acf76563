import { Consumer } from "@platformatic/kafka";
import { Kafka, logLevel, type Producer } from "kafkajs";
import type { KafkaSource } from "@vantage/live/kafka";
import { kafkaJsSource } from "../drivers/kafka/recipes/kafkajs.ts";
import { platformaticSource } from "../drivers/kafka/recipes/platformatic.ts";

/** A client, through which a topic is read as docs/kafka.md shows it. */
export interface KafkaClient {
  readonly name: string;
  source(address: string, topic: string): KafkaSource;
}

/** The clients that are tried. */
export const KAFKA_CLIENTS: readonly KafkaClient[] = [
  { name: "kafkajs", source: (address, topic) => kafkaJsSource(openKafkaJs(address), topic) },
  {
    name: "@platformatic/kafka",
    source: (address, topic) =>
      platformaticSource(() =>
        new Consumer({
          clientId: "shop",
          bootstrapBrokers: [address],
          groupId: `live-${crypto.randomUUID()}`,
          maxWaitTime: 100,
        }), topic),
  },
];

/** Opens a producer, which makes topics that are not there. */
export async function openProducer(address: string): Promise<Producer> {
  const producer = openKafkaJs(address).producer({ allowAutoTopicCreation: true });
  await producer.connect();
  return producer;
}

function openKafkaJs(address: string): Kafka {
  return new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
}
