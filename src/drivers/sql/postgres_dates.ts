import { earliestTime, FIRST_MS, LAST_MS } from "./postgres_time.ts";
import { quoteName } from "./quote_name.ts";
import { bind, joinSql, NEVER, type Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign } from "./sql_dialect.ts";

/** Whether a column of dates equals one of the operands. */
export function equalsDates(column: SqlColumn, dates: readonly Date[]): Sql {
  return joinSql(dates.map((date) => equalsDate(column, date.getTime())), "OR");
}

function equalsDate(column: SqlColumn, ms: number): Sql {
  const from = comparesDate(column, ">=", ms);
  return ms >= LAST_MS ? from : sql`${from} AND ${comparesDate(column, "<=", ms)}`;
}

/** Whether a column of dates compares in this way with the operand, by what is read of both. */
export function comparesDate({ name, type }: SqlColumn, sign: Sign, ms: number): Sql {
  const isLess = sign.startsWith("<");
  const isAfter = sign === "<=" || sign === ">";
  // What is read as this millisecond is before the next one.
  const next = ms <= FIRST_MS ? FIRST_MS + 1 : ms + 1;
  if (isAfter && ms >= LAST_MS) return isLess ? sql`${quoteName(name)} IS NOT NULL` : NEVER;
  const bound = bind(earliestTime(isAfter ? next : ms));
  const cast = type === "timestamp" || type === "date" ? "timestamp" : "timestamptz";
  return sql`${quoteName(name)} ${isLess ? "<" : ">="} ${bound}::text::${cast}`;
}
