import { quoteName, type SqliteRow, type SqliteStatements, type SqliteValue } from "../sqlite/sqlite_handle.ts";
import { isBytes } from "../table/realm.ts";
import { type Row, setField, type Value } from "../table/row.ts";
import { idOf, idSql, type KeyPart, RawText } from "./sqlite_ids.ts";
import { joinParams, NOTHING, type Sql } from "./sqlite_query.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import { SqliteUniqueness } from "./sqlite_uniqueness.ts";
import { fromSqlite } from "./sqlite_values.ts";

/** A row that was found. */
export interface FoundRow {
  readonly id: string;
  readonly row: Row;
  /** What is stored in its columns. */
  readonly raw: SqliteRow;
}

/**
 * Reads rows with their ids. As a rule they are read as the driver gives them. Where that would lose something that
 * matters (a text that the driver cuts at a NUL, a key that is `NULL` or no well-formed text), the same rows are read once more,
 * byte by byte.
 */
export class SqliteReader {
  readonly uniqueness: SqliteUniqueness;
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  /** What is selected, and what a statement that writes returns: the columns, as a rule as they are. */
  readonly fast: string;
  /** What a statement that writes returns to tell the id of its row. */
  readonly identity: string;
  readonly #exact: string;
  readonly #rowid: string;
  readonly #cut: string;
  readonly #cuts: boolean;
  readonly #keyNames: readonly string[];
  /** The columns in which bytes stand for a text that would be cut. */
  readonly #texts: readonly string[];
  /** The columns of numbers, in which a text is so rare that it is read again. */
  readonly #numbers: readonly string[];
  readonly #decoder: TextDecoder;

  constructor(db: SqliteStatements, schema: SqliteSchema) {
    const { columns, key, encoding } = schema;
    this.uniqueness = new SqliteUniqueness(db, schema);
    this.#db = db;
    this.#schema = schema;
    this.#rowid = freeName("row number", schema);
    this.#cut = freeName("cut", schema);
    this.#keyNames = key.columns.map((column) => column.name);
    this.#texts = columns.filter(isOfTexts).map((column) => column.name);
    this.#numbers = columns
      .filter((column) => isOfNumbers(column) && !(key.givesIds && key.columns.includes(column)))
      .map((column) => column.name);
    const names = columns.map((column) => quoteName(column.name));
    const rowid = key.rowid === undefined ? [] : [`${key.rowid} AS ${quoteName(this.#rowid)}`];
    const fast = this.#keyNames.length === 0 ? [...names, ...rowid] : [...names];
    this.#cuts = cutsTexts(db);
    if (this.#cuts) {
      fast.splice(0, names.length, ...columns.map(wholeText));
      const others = columns.filter((column) => !isOfTexts(column) && !isOfNumbers(column));
      if (others.length > 0) fast.push(`${holdsNul(others)} AS ${quoteName(this.#cut)}`);
    }
    this.fast = fast.join(", ");
    this.#exact = [...rowid, ...exactly(columns)].join(", ");
    this.identity = [...rowid, ...exactly(key.columns)].join(", ");
    const labels: Readonly<Record<string, string>> = { "UTF-16le": "utf-16le", "UTF-16be": "utf-16be" };
    this.#decoder = new TextDecoder(labels[encoding] ?? "utf-8", { fatal: true, ignoreBOM: true });
  }

  /** The rows of the set that `where` tells, in the order and on the page that `rest` tells. */
  all(where: Sql, rest: Sql): FoundRow[] {
    const params = rest === NOTHING ? where.params : joinParams(where.params, rest.params);
    const from = ` FROM ${this.#schema.from}${where.text}${rest.text}`;
    return this.#all(`SELECT ${this.fast}${from}`, from, params);
  }

  /** The row that a statement returned as `fast`; `undefined` if there is none, or it must be read to be known. */
  returned(raw: SqliteRow | undefined): FoundRow | undefined {
    return raw === undefined || this.#isLossy(raw) ? undefined : this.#found(raw);
  }

