import { quoteName, type SqliteRow, type SqliteStatements } from "./sqlite_handle.ts";
import { NotFoundError, RejectedError } from "../../table/errors.ts";
import type { Settled } from "../../table/many_writes.ts";
import type { Query } from "../../table/query.ts";
import { describe } from "../../base/describe.ts";
import { type Row, sameRow } from "../../table/row.ts";
import { type Assignment, SqliteAssignments } from "./sqlite_assignments.ts";
import { SqliteConsequences } from "./sqlite_consequences.ts";
import { refusal } from "./sqlite_errors.ts";
import { rowidIn } from "./sqlite_ids.ts";
import { joinParams, NOTHING, type Sql } from "./sqlite_query.ts";
import type { FoundRow, SqliteReader } from "./sqlite_reader.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";

/** SQL for the set of a query, narrowed to one id if given. */
export type SetSql = (query: Query, id?: string) => Sql;

/**
 * Writes rows. Each write is one transaction, or part of the caller's: it reads the existing row, changes it, checks
 * the result of triggers and defaults, and is rolled back as a whole if that is not what was requested. Where a
 * statement has no side effects, the rows that it returns are enough.
 */
export class SqliteWriter {
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  readonly #reader: SqliteReader;
  readonly #set: SetSql;
  readonly #assignments: SqliteAssignments;
  readonly #consequences: SqliteConsequences;
  /** Whether returned rows equal stored ones: not for generated columns in every SQLite version. */
  readonly #returnsAll: boolean;

  constructor(db: SqliteStatements, schema: SqliteSchema, reader: SqliteReader, set: SetSql) {
    this.#db = db;
    this.#schema = schema;
    this.#reader = reader;
    this.#set = set;
    this.#assignments = new SqliteAssignments(db, schema);
    this.#consequences = new SqliteConsequences(db, schema);
    this.#returnsAll = schema.key.unique && !schema.columns.some((column) => column.generated);
  }

