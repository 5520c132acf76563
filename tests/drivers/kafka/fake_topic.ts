import type { KafkaOffsets, KafkaPosition, KafkaSource } from "@vantage/live/kafka";

/** A message of a {@linkcode FakeTopic}. */
export interface FakeMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | Uint8Array | null;
  readonly value: string | null;
}

/** What is written. */
export interface Written {
  readonly key: string | Uint8Array | null;
  readonly value?: string | null;
  readonly partition?: number;
}

interface Partition {
  messages: FakeMessage[];
  low: bigint;
  high: bigint;
}

/** One call of `messages`. */
interface Reader {
  readonly from: readonly KafkaPosition[];
  readonly queue: (FakeMessage | Error | "end")[];
  wake: () => void;
}

/** A topic in memory, whose broker and clients do what a test wants. */
export class FakeTopic implements KafkaSource<FakeMessage> {
  readonly name: string;
  readonly partitions: Partition[];
  /** Where each reader began, the last one last. */
  readonly began: (readonly KafkaPosition[])[] = [];
  /** How often the offsets were looked up. */
  lookedUp = 0;
  /** What `offsets` and `messages` fail with. */
  failure: Error | undefined;
  /** `offsets` never answers. */
  frozen = false;
  /** Readers begin at the first message, whatever they are asked for. */
  rewinds = false;
  readonly #readers = new Set<Reader>();

  constructor(name = "products", partitions = 1) {
    this.name = name;
    this.partitions = Array.from({ length: partitions }, () => ({ messages: [], low: 0n, high: 0n }));
  }

  /** How many readers there are. */
  get open(): number {
    return this.#readers.size;
  }

  async offsets(): Promise<KafkaOffsets[]> {
    this.lookedUp++;
    if (this.frozen) await new Promise(() => {});
    if (this.failure !== undefined) throw this.failure;
    return this.partitions.map(({ low, high }, partition) => ({ partition, low, high }));
  }

  async *messages(from: readonly KafkaPosition[], signal: AbortSignal): AsyncGenerator<FakeMessage> {
    if (this.failure !== undefined) throw this.failure;
    this.began.push(from);
    const reader: Reader = { from, queue: this.#from(from), wake: () => {} };
    this.#readers.add(reader);
    const leave = (): void => reader.wake();
    signal.addEventListener("abort", leave);
    try {
      while (!signal.aborted) {
        const next = reader.queue.shift();
        if (next === "end") return;
        if (next instanceof Error) throw next;
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => reader.wake = resolve);
      }
    } finally {
      signal.removeEventListener("abort", leave);
      this.#readers.delete(reader);
    }
  }

  /** Writes a message, which all readers receive. */
  write({ key, value = null, partition = 0 }: Written): FakeMessage {
    const written = this.#partition(partition);
    const message = { topic: this.name, partition, offset: written.high++, key, value };
    written.messages.push(message);
    this.deliver(message);
    return message;
  }

  /** Skips offsets, as the end of a transaction does. */
  skip(count = 1, partition = 0): void {
    this.#partition(partition).high += BigInt(count);
  }

  /** Removes what is before an offset, as retention does. */
  expire(before: bigint, partition = 0): void {
    const expired = this.#partition(partition);
    expired.low = before;
    expired.messages = expired.messages.filter(({ offset }) => offset >= before);
  }

  /** Removes all but the last message of each key. */
  compact(partition = 0): void {
    const compacted = this.#partition(partition);
    const last = new Map(compacted.messages.map((message) => [message.key, message]));
    compacted.messages = compacted.messages.filter((message) => last.get(message.key) === message);
  }

  /** Deletes the topic, and makes it anew. */
  recreate(): void {
    for (const [partition] of this.partitions.entries()) {
      this.partitions[partition] = { messages: [], low: 0n, high: 0n };
    }
  }

  /** Adds a partition, which no reader notices. */
  addPartition(): void {
    this.partitions.push({ messages: [], low: 0n, high: 0n });
  }

  /** Gives all readers a message, whether it was written or not. */
  deliver(message: FakeMessage | Error | "end"): void {
    for (const reader of this.#readers) {
      reader.queue.push(message);
      reader.wake();
    }
  }

  #from(positions: readonly KafkaPosition[]): FakeMessage[] {
    const first = new Map(positions.map(({ partition, offset }) => [partition, this.rewinds ? 0n : offset]));
    return this.partitions.flatMap(({ messages }, partition) =>
      messages.filter(({ offset }) => offset >= (first.get(partition) ?? 0n))
    );
  }

  #partition(number: number): Partition {
    const partition = this.partitions[number];
    if (partition === undefined) throw new Error(`There is no partition ${number}`);
    return partition;
  }
}
