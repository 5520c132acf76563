import { InvalidAnswerError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { Pick } from "./rest_options.ts";

/** What stands under a key of an object, or where a path of keys with dots between them leads; `undefined` if nothing does. */
export function valueAt(value: Value | undefined, path: string): Value | undefined {
  const whole = memberOf(value, path);
  if (whole !== undefined || !path.includes(".")) return whole;
  return path.split(".").reduce(memberOf, value);
}

/**
 * What an answer holds where the options say.
 *
 * @throws {InvalidAnswerError} if a function fails on it.
 */
export function pick(where: Pick, answer: RestAnswer<Value>): Value | undefined {
  if (typeof where === "string") return valueAt(answer.body, where);
  if (typeof where === "object") return answer.headers.get(where.header) ?? undefined;
  return reading(answer, () => where(answer));
}

/**
 * What a function of the options makes of an answer.
 *
 * @throws {InvalidAnswerError} if it fails: the answer is not what it was written for.
 */
export function reading<T>({ what }: RestAnswer<Value>, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered with something else than what is picked from`, { cause });
  }
}

/**
 * Refuses an option that is no place in an answer.
 *
 * @throws {TypeError} that names it.
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
