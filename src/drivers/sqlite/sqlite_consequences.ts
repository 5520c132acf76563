import type { SqliteStatements, SqliteValue } from "./sqlite_handle.ts";
import type { SqliteSchema } from "./sqlite_schema.ts";

/**
 * Whether a write may do more to a table than its statement says: by triggers, or by actions of the foreign keys that point to
 * it. Looked at once, and again after any schema has changed.
 */
export class SqliteConsequences {
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  #design: SqliteValue | undefined;
  #temporary: SqliteValue | undefined;
  #triggers = false;
  #actions = false;

  constructor(db: SqliteStatements, schema: SqliteSchema) {
    this.#db = db;
    this.#schema = schema;
  }

  /** Whether the table has triggers. */
  get triggers(): boolean {
    this.#look();
    return this.#triggers;
  }

  /** Whether a statement does what it says and nothing else, so that what it returns is what is stored. */
  get none(): boolean {
    this.#look();
    return !this.#triggers && !this.#actions && this.#schema.type === "table";
  }

  #look(): void {
    const { database, tableName } = this.#schema;
    const [design, temporary] = [this.#db.design(database), this.#db.design("temp")];
    if (design === this.#design && temporary === this.#temporary) return;
    this.#triggers = this.#db.all(
      `SELECT 1 FROM "${database.replaceAll('"', '""')}".sqlite_schema
        WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE
        UNION ALL SELECT 1 FROM sqlite_temp_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE LIMIT 1`,
      [tableName, tableName],
    ).length > 0;
    this.#actions = this.#db.all(
      `SELECT 1 FROM pragma_table_list AS t JOIN pragma_foreign_key_list(t.name, t.schema) AS f
        WHERE t.schema = ? AND f."table" = ? COLLATE NOCASE
        AND NOT (f.on_update IN ('NO ACTION', 'RESTRICT') AND f.on_delete IN ('NO ACTION', 'RESTRICT')) LIMIT 1`,
      [database, tableName],
    ).length > 0;
    this.#design = design;
    this.#temporary = temporary;
  }
}
