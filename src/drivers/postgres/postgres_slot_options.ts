import { checkFunction, checkOptions, checkTools } from "../../base/check_options.ts";
import { checkPort } from "../../base/check_port.ts";
import type { Clock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { LiveStream } from "../../stream/live_stream.ts";
import type { Tracer } from "../../trace/tracer.ts";
import type { PostgresStreamState } from "./postgres_connections.ts";

/** Options of a `PostgresSlot`. */
export interface PostgresSlotOptions {
  /** The name of the slot: lower case letters, digits and `_`. Each process needs one of its own. */
  readonly slot: string;
  /** The name of the publication, which has the tables: `CREATE PUBLICATION … FOR TABLE …`. */
  readonly publication: string;
  /** How often the slot is looked at, in milliseconds; default 500. Events are as late. */
  readonly pollMs?: number | undefined;
  /** Any event of it makes the slot be looked at at once, as that of a `PostgresNotifyLiveStream`. */
  readonly wakeUp?: LiveStream | undefined;
  /**
   * Whether events have the row, where the log has all of it; default `false`. It is used by a table that has `versionOf`, and
   * costs a query for each read of the slot.
   */
  readonly withRows?: boolean | undefined;
  /**
   * How many messages are read at once; default 2000. Of a transaction with more, subscribers only learn that something
   * changed.
   */
  readonly maxChanges?: number | undefined;
  /** How many events are buffered for each subscriber; default 1000. On overflow, a subscriber receives `changed` instead. */
  readonly bufferCapacity?: number | undefined;
  /**
   * How many bytes of the log any slot of the database may hold back; default 1 GiB. What holds back more is traced as an
   * error every 30 s.
   */
  readonly maxRetainedBytes?: number | undefined;
  /** How long PostgreSQL may take to answer, in milliseconds; default 60 000. */
  readonly timeoutMs?: number | undefined;
  /** Called when the state changes. `error` says why the connection was lost. */
  readonly onState?: ((state: PostgresStreamState, error?: Error) => void) | undefined;
  /** The clock and source of randomness; default the system's. */
  readonly clock?: Clock | undefined;
  /** Receives trace events. */
  readonly tracer?: Tracer | undefined;
}

/** Options of the stream of one table. */
export interface SlotTableOptions {
  /** The column or columns of the id; default the primary key. The same as for the `PostgresTable`. */
  readonly idField?: string | readonly string[] | undefined;
  /** How `numeric` is read. The same as for the `PostgresTable`. */
  readonly numeric?: "text" | "number" | undefined;
}

const OPTIONS = [
  ...["slot", "publication", "pollMs", "wakeUp", "withRows", "maxChanges", "bufferCapacity", "maxRetainedBytes"],
  ...["timeoutMs", "onState", "clock", "tracer"],
];

/** The numbers among the options. */
export type SlotLimits = Record<"pollMs" | "maxChanges" | "bufferCapacity" | "maxRetainedBytes" | "timeoutMs", number>;

const DEFAULTS: SlotLimits = {
  pollMs: 500,
  maxChanges: 2_000,
  bufferCapacity: 1_000,
  maxRetainedBytes: 2 ** 30,
  timeoutMs: 60_000,
};

/**
 * Checks the options of a slot, and returns its limits.
 *
 * @throws {TypeError} if a name is none, or an option is unknown.
 * @throws {RangeError} if a number is not a whole number of at least 1.
 */
export function checkSlotOptions(options: PostgresSlotOptions): SlotLimits {
  checkOptions("a PostgresSlot", options, OPTIONS);
  checkFunction("onState", options.onState);
  checkTools(options);
  checkName("A publication", options.publication);
  checkName("A slot", options.slot);
  if (!/^[a-z0-9_]{1,63}$/.test(options.slot)) {
    throw new TypeError(
      `The name of a slot has lower case letters, digits and _, at most 63, got ${describe(options.slot)}`,
    );
  }
  if (options.wakeUp !== undefined) checkPort("wakeUp", "a live stream", options.wakeUp, ["subscribe"]);
  const limits = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof SlotLimits)[]) { // Its keys.
    limits[name] = wholeNumber(name, options[name] ?? DEFAULTS[name]);
  }
  return limits;
}

/** @throws {TypeError} if it is no text, or empty. */
export function checkName(what: string, name: unknown): void {
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(`${what} has a name, got ${describe(name)}`);
}
