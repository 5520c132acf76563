import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { isError } from "../base/realm.ts";
import type { Span, TraceFields, TraceLevel, Tracer, TraceTarget } from "./tracer.ts";

/** What is traced, before the facts that all traces of one table have in common. */
export interface Traced {
  readonly target: TraceTarget;
  readonly level: TraceLevel;
  readonly name: string;
  readonly fields: TraceFields;
}

/** A tracer with the facts that all traces of one table have in common, held so that its failures reach nobody. */
export class Trace {
  readonly #tracer: Tracer;
  readonly #common: TraceFields;
  readonly #onFailure: () => void;

  constructor(tracer: Tracer, common: TraceFields, onFailure: () => void) {
    this.#tracer = tracer;
    this.#common = common;
    this.#onFailure = onFailure;
  }

  /** Whether anybody listens. */
  enabled(target: TraceTarget, level: TraceLevel): boolean {
    return this.#safely(() => this.#tracer.enabled(target, level)) ?? false;
  }

  /** Something happened. */
  event({ target, level, name, fields }: Traced): void {
    if (!this.enabled(target, level)) return;
    this.#safely(() => this.#tracer.event({ target, level, name, fields: { ...this.#common, ...fields } }));
  }

  /**
   * Runs `body` in a span that ends when its answer is there. `body` is handed a function that adds facts to the end;
   * a failure adds `outcome: "failed"` by itself.
   */
  span<T>(
    { target, level, name, fields }: Traced,
    body: (add: (fields: TraceFields) => void) => MaybePromise<T>,
  ): MaybePromise<T> {
    if (!this.enabled(target, level)) return body(() => {});
    const span = this.#safely(() => this.#tracer.span({ target, level, name, fields: { ...this.#common, ...fields } }));
    if (span === undefined) return body(() => {});
    let facts: TraceFields = {};
    const end = (more: TraceFields = {}): void => void this.#safely(() => span.end({ ...facts, ...more }));
    try {
      const answer = this.#within(span, () => body((more) => facts = { ...facts, ...more }));
      if (!isPromise(answer)) {
        end();
        return answer;
      }
      return answer.then((value) => (end(), value), (error: unknown) => {
        end(failure(error));
        throw error;
      });
    } catch (error) {
      end(failure(error));
      throw error;
    }
  }

  /** The same for work that is always asynchronous. */
  async asyncSpan<T>(traced: Traced, body: (add: (fields: TraceFields) => void) => Promise<T>): Promise<T> {
    return await this.span(traced, body);
  }

  /** Runs `body` exactly once, inside the span if the tracer manages to. */
  #within<T>(span: Span, body: () => T): T {
    if (span.run === undefined) return body();
    let outcome: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown } | undefined;
    this.#safely(() => span.run?.(() => outcome ??= attempt(body)));
    outcome ??= attempt(body);
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  #safely<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch {
      this.#onFailure();
      return undefined;
    }
  }
}

/** What a trace tells of an error: its kind. Its message may quote anything, a connection string included. */
export function failure(error: unknown): TraceFields {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return {
    outcome: "failed",
    error: isError(error) ? error.name : typeof error,
    ...((typeof code === "string" || typeof code === "number") && { code }),
  };
}

function attempt<T>(
  body: () => T,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown } {
  try {
    return { ok: true, value: body() };
  } catch (error) {
    return { ok: false, error };
  }
}
