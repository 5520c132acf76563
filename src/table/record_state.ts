import type { RecordConflict } from "./record_conflict.ts";
import { field, type Row, sameValue, setField, toRow, type Value } from "./row.ts";

/** A column that was edited: what it was read as, and what it is now. `undefined` where the row does not have it. */
export interface ColumnChange<V = Value> {
  /** What it was read as. */
  readonly base: V | undefined;
  /** What it was edited to. */
  readonly mine: V | undefined;
}

/**
 * What a record was read as: the row that its edits are compared with (`base`), and the newest row of the master that
 * is known (`theirs`). The two differ in columns that were changed on both sides, and in no others.
 *
 * A column is edited if it differs from `base`; an absent column and one that holds `null` differ. It is in conflict if
 * it is edited and the master has changed it to yet another value; there an absent column counts as `null`, as in
 * conditions.
 */
export class RecordState {
  readonly base: Row;
  readonly theirs: Row;
  /** The columns that the master alone sets. */
  readonly #owned: ReadonlySet<string>;

  constructor(base: Row, theirs: Row, owned: ReadonlySet<string>) {
    this.base = base;
    this.theirs = theirs;
    this.#owned = owned;
  }

  /** The columns of a draft that are to be saved. */
  editedColumns(mine: Row): string[] {
    return columnsOf(this.base, mine).filter((column) =>
      !this.#owned.has(column) && differs(column, mine, this.base) && differs(column, mine, this.theirs)
    );
  }

  /** What a draft changes. */
  changes(mine: Row): Record<string, ColumnChange> {
    const [base, current] = [toRow(this.base), toRow(mine)];
    const entries = this.editedColumns(mine).map((column) =>
      [column, { base: valueIn(base, column), mine: valueIn(current, column) }] as const
    );
    return Object.fromEntries(entries);
  }

  /** The columns of a draft that were changed on both sides; `undefined` if there are none. */
  conflict(mine: Row): RecordConflict | undefined {
    if (this.base === this.theirs) return undefined;
    const columns = this.editedColumns(mine).filter((column) => this.#clashes(column, mine, this.theirs));
    if (columns.length === 0) return undefined;
    const of = (row: Row): Row => pick(row, columns);
    return { columns, base: of(this.base), mine: of(mine), theirs: of(this.theirs) };
  }

  /**
   * The state with a newer row of the master: its values are the new base, but of columns changed on both sides.
   *
   * @param sent The draft as it was sent, if the row is the answer to a save: what equals it has not been edited since.
   * @param saved The columns that were sent. What the master made of them is their new base in any case.
   */
  with(theirs: Row, mine: Row, sent: Row = this.base, saved: readonly string[] = []): RecordState {
    const kept = columnsOf(this.base, theirs).filter((column) =>
      !this.#owned.has(column) && !saved.includes(column) && differs(column, mine, sent) &&
      this.#clashes(column, mine, theirs)
    );
    return new RecordState(kept.length === 0 ? theirs : replaced(theirs, kept, this.base), theirs, this.#owned);
  }

  /** The state without a conflict in these columns: what they hold at the master is what they are compared with. */
  settled(columns: readonly string[]): RecordState {
    const { theirs } = this;
    const base = replaced(this.base, columns, theirs);
    return new RecordState(
      columnsOf(base, theirs).some((column) => differs(column, base, theirs)) ? base : theirs,
      theirs,
      this.#owned,
    );
  }

  /** The draft that goes with the `next` state: the master's values where it was not edited since `sent`. */
  draft(next: RecordState, mine: Row, sent: Row = this.base): Row {
    const taken = columnsOf(mine, next.theirs).filter((column) =>
      this.#owned.has(column) || !differs(column, mine, sent)
    );
    return replaced(mine, taken, next.theirs);
  }

  #clashes(column: string, mine: Row, theirs: Row): boolean {
    const [base, own, other] = [field(this.base, column), field(mine, column), field(theirs, column)];
    return !sameValue(base, other) && !sameValue(own, other);
  }
}

/** The names of the columns of both rows. */
export function columnsOf(one: Row, other: Row): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])];
}

/** Whether two rows differ in a column. */
export function differs(column: string, one: Row, other: Row): boolean {
  return Object.hasOwn(one, column) !== Object.hasOwn(other, column) ||
    !sameValue(field(one, column), field(other, column));
}

/** Some columns of a row, as far as it has them. */
export function pick(row: Row, columns: readonly string[]): Row {
  return replaced({}, columns, row);
}

/** A copy of a row, with some columns as another row has them. */
export function replaced(row: Row, columns: readonly string[], other: Row): Row {
  const copy: Record<string, Value> = { ...toRow(row) };
  for (const column of columns) {
    if (Object.hasOwn(other, column)) setField(copy, column, field(other, column));
    else delete copy[column];
  }
  return toRow(copy);
}

function valueIn(row: Row, column: string): Value | undefined {
  return Object.hasOwn(row, column) ? field(row, column) : undefined;
}
