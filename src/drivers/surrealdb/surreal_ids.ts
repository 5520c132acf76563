import { describe } from "../../base/describe.ts";
import { isDate } from "../../base/realm.ts";
import { compareText } from "../../table/compare_values.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { isPlainObject, type Value } from "../../table/row.ts";
import { isInteger64 } from "../sql/storable.ts";
import { classOf, isRecordId, type RecordIdLike, tableOf } from "./surreal_classes.ts";
import { arrayQl, param, type Ql, ql, separated } from "./surreal_ql.ts";
import type { SurrealType } from "./surreal_type.ts";

/** Texts that a key of another kind has, and those that begin with the mark of these. */
const ESCAPED = /^(?:-?[0-9]+$|~|u'|\[|\{)/;
/** The same in SurrealQL, where the text of a pattern is quoted. */
export const ESCAPED_QL = "'^(?:-?[0-9]+$|~|u\\'|\\\\[|\\\\{)'";
/** The same for a text within an array or object. */
const ESCAPED_WITHIN = /^(?:~|[udi]')/;
const INTEGER = /^(?:0|-?[1-9][0-9]*)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d*[1-9])?Z$/;
const MAX_DEPTH = 8;

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
  return id.startsWith("[") || id.startsWith("{") ? valueOfTree(JSON.parse(id) as Tree) : id; // Of JSON.
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

/** The text of a datetime, without zeros at the end of the fraction. */
function timeText(time: unknown): string {
  const text = isDate(time) ? time.toISOString() : String(time);
  return text.replace(/(\.\d*?)0+Z$/, "$1Z").replace(".Z", "Z");
}

function keyText(key: unknown): string {
  if (typeof key === "string") return ESCAPED.test(key) ? `~'${key}` : key;
  if (typeof key === "bigint" || Number.isInteger(key)) return String(key);
  if (typeof key === "object" && key !== null && classOf(key) === "Uuid") return `u'${key}'`;
  if (Array.isArray(key) || isPlainObject(key)) return JSON.stringify(toTree(key));
  throw new UnsupportedError(`A row has a key that is ${describe(key)}; ids are made of ${ACCEPTED}`);
}

const ACCEPTED = "texts, integers, UUIDs, and arrays and objects of these, numbers, booleans, null and datetimes";

type Tree = null | boolean | number | string | readonly Tree[] | { readonly [name: string]: Tree };

function valueOfTree(tree: Tree): Value {
  if (typeof tree === "string") {
    const inner = tree.slice(2, -1);
    if (tree.startsWith("~'")) return tree.slice(2);
    if (tree.startsWith("u'")) return inner;
    if (tree.startsWith("i'")) return BigInt(inner);
    return tree.startsWith("d'") ? new Date(inner.replace(/(\.\d{3})\d*Z$/, "$1Z")) : tree;
  }
  if (typeof tree !== "object" || tree === null) return tree;
  if (Array.isArray(tree)) return tree.map(valueOfTree);
  return Object.fromEntries(Object.entries(tree).map(([name, inner]) => [name, valueOfTree(inner)]));
}

/** What JSON writes of an array or object. */
function toTree(key: unknown): Tree {
  if (key === null || typeof key === "boolean" || (typeof key === "number" && Number.isFinite(key))) return key;
  if (typeof key === "string") return ESCAPED_WITHIN.test(key) ? `~'${key}` : key;
  if (typeof key === "bigint") return `i'${key}'`;
  if (Array.isArray(key)) return key.map(toTree);
  if (isPlainObject(key)) return sorted(Object.entries(key).map(([name, inner]) => [name, toTree(inner)]));
  if (isDate(key)) return `d'${timeText(key)}'`;
  if (typeof key === "object") {
    const kind = classOf(key);
    if (kind === "Uuid") return `u'${key}'`;
    if (kind === "DateTime") return `d'${timeText(key)}'`;
  }
  throw new UnsupportedError(`The key of a row holds ${describe(key)}; ids are made of ${ACCEPTED}`);
}

function sorted(entries: [string, Tree][]): Tree {
  return Object.fromEntries(entries.sort(([one], [other]) => compareText(one, other)));
}

function keyOfText(text: string): Ql | undefined {
  if (INTEGER.test(text)) return isInteger64(BigInt(text)) ? ql`${param(BigInt(text))}` : undefined;
  if (text.startsWith("~'")) {
    const plain = text.slice(2);
    return ESCAPED.test(plain) ? ql`${param(plain)}` : undefined;
  }
  if (text.startsWith("u'")) return uuidQl(text);
  if (text.startsWith("[") || text.startsWith("{")) return treeKeyQl(text);
  return ESCAPED.test(text) ? undefined : ql`${param(text)}`;
}

function uuidQl(text: string): Ql | undefined {
  const uuid = text.slice(2, -1);
  return text.endsWith("'") && UUID.test(uuid) ? ql`<uuid>${param(uuid)}` : undefined;
}

function treeKeyQl(text: string): Ql | undefined {
  try {
    const tree = JSON.parse(text) as Tree; // Of JSON.
    // Each key has exactly one id, so a row cannot be found under another.
    return JSON.stringify(canonical(tree)) === text ? treeQl(tree, 0) : undefined;
  } catch {
    return undefined;
  }
}

function canonical(tree: Tree): Tree {
  if (typeof tree !== "object" || tree === null) return tree;
  if (Array.isArray(tree)) return tree.map(canonical);
  return sorted(Object.entries(tree).map(([name, inner]) => [name, canonical(inner)]));
}

/** @throws {SyntaxError} if it is the text of no key. */
function treeQl(tree: Tree, depth: number): Ql {
  if (depth > MAX_DEPTH) throw new SyntaxError("too deep");
  if (typeof tree === "string") return leafQl(tree);
  if (typeof tree === "number" && !Number.isSafeInteger(tree) && Number.isInteger(tree)) {
    throw new SyntaxError(`${tree}`);
  }
  if (typeof tree !== "object" || tree === null) return ql`${param(tree)}`;
  if (Array.isArray(tree)) return arrayQl(tree.map((inner) => treeQl(inner, depth + 1)));
  const fields = Object.entries(tree).map(([name, inner]) => ql`${JSON.stringify(name)}: ${treeQl(inner, depth + 1)}`);
  return ql`{ ${separated(fields, ", ")} }`;
}

function leafQl(text: string): Ql {
  const plain = text.slice(2);
  if (text.startsWith("~'") && ESCAPED_WITHIN.test(plain)) return ql`${param(plain)}`;
  if (!ESCAPED_WITHIN.test(text)) return ql`${param(text)}`;
  const inner = plain.slice(0, -1);
  if (text.endsWith("'")) {
    if (text.startsWith("u'") && UUID.test(inner)) return ql`<uuid>${param(inner)}`;
    if (text.startsWith("d'") && TIME.test(inner)) return ql`<datetime>${param(inner)}`;
    const isBig = text.startsWith("i'") && INTEGER.test(inner) && !Number.isSafeInteger(Number(inner));
    if (isBig && isInteger64(BigInt(inner))) return ql`${param(BigInt(inner))}`;
  }
  throw new SyntaxError(text);
}

/** Whether a value is a record id of another table than this. */
export function isOfOtherTable(id: unknown, table: string): boolean {
  return !isRecordId(id) || tableOf(id) !== table;
}
