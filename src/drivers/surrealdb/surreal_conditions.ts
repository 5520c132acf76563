import { describe } from "../../base/describe.ts";
import { isDate } from "../../base/realm.ts";
import { kindOf } from "../../table/compare_values.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { Condition, Query } from "../../table/query.ts";
import type { Value } from "../../table/row.ts";
import { floatComparison, isInteger64, storableText } from "../sql/storable.ts";
import type { Sign } from "../sql/sql_dialect.ts";
import { equalsAnyQl } from "./surreal_equal.ts";
import { comparesIdQl, equalsIdQl, searchIdQl } from "./surreal_id_conditions.ts";
import { FIRST_MS, floatQl, LAST_MS, timeQl } from "./surreal_operands.ts";
import {
  isNullQl,
  isOfTypesQl,
  mayHold,
  numberTypes,
  type Place,
  placeOf,
  readNumberQl,
  readTextQl,
  textTypes,
} from "./surreal_place.ts";
import { allOf, anyOf, NEVER, param, type Ql, ql } from "./surreal_ql.ts";
import type { SurrealSchema } from "./surreal_schema.ts";

/** The table that a query is for. */
export interface SurrealTarget {
  readonly schema: SurrealSchema;
  /** The columns to search; `undefined` for all texts of a row. */
  readonly searchFields: readonly string[] | undefined;
}

/** The most conditions in a statement. */
const MAX_CONDITIONS = 10_000;

/** The condition for the set of a query, or `undefined` for all rows. */
export function whereQl({ where = [], search }: Query, target: SurrealTarget): Ql | undefined {
  if (where.length > MAX_CONDITIONS) {
    throw new UnsupportedError(
      `Cannot narrow ${describe(target.schema.name)} by ${where.length} conditions; at most ${MAX_CONDITIONS}`,
    );
  }
  const pieces = where.map((condition) => conditionQl(condition, target.schema));
  if (search) pieces.push(searchQl(search, target));
  return pieces.length === 0 ? undefined : allOf(pieces);
}

function conditionQl([name, operator, operand = null]: Condition, schema: SurrealSchema): Ql {
  const place = placeOf(name, schema);
  const oneOf = (operands: readonly Value[]): Ql =>
    name === "id" ? equalsIdQl(operands, schema) : equalsAnyQl(place, operands);
  const compare = (sign: Sign): Ql =>
    name === "id" ? comparesIdQl(sign, operand, schema) : comparesQl(place, sign, operand);
  switch (operator) {
    case "eq":
      return oneOf([operand]);
    case "ne":
      return opposite(oneOf([operand]));
    case "in":
      return oneOf(Array.isArray(operand) ? operand : []);
    case "notIn":
      return opposite(oneOf(Array.isArray(operand) ? operand : []));
    case "isNull":
      return oneOf([null]);
    case "notNull":
      return opposite(oneOf([null]));
    case "gt":
      return compare(">");
    case "gte":
      return compare(">=");
    case "lt":
      return compare("<");
    case "lte":
      return compare("<=");
    default:
      return operator satisfies never;
  }
}

function opposite(piece: Ql): Ql {
  return ql`!(${piece})`;
}

function comparesQl(place: Place, sign: Sign, operand: Value): Ql {
  const { path } = place;
  switch (kindOf(operand)) {
    case "boolean":
      if (!mayHold(place, "bool")) return NEVER;
      return ql`type::is_bool(${path}) AND ${path} ${sign} ${param(operand)}`;
    case "number":
      return comparesNumberQl(place, sign, operand as number | bigint); // As its kind says.
    case "text":
      return comparesTextQl(place, sign, operand as string); // As its kind says.
    case "date":
      return mayHold(place, "datetime") && isDate(operand) ? comparesDateQl(place, sign, operand.getTime()) : NEVER;
    case "bytes":
      if (!mayHold(place, "bytes")) return NEVER;
      return ql`type::is_bytes(${path}) AND ${path} ${sign} ${param(operand)}`;
    default:
      return NEVER;
  }
}

