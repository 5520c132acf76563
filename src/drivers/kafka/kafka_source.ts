import type { MaybePromise } from "../../base/maybe_promise.ts";

/** An offset as clients write it: a bigint, a decimal text (kafkajs) or a number. */
export type KafkaOffset = bigint | number | string;

/** One message of a topic, as every client has it in one form or another. */
export interface KafkaMessage {
  /** The topic that it is of. */
  readonly topic: string;
  /** The number of its partition. */
  readonly partition: number;
  /** Its place in the partition. */
  readonly offset: KafkaOffset;
  /** The key, usually bytes; `null` if the message has none. */
  readonly key?: unknown;
  /** The value, usually bytes, or what the client decoded; `null` deletes the row of the key. */
  readonly value?: unknown;
}

/** What a partition holds. */
export interface KafkaOffsets {
  /** The number of the partition. */
  readonly partition: number;
  /** The offset of the first message that is still there. */
  readonly low: KafkaOffset;
  /** The offset of the next message that will be written. */
  readonly high: KafkaOffset;
}

/** Where to begin in a partition. */
export interface KafkaPosition {
  /** The number of the partition. */
  readonly partition: number;
  /** The offset of the first message that is wanted. */
  readonly offset: bigint;
}

/**
 * A topic, through the client of an application. Both functions are called for each connection; what they open is
 * closed when their signal is aborted.
 *
 * - `messages` skips nothing that is there: each partition begins at the offset it is given, or before it, and goes
 *   on in order. A client that loses its place must go on at an earlier one, or fail; "latest" as the place to fall
 *   back to would lose events in silence.
 * - `messages` may end or throw at any time, which is what a client that has lost its connection should do. It is
 *   then called again, with the offsets that were reached.
 * - Each consumer receives all partitions: processes must not share a consumer group.
 */
export interface KafkaSource<M extends KafkaMessage = KafkaMessage> {
  /** What each partition of the topic holds now. */
  offsets(signal: AbortSignal): MaybePromise<Iterable<KafkaOffsets>>;
  /** The messages of all partitions, from these offsets on. */
  messages(from: readonly KafkaPosition[], signal: AbortSignal): MaybePromise<AsyncIterable<M>>;
}
