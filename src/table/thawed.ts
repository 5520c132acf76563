import { isBytes, isDate } from "../base/realm.ts";
import { isPlainObject, MAX_ROW_DEPTH, setField, type Value } from "./row.ts";

/**
 * A copy that may be changed, of whatever rows are made of. A schema gets no row itself: arktype writes what it converts into
 * a clone that is as frozen as the row, and a transformation may change a date.
 */
export function thawed(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth > MAX_ROW_DEPTH) return value;
  if (Array.isArray(value)) return value.map((inner) => thawed(inner, depth + 1));
  if (isDate(value)) return new Date(Date.prototype.getTime.call(value));
  if (isBytes(value)) return new Uint8Array(value);
  if (!isPlainObject(value)) return value;
  const copy: Record<string, Value> = {};
  // What it holds may be anything: the schema decides.
  for (const name of Object.keys(value)) setField(copy, name, thawed(value[name], depth + 1) as Value);
  return copy;
}
