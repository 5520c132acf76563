import { isBytes } from "../../base/realm.ts";

/** What each value takes besides its characters or bytes. */
const VALUE_BYTES = 8;

/** About how many bytes a value takes. IndexedDB does not say. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return VALUE_BYTES + 2 * value.length;
  if (typeof value === "bigint") return VALUE_BYTES + value.toString(16).length;
  if (typeof value !== "object" || value === null) return VALUE_BYTES;
  if (isBytes(value)) return VALUE_BYTES + value.length;
  return Object.entries(value).reduce((sum, [name, inner]) => sum + 2 * name.length + sizeOf(inner), VALUE_BYTES);
}
