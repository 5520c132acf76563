import { describe } from "./describe.ts";
import { describeClient } from "./describe_client.ts";

/**
 * Refuses a value that lacks the required functions: a promise that was not awaited, a class instead of an instance, or
 * anything else.
 *
 * @throws {TypeError} that names the role, what was given, and what is accepted.
 */
export function checkPort(role: string, accepted: string, given: unknown, functions: readonly string[]): void {
  const lacking = functions.filter((name) => !hasFunction(given, name));
  if (lacking.length === 0) return;
  throw new TypeError(`${role} must be ${accepted}; got ${describeGiven(given, lacking)}`);
}

function describeGiven(given: unknown, lacking: readonly string[]): string {
  if (hasFunction(given, "then")) return "a promise, which has to be awaited first";
  if (typeof given === "function") return `the function or class ${describe(given.name)}, not an instance`;
  if (typeof given !== "object" || given === null) return describeClient(given);
  return `${describe(given)} without ${lacking.join(", ")}`;
}

function hasFunction(given: unknown, name: string): boolean {
  return typeof given === "object" && given !== null && typeof Reflect.get(given, name) === "function";
}
