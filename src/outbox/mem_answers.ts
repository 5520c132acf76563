import { Line } from "../base/line.ts";
import { toRow } from "../table/row.ts";
import type { OutboxAnswer } from "./outbox.ts";
import type { OutboxLimits } from "./outbox_bounds.ts";

interface Kept {
  /** Who it is for; `undefined` once it is taken, or if only the id of the row matters. */
  holder: string | undefined;
  readonly answer: OutboxAnswer;
  readonly rowId: string | undefined;
  readonly at: number;
}

/** The answers of a queue that other holders have not taken, and the ids that inserted rows were given. */
export class MemAnswers {
  readonly #limits: OutboxLimits;
  readonly #kept = new Line<Kept>();
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

  add(kept: Kept): void {
    if (kept.holder === undefined && kept.answer.realId === undefined) return;
    this.#kept.add(kept);
    if (kept.rowId !== undefined && kept.answer.realId !== undefined) this.#byRow.set(kept.rowId, kept);
    this.#trim(kept.at);
  }

  take(holder: string): OutboxAnswer[] {
    const taken: OutboxAnswer[] = [];
    for (const kept of [...this.#kept]) {
      if (kept.holder !== holder) continue;
      taken.push(shareAnswer(kept.answer));
      kept.holder = undefined;
      if (kept.answer.realId === undefined) this.#kept.delete(kept);
    }
    return taken;
  }

  #trim(now: number): void {
    const { maxAnswers, maxAnswerAgeMs } = this.#limits;
    for (let first = this.#kept.first; first !== undefined; first = this.#kept.first) {
      if (this.#kept.size <= maxAnswers && first.at >= now - maxAnswerAgeMs) return;
      this.#kept.delete(first);
      if (first.rowId !== undefined && this.#byRow.get(first.rowId) === first) this.#byRow.delete(first.rowId);
    }
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
