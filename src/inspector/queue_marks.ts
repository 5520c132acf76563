import { addTo, cut, putLast, textOf } from "./bounded.ts";
import type { TraceFields } from "../trace/tracer.ts";
import type { FailedLine, Lane, LaneWrite, QueueInspection } from "./inspection.ts";

/** How many lanes are shown. */
const MAX_LANES = 32;
/** How many writes are shown of each. */
const MAX_WRITES = 16;
/** How many failures are remembered. */
const MAX_FAILED = 32;
/** For how many rows it is remembered why the last attempt failed. */
const MAX_ERRORS = 64;

/** A write, as far as it is shown. */
export interface InspectedWrite {
  /** Its id. */
  readonly id: string;
  /** What it is to do. */
  readonly op: { readonly kind: string };
  /** The row that it is about. */
  readonly rowId: string | undefined;
  /** Where it stands. */
  readonly state: LaneWrite["state"];
  /** How often it was tried. */
  readonly attempts: number;
}

/** A write of the outbox that failed, as far as it is shown. */
export interface InspectedFailure {
  /** What it was to do. */
  readonly op: { readonly kind: string };
  /** The row that it was about. */
  readonly rowId: string | undefined;
  /** Why it failed, and when. Its message is not looked at. */
  readonly failure: { readonly code: string; readonly at: number };
}

/** Which attempts failed, and which writes failed for good. */
export class QueueMarks {
  readonly #errors = new Map<unknown, string>();
  readonly #failed: FailedLine[] = [];

  /** An attempt has ended. Rows are sent one write at a time, so it is of the first in its lane. */
  attempted({ id, outcome, ...facts }: TraceFields): void {
    if (outcome === "failed") putLast(this.#errors, id, errorText(facts), MAX_ERRORS);
    else this.#errors.delete(id);
  }

  /** A write failed for good. */
  failed(at: number, { op, id, ...facts }: TraceFields): void {
    this.#errors.delete(id);
    addTo(this.#failed, { at, kind: String(op), row: textOf(id), error: errorText(facts) }, MAX_FAILED);
  }

  /** The lanes of what is pending. Failures of the outbox are shown in place of those that were seen. */
  inspect(pending: readonly InspectedWrite[], stored: readonly InspectedFailure[]): QueueInspection {
    const lanes = new Map<string | undefined, InspectedWrite[]>();
    for (const write of pending) {
      const lane = lanes.get(write.rowId);
      if (lane === undefined) lanes.set(write.rowId, [write]);
      else lane.push(write);
    }
    const shown = [...lanes].slice(0, MAX_LANES).map(([row, writes]) => this.#lane(row, writes));
    const kept = stored.slice(-MAX_FAILED).map(({ op, rowId, failure: { code, at } }) => ({
      at,
      kind: op.kind,
      row: textOf(rowId),
      error: code,
    }));
    return {
      lanes: shown,
      moreLanes: lanes.size - shown.length,
      failed: kept.length > 0 ? kept : [...this.#failed],
    };
  }

  #lane(row: string | undefined, writes: readonly InspectedWrite[]): Lane {
    const shown = writes.slice(0, MAX_WRITES).map(({ id, op: { kind }, state, attempts }) => ({
      id: cut(id),
      kind,
      state,
      attempts,
    }));
    return { row: textOf(row), writes: shown, more: writes.length - shown.length, error: this.#errors.get(row) };
  }
}

function errorText({ error, code }: TraceFields): string {
  return cut(code === undefined ? String(error) : `${error} (${code})`);
}
