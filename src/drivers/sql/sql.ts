/** A value that a statement binds. Each dialect binds only those that all its usual clients accept. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** A value in a piece of SQL, in place of which a placeholder is written. */
export class Bound {
  /** The value to bind. */
  readonly value: SqlValue;

  /** Binds a value. */
  constructor(value: SqlValue) {
    this.value = value;
  }
}

/** A piece of SQL: text, with bound values in between. */
export class Sql {
  /** Text and bound values, in their order. */
  readonly parts: readonly (string | Bound)[];

  /** A piece of these parts. */
  constructor(parts: readonly (string | Bound)[]) {
    this.parts = parts;
  }
}

/**
 * A piece of SQL from a template. Bound values and pieces are taken in; a string is SQL text itself, as a quoted name is,
 * so a value must be bound.
 *
 * @example A comparison with a bound value
 * ```ts
 * import { bind, sql, sqlite, statementOf } from "@vantage/live/sql";
 * import assert from "node:assert/strict";
 *
 * const cheap = sql`${sqlite.quote("price")} < ${bind(5)}`;
 *
 * assert.deepEqual(statementOf(cheap, sqlite), { text: '"price" < ?', params: [5] });
 * ```
 */
export function sql(texts: TemplateStringsArray, ...values: readonly (string | Bound | Sql)[]): Sql {
  const parts: (string | Bound)[] = [];
  for (const [at, text] of texts.entries()) {
    parts.push(text);
    const value = values[at];
    if (value === undefined) continue;
    // Not spread: a call takes not as many arguments as a piece may have parts.
    if (value instanceof Sql) { for (const part of value.parts) parts.push(part); }
    else parts.push(value);
  }
  return new Sql(parts);
}

/** A bound value, for a piece of SQL. */
export function bind(value: SqlValue): Bound {
  return new Bound(value);
}

/** A piece of SQL that holds for no row. */
export const NEVER: Sql = sql`FALSE`;

/** The most pieces that are joined in a row. */
const MAX_CHAIN = 16;

/**
 * Joins conditions, each in parentheses, as a balanced tree: a chain would be as deep as it is long, and databases limit
 * the depth of expressions.
 */
export function joinSql(pieces: readonly Sql[], operator: "AND" | "OR"): Sql {
  const [only, second] = pieces;
  if (only !== undefined && second === undefined) return only;
  if (pieces.length > MAX_CHAIN) {
    const middle = pieces.length >> 1;
    return joinSql([pieces.slice(0, middle), pieces.slice(middle)].map((half) => joinSql(half, operator)), operator);
  }
  return new Sql(pieces.flatMap(({ parts }, at) => [at === 0 ? "(" : ` ${operator} (`, ...parts, ")"]));
}
