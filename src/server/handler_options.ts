import { type Clock, systemClock } from "../base/clock.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import { checkFunction, checkOptions, checkTools } from "../base/check_options.ts";
import { describe } from "../base/describe.ts";
import { wholeNumber } from "../base/whole_number.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { toWriteVerbs } from "../wire/writes.ts";
import type { KeySettings } from "./answered_writes.ts";
import { type Cors, CorsPolicy } from "./cors.ts";
import type { TableEvents } from "./named_tables.ts";

/**
 * How long a handler remembers writes with an idempotency key, to answer one that is sent again without doing it again.
 * What is beyond a bound is forgotten, the oldest first, and so is everything when the process ends.
 */
export interface IdempotencyOptions {
  /** How many writes are remembered for each table; default 100 000. */
  readonly maxKeys?: number | undefined;
  /** How many bytes they and their answers may have, for each table; default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** How long each is remembered after its answer, in milliseconds; default 7 days. */
  readonly ttlMs?: number | undefined;
}

/** Options of a {@linkcode tableHandler}. */
export interface TableHandlerOptions {
  /** The path of the table, like `"/products"`; default `"/"`. Several tables are below it, each under its name. */
  readonly path?: string | undefined;
  /**
   * Whether clients may write; default `false`. `true` allows every write that the table supports, including deleting
   * all rows (`DELETE /rows`); a list allows the verbs it names, like `["insert", "patch"]`. Other writes are refused
   * with a 405, whatever `authorize` returns.
   */
  readonly writable?: boolean | readonly WriteVerb[] | undefined;
  /**
   * Decides about every request except CORS preflights, before anything of it is read. `true` lets it pass, a
   * `Response` is sent instead (such as a 401 with `WWW-Authenticate`), anything else is a 403, and a throw a 500. It
   * must not read the body. `context` is what the server passes along with a request, like the client's address in
   * `Deno.serve`.
   */
  readonly authorize?: ((request: Request, context: object) => MaybePromise<boolean | Response>) | undefined;
  /** The most bytes of a request body; default 1 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** The most writes of one request; default 1000. */
  readonly maxWrites?: number | undefined;
  /** The most characters of a URL; default 8192. */
  readonly maxUrlLength?: number | undefined;
  /** The most conditions and orders of a request; default 100. */
  readonly maxConditions?: number | undefined;
  /** The most values in the conditions of a request, including those in lists and objects; default 1000. */
  readonly maxValues?: number | undefined;
  /** The most characters of a search text; default 256. */
  readonly maxSearchLength?: number | undefined;
  /** The most rows of an answer; default 10 000. A larger page is refused, and so is a larger set without a page. */
  readonly maxRows?: number | undefined;
  /** The most bytes of rows in an answer; default 64 MiB. A longer list is refused: request a page. */
  readonly maxAnswerBytes?: number | undefined;
  /** The most clients connected to events at once; default 1000. Others are asked to retry later. */
  readonly maxStreams?: number | undefined;
  /** How long a stream of events may be silent before a heartbeat is sent, in milliseconds; default 15 000. */
  readonly heartbeatMs?: number | undefined;
  /**
   * How many events are stored for clients that lag or reconnect; default 1024. Clients further behind receive
   * `changed`.
   */
  readonly replayCapacity?: number | undefined;
  /** How long a client may read nothing before it is disconnected, in milliseconds; default 60 000. */
  readonly stallMs?: number | undefined;
  /**
   * The events to send at `/events`; default `table.events`, which a `LiveTable` has and its narrowed handles have not.
   * Leave it out for a `LiveTable`: events from another source may arrive before the table has invalidated what they
   * affect. Without events, `/events` is unsupported. For several tables, pass streams by name.
   */
  readonly events?: TableEvents | undefined;
  /**
   * How long writes with an `Idempotency-Key` are remembered, so that one that is sent again is answered alike and not
   * done again; `false` for not at all. A table that honours keys itself remembers them itself. Keys are shared by all
   * clients: each makes random ones.
   */
  readonly idempotencyKeys?: false | IdempotencyOptions | undefined;
  /** Which pages of other origins may use the handler; default none. */
  readonly cors?: Cors | undefined;
  /** Receives traces; without one, tracing costs nothing. */
  readonly tracer?: Tracer | undefined;
  /** The clock and source of randomness; default the system's. */
  readonly clock?: Clock | undefined;
}

/** Options of an {@linkcode eventHandler}. Its `path` is the address of the stream; default `"/"`. */
export type EventHandlerOptions = Pick<
  TableHandlerOptions,
  | "path"
  | "authorize"
  | "maxUrlLength"
  | "maxStreams"
  | "heartbeatMs"
  | "replayCapacity"
  | "stallMs"
  | "cors"
  | "tracer"
  | "clock"
>;

