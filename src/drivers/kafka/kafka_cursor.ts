import type { KafkaPlace, PartitionRange } from "./kafka_place.ts";
import type { KafkaPosition } from "./kafka_source.ts";

/**
 * Why events may have been missed:
 *
 * - `start`: what happened before the first connection is not known.
 * - `expired`: messages that had not been read are not there any more (retention).
 * - `behind`: more messages were missed than are read again.
 * - `back`: offsets went back. Messages were delivered again, or the topic was made anew or lost its end.
 * - `partitions`: partitions were added, so that keys may have moved to others, or some are gone.
 */
export type KafkaGap = "start" | "expired" | "behind" | "back" | "partitions";

/** What a message is to a cursor. */
export interface Taken {
  /** Whether it is from before the place where its partition was to begin. */
  readonly isBefore: boolean;
  /** A gap that the message shows. */
  readonly gap: KafkaGap | undefined;
  /** Whether no message is missing between this one and those that were taken before. */
  readonly isNext: boolean;
}

/** Where the reader of a partition stands. */
interface Partition {
  /** The offset after the last message that was taken. */
  next: bigint;
  /** Whether a message at or after the place to begin at has come. */
  begun: boolean;
  /**
   * Where the first hole begins that may be messages that expired before they were read, and that is not being checked.
   */
  holeAt: bigint | undefined;
  /** The same with those that are being checked. */
  uncheckedAt: bigint | undefined;
  /** Messages with lower offsets may follow others that were compacted away. */
  compactedBelow: bigint;
  /** Where the partition ended when the connection was made. */
  end: bigint;
}

/** Where a cursor stood, and which holes were not checked. */
export type KafkaCheckpoint = ReadonlyMap<number, { readonly next: bigint; readonly holeAt: bigint | undefined }>;

/** Offsets have 63 bits. */
const END = 2n ** 63n;

/** A position, as it is stored: `{"0":"17","1":"4"}`. */
const POSITION = /^\{((?:"\d{1,9}":"\d{1,19}"(?:,(?!\})|(?=\})))+)\}$/;

/**
 * The next offset of each partition. Offsets have holes: compaction and the ends of transactions leave them, and so do
 * messages that expired. Only the latter are a gap. The offset that a partition begins at says which it was, since
 * messages expire from the beginning.
 */
export class KafkaCursor {
  readonly #maxMissed: bigint;
  readonly #partitions = new Map<number, Partition>();
  #hasStarted = false;

  /** A cursor that has not started. `maxMissed` is how many messages are read again at most. */
  constructor(maxMissed: number) {
    this.#maxMissed = BigInt(maxMissed);
  }

