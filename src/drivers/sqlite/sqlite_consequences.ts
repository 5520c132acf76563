import type { SqliteStatements, SqliteValue } from "./sqlite_handle.ts";
import type { SqliteSchema } from "./sqlite_schema.ts";

/**
 * Whether a write may change more than its statement says: through triggers, or actions of foreign keys that point to
 * the table. Read once, and again after a schema changed.
 */
export class SqliteConsequences {
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  #version: SqliteValue | undefined;
  #temporary: SqliteValue | undefined;
  #triggers = false;
  #actions = false;

  constructor(db: SqliteStatements, schema: SqliteSchema) {
    this.#db = db;
    this.#schema = schema;
  }

  get triggers(): boolean {
    this.#look();
    return this.#triggers;
  }

  /** Whether a statement has no side effects, so that the rows it returns are the stored ones. */
  get none(): boolean {
    this.#look();
    return !this.#triggers && !this.#actions && this.#schema.type === "table";
  }

  #look(): void {
    const { database, tableName } = this.#schema;
    const [version, temporary] = [this.#db.schemaVersion(database), this.#db.schemaVersion("temp")];
    if (version === this.#version && temporary === this.#temporary) return;
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
    this.#version = version;
    this.#temporary = temporary;
  }
}