  insert(id: string, row: Row): Row {
    this.#assignments.checkColumns(row);
    return this.#write("insert row", id, () => {
      // If the schema guarantees unique ids, no lookup is needed first.
      const isPlain = this.#isPlain();
      const existing = isPlain ? undefined : this.#find(id);
      if (existing !== undefined) return existing.row;
      try {
        return this.#insertAs(id, row, isPlain);
      } catch (error) {
        const known = isPlain ? this.#find(id) : undefined;
        if (known === undefined) throw error;
        return known.row;
      }
    });
  }

  replace(id: string, row: Row): Row {
    this.#assignments.checkColumns(row);
    return this.#write("replace row", id, () => {
      const existing = this.#find(id);
      if (existing === undefined) return this.#insertAs(id, row, this.#isPlain());
      // A primary key column outside the id is not content: clearing it would remove the row.
      const columns = this.#schema.columns.filter(({ name, primary }) => Object.hasOwn(row, name) || primary === 0);
      return this.#update(existing, row, columns);
    });
  }

  patch(id: string, partial: Row, query: Query): Row {
    this.#assignments.checkColumns(partial);
    return this.#write("patch row", id, () => {
      const existing = this.#reader.one(this.#set(query, id));
      if (existing === undefined) {
        throw new NotFoundError(`${describe(this.#schema.name)} has no row ${describe(id)} in this set`);
      }
      return this.#update(existing, partial, this.#schema.columns.filter(({ name }) => Object.hasOwn(partial, name)));
    });
  }

  delete(id: string, query: Query): void {
    this.#write("delete row", id, () => {
      if (this.#isPlain()) return this.#remove(this.#set(query, id));
      const existing = this.#reader.one(this.#set(query, id));
      if (existing === undefined) return;
      this.#remove(this.#set(NO_QUERY, id));
      this.#checkGone([existing], this.#set(NO_QUERY, id));
    });
  }

  deleteAll(query: Query): void {
    const where = this.#set(query);
    this.#write("delete the rows", undefined, () => {
      const before = this.#consequences.triggers ? this.#reader.all(where, NOTHING) : [];
      this.#remove(where);
      if (before.length > 0) this.#checkGone(before, where);
    });
  }

  insertReturnId(row: Row, newId?: string): string {
    this.#assignments.checkColumns(row);
    return this.#write("insert a row", undefined, () => {
      const made = this.#assignments.ofNewKey(row, newId);
      // The same write was done before.
      if (newId !== undefined && made[0]?.params[0] === newId && this.#find(newId) !== undefined) return newId;
      // A generated key replaces a null in the row.
      const given = this.#assignments.ofRow(row).filter(({ column }) => column !== made[0]?.column);
      const [returned] = this.#insertRow([...given, ...made], this.#reader.identity);
      if (returned === undefined) throw this.#ignored("insert a row");
      const { id, where } = this.#reader.identify(returned);
      if (this.#isPlain()) return id;
      const [stored] = this.#reader.all(where, NOTHING);
      if (stored === undefined) throw this.#ignored("insert a row");
      if (!this.#schema.key.unique && this.#find(stored.id) === undefined) throw this.#ignored("insert a row");
      return stored.id;
    });
  }

  /** Does each write atomically, all of them in one transaction. */
  writeEach<T>(writes: readonly (() => T)[]): readonly Settled<T>[] {
    try {
      return this.#db.eachAtomically(writes);
    } catch (error) {
      throw refusal(error, `write to ${describe(this.#schema.name)}`);
    }
  }

  #find(id: string): FoundRow | undefined {
    return this.#reader.one(this.#set(NO_QUERY, id));
  }

  /** Whether the rows that a statement returns are the stored ones. */
  #isPlain(): boolean {
    return this.#returnsAll && this.#consequences.none;
  }

  #insertAs(id: string, row: Row, isPlain: boolean): Row {
    const key = this.#assignments.ofId(id, row);
    const given = this.#assignments.ofRow(row).filter(({ column }) => !this.#schema.key.columns.includes(column));
    const number = rowidIn(this.#schema, id);
    const returned = this.#insertRow([...key, ...given], isPlain ? this.#reader.fast : "1", number);
    const stored = (isPlain ? this.#reader.returned(returned[0]) : undefined) ?? this.#find(id);
    if (stored?.id !== id) {
      throw returned.length === 0 ? this.#ignored(`insert row ${describe(id)}`) : this.#assignments.elsewhere(id);
    }
    this.#assignments.checkGenerated(row, [stored.row]);
    return stored.row;
  }

  #update(existing: FoundRow, row: Row, columns: readonly SqliteColumn[]): Row {
    this.#assignments.checkKey(existing, row);
    const changes = this.#assignments.ofChanges(existing, row, columns);
    if (changes.length === 0) {
      this.#assignments.checkGenerated(row, [existing.row]);
      return existing.row;
    }
    const sets = changes.map(({ column, sql }) => `${quoteName(column.name)} = ${sql}`).join(", ");
    const where = this.#set(NO_QUERY, existing.id);
    const params = joinParams(changes.flatMap((change) => change.params), where.params);
    const isPlain = this.#isPlain();
    const returning = isPlain ? this.#reader.fast : "1";
    const sql = `UPDATE ${this.#orAbort}${this.#schema.sqlName} SET ${sets}${where.text} RETURNING ${returning}`;
    const returned = this.#db.write(sql, params);
    const stored = (isPlain ? this.#reader.returned(returned[0]) : undefined) ?? this.#find(existing.id);
    if (stored?.id !== existing.id) throw this.#assignments.elsewhere(existing.id);
    if (returned.length === 0 && sameRow(stored.row, existing.row)) {
      throw this.#ignored(`change row ${describe(existing.id)}`);
    }
    this.#assignments.checkGenerated(row, [existing.row, stored.row]);
    return stored.row;
  }

  #insertRow(assignments: readonly Assignment[], returning: string, number?: bigint): readonly SqliteRow[] {
    const names = assignments.map(({ column }) => quoteName(column.name));
    const places = assignments.map(({ sql }) => sql);
    const params = assignments.flatMap((assignment) => assignment.params);
    if (number !== undefined && this.#schema.key.rowid !== undefined) {
      names.push(this.#schema.key.rowid);
      places.push("?");
      params.push(number);
    }
    const values = names.length === 0 ? "DEFAULT VALUES" : `(${names.join(", ")}) VALUES (${places.join(", ")})`;
    return this.#db.write(
      `INSERT ${this.#orAbort}INTO ${this.#schema.sqlName} ${values} RETURNING ${returning}`,
      joinParams(params),
    );
  }

  /** A constraint may say `ON CONFLICT REPLACE`; here, conflicts are refused. */
  get #orAbort(): string {
    return this.#schema.settlesConflicts ? "OR ABORT " : "";
  }

  #remove(where: Sql): void {
    this.#db.run(`DELETE FROM ${this.#schema.sqlName}${where.text}`, joinParams(where.params));
  }

  #write<T>(what: string, id: string | undefined, work: () => T): T {
    try {
      return this.#db.atomically(work);
    } catch (error) {
      const row = id === undefined ? "" : ` ${describe(id)}`;
      throw refusal(error, `${what}${row} of ${describe(this.#schema.name)}`);
    }
  }

  /**
   * Refuses a delete that a trigger ignored. A trigger that changes rows instead, such as marking them as deleted, is
   * accepted.
   */
  #checkGone(before: readonly FoundRow[], where: Sql): void {
    const left = new Map(this.#reader.all(where, NOTHING).map(({ id, row }) => [id, row]));
    for (const { id, row } of before) {
      const after = left.get(id);
      if (after !== undefined && sameRow(after, row)) throw this.#ignored(`delete row ${describe(id)}`);
    }
  }

  #ignored(what: string): RejectedError {
    return new RejectedError(`Cannot ${what} of ${describe(this.#schema.name)}: a trigger ignores it`);
  }
}

const NO_QUERY: Query = {};
