import type { Value } from "../../table/row.ts";
import { jsonText } from "./json_text.ts";
import { hexOf } from "./storable.ts";

/** Texts as an array of PostgreSQL. */
export function postgresArray(texts: readonly string[]): string {
  return `{${texts.map(arrayItem).join(",")}}`;
}

/** A text as an item of an array. */
export function arrayItem(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** The types whose values JSON has, or has a text for. */
const JSON_TYPES = ["bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "uuid", "json", "jsonb"];

/** SQL for an array as a document: items that JSON does not have are their texts. */
export function arrayDocument(name: string, type: string): string {
  return JSON_TYPES.includes(type.slice(1)) ? `to_jsonb(${name})` : `to_jsonb(${name}::text[])`;
}

/** An operand as the document that `arrayDocument` makes of an equal array; `undefined` if none does. */
export function arrayOperand(operand: Value, type: string): string | undefined {
  const isFloats = type === "_float4" || type === "_float8";
  return isFloats ? floatsText(operand) : jsonText(operand);
}

/** JSON has no `NaN` and no infinity: as items of a document these are texts. */
function floatsText(operand: Value): string | undefined {
  if (typeof operand === "number" && !Number.isFinite(operand)) return `"${operand}"`;
  if (!Array.isArray(operand)) return typeof operand === "string" ? undefined : jsonText(operand);
  const texts = operand.map(floatsText);
  return texts.includes(undefined) ? undefined : `[${texts.join(",")}]`;
}

/** Bytes as PostgreSQL reads them. */
export function postgresBytes(bytes: Uint8Array): string {
  return `\\x${hexOf(bytes)}`;
}
