/** A short name for any value, for error messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  if (Array.isArray(value)) return "an array";
  const maker: unknown = value.constructor;
  return typeof maker === "function" && maker !== Object ? `an object of class ${maker.name}` : "an object";
}
