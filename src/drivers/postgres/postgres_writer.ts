import { describe } from "../../base/describe.ts";
import { NotFoundError, RejectedError } from "../../table/errors.ts";
import type { Query } from "../../table/query.ts";
import { type Row, sameRow } from "../../table/row.ts";
import { quoteName } from "../sql/quote_name.ts";
import { type Sql, sql } from "../sql/sql.ts";
import { type Assignment, checkGenerated, elsewhere, keepsId, ofId, ofRow, updateSql } from "./postgres_assignments.ts";
import type { Session } from "./postgres_database.ts";
import { checkKey, idSql } from "./postgres_ids.ts";
import { insertWithNewId } from "./postgres_new_id.ts";
import { type FoundRow, type PostgresReader, run } from "./postgres_reader.ts";
import type { PostgresSchema } from "./postgres_schema.ts";
import { insertSql, listSql, ROW } from "./postgres_insert.ts";

/** SQL for the set of a query, narrowed to one id if given. */
export type SetSql = (query: Query, id?: string) => Sql;

/** How often an insert looks again for a row that another deletes meanwhile. */
const MAX_LOOKS = 5;

/**
 * Writes rows: with one statement each, where what it returns is what is stored; otherwise in a transaction, which is
 * rolled back if the stored row is not what was asked for.
 */
export class PostgresWriter {
  readonly #schema: PostgresSchema;
  readonly #reader: PostgresReader;
  readonly #set: SetSql;

  constructor(schema: PostgresSchema, reader: PostgresReader, set: SetSql) {
    this.#schema = schema;
    this.#reader = reader;
    this.#set = set;
  }

  insert(session: Session, id: string, row: Row): Promise<Row> {
    checkKey(this.#schema, id, row);
    return this.#checked(session, id, row, async (inner) => {
      for (let look = 0; look < MAX_LOOKS; look++) {
        const inserted = await this.#upsert(inner, id, row, sql`NOTHING`);
        if (inserted !== undefined) return { found: inserted, isNew: true };
        const found = await this.#find(inner, id);
        if (found !== undefined) return { found, isNew: false };
        if (this.#schema.hasTriggers) break;
      }
      throw this.#schema.hasTriggers ? this.#ignored(`insert row ${describe(id)}`) : elsewhere(this.#schema, id);
    });
  }

