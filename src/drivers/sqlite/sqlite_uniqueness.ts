import { quoteName, type SqliteStatements } from "./sqlite_handle.ts";
import { InvalidAnswerError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import { joinParams, NOTHING, type Sql } from "./sqlite_query.ts";
import type { SqliteSchema } from "./sqlite_schema.ts";

/** Matches SQL in a view that may give different results though the database has not changed. */
const CHANGES_BY_ITSELF =
  /\b(random|randomblob|now|current_\w+|changes|total_changes|last_insert_rowid)\b|\b(\w*(date|time)|julianday|unixepoch)\s*\(\s*\)|strftime\s*\([^,]*\)/i;

/**
 * Checks that ids are unique where the schema does not guarantee it. Checks the whole table once, and again only after
 * the database changed, since a view over a join is as expensive to check as to list.
 */
export class SqliteUniqueness {
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  readonly #canLast: boolean;
  /** The state of the database for which `#isUnique` is valid. */
  #state: string | undefined;
  #isUnique = false;

  constructor(db: SqliteStatements, schema: SqliteSchema) {
    this.#db = db;
    this.#schema = schema;
    this.#canLast = !schema.key.unique && canLast(db, schema);
  }

  /**
   * Checks the rows selected by `where`.
   *
   * @throws {InvalidAnswerError} if two rows have the same id.
   */
  check(where: Sql): void {
    if (this.#schema.key.unique) return;
    const isUnique = this.#canLast ? this.#wholeIsUnique() : false;
    if (!isUnique && this.#hasTwice(where)) throw this.violated();
  }

  /** The error for two rows with the same id. */
  violated(id?: string): InvalidAnswerError {
    const { name, key } = this.#schema;
    const names = key.columns.map((column) => describe(column.name)).join(", ");
    const which = id === undefined ? "" : `: two of them have ${describe(id)}`;
    return new InvalidAnswerError(
      `The rows of ${describe(name)} are not unique in their idField, ${names}${which}`,
      { effect: "none" },
    );
  }

  #wholeIsUnique(): boolean {
    const state = this.#db.state(this.#schema.database);
    if (state !== this.#state) {
      // Inside a transaction, the rows may be rolled back without changing the change count.
      const outside = this.#db.tryBegin();
      try {
        this.#isUnique = !this.#hasTwice(NOTHING);
        this.#state = outside ? this.#db.state(this.#schema.database) : undefined;
      } finally {
        if (outside) this.#db.run("COMMIT");
      }
    }
    return this.#isUnique;
  }

  #hasTwice(where: Sql): boolean {
    const { key, from } = this.#schema;
    const columns = key.columns.map(({ name }) => quoteName(name));
    const names = columns.map((name) => `${name} COLLATE BINARY`).join(", ");
    // Without a rowid, all rows whose key is NULL have the same id.
    const nulls = key.rowid === undefined ? "" : ` AND NOT (${columns.map((name) => `${name} IS NULL`).join(" OR ")})`;
    const twice = `SELECT 1 AS twice FROM ${from}${where.text} GROUP BY ${names} HAVING count(*) > 1${nulls} LIMIT 1`;
    return this.#db.get(twice, joinParams(where.params)) !== undefined;
  }
}

/** Whether a result stays valid until the database changes. */
function canLast(db: SqliteStatements, { database, type }: SqliteSchema): boolean {
  if (database === "temp") return false;
  if (type === "table") return true;
  const views = db.all(`SELECT sql FROM ${quoteName(database)}.sqlite_schema WHERE type = 'view'`);
  return !views.some(({ sql }) => CHANGES_BY_ITSELF.test(String(sql)));
}