function comparesNumberQl(place: Place, sign: Sign, operand: number | bigint): Ql {
  const types = numberTypes(place);
  if (types.length === 0) return NEVER;
  const left = readNumberQl(place);
  const isHeld = typeof operand === "bigint" && isInteger64(operand);
  const float = isHeld ? undefined : floatComparison(sign, operand);
  const compared = float === undefined
    ? ql`${left} ${sign} ${param(operand)}`
    : ql`${left} ${float.sign} ${floatQl(float.operand)}`;
  return allOf([isOfTypesQl(place, types), compared]);
}

function comparesTextQl(place: Place, sign: Sign, operand: string): Ql {
  if (place.kind === "decimal" && !place.hasDecimalNumbers) {
    throw new UnsupportedError(
      `Cannot compare the decimals of ${describe(place.name)} by "${sign}": they are texts, unless decimals: "number"`,
    );
  }
  const { path } = place;
  const held = storableText(sign, operand, true);
  const types = textTypes(place);
  const pieces: Ql[] = [];
  if (mayHold(place, "string")) {
    pieces.push(ql`type::is_string(${path}) AND ${path} ${held.sign} ${param(held.operand)}`);
  }
  if (types.length > 0) {
    pieces.push(allOf([isOfTypesQl(place, types), ql`${readTextQl(place)} ${held.sign} ${param(held.operand)}`]));
  }
  return pieces.length === 0 ? NEVER : anyOf(pieces);
}

/** By milliseconds: what comes after one is at or after the next. An invalid date comes after all. */
function comparesDateQl(place: Place, sign: Sign, operand: number): Ql {
  const { path } = place;
  const ms = Number.isNaN(operand) ? Infinity : operand;
  const isLess = sign.startsWith("<");
  const bound = ms + (sign === ">" || sign === "<=" ? 1 : 0);
  if (bound > LAST_MS) return isLess ? opposite(isNullOrOther(place)) : NEVER;
  if (bound <= FIRST_MS) return isLess ? NEVER : opposite(isNullOrOther(place));
  return ql`type::is_datetime(${path}) AND ${path} ${isLess ? "<" : ">="} ${timeQl(bound)}`;
}

function isNullOrOther(place: Place): Ql {
  return place.kind === "datetime" ? isNullQl(place) : ql`!type::is_datetime(${place.path})`;
}

function searchQl(search: string, { schema, searchFields }: SurrealTarget): Ql {
  if (!search.isWellFormed()) return NEVER;
  if (searchFields === undefined) return searchAllQl(search, schema);
  const pieces = searchFields.map((name) =>
    name === "id" ? searchIdQl(search, schema) : containsQl(placeOf(name, schema), search)
  );
  return pieces.length === 0 ? NEVER : anyOf(pieces);
}

/** Whether a text anywhere in the row contains another. */
function searchAllQl(search: string, schema: SurrealSchema): Ql {
  const value = { ...placeOf("", schema), path: "$value", kind: "any" } as const;
  const others = ql`array::any(object::values(object::remove($this, "id")), |$value| ${containsQl(value, search)})`;
  return anyOf([searchIdQl(search, schema), others]);
}

function containsQl(place: Place, search: string): Ql {
  const { path } = place;
  const types = textTypes(place);
  const wanted = ql`string::lowercase(${param(search)})`;
  const pieces: Ql[] = [];
  if (mayHold(place, "string")) {
    pieces.push(ql`type::is_string(${path}) AND string::contains(string::lowercase(${path}), ${wanted})`);
  }
  if (types.length > 0) {
    const contains = ql`string::contains(string::lowercase(${readTextQl(place)}), ${wanted})`;
    pieces.push(allOf([isOfTypesQl(place, types), contains]));
  }
  return pieces.length === 0 ? NEVER : anyOf(pieces);
}
