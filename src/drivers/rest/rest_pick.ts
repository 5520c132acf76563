import { InvalidAnswerError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { Pick } from "./rest_options.ts";

/** The value at a key of an object, or at a path of keys separated by dots; `undefined` if there is none. */
export function valueAt(value: Value | undefined, path: string): Value | undefined {
  const whole = memberOf(value, path);
  if (whole !== undefined || !path.includes(".")) return whole;
  return path.split(".").reduce(memberOf, value);
}

/**
 * The value in an answer at the place that the options name.
 *
 * @throws {InvalidAnswerError} if a function of the options throws.
 */
export function pick(where: Pick, answer: RestAnswer<Value>): Value | undefined {
  if (typeof where === "string") return valueAt(answer.body, where);
  if (typeof where === "object") return answer.headers.get(where.header) ?? undefined;
  return reading(answer, () => where(answer));
}

/**
 * The result of a function of the options that reads an answer.
 *
 * @throws {InvalidAnswerError} if it throws: the answer has another shape than expected.
 */
export function reading<T>({ what }: RestAnswer<Value>, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered in a shape that the options do not fit`, { cause });
  }
}

/**
 * Refuses an option that is not a {@linkcode Pick}.
 *
 * @throws {TypeError} that names the option.
 */
export function checkPick(name: string, where: unknown): void {
  if (where === undefined || typeof where === "string" || typeof where === "function") return;
  if (typeof where === "object" && where !== null && "header" in where && typeof where.header === "string") return;
  throw new TypeError(`${name} must be a key, { header } or a function, got ${describe(where)}`);
}

function memberOf(value: Value | undefined, name: string): Value | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
    return undefined;
  }
  return (value as { readonly [key: string]: Value })[name];
}
