import { describe } from "../../base/describe.ts";
import type { KafkaMessage, KafkaOffset, KafkaOffsets } from "./kafka_source.ts";

/** Where a message is. */
export interface KafkaPlace {
  readonly partition: number;
  readonly offset: bigint;
}

/** What a partition holds, with offsets that can be compared. */
export interface PartitionRange {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

/**
 * Where a message is.
 *
 * @throws {TypeError} if it does not say so, or is of another topic.
 */
export function placeOf(topic: string, message: KafkaMessage): KafkaPlace {
  if (typeof message !== "object" || message === null) {
    throw new TypeError(`A message must be an object, got ${describe(message)}`);
  }
  if (message.topic !== topic) {
    throw new TypeError(`A message of the topic ${describe(topic)} is needed, got one of ${describe(message.topic)}`);
  }
  return { partition: toPartition(message.partition), offset: toOffset(message.offset) };
}

/**
 * What each partition holds, as the source says.
 *
 * @throws {TypeError} if it says something else.
 */
export function rangesOf(topic: string, offsets: Iterable<KafkaOffsets>): readonly PartitionRange[] {
  const ranges = Array.from(listOf(offsets), ({ partition, low, high }) => ({
    partition: toPartition(partition),
    low: toOffset(low),
    high: toOffset(high),
  }));
  if (ranges.length === 0) throw new TypeError(`The topic ${describe(topic)} has no partitions: create it first`);
  if (new Set(ranges.map(({ partition }) => partition)).size === ranges.length) return ranges;
  throw new TypeError(`The offsets of the topic ${describe(topic)} have a partition twice`);
}

function listOf(offsets: Iterable<KafkaOffsets>): readonly KafkaOffsets[] {
  const isIterable = typeof offsets?.[Symbol.iterator] === "function";
  const list = isIterable ? [...offsets] : [];
  if (isIterable && list.every((one) => typeof one === "object" && one !== null)) return list;
  throw new TypeError(
    `offsets() must answer with a list of objects, ${isIterable ? "one item is none" : `got ${describe(offsets)}`}`,
  );
}

function toPartition(partition: number): number {
  if (Number.isSafeInteger(partition) && partition >= 0) return partition;
  throw new TypeError(`A partition must be a whole number of at least 0, got ${describe(partition)}`);
}

function toOffset(offset: KafkaOffset): bigint {
  if (typeof offset === "bigint" && offset >= 0n) return offset;
  if (typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0) return BigInt(offset);
  if (typeof offset === "string" && /^\d{1,19}$/.test(offset)) return BigInt(offset);
  throw new TypeError(`An offset must be a whole number of at least 0, got ${describe(offset)}`);
}
