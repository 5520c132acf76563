import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import type { Value } from "../../table/row.ts";
import { isFloat, isInteger64 } from "../sql/storable.ts";
import { checkHeld, checkName } from "./surreal_checks.ts";
import { anyQl, writtenTimeQl } from "./surreal_documents.ts";
import { geometryQl } from "./surreal_geometry.ts";
import { linkQl } from "./surreal_ids.ts";
import { floatQl, isDecimal, isDuration } from "./surreal_operands.ts";
import { arrayQl, param, type Ql, ql, quoteName } from "./surreal_ql.ts";
import { columnOf, type SurrealSchema } from "./surreal_schema.ts";
import { ANY, type SurrealType } from "./surreal_type.ts";

/** A value that is written to a column. */
export interface Written {
  readonly value: Value;
  readonly type: SurrealType;
  /** The column, for messages. */
  readonly column: string;
  /** The path of what is stored there, if anything may be. */
  readonly stored: string | undefined;
  /** Whether decimals are read as numbers. */
  readonly hasDecimalNumbers: boolean;
}

/**
 * SurrealQL for a value that is written. Where the stored value is read as what is written, it stays, with all that reading
 * does not show: nanoseconds, and in columns without a type that it is a link, a decimal, a duration, a UUID or a float.
 *
 * @param root what the stored row is named, with a dot; `undefined` where there is none
 * @throws {TypeError} if the column holds values of another kind; it names the column.
 * @throws {RangeError} for a number or time that SurrealDB cannot hold.
 */
export function writtenQl(column: string, value: Value, schema: SurrealSchema, root?: string): Ql {
  checkName(column, column);
  checkHeld(value, column);
  const type = columnOf(schema, column)?.type ?? ANY;
  const stored = root === undefined ? undefined : `${root}${quoteName(column)}`;
  return paramQl({ value, type, column, stored, hasDecimalNumbers: schema.decimals === "number" });
}

function paramQl(written: Written): Ql {
  const { value, type } = written;
  if (value === null) return type.null || !type.none ? ql`NULL` : ql`NONE`;
  switch (type.kind) {
    case "any":
      return anyQl(written);
    case "bool":
      return typeof value === "boolean" ? ql`${param(value)}` : refuse(written);
    case "int":
      return isNumber(value) ? integerQl(value, written) : refuse(written);
    case "float":
      return isNumber(value) && isFloat(value) ? floatQl(Number(value)) : refuse(written);
    case "string":
      return typeof value === "string" ? ql`${param(value)}` : refuse(written);
    case "datetime":
      return isDate(value) ? writtenTimeQl(value, written.stored) : refuse(written);
    case "bytes":
      return isBytes(value) ? ql`${param(value)}` : refuse(written);
    case "decimal":
      return decimalQl(written);
    case "uuid":
      return typeof value === "string" && UUID.test(value) ? ql`<uuid>${param(value)}` : refuse(written);
    case "duration":
      return typeof value === "string" && isDuration(value) ? ql`<duration>${param(value)}` : refuse(written);
    case "record":
      return (typeof value === "string" ? linkQl(value) : undefined) ?? refuse(written);
    case "geometry":
      return geometryQl(value) ?? refuse(written);
    case "array":
    case "set":
      return Array.isArray(value) ? listQl(value, written) : refuse(written);
    default:
      return type.kind satisfies never;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function isNumber(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function integerQl(value: number | bigint, written: Written): Ql {
  return isInteger64(value) ? ql`${param(BigInt(value))}` : refuse(written);
}

function decimalQl(written: Written): Ql {
  const { value, stored, hasDecimalNumbers } = written;
  const text = isNumber(value) || typeof value === "string" ? String(value) : "";
  if (!isDecimal(text)) return refuse(written);
  const decimal = ql`<decimal>${param(text)}`;
  if (stored === undefined || !hasDecimalNumbers || typeof value !== "number") return decimal;
  const isSame = ql`type::is_decimal(${stored}) AND <float><string>${stored} = ${floatQl(value)}`;
  return ql`(IF ${isSame} { ${stored} } ELSE { ${decimal} })`;
}

function listQl(list: readonly Value[], written: Written): Ql {
  const { type: { kind, item = ANY }, stored } = written;
  if (item.kind === "any") {
    return kind === "set" ? ql`<set>${anyQl({ ...written, stored: undefined })}` : anyQl(written);
  }
  const items = list.map((value, at) =>
    paramQl({
      ...written,
      value,
      type: item,
      stored: kind === "set" || stored === undefined ? undefined : `${stored}[${at}]`,
    })
  );
  return kind === "set" ? ql`<set>${arrayQl(items)}` : arrayQl(items);
}

function refuse({ value, column, type }: Written): never {
  const isCompound = typeof value === "object" && value !== null && !isDate(value) && !isBytes(value);
  throw new TypeError(
    `Column ${describe(column)} (${type.declared}) cannot hold ${isCompound ? "this value" : describe(value)}`,
  );
}
