import type { TraceFields, TraceLevel, TraceTarget } from "./tracer.ts";

/** The levels, the gravest first. */
export const TRACE_LEVELS: readonly TraceLevel[] = ["error", "warn", "info", "debug", "trace"];

/** One thing that happened, or the start of a span, with what may be traced of it. */
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

/** What a tracer does with its records. A sink that throws fails nothing; a `LiveTable` counts it in `stats()`. */
export interface TraceSink {
  /** Whether records of this target and level are wanted; when not, none are made. */
  enabled(target: TraceTarget, level: TraceLevel): boolean;
  /** A stretch of work begins. */
  span(start: TraceRecord): Span;
  /** Something happened. */
  event(event: TraceRecord): void;
}