  /** Whether there are holes that have not been checked. */
  get hasHoles(): boolean {
    for (const { holeAt } of this.#partitions.values()) if (holeAt !== undefined) return true;
    return false;
  }

  /** Whether everything was taken that was there when the connection was made. */
  get hasCaughtUp(): boolean {
    for (const { next, end } of this.#partitions.values()) if (next < end) return false;
    return true;
  }

  /** Where it stands, to be restored by another process. A hole that was not checked comes after it. */
  get position(): string {
    const offsets = Array.from(
      this.#partitions,
      ([number, { next, uncheckedAt = next }]) => [number, `${uncheckedAt}`],
    );
    return JSON.stringify(Object.fromEntries(offsets));
  }

  /** Where to begin. */
  get positions(): readonly KafkaPosition[] {
    return Array.from(this.#partitions, ([partition, { next }]) => ({ partition, offset: next }));
  }

  /** Starts at a position that was stored. One that cannot be read is none. */
  restore(position: string): void {
    const found = POSITION.exec(position)?.[1]?.matchAll(/"(\d+)":"(\d+)"/g);
    if (found === undefined) return;
    for (const [, partition, offset = ""] of found) {
      const next = BigInt(offset);
      this.#partitions.set(Number(partition), { ...newPartition(next), compactedBelow: END });
    }
    this.#hasStarted = true;
  }

  /**
   * Begins to read. Goes on where it stands, or, if that is impossible, after all that is there; then it returns why.
   * What is read from the master after that gap has all that.
   */
  begin(ranges: readonly PartitionRange[]): KafkaGap | undefined {
    const gap = this.#hasStarted ? this.#gapIn(ranges) : "start";
    this.#hasStarted = true;
    if (gap !== undefined) this.#partitions.clear();
    for (const { partition, high } of ranges) {
      const next = this.#partitions.get(partition)?.next ?? high;
      this.#partitions.set(partition, { ...newPartition(next), compactedBelow: high, end: high });
    }
    return gap;
  }

  /** Takes a message. */
  take({ partition, offset }: KafkaPlace): Taken {
    const known = this.#partitions.get(partition);
    if (known === undefined) {
      this.#partitions.set(partition, { ...newPartition(offset + 1n), begun: true, compactedBelow: END });
      return { isBefore: false, gap: "partitions", isNext: false };
    }
    const { next, begun } = known;
    if (offset < next && !begun) return { isBefore: true, gap: undefined, isNext: false };
    known.next = offset + 1n;
    known.begun = true;
    if (offset < next) return { isBefore: false, gap: "back", isNext: false };
    if (offset > next) {
      known.holeAt ??= next;
      known.uncheckedAt ??= next;
      known.compactedBelow = END;
    }
    return { isBefore: false, gap: undefined, isNext: offset >= known.compactedBelow };
  }

  /** Where the cursor stands. Its holes count as checked, unless they are given back. */
  checkpoint(): KafkaCheckpoint {
    const checkpoint = new Map<number, { readonly next: bigint; readonly holeAt: bigint | undefined }>();
    for (const [partition, known] of this.#partitions) {
      checkpoint.set(partition, { next: known.next, holeAt: known.holeAt });
      known.holeAt = undefined;
    }
    return checkpoint;
  }

  /** The holes of a checkpoint could not be checked. */
  giveBack(checkpoint: KafkaCheckpoint): void {
    for (const [partition, { holeAt }] of checkpoint) {
      const known = this.#partitions.get(partition);
      if (known !== undefined && holeAt !== undefined) known.holeAt = holeAt;
    }
  }

  /** Compares a checkpoint with what the partitions held later, and returns the gaps that this shows. */
  check(checkpoint: KafkaCheckpoint, ranges: readonly PartitionRange[]): ReadonlySet<KafkaGap> {
    const gaps = new Set<KafkaGap>();
    for (const { partition, low, high } of ranges) {
      const known = this.#partitions.get(partition);
      const then = checkpoint.get(partition);
      if (known === undefined || then === undefined) continue;
      const hadHole = then.holeAt !== undefined;
      if (known.next < low || (hadHole && then.holeAt < low)) gaps.add("expired");
      if (then.next > high) gaps.add("back");
      if (known.next < low) known.next = low;
      if (then.next > high && known.next === then.next) known.next = high;
      if (hadHole && known.holeAt === undefined) known.compactedBelow = high;
      known.uncheckedAt = known.holeAt;
    }
    return gaps;
  }

  /** Whether these partitions are those that are read. */
  hasAll(ranges: readonly PartitionRange[]): boolean {
    return ranges.length === this.#partitions.size && ranges.every(({ partition }) => this.#partitions.has(partition));
  }

  #gapIn(ranges: readonly PartitionRange[]): KafkaGap | undefined {
    if (!this.hasAll(ranges)) return "partitions";
    let missed = 0n;
    for (const { partition, low, high } of ranges) {
      const { next = high, holeAt = next } = this.#partitions.get(partition) ?? {};
      if (holeAt < low) return "expired";
      if (next > high) return "back";
      missed += high - next;
    }
    return missed > this.#maxMissed ? "behind" : undefined;
  }
}

/** A partition that is to be read from an offset on. */
function newPartition(next: bigint): Partition {
  return { next, begun: false, holeAt: undefined, uncheckedAt: undefined, compactedBelow: next, end: next };
}
