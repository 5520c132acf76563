import { describe } from "../../base/describe.ts";
import { InvalidAnswerError } from "../../table/errors.ts";
import { frozenRow, type Row, setField, type Value } from "../../table/row.ts";
import { type Rows, rowsOf } from "../../table/rows.ts";
import { quoteName } from "../sql/quote_name.ts";
import { type Sql, sql } from "../sql/sql.ts";
import { statementOf } from "../sql/sql_statement.ts";
import type { PostgresRow } from "./postgres_client.ts";
import type { PostgresColumn } from "./postgres_column.ts";
import type { Session } from "./postgres_database.ts";
import { idOf, keySql } from "./postgres_ids.ts";
import type { PostgresSchema } from "./postgres_schema.ts";
import { fromPostgres, readSql } from "./postgres_values.ts";

/** A row read from the database. */
export interface FoundRow {
  readonly id: string;
  readonly row: Row;
}

/**
 * Reads rows with their ids. Every column is selected as a text under a name of ours: what a client makes of types and
 * names does not matter.
 */
export class PostgresReader {
  /** The selected columns, also returned by statements that write. */
  readonly selected: string;
  readonly #schema: PostgresSchema;
  readonly #cells: readonly { readonly column: PostgresColumn; readonly label: string }[];
  /** The names under which the key is selected. */
  readonly #keyLabels: readonly string[];

  constructor(schema: PostgresSchema) {
    const { columns, key, prefix } = schema;
    this.#schema = schema;
    this.#cells = columns.map((column, at) => ({ column, label: `${prefix}${at}` }));
    const selected = this.#cells.map(({ column, label }) => `${readSql(column, quoteName(column.name))} AS ${label}`);
    this.#keyLabels = key.columns.map((column, at) => {
      const text = keySql(column);
      const known = this.#cells.find((cell) => cell.column === column);
      // Only the text of a date differs from what is read of it.
      if (known !== undefined && column.kind !== "date") return known.label;
      const label = `${prefix}k${at}`;
      selected.push(`${text} AS ${label}`);
      return label;
    });
    this.selected = selected.join(", ");
  }

  /** The rows of a statement that selects or returns `selected`. */
  async query(session: Session, statement: Sql): Promise<readonly FoundRow[]> {
    return (await run(session, statement, this.#schema)).map((found) => this.found(found));
  }

  /**
   * The same as rows by id.
   *
   * @throws {InvalidAnswerError} if two have the same id.
   */
  async rows(session: Session, statement: Sql): Promise<Rows> {
    const found = await this.query(session, statement);
    const rows = new Map(found.map(({ id, row }) => [id, row]));
    if (rows.size < found.length) throw this.violated();
    return rowsOf(rows);
  }

  /**
   * The only row for which a condition holds.
   *
   * @param lock whether others may not change it until the transaction ends
   * @throws {InvalidAnswerError} if there are several.
   */
  async one(session: Session, where: Sql, lock = false): Promise<FoundRow | undefined> {
    const from = sql`SELECT ${this.selected} FROM ${this.#schema.sqlName} WHERE ${where}`;
    const found = await this.query(session, lock ? sql`${from} FOR UPDATE` : sql`${from} LIMIT 2`);
    const [first, second] = found;
    if (second !== undefined) throw this.violated(second.id);
    return first;
  }

  /** The error for two rows with the same id. */
  violated(id?: string): InvalidAnswerError {
    const { name, key } = this.#schema;
    const names = key.columns.map((column) => describe(column.name)).join(", ");
    const which = id === undefined ? "" : `: two of them have ${describe(id)}`;
    return new InvalidAnswerError(`The rows of ${describe(name)} are not unique in their idField, ${names}${which}`, {
      effect: "none",
    });
  }

  /** The row that has been selected. */
  found(found: PostgresRow): FoundRow {
    const fields: Record<string, Value> = {};
    for (const { column, label } of this.#cells) setField(fields, column.name, fromPostgres(found[label], column));
    const parts = this.#keyLabels.map((label) => typeof found[label] === "string" ? found[label] : null);
    return { id: idOf(this.#schema, parts), row: frozenRow(fields) };
  }
}

/** Runs a statement. All its parameters are texts. */
export function run(session: Session, statement: Sql, { dialect }: PostgresSchema): Promise<readonly PostgresRow[]> {
  const { text, params } = statementOf(statement, dialect);
  return session.query(text, params as readonly (string | null)[]); // As the dialect and paramSql bind them.
}
