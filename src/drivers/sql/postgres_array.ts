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
