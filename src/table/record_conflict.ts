import { describe } from "../base/describe.ts";
import { ConflictError, nameErrors } from "./errors.ts";
import type { Row } from "./row.ts";
import type { PatchOf } from "./row_of.ts";

/** The columns of a record that were changed on both sides, differently. A column that a side lacks is absent there. */
export interface RecordConflict<R extends object = Row> {
  /** The names of these columns. */
  readonly columns: readonly string[];
  /** What they held before both changes. */
  readonly base: PatchOf<R>;
  /** What they were edited to. */
  readonly mine: PatchOf<R>;
  /** What they hold at the master. */
  readonly theirs: PatchOf<R>;
}

/**
 * Columns that a record would save were changed by another writer, to other values. Nothing was written; the record
 * keeps its edits, and can be saved once `resolve()` has said which values count.
 */
export class RecordConflictError<R extends object = Row> extends ConflictError implements RecordConflict<R> {
  static {
    nameErrors(this, "RecordConflictError");
  }
  readonly columns: readonly string[];
  readonly base: PatchOf<R>;
  readonly mine: PatchOf<R>;
  readonly theirs: PatchOf<R>;

  /** The error for a conflict in row `id` of a table. The message names the columns, but holds no values. */
  constructor(tableName: string, id: string, { columns, base, mine, theirs }: RecordConflict<R>) {
    super(
      `Cannot save row ${describe(id)} of ${describe(tableName)}: ${
        columns.map(describe).join(", ")
      } changed meanwhile; call resolve()`,
    );
    this.columns = columns;
    this.base = base;
    this.mine = mine;
    this.theirs = theirs;
  }
}
