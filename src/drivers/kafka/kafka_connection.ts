import { abortable } from "../../base/abortable.ts";
import type { Clock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { isPromise, type MaybePromise } from "../../base/maybe_promise.ts";
import { Pause } from "../../base/pause.ts";
import { UnavailableError } from "../../table/errors.ts";
import type { KafkaCursor, KafkaGap, Taken } from "./kafka_cursor.ts";
import { type PartitionRange, placeOf, rangesOf } from "./kafka_place.ts";
import type { KafkaMessage, KafkaSource } from "./kafka_source.ts";

/** Where messages come from, and the bounds of a connection, in milliseconds. */
export interface KafkaEndpoint<M extends KafkaMessage> {
  readonly topic: string;
  readonly source: KafkaSource<M>;
  readonly connectTimeoutMs: number;
  readonly checkMs: number;
}

/** What a {@linkcode KafkaConnection} works with. */
export interface KafkaConnectionOptions<M extends KafkaMessage> {
  readonly endpoint: KafkaEndpoint<M>;
  /** Is passed from one connection to the next. */
  readonly cursor: KafkaCursor;
  readonly clock: Clock;
  /** Called once, when all messages from now on will be received; those missed before follow, unless there is a gap. */
  readonly onLive: (gap: KafkaGap | undefined) => void;
  /** Events may have been missed until now. */
  readonly onGap: (gap: KafkaGap) => void;
  /** `isNext` says that no message is missing between this one and those before it in its partition. */
  readonly onMessage: (message: M, isNext: boolean) => MaybePromise<void>;
  /** The cursor has moved, or a look at the offsets has shown that it stands where it stood. */
  readonly onProgress: (isChecked: boolean) => void;
  /** A message that does not say where it is. */
  readonly onUnreadable: (error: unknown) => void;
  /** The offsets of the partitions could not be looked up, or the messages not be closed. */
  readonly onTrouble: (error: unknown) => void;
}

/** The shortest time between two looks at the offsets of the partitions. */
const SOONEST_CHECK_MS = 1_000;

/** One connection, from the first question to the end of the messages. */
export class KafkaConnection<M extends KafkaMessage> {
  readonly #options: KafkaConnectionOptions<M>;
  readonly #over = new AbortController();
  readonly #checking: Pause;

  constructor(options: KafkaConnectionOptions<M>) {
    this.#options = options;
    this.#checking = new Pause(options.clock, () => false);
  }

  /**
   * Connects and receives messages. Resolves if the connection is to be made anew at once, since the partitions are
   * other ones.
   *
   * @throws what the source throws, or an `UnavailableError` if it ends or takes too long.
   */
  async follow(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const leave = (): void => this.#over.abort(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await this.#connect();
      await this.#receive();
    } catch (error) {
      if (error !== ANEW) throw error;
    } finally {
      signal.removeEventListener("abort", leave);
      this.#over.abort();
      this.#checking.review();
    }
  }

  async #connect(): Promise<void> {
    const { cursor, onLive } = this.#options;
    const ranges = await this.#inTime(this.#lookUp());
    onLive(cursor.begin(ranges));
  }

  async #receive(): Promise<void> {
    const { signal } = this.#over;
    const messages = (await this.#inTime(this.#open()))[Symbol.asyncIterator]();
    void this.#checkAgainAndAgain();
    try {
      for (;;) {
        const { done, value } = await abortable(messages.next(), signal);
        if (done === true) throw new UnavailableError("The messages ended");
        const handled = this.#take(value);
        if (isPromise(handled)) await abortable(handled, signal);
        this.#options.onProgress(false);
      }
    } finally {
      this.#over.abort();
      await this.#close(messages);
    }
  }

  async #open(): Promise<AsyncIterable<M>> {
    const { endpoint: { source }, cursor } = this.#options;
    const messages = await source.messages(cursor.positions, this.#over.signal);
    if (typeof messages?.[Symbol.asyncIterator] === "function") return messages;
    throw new TypeError(`messages() must answer with an async iterable, got ${describe(messages)}`);
  }

  #take(message: M): MaybePromise<void> {
    const { endpoint: { topic }, cursor, onGap, onMessage, onUnreadable } = this.#options;
    let taken: Taken;
    try {
      taken = cursor.take(placeOf(topic, message));
    } catch (error) {
      return onUnreadable(error);
    }
    if (taken.isBefore) return;
    if (taken.gap !== undefined) onGap(taken.gap);
    if (cursor.hasHoles) this.#checking.review();
    return onMessage(message, taken.isNext);
  }

  /**
   * Looks at the offsets of the partitions from time to time, and soon after a hole: messages may have expired before
   * they were read, and partitions may have been added.
   */
  async #checkAgainAndAgain(): Promise<void> {
    const { endpoint: { checkMs }, cursor } = this.#options;
    const { signal } = this.#over;
    const soonestMs = Math.min(checkMs, SOONEST_CHECK_MS);
    while (!signal.aborted) {
      await this.#checking.wait(soonestMs, () => signal.aborted);
      await this.#checking.wait(checkMs - soonestMs, () => signal.aborted || cursor.hasHoles);
      if (!signal.aborted) await this.#check();
    }
  }

  async #check(): Promise<void> {
    const { cursor, onGap, onProgress, onTrouble } = this.#options;
    const { signal } = this.#over;
    const checkpoint = cursor.checkpoint();
    let ranges: readonly PartitionRange[];
    try {
      ranges = await this.#inTime(this.#lookUp());
    } catch (error) {
      cursor.giveBack(checkpoint);
      return signal.aborted ? undefined : onTrouble(error);
    }
    const gaps = cursor.check(checkpoint, ranges);
    for (const gap of gaps) onGap(gap);
    onProgress(true);
    // A client that is beyond the end may wait there.
    if (gaps.has("back") || !cursor.hasAll(ranges)) this.#over.abort(ANEW);
  }

  async #lookUp(): Promise<readonly PartitionRange[]> {
    const { source, topic } = this.#options.endpoint;
    return rangesOf(topic, await source.offsets(this.#over.signal));
  }

  /** Ends the connection unless the work is done in time. */
  async #inTime<T>(work: Promise<T>): Promise<T> {
    const done = this.#alarm((error) => this.#over.abort(error));
    try {
      return await abortable(work, this.#over.signal);
    } finally {
      done.abort();
    }
  }

  /** Lets the source close what it opened, before it is opened again. */
  async #close(messages: AsyncIterator<M>): Promise<void> {
    const late = new AbortController();
    const done = this.#alarm((error) => late.abort(error));
    const closing = async (): Promise<unknown> => await messages.return?.();
    try {
      await abortable(closing(), late.signal);
    } catch (error) {
      this.#options.onTrouble(error);
    } finally {
      done.abort();
    }
  }

  /** Rings unless what it returns is aborted in time. */
  #alarm(ring: (error: Error) => void): AbortController {
    const { clock, endpoint: { connectTimeoutMs } } = this.#options;
    const done = new AbortController();
    const late = (): void => ring(new UnavailableError(`No answer within ${connectTimeoutMs} ms`));
    clock.wait(connectTimeoutMs, { signal: done.signal, background: true }).then(late, () => {});
    return done;
  }
}

/** Why a connection is ended that is made anew at once. */
const ANEW = new DOMException("The partitions have changed", "AbortError");
