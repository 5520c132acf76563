/**
 * Whether a value is a date of this realm or another one (an iframe, a `node:vm` context), where `instanceof` fails.
 * Checks its internal slot, which cannot be faked.
 */
export function isDate(value: unknown): value is Date {
  if (typeof value !== "object" || value === null) return false;
  // Any object can carry the tag, so this check only saves most objects the exception below.
  if (!(value instanceof Date) && Object.prototype.toString.call(value) !== "[object Date]") return false;
  try {
    Date.prototype.getTime.call(value);
    return true;
  } catch {
    return false;
  }
}

/** Whether a value is a `Uint8Array` of this realm or another one, or of a subclass such as `Buffer`. */
export function isBytes(value: unknown): value is Uint8Array {
  return typeof value === "object" && value !== null && typedArrayName.call(value) === "Uint8Array";
}

/**
 * Whether a value is an error of this realm or another one: in a `node:vm` context, the runtime throws errors of
 * another.
 */
export function isError(value: unknown): value is Error {
  if (value instanceof Error) return true;
  const kind = Object.prototype.toString.call(value);
  return kind === "[object Error]" || kind === "[object DOMException]";
}

/** Returns the kind of a typed array of any realm, and `undefined` for any other value. */
const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as () => string | undefined; // Specified: https://tc39.es/ecma262/#sec-get-%typedarray%.prototype-%symbol.tostringtag%
