import { type Clock, systemClock } from "../base/clock.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import { checkFunction, checkOptions, checkTools } from "../base/check_options.ts";
import { describe } from "../base/describe.ts";
import { wholeNumber } from "../base/whole_number.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { toWriteVerbs } from "../wire/writes.ts";
import { type Cors, CorsPolicy } from "./cors.ts";
import type { TableEvents } from "./named_tables.ts";

/** Options of a {@linkcode tableHandler}. */
export interface TableHandlerOptions {
  /** Where the table stands, as `"/products"`; default `"/"`. Several stand below it, each under its name. */
  readonly path?: string | undefined;
  /**
   * Whether it may be written; default `false`. `true` allows every write that the table can do, emptying it at once
   * (`DELETE /rows`) included; a list allows those that it names, as `["insert", "patch"]`. Each is refused with a 405
   * otherwise, whatever `authorize` says.
   */
  readonly writable?: boolean | readonly WriteVerb[] | undefined;
  /**
   * Who may ask. Called for every request but a CORS preflight, before anything of it is read. `true` lets it pass, a
   * `Response` is the answer in its place (as a 401 with `WWW-Authenticate`), anything else is a 403, and a throw a 500.
   * It must leave the body alone. `context` is what the server hands over with a request, as `Deno.serve` the address of
   * the client.
   */
  readonly authorize?: ((request: Request, context: object) => MaybePromise<boolean | Response>) | undefined;
  /** How many bytes the body of a request may have; default 1 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** How many characters a URL may have; default 8192. */
  readonly maxUrlLength?: number | undefined;
  /** How many conditions and orders one request may have; default 100. */
  readonly maxConditions?: number | undefined;
  /** How many values the conditions of one request may compare with, those in lists and objects included; default 1000. */
  readonly maxValues?: number | undefined;
  /** How many characters the text of a search may have; default 256. */
  readonly maxSearchLength?: number | undefined;
  /** How many rows one answer may have; default 10 000. A larger page is refused, and so is a larger set without one. */
  readonly maxRows?: number | undefined;
  /** How many bytes of rows one answer may have; default 64 MiB. A list that is longer is refused: ask for a page. */
  readonly maxAnswerBytes?: number | undefined;
  /** How many clients may listen to events at once; default 1000. One more is asked to come later. */
  readonly maxStreams?: number | undefined;
  /** How long a stream of events may be silent before it carries a sign of life, in milliseconds; default 15 000. */
  readonly heartbeatMs?: number | undefined;
  /** How many events are kept for clients that lag or come back; default 1024. Beyond it they hear `changed`. */
  readonly replayCapacity?: number | undefined;
  /** How long a client may take nothing of what waits for it before its stream is ended, in milliseconds; default 60 000. */
  readonly stallMs?: number | undefined;
  /**
   * What is told at `/events`; default `table.events`, as a `LiveTable` has them, and its narrowed handles have not. Over a `LiveTable` leave it out: events
   * from elsewhere may be told before the table has dropped what they make old. Without either there are none. Those of
   * several tables are given by their names.
   */
  readonly events?: TableEvents | undefined;
  /** Which pages of other origins may ask; default none. */
  readonly cors?: Cors | undefined;
  /** Where traces go; without one, tracing costs nothing. */
  readonly tracer?: Tracer | undefined;
  /** Where time and chance come from; default the system's. */
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

/** The options of an {@linkcode EventHandlerOptions}: a mistyped one would be one that is missing. */
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
  maxConditions: true,
  maxValues: true,
  maxSearchLength: true,
  maxRows: true,
  maxAnswerBytes: true,
  events: true,
};

/** The options of a `tableHandler`. */
const HANDLER_OPTIONS: readonly string[] = Object.keys(TABLE_OPTIONS);
/** The options of an `eventHandler`. */
export const EVENT_HANDLER_OPTIONS: readonly string[] = Object.keys(EVENT_OPTIONS);

/** The options with their defaults, checked. */
export interface HandlerSettings {
  /** Without a slash at the end: `""` for the root. */
  readonly base: string;
  readonly writes: ReadonlySet<WriteVerb>;
  readonly authorize: TableHandlerOptions["authorize"];
  readonly maxBodyBytes: number;
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
  readonly cors: CorsPolicy | undefined;
  readonly tracer: Tracer | undefined;
  readonly clock: Clock;
}

/**
 * The options with their defaults.
 *
 * @throws {TypeError} if an option is unknown or of another kind, `path` is none, `writable` names an unknown verb, or `cors` makes no sense.
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
    cors: options.cors && new CorsPolicy(options.cors, writes),
    tracer,
    clock,
  };
}

function toBase(path: string): string {
  if (typeof path !== "string" || !/^\/[^?#]*$/.test(path)) {
    throw new TypeError(`path must start with "/" and have neither "?" nor "#", got ${describe(path)}`);
  }
  return new URL(`http://localhost${path}`).pathname.replace(/\/+$/, "");
}
