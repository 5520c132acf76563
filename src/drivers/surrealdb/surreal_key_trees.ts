import { describe } from "../../base/describe.ts";
import { isDate } from "../../base/realm.ts";
import { compareText } from "../../table/compare_values.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { isPlainObject, type Value } from "../../table/row.ts";
import { isInteger64 } from "../sql/storable.ts";
import { classOf } from "./surreal_classes.ts";
import { isUuid } from "./surreal_operands.ts";
import { arrayQl, param, type Ql, ql, separated } from "./surreal_ql.ts";

/** Texts within an array or object that have to be marked as such. */
const ESCAPED = /^(?:~|[udi]')/;
const INTEGER = /^(?:0|-?[1-9][0-9]*)$/;
const TIME = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d*[1-9])?Z$/;
/** SurrealDB limits how deep expressions nest. */
const MAX_DEPTH = 8;

/** What ids are made of. */
export const ACCEPTED =
  "texts, integers, UUIDs, and arrays and objects of these, numbers, booleans, null and datetimes";

/** An array or object as JSON. */
type Tree = null | boolean | number | string | readonly Tree[] | { readonly [name: string]: Tree };

/** Whether an id is that of an array or object. */
export function isTree(id: string): boolean {
  return id.startsWith("[") || id.startsWith("{");
}

/**
 * The id of an array or object: JSON, in which `u'…'` is a UUID, `d'…'` a datetime, `i'…'` an integer beyond 2^53, and `~'…'`
 * a text that looks like one of these.
 *
 * @throws {UnsupportedError} if it holds anything else.
 */
export function treeText(key: object): string {
  return JSON.stringify(toTree(key));
}

/** The list or object that such an id stands for. Nanoseconds are cut off. */
export function treeValue(id: string): Value {
  return valueOfTree(JSON.parse(id) as Tree); // Of JSON.
}

/** The key with such an id as SurrealQL; `undefined` if no row can have it. */
export function treeQl(text: string): Ql | undefined {
  try {
    const tree = JSON.parse(text) as Tree; // Of JSON.
    // Each key has exactly one id, so a row cannot be found under another.
    return JSON.stringify(canonical(tree)) === text ? partQl(tree, 0) : undefined;
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
function partQl(tree: Tree, depth: number): Ql {
  if (depth > MAX_DEPTH) throw new SyntaxError("too deep");
  if (typeof tree === "string") return leafQl(tree);
  if (typeof tree === "number" && !Number.isSafeInteger(tree) && Number.isInteger(tree)) {
    throw new SyntaxError(`${tree}`);
  }
  if (typeof tree !== "object" || tree === null) return ql`${param(tree)}`;
  if (Array.isArray(tree)) return arrayQl(tree.map((inner) => partQl(inner, depth + 1)));
  const fields = Object.entries(tree).map(([name, inner]) => ql`${JSON.stringify(name)}: ${partQl(inner, depth + 1)}`);
  return ql`{ ${separated(fields, ", ")} }`;
}

function leafQl(text: string): Ql {
  const plain = text.slice(2);
  if (text.startsWith("~'") && ESCAPED.test(plain)) return ql`${param(plain)}`;
  if (!ESCAPED.test(text)) return ql`${param(text)}`;
  const inner = plain.slice(0, -1);
  if (text.endsWith("'")) {
    if (text.startsWith("u'") && isUuid(inner)) return ql`<uuid>${param(inner)}`;
    if (text.startsWith("d'") && TIME.test(inner)) return ql`<datetime>${param(inner)}`;
    const isBig = text.startsWith("i'") && INTEGER.test(inner) && !Number.isSafeInteger(Number(inner));
    if (isBig && isInteger64(BigInt(inner))) return ql`${param(BigInt(inner))}`;
  }
  throw new SyntaxError(text);
}

/** What JSON writes of an array or object. */
function toTree(key: unknown): Tree {
  if (key === null || typeof key === "boolean" || (typeof key === "number" && Number.isFinite(key))) return key;
  if (typeof key === "string") return ESCAPED.test(key) ? `~'${key}` : key;
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

/** The text of a datetime, without zeros at the end of the fraction. */
function timeText(time: unknown): string {
  const text = isDate(time) ? time.toISOString() : String(time);
  return text.replace(/(\.\d*?)0+Z$/, "$1Z").replace(".Z", "Z");
}
