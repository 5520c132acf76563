/** Any value in a few words, for error messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  if (Array.isArray(value)) return "an array";
  const kind: unknown = value.constructor;
  return typeof kind === "function" && kind !== Object ? `an object of class ${kind.name}` : "an object";
}
