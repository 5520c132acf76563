import { quoteName, type SqliteRow, type SqliteStatements, type SqliteValue } from "./sqlite_handle.ts";
import { isBytes } from "../../base/realm.ts";
import { frozenRow, type Row, setField, type Value } from "../../table/row.ts";
import { idOf, idSql, type KeyPart, RawText } from "./sqlite_ids.ts";
import type { SqliteKey } from "./sqlite_key.ts";
import { joinBalanced, joinParams, type Sql } from "./sqlite_query.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import { SqliteUniqueness } from "./sqlite_uniqueness.ts";
import { textDecoder, textOf } from "./sqlite_text.ts";
import { type ColumnKind, fromSqlite } from "./sqlite_values.ts";

/** A row read from the database. */
export interface FoundRow {
  readonly id: string;
  readonly row: Row;
  /** The stored values of its columns. */
  readonly raw: SqliteRow;
}

/**
 * Reads rows with their ids. Normally takes values as the driver returns them. Where that would lose information (a
 * text that the driver cuts at a NUL, an ill-formed text that must be read as bytes, or a key that is `NULL`), reads
 * the same rows again byte by byte.
 */
export class SqliteReader {
  readonly uniqueness: SqliteUniqueness;
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  /** The selected columns, also returned by statements that write; normally unchanged. */
  readonly fast: string;
  /** The columns that identify the row that a statement wrote. */
  readonly identity: string;
  readonly #exact: string;
  readonly #rowid: string;
  readonly #cut: string;
  readonly #cuts: boolean;
  readonly #keyNames: readonly string[];
  readonly #cells: readonly Cell[];
  readonly #decoder: TextDecoder;

  constructor(db: SqliteStatements, schema: SqliteSchema) {
    const { columns, key, encoding } = schema;
    this.uniqueness = new SqliteUniqueness(db, schema);
    this.#db = db;
    this.#schema = schema;
    this.#rowid = freeName("row number", schema);
    this.#cut = freeName("cut", schema);
    this.#keyNames = key.columns.map((column) => column.name);
    const names = columns.map((column) => quoteName(column.name));
    const rowid = key.rowid === undefined ? [] : [`${key.rowid} AS ${quoteName(this.#rowid)}`];
    const fast = this.#keyNames.length === 0 ? [...names, ...rowid] : [...names];
    this.#cuts = cutsTexts(db);
    this.#cells = columns.map((column) => ({ ...column, suspect: this.#cuts ? suspectIn(column, key) : "" }));
    if (this.#cuts) {
      fast.splice(0, names.length, ...columns.map(wholeText));
      const others = columns.filter((column) => !isOfTexts(column) && !isOfNumbers(column));
      if (others.length > 0) fast.push(`${holdsNul(others)} AS ${quoteName(this.#cut)}`);
    }
    this.fast = fast.join(", ");
    this.#exact = [...rowid, ...exactly(columns)].join(", ");
    this.identity = [...rowid, ...exactly(key.columns)].join(", ");
    this.#decoder = textDecoder(encoding);
  }

  /** The rows selected by `where`, in the order and on the page given by `rest`. */
  all(where: Sql, rest: Sql): FoundRow[] {
    const params = joinParams(where.params, rest.params);
    const from = ` FROM ${this.#schema.from}${where.text}${rest.text}`;
    return this.#all(`SELECT ${this.fast}${from}`, from, params);
  }

  /** The row that a statement returned as `fast`; `undefined` if there is none, or it must be read exactly. */
  returned(raw: SqliteRow | undefined): FoundRow | undefined {
    return raw && this.#found(raw);
  }

