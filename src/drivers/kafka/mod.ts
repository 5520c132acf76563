/**
 * Kafka through the client that you have: the messages of a topic as a live stream.
 *
 * @example With a client that gives an async iterable of messages
 * ```ts ignore
 * import { LiveTable, MemCache } from "@vantage/live";
 * import { KafkaLiveStream } from "@vantage/live/kafka";
 *
 * const liveStream = new KafkaLiveStream("products", source, { rowOf: ({ value }) => JSON.parse(String(value)) });
 * const products = new LiveTable(master, "products", new MemCache(), { liveStream, versionOf: (row) => row.version });
 * ```
 *
 * @module
 */

export { KafkaLiveStream, type KafkaStats } from "./kafka_live_stream.ts";
export type { KafkaLiveStreamOptions } from "./kafka_options.ts";
export type { KafkaGap } from "./kafka_cursor.ts";
export type { KafkaState } from "./kafka_session.ts";
export type { KafkaMessage, KafkaOffset, KafkaOffsets, KafkaPosition, KafkaSource } from "./kafka_source.ts";
