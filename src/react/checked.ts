import { describe } from "../base/describe.ts";

/**
 * What a hook was given.
 *
 * @throws {TypeError} if it lacks the method that the hook needs: it is no live table, or no handle of one.
 */
export function checked<T extends object>(hook: string, given: T, method: keyof T & string): T {
  if (typeof given?.[method] === "function") return given;
  throw new TypeError(`${hook}() takes a LiveTable, or a handle of one, got ${describe(given)}`);
}
