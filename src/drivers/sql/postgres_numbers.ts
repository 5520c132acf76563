import { anyOf } from "./postgres_any.ts";
import { quoteName } from "./quote_name.ts";
import { bind, joinSql, NEVER, type Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign } from "./sql_dialect.ts";
import { floatComparison, isFloat, isInteger64 } from "./storable.ts";

/** Whether a column of numbers equals one of the operands. */
export function equalsNumber(column: SqlColumn, operands: readonly (number | bigint)[]): Sql {
  const left = numberSql(column);
  if (isFloating(column)) return anyOf(left, operands.filter(isFloat).map(numberText), "float8");
  const integers = operands.filter(isInteger64);
  const others = operands.filter((operand) => !isInteger64(operand));
  const pieces = integers.length === 0 ? [] : [anyOf(left, integers.map(integerText), "int8")];
  // Integers equal none of these.
  if (others.length > 0 && !isInteger(column)) pieces.push(anyOf(left, others.map(numberText), "numeric"));
  return pieces.length === 0 ? NEVER : joinSql(pieces, "OR");
}

/** Whether a column of numbers compares in this way with the operand. */
export function comparesNumber(column: SqlColumn, sign: Sign, operand: number | bigint): Sql {
  const left = numberSql(column);
  if (isFloating(column)) {
    const float = floatComparison(sign, operand);
    return sql`${left} ${float.sign} ${bind(numberText(float.operand))}::text::float8`;
  }
  // An index on integers serves comparisons with integers only.
  if (isInteger64(operand)) return sql`${left} ${sign} ${bind(integerText(operand))}::text::int8`;
  return sql`${left} ${sign} ${bind(numberText(operand))}::text::numeric`;
}

/** A `numeric` that is a number is one of JavaScript's. */
export function numberSql({ name, type }: SqlColumn): string {
  return type === "numeric" ? `${quoteName(name)}::float8` : quoteName(name);
}

function isFloating({ type }: SqlColumn): boolean {
  return type === "float4" || type === "float8" || type === "numeric";
}

function isInteger({ type }: SqlColumn): boolean {
  return type === "int2" || type === "int4" || type === "int8";
}

function integerText(operand: number | bigint): string {
  return String(BigInt(operand));
}

function numberText(operand: number | bigint): string {
  return String(operand);
}
