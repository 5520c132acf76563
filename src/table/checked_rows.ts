import { allOf, andThen, isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { ListedRows } from "./listed_rows.ts";
import { holdsMutable, type Row, sameRow, toRow } from "./row.ts";
import { keptRows, promiseOf, type Rows, rowsOf, shareRows } from "./rows.ts";
import { type RowIssue, rowIssues } from "./invalid_row_error.ts";
import type { RowSchema, SchemaResult } from "./standard_schema.ts";
import { thawed } from "./thawed.ts";

/** What a schema makes of a row, or what is wrong with it. */
export class Checked {
  /** The schema's output as a row; `undefined` if the row is not valid. */
  readonly output: Row | undefined;
  readonly issues: readonly RowIssue[];

  constructor(output: Row | undefined, issues: readonly RowIssue[] = []) {
    this.output = output;
    this.issues = issues;
  }
}

/** Decides what is shown of a row that was checked: a row, nothing, or an error. */
export type Show = (checked: Checked, row: Row, id: string) => Row | undefined;

/**
 * What a schema makes of the rows that tables answer with. It is remembered for each row as long as that is held, so a row is
 * checked once, however often and in however many lists it is read. Rows whose output is the same are not copied.
 */
export class CheckedRows {
  readonly #schema: RowSchema;
  readonly #rows = new WeakMap<Row, MaybePromise<Checked>>();
  readonly #lists = new WeakMap<ListedRows | Rows, MaybePromise<Rows>>();
  /** The answers of a cache are the same promise each time. */
  readonly #answers = new WeakMap<Promise<Rows>, Promise<Rows>>();

  constructor(schema: RowSchema) {
    this.#schema = schema;
  }

  /** What the schema makes of a value, which is not remembered. */
  check(value: unknown): MaybePromise<Checked> {
    return andThen(this.#schema["~standard"].validate(thawed(value)), (result) => {
      if (result.issues !== undefined) return new Checked(undefined, rowIssues(result.issues));
      try {
        return new Checked(toRow(result.value));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return new Checked(undefined, [{ message: `The schema's output is no row. ${error.message}`, path: [] }]);
      }
    });
  }

  /** Whether the schema takes whatever a column of a row holds, which it does if it does not know the column. */
  takesAnything(row: Row, column: string): MaybePromise<boolean> {
    const probe = Symbol(column);
    const validate = (): MaybePromise<SchemaResult<object>> =>
      this.#schema["~standard"].validate({ ...thawed(row) as Row, [column]: probe });
    const taken = (result: SchemaResult<object>): boolean =>
      result.issues === undefined && [undefined, probe].includes(Reflect.get(result.value, column));
    // What throws when it finds a symbol has looked at the column.
    try {
      const result = validate();
      return isPromise(result) ? result.then(taken, () => false) : taken(result);
    } catch {
      return false;
    }
  }

  /** What the schema makes of a row of a table. */
  row(row: Row): MaybePromise<Checked> {
    const known = this.#rows.get(row);
    if (known !== undefined) return known;
    const checked = andThen(this.check(row), (found) => {
      const { output } = found;
      return output !== undefined && sameRow(output, row) ? new Checked(row) : found;
    });
    this.#remember(this.#rows, row, checked);
    return checked;
  }

  /** What is shown of one row. */
  shown(id: string, row: Row, show: Show): MaybePromise<Row | undefined> {
    return andThen(this.row(row), (checked) => {
      const shown = show(checked, row, id);
      return shown !== undefined && holdsMutable(shown) ? toRow(shown) : shown;
    });
  }

  /** The rows of an answer as they are shown. */
  list(answer: Promise<Rows>, show: Show): Promise<Rows> {
    const known = this.#answers.get(answer);
    if (known !== undefined) return known;
    return answer.then((rows) => {
      const shown = this.#list(rows, show);
      if (isPromise(shown)) return shown.then(shareRows);
      const shared = shareRows(shown);
      if (shared === shown) this.#answers.set(answer, promiseOf(shown));
      return shared;
    });
  }

  #list(rows: Rows, show: Show): MaybePromise<Rows> {
    const kept = keptRows(rows) ?? rows;
    const known = this.#lists.get(kept);
    if (known !== undefined) return known;
    const entries = keptEntries(rows);
    const shown = andThen(allOf(entries.map(([, row]) => this.row(row))), (checks) => {
      const shows = new Map<string, Row>();
      for (const [at, [id, row]] of entries.entries()) {
        const checked = checks[at];
        const seen = checked && show(checked, row, id);
        if (seen !== undefined) shows.set(id, seen);
      }
      const isSame = shows.size === rows.size && entries.every(([id, row]) => shows.get(id) === row);
      return isSame ? rows : rowsOf(shows);
    });
    this.#remember(this.#lists, kept, shown);
    return shown;
  }

  /** Keeps an answer, and while it is awaited its promise; what failed is asked for again. */
  #remember<K extends object, T>(known: WeakMap<K, MaybePromise<T>>, key: K, answer: MaybePromise<T>): void {
    known.set(key, answer);
    if (isPromise(answer)) answer.then((settled) => known.set(key, settled), () => known.delete(key));
  }
}

/** Rows with their ids, as they are kept: the same ones for each reader. They are neither changed nor handed out. */
export function keptEntries(rows: Rows): readonly (readonly [id: string, row: Row])[] {
  const kept = keptRows(rows);
  if (kept === undefined) return rows.toArray();
  return Array.from({ length: kept.size }, (_, place) => [kept.idAt(place), kept.rowAt(place)] as const);
}
