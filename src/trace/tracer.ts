/** How much a trace matters. Row contents appear at `trace` only; nothing that could hold a credential ever does. */
export type TraceLevel = "error" | "warn" | "info" | "debug" | "trace";

/**
 * What a trace is about, for filters. `read`: a read of a table. `write`: a write from its call to its settling.
 * `queue`: the work on a write at the master. `stream`: an event of a live stream. `change`: a change, whatever made it
 * known, and what it did to an entry. `cache`: an operation of the cache. `server`: a request to a `tableHandler`.
 */
export type TraceTarget =
  | "vantage_live::read"
  | "vantage_live::write"
  | "vantage_live::queue"
  | "vantage_live::stream"
  | "vantage_live::change"
  | "vantage_live::cache"
  | "vantage_live::server";

/** Named facts: `cache_key`, `page`, `id`, `op`, `outcome` and a few more. */
export type TraceFields = { readonly [name: string]: string | number | boolean | undefined };

/** A write, as far as traces need it. */
export interface TracedOp {
  /** What is done, as in `insertReturnId`. */
  readonly kind: string;
  /** The row it is done to. */
  readonly id?: string | undefined;
  /** The row that is written, at the level `trace` only. */
  readonly row?: object | undefined;
  /** The columns that are written, at the level `trace` only. */
  readonly partial?: object | undefined;
}

/** Something that happened, with all that is known of it. The tracer decides what of this goes into a record. */
export interface TraceEvent {
  /** What it is about. */
  readonly target: TraceTarget;
  /** How much it matters. */
  readonly level: TraceLevel;
  /** What it is, in a few words that never vary. */
  readonly name: string;
  /** A key of the cache. */
  readonly key?: string | undefined;
  /** The write that it happened to. */
  readonly op?: TracedOp | undefined;
  /** What was thrown, which may be any value. Its text is never traced. */
  readonly error?: unknown;
  /** All other facts. */
  readonly fields?: TraceFields | undefined;
}

/** Facts of a span that its answer lacks. */
export interface TraceNoted {
  /** How it ended. */
  readonly outcome?: string | undefined;
  /** Why what is held did not answer a read: `absent`, `expired`, `changed`, `suspect`, or that it was `fresh` rows that were asked for. */
  readonly why?: string | undefined;
  /** How old the rows of the answer were, in milliseconds. */
  readonly age_ms?: number | undefined;
  /** A failure that the call recovers from. */
  readonly error?: unknown;
}

/** Adds facts to the span of a call; those of the last call count. */
export type TraceNote = (facts: TraceNoted) => void;

/** The calls that become spans. The facts of a span come from the first argument and from the answer. */
export interface TracedCalls {
  /** A read of a row or, without an id, of a page or set. */
  read?(
    request: { readonly key: string; readonly id: string | undefined; readonly within: TracedQuery },
    ...rest: never[]
  ): unknown;
  /** A read of the master, whatever is held. */
  refresh?(request: { readonly within: TracedQuery }, ...rest: never[]): unknown;
  /** A read of any row. */
  some?(within: TracedQuery, ...rest: never[]): unknown;
  /** A read of some rows of a set, wherever they begin. */
  window?(request: { readonly offset: number; readonly limit: number }, ...rest: never[]): unknown;
  /** A count. */
  count?(request: { readonly key: string }, ...rest: never[]): unknown;
  /** The master's work on a read: of all rows of an entry, or of its `holes` alone. */
  load?(request: { readonly key: string; readonly holes: number | undefined }, ...rest: never[]): unknown;
  /** A write, from its call to its answer. */
  write?(op: TracedOp, ...rest: never[]): unknown;
  /** The master's work on a write. */
  apply?(op: TracedOp, ...rest: never[]): unknown;
  /** A look into the cache. */
  get?(key: string, ...rest: never[]): unknown;
  /** A fence of the cache. */
  fence?(key: string, ...rest: never[]): unknown;
  /** An entry stored in the cache. */
  put?(key: string, ...rest: never[]): unknown;
  /** An invalidation of the cache. */
  invalidatePrefix?(prefix: string, ...rest: never[]): unknown;
  /** A record in the log of a scope. */
  readonly log?: ((scope: string, ...rest: never[]) => unknown) | undefined;
  /** An event of a stream. */
  receive?(event: { readonly kind: string; readonly id?: string | undefined }, ...rest: never[]): unknown;
  /** A request to a handler. */
  request?(request: Request, ...rest: never[]): unknown;
}

/** A query, as far as traces need it. */
export interface TracedQuery {
  /** The page. */
  readonly pagination?: { readonly page: number } | undefined;
}

/** What one table, cache, stream or handler reports to. Its failures fail nothing. */
export interface Trace {
  /** Reports something that happened. */
  event(event: TraceEvent): void;
  /**
   * The same calls, each inside a span that ends when the answer is there. They have to be called with all their
   * arguments: a {@linkcode TraceNote} is passed after them.
   */
  spans<C extends TracedCalls>(calls: C): C;
}

/** Where traces go: `ConsoleTracer`, `OtelTracer`, or what `defineTracer` of `@vantage/live/trace` makes. */
export interface Tracer {
  /** A trace whose records have `common` in them. `onFailure` is called whenever the tracer fails. */
  trace(common: TraceFields, onFailure?: () => void): Trace;
}
