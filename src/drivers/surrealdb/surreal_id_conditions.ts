import { kindOf } from "../../table/compare_values.ts";
import type { Value } from "../../table/row.ts";
import { floatComparison, isInteger64, storableText } from "../sql/storable.ts";
import type { Sign } from "../sql/sql_dialect.ts";
import { equalsAnyQl } from "./surreal_equal.ts";
import { keyQl, recordQl } from "./surreal_ids.ts";
import { floatQl } from "./surreal_operands.ts";
import { KEY_TEXT } from "./surreal_functions.ts";
import { anyOf, arrayQl, NEVER, param, type Ql, ql } from "./surreal_ql.ts";
import type { SurrealSchema } from "./surreal_schema.ts";

const KEY = "record::id(id)";
/** Of other keys, the id column holds no text. */
const IS_TEXT = `(type::is_string(${KEY}) OR type::is_uuid(${KEY}))`;

/** The keys whose rows hold one of these values in the id column: integers for integers, texts for others. */
export function keysOf(operands: readonly Value[], { idType }: SurrealSchema): readonly Ql[] {
  const keys = operands.flatMap((operand): Ql[] => {
    if (typeof operand === "string") {
      const isOther = idType.kind !== "string" && /^(?:-?[0-9]+$|\[|\{)/.test(operand);
      return isOther ? [] : [keyQl(operand, idType) ?? []].flat();
    }
    if (idType.kind === "string" || !isKeyNumber(operand)) return [];
    return [ql`${param(BigInt(operand))}`];
  });
  return keys;
}

function isKeyNumber(operand: Value): operand is number | bigint {
  return (typeof operand === "bigint" || Number.isInteger(operand)) && isInteger64(operand as number | bigint); // As said.
}

/** Holds for rows with one of these values in the id column. */
export function equalsIdQl(operands: readonly Value[], schema: SurrealSchema): Ql {
  const records = keysOf(operands, schema).map((key) => recordQl(schema.name, key));
  const [only, second] = records;
  const pieces = only === undefined ? [] : [second === undefined ? ql`id = ${only}` : ql`id IN ${arrayQl(records)}`];
  const documents = operands.filter(isDocument);
  if (documents.length > 0 && schema.idType.kind !== "string") {
    pieces.push(equalsAnyQl({ path: KEY, kind: "any", name: "id", hasDecimalNumbers: false }, documents));
  }
  return pieces.length === 0 ? NEVER : anyOf(pieces);
}

/** Whether a value is that of an id column whose key is an array or object. */
export function isDocument(value: Value): boolean {
  const kind = kindOf(value);
  return kind === "list" || kind === "object";
}

/** Holds for rows whose id column compares in this way. */
export function comparesIdQl(sign: Sign, operand: Value, schema: SurrealSchema): Ql {
  switch (kindOf(operand)) {
    case "number": {
      const number = operand as number | bigint; // As its kind says.
      const float = typeof number === "bigint" && isInteger64(number) ? undefined : floatComparison(sign, number);
      const compared = float === undefined ? ql`${sign} ${param(number)}` : ql`${float.sign} ${floatQl(float.operand)}`;
      return ql`type::is_int(${KEY}) AND ${KEY} ${compared}`;
    }
    case "text": {
      const held = storableText(sign, operand as string, true); // As its kind says.
      return ql`${IS_TEXT} AND ${idTextQl(schema)} ${held.sign} ${param(held.operand)}`;
    }
    default:
      return NEVER;
  }
}

/** Holds for rows whose id is a text that contains another, whatever the case of letters. */
export function searchIdQl(search: string, schema: SurrealSchema): Ql {
  const text = idTextQl(schema);
  return ql`${IS_TEXT} AND string::contains(string::lowercase(${text}), string::lowercase(${param(search)}))`;
}

/** The text of an id that is one. */
export function idTextQl({ idType }: SurrealSchema): string {
  return idType.kind === "string" ? KEY : `${KEY_TEXT}(${KEY})`;
}
