import type { Query } from "../table/query.ts";
import { field, frozenRow, type Row, sameColumns, sameValue } from "../table/row.ts";
import type { RowVersions } from "./row_versions.ts";

/** What a write does to one row. */
export type RowOp =
  | { readonly kind: "insert"; readonly id: string; readonly row: Row }
  | { readonly kind: "replace"; readonly id: string; readonly row: Row }
  | { readonly kind: "patch"; readonly id: string; readonly partial: Row }
  | { readonly kind: "delete"; readonly id: string };

/** What the master has answered to a write. */
export interface ShownAnswer {
  readonly row: Row;
  /** What was known of the row when the write was sent. A row that is another one by now may be newer than the answer. */
  readonly over: Row | undefined;
}

/** A write to one row that is shown on top of what was read. */
export interface ShownRowWrite {
  readonly op: RowOp;
  /** Whether the master has confirmed it. */
  readonly isConfirmed: boolean;
  /** What was known of the row before the write; only of a write that the master has confirmed, and not if unknown. */
  readonly before?: { readonly row: Row | undefined } | undefined;
  readonly answer?: ShownAnswer | undefined;
  /** Whether a row is in the set that the write is done in: outside of it, a patch or a deletion does nothing. */
  readonly isIn: (row: Row) => boolean;
}

/** A write that deletes all rows of a set, shown in the same way. */
export interface ShownClear {
  readonly op: { readonly kind: "deleteAll" };
  readonly within: Query;
  readonly isConfirmed: boolean;
  readonly isIn: (row: Row) => boolean;
}

/** A write that is shown on top of what was read. */
export type ShownWrite = ShownRowWrite | ShownClear;

/** What is known of rows besides those that were read. */
export interface Knowledge {
  /** The newest state of a row that is known. */
  readonly known: (id: string) => Row | undefined;
  /** Whether rows have the same columns as the master's answers. */
  readonly sameRows: boolean;
  readonly versions?: RowVersions | undefined;
}

/** How the states of a row are compared. */
export type Comparison = Pick<Knowledge, "sameRows" | "versions">;

/** The row after a write; the same object as `before` if the write does nothing. `undefined` stands for no row. */
export function rowAfter(write: ShownRowWrite, before: Row | undefined, comparison: Comparison): Row | undefined {
  const { answer } = write;
  const after = applied(write, before);
  if (answer === undefined) return after;
  if (before === undefined) return answer.row;
  const order = comparison.versions?.compare(answer.row, before);
  if (order === "older") return before;
  if (order === undefined && !isSameState(before, answer.over)) return afterOther(write, before, after, answer.row);
  if (comparison.sameRows || sameColumns(answer.row, before)) return answer.row;
  // An insertion that has found a row has written nothing, but its columns are the master's all the same.
  const written = write.op.kind === "insert" ? write.op.row : after;
  return inColumnsOf({ ...before, ...written }, after, answer.row);
}

function applied({ op, isIn }: ShownRowWrite, before: Row | undefined): Row | undefined {
  switch (op.kind) {
    case "insert":
      return before ?? op.row;
    case "replace":
      return op.row;
    case "patch":
      return before === undefined || !isIn(before) ? before : frozenRow({ ...before, ...op.partial });
    case "delete":
      return before === undefined || isIn(before) ? undefined : before;
    default:
      return op satisfies never;
  }
}

/**
 * The writes without those that the rows have for certain: a row that is as the master has answered to a write has that one
 * in it, and all before it.
 */
export function writesNotIn(rows: Pick<ReadonlyMap<string, Row>, "get">, writes: readonly ShownWrite[]): ShownWrite[] {
  const complete = new Set<string>();
  const missing: ShownWrite[] = [];
  for (const write of writes.toReversed()) {
    if (isClear(write)) return [...writes]; // It would take away what comes after it.
    const { op: { id }, answer } = write;
    const row = answer && rows.get(id);
    if (row !== undefined && isSameState(row, answer?.row)) complete.add(id);
    if (!complete.has(id)) missing.push(write);
  }
  return missing.reverse();
}

/** Whether two states of a row are equal in the columns that both have: a list may have others than the row by its id. */
function isSameState(row: Row, other: Row | undefined): boolean {
  if (other === undefined || row === other) return row === other;
  return Object.keys(row).every((name) =>
    !Object.hasOwn(other, name) || sameValue(field(row, name), field(other, name))
  );
}

/** A row, with the values of an answer in the columns of another. */
function inColumnsOf(other: Row, after: Row | undefined, answer: Row): Row {
  const columns = Object.keys(other).filter((name) => Object.hasOwn(answer, name));
  return frozenRow({ ...after, ...Object.fromEntries(columns.map((name) => [name, field(answer, name)])) });
}

/** What a write has made of a row that is another one by now: a replacement leaves the columns that only the master makes. */
function afterOther({ op }: ShownRowWrite, before: Row, after: Row | undefined, answer: Row): Row | undefined {
  if (op.kind !== "replace" || after === undefined) return after;
  const made = Object.keys(before).filter((name) => Object.hasOwn(answer, name) && !Object.hasOwn(op.row, name));
  return made.length === 0
    ? after
    : frozenRow({ ...Object.fromEntries(made.map((name) => [name, field(before, name)])), ...after });
}

/** Whether a write deletes all rows of a set. */
export function isClear(write: ShownWrite): write is ShownClear {
  return write.op.kind === "deleteAll";
}

interface Passed {
  readonly index: number;
  readonly after: (before: Row | undefined) => Row | undefined;
}

/** The states of rows that are not shown, as writes that are replayed in order have left them. */
export class RowStates {
  readonly #knowledge: Knowledge;
  readonly #states = new Map<string, Row | undefined>();
  /** What has happened to rows whose states were not needed yet. */
  readonly #passed = new Map<string, Passed[]>();
  readonly #clears: Passed[] = [];
  #count = 0;

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  /** The state of a row; `undefined` if there is none, or it is not known. */
  get(id: string): Row | undefined {
    if (this.#states.has(id)) return this.#states.get(id);
    const passed = [...this.#passed.get(id) ?? [], ...this.#clears];
    if (this.#clears.length > 0) passed.sort((one, other) => one.index - other.index);
    const row = passed.reduce<Row | undefined>((before, { after }) => after(before), this.#knowledge.known(id));
    this.#states.set(id, row);
    return row;
  }

  /** The state of a row is known. */
  set(id: string, row: Row | undefined): void {
    this.#states.set(id, row);
  }

  /** A write of a row whose state is not needed yet. */
  pass(write: ShownRowWrite): void {
    const { op: { id } } = write;
    if (this.#states.has(id)) return this.set(id, rowAfter(write, this.#states.get(id), this.#knowledge));
    const passed = this.#passed.get(id) ?? [];
    this.#passed.set(id, passed);
    passed.push({ index: this.#count++, after: (before) => rowAfter(write, before, this.#knowledge) });
  }

  /** All rows are gone for which `isGone` holds. */
  clear(isGone: (row: Row) => boolean): void {
    const after = (before: Row | undefined): Row | undefined => before && !isGone(before) ? before : undefined;
    for (const [id, row] of this.#states) this.#states.set(id, after(row));
    this.#clears.push({ index: this.#count++, after });
  }
}
