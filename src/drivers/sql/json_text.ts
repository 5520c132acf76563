import { isBytes, isDate } from "../../base/realm.ts";
import type { Value } from "../../table/row.ts";
import { isStorableText } from "./storable.ts";

/** A value as JSON, with bigints as numbers; `undefined` if JSON cannot hold it, or PostgreSQL's `jsonb` cannot. */
export function jsonText(value: Value): string | undefined {
  switch (typeof value) {
    case "string":
      return isStorableText(value, false) ? JSON.stringify(value) : undefined;
    case "number":
      return Number.isFinite(value) ? String(value) : undefined;
    case "bigint":
    case "boolean":
      return String(value);
    default:
      if (value === null) return "null";
      if (isDate(value) || isBytes(value)) return undefined;
      return Array.isArray(value) ? listText(value) : objectText(value as { readonly [name: string]: Value });
  }
}

function listText(list: readonly Value[]): string | undefined {
  const texts = list.map(jsonText);
  return texts.includes(undefined) ? undefined : `[${texts.join(",")}]`;
}

function objectText(object: { readonly [name: string]: Value }): string | undefined {
  const texts = Object.entries(object).map(([name, value]) => {
    const [key, text] = [jsonText(name), jsonText(value)];
    return key === undefined || text === undefined ? undefined : `${key}:${text}`;
  });
  return texts.includes(undefined) ? undefined : `{${texts.join(",")}}`;
}