  /** The id of the row that a statement returned as `identity`, and SQL for that row, also where its id is not unique. */
  identify(returned: SqliteRow): { readonly id: string; readonly where: Sql } {
    const parts = this.#keyNames.map((_, at) => this.#part(returned[`t${at}`], returned[`v${at}`] ?? null));
    const number = returned[this.#rowid];
    const id = idOf(this.#schema, parts, number);
    const { rowid } = this.#schema.key;
    if (rowid !== undefined) return { id, where: { text: ` WHERE ${rowid} = ?`, params: [number ?? null] } };
    const { text, params } = idSql(this.#schema, id);
    return { id, where: { text: ` WHERE ${text}`, params } };
  }

  /**
   * The one row of a set with an id.
   *
   * @throws {InvalidAnswerError} if there are several.
   */
  one(where: Sql): FoundRow | undefined {
    // The same few texts again and again, which are found fastest by being the same.
    const from = ` FROM ${this.#schema.from}${where.text}${this.#schema.key.unique ? "" : " LIMIT 2"}`;
    const [first, second] = this.#all(`SELECT ${this.fast}${from}`, from, where.params);
    if (second !== undefined) throw this.uniqueness.violated(second.id);
    return first;
  }

  #all(sql: string, from: string, params: readonly SqliteValue[]): FoundRow[] {
    const rows: FoundRow[] = [];
    for (const raw of this.#db.all(sql, params)) {
      if (this.#isLossy(raw)) {
        return this.#db.all(`SELECT ${this.#exact}${from}`, params).map((exact) => this.#foundExactly(exact));
      }
      rows.push(this.#found(raw));
    }
    return rows;
  }

  #isLossy(raw: SqliteRow): boolean {
    for (const name of this.#keyNames) {
      const part = raw[name];
      if (part === null || (typeof part === "string" && part.includes("\ufffd"))) return true;
    }
    return this.#cuts && this.#mayBeCut(raw);
  }

  #mayBeCut(raw: SqliteRow): boolean {
    if (raw[this.#cut]) return true;
    for (const name of this.#texts) if (typeof raw[name] === "object" && raw[name] !== null) return true;
    for (const name of this.#numbers) if (typeof raw[name] === "string") return true;
    return false;
  }

  #found(raw: SqliteRow): FoundRow {
    const [name, second] = this.#keyNames;
    const parts = name === undefined || second !== undefined
      ? this.#keyNames.map((name) => raw[name] ?? null)
      : [raw[name] ?? null];
    return {
      id: idOf(this.#schema, parts, name === undefined ? raw[this.#rowid] : undefined),
      row: this.#rowOf(raw),
      raw,
    };
  }

  #foundExactly(exact: SqliteRow): FoundRow {
    const [raw, parts]: [SqliteRow, Record<string, KeyPart>] = [Object.create(null), Object.create(null)];
    for (const [at, { name }] of this.#schema.columns.entries()) {
      const part = this.#part(exact[`t${at}`], exact[`v${at}`] ?? null);
      parts[name] = part;
      raw[name] = part instanceof RawText ? new TextDecoder(this.#decoder.encoding).decode(part.bytes) : part;
    }
    const id = idOf(this.#schema, this.#keyNames.map((name) => parts[name] ?? null), exact[this.#rowid]);
    return { id, row: this.#rowOf(raw), raw };
  }

  #part(type: SqliteValue | undefined, value: SqliteValue): KeyPart {
    if (type !== "text" || !isBytes(value)) return value;
    try {
      return this.#decoder.decode(value);
    } catch {
      return new RawText(value);
    }
  }

  #rowOf(raw: SqliteRow): Row {
    const row: Record<string, Value> = {};
    for (const { name, kind } of this.#schema.columns) setField(row, name, fromSqlite(raw[name] ?? null, kind));
    return Object.freeze(row);
  }
}

/** Whether the driver loses what follows a NUL in a text: `node:sqlite` of Deno does. */
function cutsTexts(db: SqliteStatements): boolean {
  return db.get("SELECT CAST(x'610062' AS TEXT) AS text")?.text !== "a\0b";
}

function isOfTexts({ affinity, kind }: SqliteColumn): boolean {
  return affinity === "text" || kind === "date" || (kind === "json" && affinity !== "none");
}

function isOfNumbers(column: SqliteColumn): boolean {
  return column.affinity !== "none" && !isOfTexts(column);
}

/** SQL for a column that should hold no bytes: it gives some instead of a text with a NUL. */
function wholeText(described: SqliteColumn): string {
  const column = quoteName(described.name);
  if (!isOfTexts(described)) return column;
  return `CASE WHEN instr(${column}, char(0)) THEN x'00' ELSE ${column} END AS ${column}`;
}

/** SQL that is 1 where a text holds a NUL, and `NULL` elsewhere, which costs drivers least. */
function holdsNul(columns: readonly SqliteColumn[]): string {
  const found = columns.map(({ name }) => quoteName(name))
    .map((column) => `(typeof(${column}) = 'text' AND instr(${column}, char(0)))`);
  return `CASE WHEN ${found.join(" OR ")} THEN 1 END`;
}

/** SQL for the storage class and the value or bytes of columns. */
function exactly(columns: readonly SqliteColumn[]): readonly string[] {
  return columns.flatMap(({ name }, at) => [
    `typeof(${quoteName(name)}) AS t${at}`,
    `${bytesOf(quoteName(name))} AS v${at}`,
  ]);
}

function bytesOf(name: string): string {
  return `CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`;
}

/** A name that no column has. */
function freeName(wanted: string, { columns }: SqliteSchema): string {
  const taken = columns.map((column) => column.name.toLowerCase());
  let name = wanted;
  while (taken.includes(name)) name = `${name}_`;
  return name;
}
