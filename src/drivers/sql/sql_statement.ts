import { UnsupportedError } from "../../table/errors.ts";
import { Bound, type Sql, type SqlValue } from "./sql.ts";
import type { SqlDialect } from "./sql_dialect.ts";

/** A statement, or a part of one, with the values of its placeholders in their order. */
export interface SqlStatement {
  /** SQL with placeholders. */
  readonly text: string;
  /** The values of the placeholders. */
  readonly params: readonly SqlValue[];
}

/**
 * Writes a piece of SQL with the placeholders of a dialect.
 *
 * @param first the position of the first placeholder, where others come before
 * @throws {UnsupportedError} if it binds more values than the database allows.
 */
export function statementOf(sql: Sql, dialect: SqlDialect, first = 1): SqlStatement {
  const params: SqlValue[] = [];
  const text = sql.parts.map((part) => {
    if (!(part instanceof Bound)) return part;
    params.push(part.value);
    return dialect.placeholder(first + params.length - 1);
  }).join("");
  if (params.length + first - 1 <= dialect.maxParams) return { text, params };
  throw new UnsupportedError(
    `Cannot compare with ${params.length} values at once; ${dialect.name} takes at most ${dialect.maxParams}`,
  );
}
