/**
 * Traces as lines of text on a console.
 *
 * @module
 */

import { type Clock, systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { GuardedTrace } from "../../trace/guarded_trace.ts";
import { type Span, TRACE_LEVELS, type TraceRecord, type TraceSink } from "../../trace/trace_sink.ts";
import type { Trace, TraceFields, TraceLevel, Tracer } from "../../trace/tracer.ts";
import { rememberSelf } from "../../base/self.ts";

/** Options of a {@linkcode ConsoleTracer}. */
export interface ConsoleTracerOptions {
  /**
   * What to print: a level, or `target=level` separated by commas, as in `warn,vantage_live::cache=trace`. A target
   * includes all below it, and the longest match decides. `off` is a level too. Default `vantage_live=debug`.
   */
  readonly filter?: string | undefined;
  /** Receives the lines; default `console.error`. */
  readonly write?: ((line: string) => void) | undefined;
  /** The clock; default the system's. */
  readonly clock?: Clock | undefined;
}

interface Directive {
  readonly target: string;
  readonly rank: number;
}

/**
 * A tracer that prints a line for each event, and one for each span when it ends, with its duration in milliseconds.
 *
 * @example Print the work of the cache
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { ConsoleTracer } from "@vantage/live/console";
 * import assert from "node:assert/strict";
 *
 * const lines: string[] = [];
 * const tracer = new ConsoleTracer({ filter: "vantage_live::read=debug", write: (line) => lines.push(line) });
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache(), { tracer });
 *
 * await products.listValues();
 *
 * assert.match(lines.join("\n"), /DEBUG vantage_live::read list_values .* outcome=miss/);
 * ```
 */
export class ConsoleTracer implements Tracer, TraceSink {
  readonly #directives: readonly Directive[];
  readonly #write: (line: string) => void;
  readonly #clock: Clock;

  /**
   * Creates a tracer that prints what `filter` selects.
   *
   * @throws {TypeError} if the filter has a part that is neither a level nor `target=level`.
   */
  constructor(options: ConsoleTracerOptions = {}) {
    rememberSelf(this, ConsoleTracer);
    this.#directives = parseFilter(options.filter ?? "vantage_live=debug");
    this.#write = options.write ?? ((line) => console.error(line));
    this.#clock = options.clock ?? systemClock;
  }

  trace(common: TraceFields, onFailure?: () => void): Trace {
    return new GuardedTrace(this, common, onFailure);
  }

  enabled(target: string, level: TraceLevel): boolean {
    const directive = this.#directives.find((candidate) => covers(candidate.target, target));
    return directive !== undefined && TRACE_LEVELS.indexOf(level) <= directive.rank;
  }

  event(event: TraceRecord): void {
    this.#print(event, event.fields);
  }

  span(start: TraceRecord): Span {
    const startedAt = this.#clock.monotonic();
    return {
      end: (fields) => this.#print(start, { ...start.fields, ...fields, ms: this.#clock.monotonic() - startedAt }),
    };
  }

  #print({ level, target, name }: TraceRecord, fields: TraceFields): void {
    const time = new Date(this.#clock.now()).toISOString();
    const facts = Object.entries(fields).flatMap(([field, value]) =>
      value === undefined ? [] : [`${field}=${format(value)}`]
    );
    this.#write([time, level.toUpperCase().padStart(5), target, name, ...facts].join(" "));
  }
}

function parseFilter(filter: string): readonly Directive[] {
  const directives = filter.split(",").map((part) => part.trim()).filter((part) => part !== "").map((part) => {
    const [target, level, ...more] = part.includes("=") ? part.split("=") : ["", part];
    const rank = level === "off" ? -1 : TRACE_LEVELS.findIndex((known) => known === level?.toLowerCase());
    if (target === undefined || more.length > 0 || (rank === -1 && level !== "off")) {
      throw new TypeError(
        `Cannot read ${describe(part)} in a trace filter; accepted are a level (${
          TRACE_LEVELS.join(", ")
        }, off) or target=level`,
      );
    }
    return { target, rank };
  });
  return directives.sort((a, b) => b.target.length - a.target.length);
}

function covers(directive: string, target: string): boolean {
  return directive === "" || directive === target || target.startsWith(`${directive}::`);
}

/** Prints a value bare if that is unambiguous, otherwise quoted, with control and bidirectional characters escaped. */
function format(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  if (/^[\w./:%@+-]+$/.test(value)) return value;
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCodePoint);
}

function escapeCodePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
