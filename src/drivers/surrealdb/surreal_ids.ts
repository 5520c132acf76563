import { describe } from "../../base/describe.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { isPlainObject, type Value } from "../../table/row.ts";
import { isInteger64 } from "../sql/storable.ts";
import { classOf, isRecordId, type RecordIdLike, tableOf } from "./surreal_classes.ts";
import { ACCEPTED, isTree, treeQl, treeText, treeValue } from "./surreal_key_trees.ts";
import { isUuid } from "./surreal_operands.ts";
import { param, type Ql, ql } from "./surreal_ql.ts";
import type { SurrealType } from "./surreal_type.ts";

/** Texts that a key of another kind has, and those that begin with the mark of these. */
const ESCAPED = /^(?:-?[0-9]+$|~|u'|\[|\{)/;
/** The same in SurrealQL, where the text of a pattern is quoted. */
export const ESCAPED_QL = "'^(?:-?[0-9]+$|~|u\\'|\\\\[|\\\\{)'";
const INTEGER = /^(?:0|-?[1-9][0-9]*)$/;

/**
 * The id of a row by its key: a text as it is, an integer by its digits, and `u'…'` for a UUID. Arrays and objects are JSON,
 * in which `u'…'` is a UUID, `d'…'` a datetime and `i'…'` an integer beyond 2^53. A text that looks like one of those, or
 * begins with `~`, is preceded by `~'`. So different keys have different ids.
 *
 * @throws {UnsupportedError} if the key holds anything else.
 */
export function idOf(key: unknown, { kind }: SurrealType): string {
  return kind === "string" && typeof key === "string" ? key : keyText(key);
}

/**
 * What the id column of the row with this id holds: an integer, a list or an object where the key is one, otherwise the id.
 * Within lists and objects, nanoseconds are cut off.
 */
export function idValue(id: string, { kind }: SurrealType): Value {
  if (kind === "string") return id;
  if (INTEGER.test(id)) return Number.isSafeInteger(Number(id)) ? Number(id) : BigInt(id);
  return isTree(id) ? treeValue(id) : id;
}

/** The key with this id as SurrealQL, with bound values; `undefined` if no row can have it. */
export function keyQl(id: string, { kind }: SurrealType): Ql | undefined {
  if (id === "" || !id.isWellFormed()) return undefined;
  if (kind === "string") return ql`${param(id)}`;
  if (kind === "int" && !INTEGER.test(id)) return undefined;
  return keyOfText(id);
}

/** A record id as SurrealQL. */
export function recordQl(table: string, key: Ql): Ql {
  return ql`type::record(${param(table)}, ${key})`;
}

/** The text of a link: the name of the table, a colon, and the id there. */
export function linkText(id: RecordIdLike): string {
  const table = tableOf(id);
  if (!table.includes(":")) return `${table}:${keyText(id.id)}`;
  throw new UnsupportedError(`The name of the table ${describe(table)} has a colon, so links to it have no text`);
}

/** The record that a text names, as SurrealQL; `undefined` if it names none. */
export function linkQl(text: string): Ql | undefined {
  const colon = text.indexOf(":");
  if (colon < 1 || !text.isWellFormed()) return undefined;
  const key = text.length === colon + 1 ? undefined : keyOfText(text.slice(colon + 1));
  return key && recordQl(text.slice(0, colon), key);
}

function keyText(key: unknown): string {
  if (typeof key === "string") return ESCAPED.test(key) ? `~'${key}` : key;
  if (typeof key === "bigint" || Number.isInteger(key)) return String(key);
  if (typeof key === "object" && key !== null && classOf(key) === "Uuid") return `u'${key}'`;
  if (Array.isArray(key) || isPlainObject(key)) return treeText(key);
  throw new UnsupportedError(`A row has a key that is ${describe(key)}; ids are made of ${ACCEPTED}`);
}

function keyOfText(text: string): Ql | undefined {
  if (INTEGER.test(text)) return isInteger64(BigInt(text)) ? ql`${param(BigInt(text))}` : undefined;
  if (text.startsWith("~'")) {
    const plain = text.slice(2);
    return ESCAPED.test(plain) ? ql`${param(plain)}` : undefined;
  }
  if (text.startsWith("u'")) return uuidQl(text);
  if (isTree(text)) return treeQl(text);
  return ESCAPED.test(text) ? undefined : ql`${param(text)}`;
}

function uuidQl(text: string): Ql | undefined {
  const uuid = text.slice(2, -1);
  return text.endsWith("'") && isUuid(uuid) ? ql`<uuid>${param(uuid)}` : undefined;
}

/** Whether a value is a record id of another table than this. */
export function isOfOtherTable(id: unknown, table: string): boolean {
  return !isRecordId(id) || tableOf(id) !== table;
}
