import { describe } from "./row.ts";

/**
 * Refuses options that do not exist: a mistyped one would be left out in silence.
 *
 * @throws {TypeError} if `options` is not an object, or has an option that is not `known`; the message names it.
 */
export function checkOptions(thing: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of ${thing} must be an object, got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new TypeError(`Unknown option ${describe(name)} of ${thing}; accepted are ${known.join(", ")}`);
  }
}
