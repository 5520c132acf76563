/** How much a trace matters. Row contents appear at `trace` only; nothing that could hold a credential ever does. */
export type TraceLevel = "error" | "warn" | "info" | "debug" | "trace";

/** The levels, the gravest first. */
export const TRACE_LEVELS: readonly TraceLevel[] = ["error", "warn", "info", "debug", "trace"];

/**
 * What a trace is about, for filters. `read`: a read of a table. `write`: a write from its call to its settling.
 * `queue`: the work on a write at the master. `stream`: an event of a live stream. `cache`: an operation of the cache.
 * `server`: a request to a `tableHandler`.
 */
export type TraceTarget =
  | "vantage_live::read"
  | "vantage_live::write"
  | "vantage_live::queue"
  | "vantage_live::stream"
  | "vantage_live::cache"
  | "vantage_live::server";

/** Named facts: `cache_key`, `page`, `id`, `op`, `outcome` and a few more. */
export type TraceFields = { readonly [name: string]: string | number | boolean | undefined };

/** One thing that happened, or the start of a span. */
export interface TraceRecord {
  /** What it is about. */
  readonly target: TraceTarget;
  /** How much it matters. */
  readonly level: TraceLevel;
  /** What it is, in a few words that never vary. */
  readonly name: string;
  /** The facts. */
  readonly fields: TraceFields;
}

/** A stretch of work. */
export interface Span {
  /** Runs `body` so that spans that start in it, and in what it awaits, belong to this one. Runs it exactly once. */
  run?<T>(body: () => T): T;
  /** The end, with the facts that are known only now. */
  end(fields: TraceFields): void;
}

/** Where a `LiveTable` tells what it does. A tracer that throws fails nothing; it is counted in `stats()`. */
export interface Tracer {
  /** Whether anybody listens; when not, nothing is made up for it. */
  enabled(target: TraceTarget, level: TraceLevel): boolean;
  /** A stretch of work begins. */
  span(start: TraceRecord): Span;
  /** Something happened. */
  event(event: TraceRecord): void;
}
