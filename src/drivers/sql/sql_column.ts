/**
 * What a column holds: values of one kind and `NULL`. Numbers include bigints. A `document` holds JSON, whose values may
 * be of any kind.
 */
export type SqlKind = "boolean" | "number" | "text" | "date" | "bytes" | "document";

/** A column of a table in a database. */
export interface SqlColumn {
  /** Its name, unquoted. */
  readonly name: string;
  /** What it holds. */
  readonly kind: SqlKind;
  /**
   * The database's name of its type, where a dialect says that it matters: values of one kind may be stored in several
   * ways.
   */
  readonly type?: string | undefined;
  /** Whether it is never `NULL`, which lets PostgreSQL order by an index. */
  readonly notNull?: boolean | undefined;
}
