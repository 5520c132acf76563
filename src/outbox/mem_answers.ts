import { Line } from "../base/line.ts";
import { toRow } from "../table/row.ts";
import type { OutboxAnswer } from "./outbox.ts";
import type { OutboxLimits } from "./outbox_bounds.ts";

interface Kept {
  /** Who it is for; `undefined` if only the id of the row matters. */
  readonly holder: string | undefined;
  readonly answer: OutboxAnswer;
  readonly rowId: string | undefined;
  readonly at: number;
}

/** The answers of a queue that other holders have not taken, and the ids that inserted rows were given. */
export class MemAnswers {
  readonly #limits: OutboxLimits;
  /** In the order in which they came. */
  readonly #kept = new Line<Kept>();
  /** Those that are not taken. */
  readonly #byHolder = new Map<string, Set<Kept>>();
  /** Those with the id of a row. */
  readonly #byRow = new Map<string, Kept>();

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The id that the master gave to the row that was inserted with this one. */
  realIdOf(rowId: string | undefined): string | undefined {
    return rowId === undefined ? undefined : this.#byRow.get(rowId)?.answer.realId;
  }

  /** Keeps an answer, if it is for a holder or has the id of a row. */
  add(kept: Kept): void {
    const { holder, rowId, answer, at } = kept;
    const hasRealId = rowId !== undefined && answer.realId !== undefined;
    if (holder === undefined && !hasRealId) return;
    this.#kept.add(kept);
    if (hasRealId) this.#byRow.set(rowId, kept);
    if (holder !== undefined) this.#byHolder.set(holder, (this.#byHolder.get(holder) ?? new Set<Kept>()).add(kept));
    this.#trim(at);
  }

  /** Takes out the answers for a holder; the ids of rows stay. */
  take(holder: string): OutboxAnswer[] {
    const taken = [...this.#byHolder.get(holder) ?? []];
    this.#byHolder.delete(holder);
    for (const kept of taken) if (this.#byRow.get(kept.rowId ?? "") !== kept) this.#kept.delete(kept);
    return taken.map(({ answer }) => shareAnswer(answer));
  }

  #trim(now: number): void {
    const { maxAnswers, maxAnswerAgeMs } = this.#limits;
    for (let first = this.#kept.first; first !== undefined; first = this.#kept.first) {
      if (this.#kept.size <= maxAnswers && first.at >= now - maxAnswerAgeMs) return;
      this.#drop(first);
    }
  }

  #drop(kept: Kept): void {
    const { holder = "", rowId = "" } = kept;
    this.#kept.delete(kept);
    if (this.#byRow.get(rowId) === kept) this.#byRow.delete(rowId);
    const waiting = this.#byHolder.get(holder);
    if (waiting?.delete(kept) && waiting.size === 0) this.#byHolder.delete(holder);
  }
}

/** An answer for one more holder: what cannot be frozen in its row is a copy. */
export function shareAnswer(given: OutboxAnswer): OutboxAnswer {
  const { id, answer, failure, realId } = given;
  return Object.freeze({
    id,
    ...(answer !== undefined && { answer: typeof answer === "object" ? toRow(answer) : answer }),
    ...(failure !== undefined && { failure }),
    ...(realId !== undefined && { realId }),
  });
}