  replace(session: Session, id: string, row: Row): Promise<Row> {
    checkKey(this.#schema, id, row);
    return this.#checked(session, id, row, async (inner) => {
      const found = await this.#upsert(inner, id, row, sql`UPDATE SET ${this.#replacement()}`);
      if (found === undefined) throw this.#ignored(`replace row ${describe(id)}`);
      return { found, isNew: true };
    });
  }

  patch(session: Session, id: string, partial: Row, query: Query): Promise<Row> {
    checkKey(this.#schema, id, partial);
    const where = this.#set(query, id);
    const changes = ofRow(this.#schema, partial);
    return this.#checked(session, id, partial, async (inner) => {
      const found = changes.length === 0
        ? await this.#reader.one(inner, where)
        : await this.#update(inner, changes, where);
      if (found !== undefined) return { found, isNew: true };
      const ignored = this.#schema.hasTriggers && changes.length > 0 &&
        await this.#reader.one(inner, where) !== undefined;
      if (ignored) throw this.#ignored(`change row ${describe(id)}`);
      throw new NotFoundError(`${describe(this.#schema.name)} has no row ${describe(id)} in this set`);
    });
  }

  async delete(session: Session, id: string, query: Query): Promise<void> {
    const where = this.#set(query, id);
    if (!this.#schema.hasTriggers) return this.#remove(session, where);
    await session.atomically(async (inner) => {
      const before = await this.#reader.one(inner, where);
      await this.#remove(inner, where);
      const after = before === undefined ? undefined : await this.#reader.one(inner, where);
      // A trigger may mark the row as deleted instead.
      if (after !== undefined && before !== undefined && sameRow(before.row, after.row)) {
        throw this.#ignored(`delete row ${describe(id)}`);
      }
    });
  }

  deleteAll(session: Session, query: Query): Promise<void> {
    return this.#remove(session, this.#set(query));
  }

  async insertReturnId(session: Session, row: Row, newId?: string): Promise<string> {
    const id = await insertWithNewId(session, { schema: this.#schema, reader: this.#reader, row, newId });
    if (id === undefined) throw this.#ignored("insert a row");
    return id;
  }

  /**
   * Does a write, and checks what is stored in the end: in one transaction, unless the statement's own answer is certain.
   */
  async #checked(
    session: Session,
    id: string,
    row: Row,
    write: (session: Session) => Promise<{ readonly found: FoundRow; readonly isNew: boolean }>,
  ): Promise<Row> {
    const { columns, hasTriggers, key } = this.#schema;
    const computes = columns.some(({ name, generated }) => generated && Object.hasOwn(row, name));
    const isCertain = key.unique && !hasTriggers && !computes && keepsId(this.#schema, id);
    if (isCertain) return (await write(session)).found.row;
    return session.atomically(async (inner) => {
      const { found, isNew } = await write(inner);
      const stored = hasTriggers && found.id === id ? await this.#find(inner, id) : found;
      if (stored?.id !== id) throw elsewhere(this.#schema, id);
      if (isNew) checkGenerated(this.#schema, row, stored.row);
      return stored.row;
    });
  }

  /** Inserts the row; if the id exists, does what `conflict` says. */
  async #upsert(session: Session, id: string, row: Row, conflict: Sql): Promise<FoundRow | undefined> {
    const assignments = [...ofId(this.#schema, id), ...ofRow(this.#schema, row)];
    if (this.#schema.key.unique) {
      const names = this.#schema.key.columns.map(({ name }) => quoteName(name)).join(", ");
      const insert = insertSql(this.#schema, assignments);
      const statement = sql`${insert} ON CONFLICT (${names}) DO ${conflict} RETURNING ${this.#reader.selected}`;
      return (await this.#reader.query(session, statement))[0];
    }
    // Without an index that makes ids unique, there is no conflict.
    const existing = await this.#find(session, id);
    if (existing === undefined) {
      const statement = sql`${insertSql(this.#schema, assignments)} RETURNING ${this.#reader.selected}`;
      return (await this.#reader.query(session, statement))[0];
    }
    return conflict.parts[0] === "NOTHING" ? undefined : this.#overwrite(session, id, row);
  }

  /** What an upsert does to a row that is there: columns that are not given get their defaults. */
  #replacement(): Sql {
    const { columns, key } = this.#schema;
    const content = columns.filter((column) =>
      !column.generated && column.identity !== "a" && !key.columns.includes(column)
    );
    const kept = content.length > 0 ? content : key.columns;
    return listSql(kept.map((column) => {
      const name = quoteName(column.name);
      return updateSql(column, { written: sql`EXCLUDED.${name}`, stored: `${ROW}.${name}` });
    }));
  }

  #overwrite(session: Session, id: string, row: Row): Promise<FoundRow | undefined> {
    const { columns, key } = this.#schema;
    const given = ofRow(this.#schema, row);
    const others = columns.filter((column) =>
      !column.generated && column.identity !== "a" && !key.columns.includes(column) && !Object.hasOwn(row, column.name)
    );
    const defaults = others.map((column): Assignment => ({ column, sql: sql`DEFAULT` }));
    if (given.length + defaults.length === 0) return this.#find(session, id);
    return this.#update(session, [...given, ...defaults], this.#set({}, id));
  }

  async #update(session: Session, changes: readonly Assignment[], where: Sql): Promise<FoundRow | undefined> {
    const sets = changes.map(({ column, sql: written }) => {
      const isDefault = written.parts[0] === "DEFAULT";
      const name = quoteName(column.name);
      return isDefault ? sql`${name} = DEFAULT` : updateSql(column, { written, stored: name });
    });
    const from = sql`UPDATE ${this.#schema.sqlName} SET ${listSql(sets)} WHERE ${where}`;
    const [first, second] = await this.#reader.query(session, sql`${from} RETURNING ${this.#reader.selected}`);
    if (second !== undefined) throw this.#reader.violated(second.id);
    return first;
  }

  async #remove(session: Session, where: Sql): Promise<void> {
    await run(session, sql`DELETE FROM ${this.#schema.sqlName} WHERE ${where}`, this.#schema);
  }

  #find(session: Session, id: string): Promise<FoundRow | undefined> {
    return this.#reader.one(session, idSql(this.#schema, id));
  }

  #ignored(what: string): RejectedError {
    return new RejectedError(`Cannot ${what} of ${describe(this.#schema.name)}: a trigger or rule ignores it`);
  }
}
