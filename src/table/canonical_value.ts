import { compareText } from "./compare_values.ts";
import { isBytes, isDate } from "../base/realm.ts";
import type { Value } from "./row.ts";

/**
 * A text that is the same for two values exactly if `sameValue` holds. `1` and `1n` differ though they are equal: a
 * source may tell them apart, and two keys for one meaning do no harm.
 */
export function canonicalValue(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (isDate(value)) return `@${Date.prototype.getTime.call(value)}`;
  if (isBytes(value)) return `h'${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}'`;
  if (Array.isArray(value)) return `[${value.map(canonicalValue).join(",")}]`;
  const fields = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalValue(inner)}`).join(",")}}`;
}