/** The names of all options: unknown ones are refused, since a mistyped option would be silently missing. */
const EVENT_OPTIONS: { readonly [name in keyof EventHandlerOptions]-?: true } = {
  path: true,
  authorize: true,
  maxUrlLength: true,
  maxStreams: true,
  heartbeatMs: true,
  replayCapacity: true,
  stallMs: true,
  cors: true,
  tracer: true,
  clock: true,
};
const TABLE_OPTIONS: { readonly [name in keyof TableHandlerOptions]-?: true } = {
  ...EVENT_OPTIONS,
  writable: true,
  maxBodyBytes: true,
  maxWrites: true,
  maxConditions: true,
  maxValues: true,
  maxSearchLength: true,
  maxRows: true,
  maxAnswerBytes: true,
  events: true,
  idempotencyKeys: true,
};

/** The option names of a `tableHandler`. */
const HANDLER_OPTIONS: readonly string[] = Object.keys(TABLE_OPTIONS);
/** The option names of an `eventHandler`. */
export const EVENT_HANDLER_OPTIONS: readonly string[] = Object.keys(EVENT_OPTIONS);

/** Checked options with their defaults. */
export interface HandlerSettings {
  /** The path without a trailing slash: `""` for the root. */
  readonly base: string;
  readonly writes: ReadonlySet<WriteVerb>;
  readonly authorize: TableHandlerOptions["authorize"];
  readonly maxBodyBytes: number;
  readonly maxWrites: number;
  readonly maxUrlLength: number;
  readonly maxConditions: number;
  readonly maxValues: number;
  readonly maxSearchLength: number;
  readonly maxRows: number;
  readonly maxAnswerBytes: number;
  readonly maxStreams: number;
  readonly heartbeatMs: number;
  readonly replayCapacity: number;
  readonly stallMs: number;
  /** `undefined` if writes are not remembered. */
  readonly keys: KeySettings | undefined;
  readonly cors: CorsPolicy | undefined;
  readonly tracer: Tracer | undefined;
  readonly clock: Clock;
}

/**
 * Checks options, and fills in the defaults.
 *
 * @throws {TypeError} if an option is unknown or of the wrong type, `path` is invalid, `writable` names an unknown
 * verb, or `cors` is invalid.
 * @throws {RangeError} if a bound is not a whole number of at least 1.
 */
export function toHandlerSettings(
  thing: string,
  options: TableHandlerOptions,
  known: readonly string[] = HANDLER_OPTIONS,
): HandlerSettings {
  checkOptions(thing, options, known);
  checkFunction("authorize", options.authorize);
  checkTools(options);
  const { path = "/", writable = false, authorize, tracer, clock = systemClock } = options;
  const writes = toWriteVerbs(writable);
  return {
    base: toBase(path),
    writes,
    authorize,
    maxBodyBytes: wholeNumber("maxBodyBytes", options.maxBodyBytes ?? 2 ** 20),
    maxWrites: wholeNumber("maxWrites", options.maxWrites ?? 1000),
    maxUrlLength: wholeNumber("maxUrlLength", options.maxUrlLength ?? 8192),
    maxConditions: wholeNumber("maxConditions", options.maxConditions ?? 100),
    maxValues: wholeNumber("maxValues", options.maxValues ?? 1000),
    maxSearchLength: wholeNumber("maxSearchLength", options.maxSearchLength ?? 256),
    maxRows: wholeNumber("maxRows", options.maxRows ?? 10_000),
    maxAnswerBytes: wholeNumber("maxAnswerBytes", options.maxAnswerBytes ?? 64 * 2 ** 20),
    maxStreams: wholeNumber("maxStreams", options.maxStreams ?? 1000),
    heartbeatMs: wholeNumber("heartbeatMs", options.heartbeatMs ?? 15_000),
    replayCapacity: wholeNumber("replayCapacity", options.replayCapacity ?? 1024),
    stallMs: wholeNumber("stallMs", options.stallMs ?? 60_000),
    keys: options.idempotencyKeys === false ? undefined : toKeySettings(options.idempotencyKeys ?? {}),
    cors: options.cors && new CorsPolicy(options.cors, writes),
    tracer,
    clock,
  };
}

function toKeySettings(options: IdempotencyOptions): KeySettings {
  checkOptions("idempotencyKeys", options, ["maxKeys", "maxBytes", "ttlMs"]);
  return {
    maxKeys: wholeNumber("idempotencyKeys.maxKeys", options.maxKeys ?? 100_000),
    maxBytes: wholeNumber("idempotencyKeys.maxBytes", options.maxBytes ?? 64 * 2 ** 20),
    ttlMs: wholeNumber("idempotencyKeys.ttlMs", options.ttlMs ?? 7 * 24 * 60 * 60 * 1000),
  };
}

function toBase(path: string): string {
  if (typeof path !== "string" || !/^\/[^?#]*$/.test(path)) {
    throw new TypeError(`path must start with "/" and have neither "?" nor "#", got ${describe(path)}`);
  }
  return new URL(`http://localhost${path}`).pathname.replace(/\/+$/, "");
}
