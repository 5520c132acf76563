import { addTo, textOf } from "./bounded.ts";
import type { StreamEvent, StreamLine } from "./inspection.ts";

/** How many gaps are remembered. */
const MAX_GAPS = 32;
/** How many events are remembered. */
const MAX_EVENTS = 128;

/** What arrived on a stream, and when nothing could. */
export class StreamMarks {
  readonly #gaps: { readonly from: number; until?: number }[] = [];
  readonly #events: StreamEvent[] = [];

  event(at: number, kind: unknown, row: unknown): void {
    addTo(this.#events, { at, kind: String(kind), row: textOf(row) }, MAX_EVENTS);
  }

  /** From now on events may be missed. */
  gapBegins(at: number): void {
    const last = this.#gaps.at(-1);
    if (last === undefined || last.until !== undefined) addTo(this.#gaps, { from: at }, MAX_GAPS);
  }

  /** Events arrive. */
  gapEnds(at: number): void {
    const last = this.#gaps.at(-1);
    if (last !== undefined) last.until ??= at;
  }

  line(): StreamLine {
    return { gaps: this.#gaps.map((gap) => ({ ...gap })), events: [...this.#events] };
  }
}
