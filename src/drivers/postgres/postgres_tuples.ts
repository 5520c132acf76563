import { quoteName } from "../sql/quote_name.ts";
import { bind, type Sql, sql } from "../sql/sql.ts";
import type { PostgresColumn } from "./postgres_column.ts";
import type { Session } from "./postgres_database.ts";
import { type FoundRow, PostgresReader } from "./postgres_reader.ts";
import type { PostgresSchema } from "./postgres_schema.ts";

/** The texts that PostgreSQL writes for the values of some columns, in their order. */
export type Texts = readonly (string | null)[];

/**
 * Reads rows, or only their ids, from the texts that PostgreSQL writes for their values. PostgreSQL itself reads the texts: so
 * a row is the same as if it were read from the table, whatever the types and the settings.
 */
export class PostgresTuples {
  readonly #columns: readonly PostgresColumn[];
  readonly #reader: PostgresReader;

  /** Rows of these columns, which have those of the key among them. */
  constructor(schema: PostgresSchema, columns: readonly PostgresColumn[]) {
    this.#columns = columns;
    this.#reader = new PostgresReader({ ...schema, columns });
  }

  /** The rows, in their order. */
  async read(session: Session, rows: readonly Texts[]): Promise<readonly FoundRow[]> {
    if (rows.length === 0) return [];
    const found = await this.#reader.query(session, this.#statement(rows));
    if (found.length === rows.length) return found;
    throw new TypeError(`PostgreSQL read ${found.length} rows, not ${rows.length}`);
  }

  #statement(rows: readonly Texts[]): Sql {
    const values = this.#columns.map(({ name, cast }, at) => `(given.texts ->> ${at})::${cast} AS ${quoteName(name)}`);
    const given = sql`json_array_elements(${
      bind(JSON.stringify(rows))
    }::text::json) WITH ORDINALITY AS given (texts, at)`;
    // The names of the columns may be any, so the order is made before they are there.
    return sql`SELECT ${this.#reader.selected} FROM (SELECT ${
      values.join(", ")
    } FROM ${given} ORDER BY given.at) AS rows`;
  }
}
