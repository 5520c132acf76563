import { checkFunction, checkOptions, checkTools } from "../../base/check_options.ts";
import type { Clock } from "../../base/clock.ts";
import type { MaybePromise } from "../../base/maybe_promise.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import type { Row } from "../../table/row.ts";
import type { Tracer } from "../../trace/tracer.ts";
import type { KafkaState } from "./kafka_session.ts";
import type { KafkaMessage } from "./kafka_source.ts";

/** Options of a `KafkaLiveStream`. */
export interface KafkaLiveStreamOptions<M extends KafkaMessage = KafkaMessage> {
  /**
   * The row of a message whose value is not `null`, if the value has it. Without it, events have no rows, and rows are
   * read from the master. Not together with `eventOf`.
   */
  readonly rowOf?: ((message: M) => MaybePromise<Row | undefined>) | undefined;
  /**
   * The event of a message; `undefined` if it has none. If it throws, subscribers receive `changed`. Default: the key
   * is the id of a row, `null` as the value deletes it, and any other value inserts it.
   */
  readonly eventOf?: ((message: M) => MaybePromise<LiveEvent | undefined>) | undefined;
  /**
   * How many events are buffered for each subscriber; default 1000. On overflow, a subscriber receives `changed`
   * instead.
   */
  readonly bufferCapacity?: number | undefined;
  /**
   * How many messages are read again after a lost connection, at most; default 10 000. If more were missed, subscribers
   * receive `changed` instead.
   */
  readonly maxMissed?: number | undefined;
  /** How long the source may take to answer, to open and to close, in milliseconds; default 30 000. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How often the offsets of the partitions are looked up, in milliseconds; default 30 000. After a hole in the
   * offsets, they are looked up within a second.
   */
  readonly checkMs?: number | undefined;
  /** Called when the state changes; `error` says why the connection was lost. */
  readonly onState?: ((state: KafkaState, error?: Error) => void) | undefined;
  /** The clock and source of randomness; default the system's. */
  readonly clock?: Clock | undefined;
  /** Receives trace events. */
  readonly tracer?: Tracer | undefined;
}

const OPTIONS: readonly (keyof KafkaLiveStreamOptions)[] = [
  "rowOf",
  "eventOf",
  "bufferCapacity",
  "maxMissed",
  "connectTimeoutMs",
  "checkMs",
  "onState",
  "clock",
  "tracer",
];

/**
 * Checks the options that are not numbers.
 *
 * @throws {TypeError} that names the option.
 */
export function checkKafkaOptions<M extends KafkaMessage>(options: KafkaLiveStreamOptions<M>): void {
  checkOptions("a KafkaLiveStream", options, OPTIONS);
  for (const name of ["rowOf", "eventOf", "onState"] as const) checkFunction(name, options[name]);
  checkTools(options);
  if (options.rowOf === undefined || options.eventOf === undefined) return;
  throw new TypeError("rowOf and eventOf exclude each other: eventOf makes the whole event, with its row");
}
