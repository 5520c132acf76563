import type { Query } from "../../table/query.ts";
import { numberSql } from "../sql/postgres_numbers.ts";
import { textTerm } from "../sql/postgres_texts.ts";
import { quoteName } from "../sql/quote_name.ts";
import { bind, joinSql, NEVER, type Sql, sql } from "../sql/sql.ts";
import type { PostgresRow } from "./postgres_client.ts";
import type { PostgresColumn } from "./postgres_column.ts";
import { listSql } from "./postgres_insert.ts";
import type { PostgresSchema } from "./postgres_schema.ts";

/** A term of an order. */
interface Term {
  readonly sql: string;
  /** SQL of a text that is exact, whatever the settings of the session. */
  readonly exact: string;
  /** The type that a text is cast to, to be compared with the term. */
  readonly cast: string;
  /** Whether `exact` is the bytes of a float. */
  readonly isFloat: boolean;
  readonly isDescending: boolean;
  /** Where `NULL` is; `undefined` if it never is. */
  readonly nulls: "first" | "last" | undefined;
}

/**
 * The place of a row in an order: what comes after it is found by comparing with its values, so that nothing before it is
 * read again. The order has to end in a key that is unique and never `NULL`.
 */
export class PostgresKeyset {
  /** What has to be selected of each row. */
  readonly selected: string;
  readonly #terms: readonly Term[];
  readonly #label: string;

  constructor(query: Query, { columns, key, prefix }: PostgresSchema) {
    const orders = new Map<string, "asc" | "desc">();
    for (const [name, direction] of query.orderBy ?? []) if (!orders.has(name)) orders.set(name, direction);
    const ordered = [...orders].flatMap(([name, direction]) => {
      const column = columns.find((candidate) => candidate.name === name);
      return column === undefined ? [] : [termOf(column, direction)];
    });
    const last = key.columns.filter(({ name }) => !orders.has(name)).map(keyTerm);
    this.#terms = [...ordered, ...last];
    this.#label = `${prefix}o`;
    this.selected = this.#terms.map(({ exact }, at) => `${exact} AS ${this.#label}${at}`).join(", ");
  }

  /** The condition for what comes after a row that was selected. */
  after(row: PostgresRow): Sql {
    const texts = this.#terms.map(({ isFloat }, at) => {
      const text = row[`${this.#label}${at}`];
      if (text === null || text === undefined) return undefined;
      return isFloat ? floatText(String(text)) : String(text);
    });
    // The same for an index on all terms.
    if (this.#terms.every(({ nulls, isDescending }) => nulls === undefined && !isDescending)) {
      const values = this.#terms.map(({ cast }, at) => sql`${bind(texts[at] ?? null)}::text::${cast}`);
      return sql`(${this.#terms.map((term) => term.sql).join(", ")}) > (${listSql(values)})`;
    }
    const pieces = this.#terms.map((term, at) => {
      const equal = this.#terms.slice(0, at).map((before, index) => equalTo(before, texts[index]));
      return joinSql([...equal, beyond(term, texts[at])], "AND");
    });
    return joinSql(pieces, "OR");
  }
}

function termOf(column: PostgresColumn, direction: "asc" | "desc"): Term {
  const isDescending = direction === "desc";
  const nulls = column.notNull ? undefined : isDescending ? "last" : "first";
  const base = { isDescending, nulls } as const;
  switch (column.kind) {
    case "text": {
      const term = textTerm(column);
      return {
        ...base,
        sql: term,
        exact: `(${term})::text`,
        cast: column.type === "uuid" ? "uuid" : "text",
        isFloat: false,
      };
    }
    case "number":
      return { ...base, ...numberParts(column) };
    default:
      return { ...keyTerm(column), ...base };
  }
}

/** A column of the key, whose order is that of its type. */
function keyTerm(column: PostgresColumn): Term {
  const base = { isDescending: false, nulls: undefined } as const;
  const name = quoteName(column.name);
  if (column.type === "float4" || column.type === "float8") return { ...base, ...numberParts(column) };
  const exact = column.kind === "date" ? exactTime(column, name) : `${name}::text`;
  return { ...base, sql: name, exact, cast: column.cast, isFloat: false };
}

function numberParts(column: PostgresColumn): Pick<Term, "sql" | "exact" | "cast" | "isFloat"> {
  const term = numberSql(column);
  const isFloat = column.type === "float4" || column.type === "float8" || column.type === "numeric";
  const exact = isFloat ? `encode(float8send((${term})::float8), 'hex')` : `${term}::text`;
  return { sql: term, exact, cast: isFloat ? "float8" : column.cast, isFloat };
}

/** Infinities have no digits, and years before the first are written with their era. */
function exactTime({ type }: PostgresColumn, name: string): string {
  const [utc, format] = type === "timestamptz"
    ? [`${name} AT TIME ZONE 'UTC'`, 'YYYY-MM-DD HH24:MI:SS.US"+00" BC']
    : [`${name}::timestamp`, type === "date" ? "YYYY-MM-DD BC" : "YYYY-MM-DD HH24:MI:SS.US BC"];
  return `CASE WHEN isfinite(${name}) THEN to_char(${utc}, '${format}') ELSE ${name}::text END`;
}

function equalTo({ sql: term, cast }: Term, text: string | undefined): Sql {
  return text === undefined ? sql`${term} IS NULL` : sql`${term} = ${bind(text)}::text::${cast}`;
}

function beyond({ sql: term, cast, isDescending, nulls }: Term, text: string | undefined): Sql {
  if (text === undefined) return nulls === "first" ? sql`${term} IS NOT NULL` : NEVER;
  const compared = sql`${term} ${isDescending ? "<" : ">"} ${bind(text)}::text::${cast}`;
  return nulls === "last" ? joinSql([compared, sql`${term} IS NULL`], "OR") : compared;
}

/** The shortest text of a float that is read as the same. */
function floatText(hex: string): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return String(view.getFloat64(0));
}
