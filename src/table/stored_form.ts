import { allOf, andThen, type MaybePromise } from "../base/maybe_promise.ts";
import type { Checked, CheckedRows } from "./checked_rows.ts";
import { InvalidRowError, type RowIssue } from "./invalid_row_error.ts";
import { field, isPlainObject, type Row, sameRow, sameValue, toRow } from "./row.ts";

/** In what form rows are written that a schema reads: so that what is read back is what the schema made of them. */
export class StoredForm {
  readonly #rows: CheckedRows;

  constructor(rows: CheckedRows) {
    this.#rows = rows;
  }

  /**
   * A row as it is written. Each column is the schema's output, or, where the schema does not take that for input, as it was
   * given.
   *
   * @throws {InvalidRowError} that begins with `what`, if the row does not keep to the schema.
   */
  ofRow(what: string, input: unknown): MaybePromise<Row> {
    return andThen(this.#rows.check(input), ({ output, issues }) => {
      if (output === undefined) throw new InvalidRowError(what, issues);
      const given = rowIn(what, input);
      if (sameRow(given, output)) return output;
      return andThen(this.#rows.check(output), (again) => {
        if (isSame(again, output)) return output;
        return this.#firstThatReads(what, output, [mixed(output, given, again), given]);
      });
    });
  }

  /**
   * The patched columns as they are written: those of the row that they are merged with, if that is known, and valid. Otherwise
   * only what the schema says of these columns alone is known.
   *
   * @throws {InvalidRowError} that begins with `what`, if they do not keep to the schema.
   */
  ofPatch(what: string, partial: unknown, row: Row | undefined): MaybePromise<Row> {
    if (!isPlainObject(partial)) return rowIn(what, partial);
    const isKnown = row === undefined ? false : andThen(this.#rows.row(row), ({ output }) => output !== undefined);
    return andThen(isKnown, (known) => known ? this.#merged(what, partial, row) : this.#alone(what, partial));
  }

  /**
   * The columns of a row that the schema does not know, which a row in place of it keeps: it takes anything for them. One that
   * says that there are no other columns knows them all.
   */
  unknownColumns(form: Row, row: Row): MaybePromise<readonly string[]> {
    const absent = Object.keys(row).filter((column) => !Object.hasOwn(form, column));
    const taken = allOf(absent.map((column) => this.#rows.takesAnything(form, column)));
    return andThen(taken, (takes) => absent.filter((_, at) => takes[at]));
  }

  #merged(what: string, partial: Record<string, unknown>, row: Row | undefined): MaybePromise<Row> {
    return andThen(this.ofRow(what, { ...row, ...partial }), (form) => picked(form, partial));
  }

  #alone(what: string, partial: Record<string, unknown>): MaybePromise<Row> {
    return andThen(this.#rows.check(partial), ({ output, issues }) => {
      const own = issues.filter(({ path: [column] }) => typeof column === "string" && Object.hasOwn(partial, column));
      if (own.length > 0) throw new InvalidRowError(what, own);
      if (output === undefined) return rowIn(what, partial);
      return andThen(this.ofRow(what, partial), (form) => picked(form, partial));
    });
  }

  #firstThatReads(what: string, output: Row, [form, ...others]: readonly Row[]): MaybePromise<Row> {
    if (form === undefined) throw new InvalidRowError(what, NOT_READ_BACK);
    return andThen(
      this.#rows.check(form),
      (read) => isSame(read, output) ? form : this.#firstThatReads(what, output, others),
    );
  }
}

const NOT_READ_BACK: readonly RowIssue[] = [{
  message: "The schema reads neither its own output nor the row as it was given as what it made of it",
  path: [],
}];

/** The output, with columns as they were given where the schema does not take its output for input. */
function mixed(output: Row, given: Row, again: Checked): Row {
  const refused = again.output === undefined
    ? again.issues.map(({ path: [column] }) => String(column))
    : Object.keys(output).filter((column) => !sameValue(field(output, column), field(again.output ?? {}, column)));
  const kept = Object.entries(output).filter(([column]) => !refused.includes(column));
  return toRow(Object.fromEntries([...kept, ...Object.entries(given).filter(([column]) => refused.includes(column))]));
}

function isSame({ output }: Checked, row: Row): boolean {
  return output !== undefined && sameRow(output, row);
}

/** Those of the columns of a row that are patched. */
function picked(form: Row, partial: Record<string, unknown>): Row {
  return toRow(Object.fromEntries(Object.entries(form).filter(([column]) => Object.hasOwn(partial, column))));
}

/** What is written, if it can be a row. */
function rowIn(what: string, input: unknown): Row {
  try {
    return toRow(input);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new InvalidRowError(what, [{ message: error.message, path: [] }]);
  }
}
