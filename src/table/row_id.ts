import { describe } from "../base/describe.ts";
import { field, type Row } from "./row.ts";

/**
 * The id that stands in a row.
 *
 * @throws {TypeError} if there is none.
 */
export function idIn(row: Row, idField: string): string {
  const id = field(row, idField);
  if (typeof id === "string" && id !== "") return id;
  if (typeof id === "number" || typeof id === "bigint") return String(id);
  throw new TypeError(`a row has no id in ${describe(idField)}, but ${describe(id)}`);
}

/**
 * The id that a new row is given; `undefined` if it has none.
 *
 * @throws {TypeError} if it is no text and no number.
 */
export function givenId(row: Row, idField: string | undefined): string | undefined {
  const id = idField === undefined ? null : field(row, idField);
  if (id === null) return undefined;
  if (typeof id === "string" || typeof id === "number" || typeof id === "bigint") return String(id);
  throw new TypeError(`The id of a new row must be a text or a number, got ${describe(id)}`);
}

/** Whether a row has something else than this id in its id column. A row without that column has not. */
export function hasOtherId(row: Row, idField: string, id: string): boolean {
  return Object.hasOwn(row, idField) && String(field(row, idField)) !== id;
}