  /** The id of the row that a statement returned as `identity`, and SQL for that row even if its id is not unique. */
  identify(returned: SqliteRow): { readonly id: string; readonly where: Sql } {
    const parts = this.#keyNames.map((_, at) => this.#part(returned, at));
    const number = returned[this.#rowid];
    const id = idOf(this.#schema, parts, number);
    const { rowid } = this.#schema.key;
    if (rowid !== undefined) return { id, where: { text: ` WHERE ${rowid} = ?`, params: [number ?? null] } };
    const { text, params } = idSql(this.#schema, id);
    return { id, where: { text: ` WHERE ${text}`, params } };
  }

  /**
   * The only row selected by `where`.
   *
   * @throws {InvalidAnswerError} if there are several.
   */
  one(where: Sql): FoundRow | undefined {
    // Few distinct texts, so that prepared statements are reused.
    const from = ` FROM ${this.#schema.from}${where.text}${this.#schema.key.unique ? "" : " LIMIT 2"}`;
    const [first, second] = this.#all(`SELECT ${this.fast}${from}`, from, joinParams(where.params));
    if (second !== undefined) throw this.uniqueness.violated(second.id);
    return first;
  }

  #all(sql: string, from: string, params: readonly SqliteValue[]): FoundRow[] {
    const rows: FoundRow[] = [];
    for (const raw of this.#db.all(sql, params)) {
      const row = this.#found(raw);
      if (row === undefined) {
        return this.#db.all(`SELECT ${this.#exact}${from}`, params).map((exact) => this.#foundExactly(exact));
      }
      rows.push(row);
    }
    return rows;
  }

  /** Reads a row as the driver returned it; `undefined` if that would lose information. */
  #found(raw: SqliteRow): FoundRow | undefined {
    for (const name of this.#keyNames) if (raw[name] === null) return undefined;
    if (this.#cuts && raw[this.#cut]) return undefined;
    const row: Record<string, Value> = {};
    for (const { name, kind, suspect } of this.#cells) {
      const value = raw[name] ?? null;
      if (value !== null && typeof value === suspect) return undefined;
      // Drivers put U+FFFD in place of ill-formed bytes, and texts rarely contain it themselves.
      if (typeof value === "string" && value.includes("\ufffd")) return undefined;
      setField(row, name, fromSqlite(value, kind));
    }
    return { id: this.#idOf(raw), row: frozenRow(row), raw };
  }

  #idOf(raw: SqliteRow): string {
    const [name, second] = this.#keyNames;
    if (name === undefined) return idOf(this.#schema, [], raw[this.#rowid]);
    const parts = second === undefined ? [raw[name] ?? null] : this.#keyNames.map((each) => raw[each] ?? null);
    return idOf(this.#schema, parts, undefined);
  }

  #foundExactly(exact: SqliteRow): FoundRow {
    const [raw, parts]: [SqliteRow, Record<string, KeyPart>] = [Object.create(null), Object.create(null)];
    const row: Record<string, Value> = {};
    for (const [at, { name, kind }] of this.#cells.entries()) {
      const part = this.#part(exact, at);
      const value = part instanceof RawText ? part.bytes : part;
      parts[name] = part;
      raw[name] = value;
      setField(row, name, fromSqlite(value, kind));
    }
    const id = idOf(this.#schema, this.#keyNames.map((name) => parts[name] ?? null), exact[this.#rowid]);
    return { id, row: frozenRow(row), raw };
  }

  #part(exact: SqliteRow, at: number): KeyPart {
    const [value, types] = [exact[`v${at}`] ?? null, exact.types];
    if (!isBytes(value) || typeof types !== "string" || types[at] !== "t") return value;
    return textOf(value, this.#decoder) ?? new RawText(value);
  }
}

/** A column, and the JavaScript type of a value there that may be a cut text. */
interface Cell {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly suspect: "object" | "string" | "";
}

/** Whether the driver cuts texts at a NUL: Deno's `node:sqlite` does. */
function cutsTexts(db: SqliteStatements): boolean {
  return db.get("SELECT CAST(x'610062' AS TEXT) AS text")?.text !== "a\0b";
}

function isOfTexts({ affinity, kind }: SqliteColumn): boolean {
  return affinity === "text" || kind === "date" || (kind === "json" && affinity !== "none");
}

function isOfNumbers(column: SqliteColumn): boolean {
  return column.affinity !== "none" && !isOfTexts(column);
}

/** In a text column, bytes mark a cut text; in a numeric column, a text is so rare that it is always read again. */
function suspectIn(column: SqliteColumn, { givesIds, columns }: SqliteKey): Cell["suspect"] {
  if (isOfTexts(column)) return "object";
  return isOfNumbers(column) && !(givesIds && columns.includes(column)) ? "string" : "";
}

/** SQL for a text column: returns bytes in place of a text with a NUL. */
function wholeText(described: SqliteColumn): string {
  const column = quoteName(described.name);
  if (!isOfTexts(described)) return column;
  return `CASE WHEN instr(${column}, char(0)) THEN x'00' ELSE ${column} END AS ${column}`;
}

/** SQL that is 1 if a text contains a NUL, otherwise `NULL`, which is the cheapest value for drivers. */
function holdsNul(columns: readonly SqliteColumn[]): string {
  const found = columns.map(({ name }) => quoteName(name))
    .map((column) => `(typeof(${column}) = 'text' AND instr(${column}, char(0)))`);
  return `CASE WHEN ${found.join(" OR ")} THEN 1 END`;
}

/** SQL for columns with texts as bytes, and for a text with a `t` for each column that is a text. */
function exactly(columns: readonly SqliteColumn[]): readonly string[] {
  if (columns.length === 0) return [];
  const names = columns.map(({ name }) => quoteName(name));
  const types = names.map((name) => `CASE typeof(${name}) WHEN 'text' THEN 't' ELSE '-' END`);
  return [...names.map((name, at) => `${bytesOf(name)} AS v${at}`), `${joinBalanced(types, " || ")} AS types`];
}

function bytesOf(name: string): string {
  return `CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`;
}

/** A name that no column uses. */
function freeName(wanted: string, { columns }: SqliteSchema): string {
  const taken = columns.map((column) => column.name.toLowerCase());
  let name = wanted;
  while (taken.includes(name)) name = `${name}_`;
  return name;
}
