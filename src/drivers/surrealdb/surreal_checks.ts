import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { isPlainObject, type Value } from "../../table/row.ts";
import { isInteger64 } from "../sql/storable.ts";
import { FIRST_MS, LAST_MS } from "./surreal_operands.ts";

/**
 * Refuses what SurrealDB or its client would store as something else, at any depth.
 *
 * @throws {TypeError} for half of a surrogate pair, or the name `__proto__`.
 * @throws {RangeError} for a bigint of more than 64 bits, or a time that SurrealDB does not have.
 */
export function checkHeld(value: Value, column: string): void {
  if (typeof value === "string") return checkText(value, column);
  if (typeof value === "bigint" && !isInteger64(value)) {
    throw new RangeError(`Column ${describe(column)} cannot hold ${value}: integers of SurrealDB have 64 bits`);
  }
  if (typeof value !== "object" || value === null || isBytes(value)) return;
  if (isDate(value)) return checkTime(value.getTime(), column);
  if (Array.isArray(value)) return value.forEach((inner) => checkHeld(inner, column));
  if (!isPlainObject(value)) return;
  for (const [name, inner] of Object.entries(value as { readonly [name: string]: Value })) { // Its kind is "object".
    checkName(name, column);
    checkHeld(inner, column);
  }
}

/** @throws {TypeError} if a field cannot have this name. */
export function checkName(name: string, column: string): void {
  checkText(name, column);
  if (name !== "__proto__") return;
  throw new TypeError(`Column ${describe(column)} cannot have the name "__proto__": the client of SurrealDB loses it`);
}

function checkText(text: string, column: string): void {
  if (text.isWellFormed()) return;
  throw new TypeError(
    `Column ${describe(column)} cannot hold ${describe(text)}: SurrealDB does not store half of a surrogate pair`,
  );
}

function checkTime(ms: number, column: string): void {
  if (Number.isNaN(ms)) throw new RangeError(`Column ${describe(column)} cannot hold an invalid date`);
  if (ms >= FIRST_MS && ms <= LAST_MS) return;
  throw new RangeError(
    `Column ${describe(column)} cannot hold ${new Date(ms).toISOString()}: SurrealDB has the years -262143 to 262142`,
  );
}
