import { isBytes } from "../../base/realm.ts";
import { quoteName, type SqliteValue } from "./sqlite_handle.ts";
import type { Affinity, SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import type { Sql } from "./sqlite_query.ts";
import { isStorable } from "./sqlite_text.ts";

/** A text that is not well-formed in the database's encoding, so that no string can hold it. */
export class RawText {
  /** The bytes of the text. */
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A value of a key column. */
export type KeyPart = SqliteValue | RawText;

/** A decoded id: the values of the key columns, or the rowid. */
type Decoded = { readonly parts: readonly KeyPart[] } | { readonly rowid: bigint };

const MAX_INTEGER = 2n ** 63n - 1n;
const MIN_INTEGER = -MAX_INTEGER - 1n;

/**
 * The id of a row: the text of the key's value, or the texts of all key columns joined by commas. Ambiguous values are
 * marked: `~'` before a text, `~i` before a number, `~x` before bytes, `~u` before the bytes of an ill-formed text,
 * `~n` for `NULL`, and `~r` before the rowid of a row whose key contains `NULL`. With several columns, each `~` and `,`
 * in a value is escaped by `~`. So different rows have different ids.
 *
 * @param parts the values of the key columns
 * @param rowid the rowid, if there is one
 */
export function idOf({ key }: SqliteSchema, parts: readonly KeyPart[], rowid: SqliteValue | undefined): string {
  if (key.columns.length === 0) return String(rowid);
  if (rowid !== undefined && parts.includes(null)) return `~r${rowid}`;
  if (parts.length === 1) return encodePart(parts[0] ?? null, key.columns[0]?.affinity ?? "none");
  const texts = parts.map((part, at) => encodePart(part, key.columns[at]?.affinity ?? "none"));
  return texts.map((text) => text.replace(/[~,]/g, "~$&")).join(",");
}

/** SQL for the row with this id; `FALSE` if no row can have it. */
export function idSql(schema: SqliteSchema, id: string): Sql {
  const decoded = decodeId(schema, id);
  if (decoded === undefined) return { text: "FALSE", params: [] };
  const { columns, rowid } = schema.key;
  if ("rowid" in decoded) {
    const nulls = columns.map((column) => `${quoteName(column.name)} IS NULL`).join(" OR ");
    return { text: nulls === "" ? `${rowid} = ?` : `${rowid} = ? AND (${nulls})`, params: [decoded.rowid] };
  }
  const [column, second] = columns;
  if (column !== undefined && second === undefined) return partSql(column, decoded.parts[0] ?? null);
  const found = columns.map((column, at) => partSql(column, decoded.parts[at] ?? null));
  return { text: found.map(({ text }) => text).join(" AND "), params: found.flatMap(({ params }) => params) };
}

/** The values of the key columns for this id; `undefined` if no row can have it. */
export function keyParts(schema: SqliteSchema, id: string): readonly KeyPart[] | undefined {
  const decoded = decodeId(schema, id);
  return decoded !== undefined && "parts" in decoded ? decoded.parts : undefined;
}

/** The rowid in this id, if it has one. */
export function rowidIn(schema: SqliteSchema, id: string): bigint | undefined {
  const decoded = decodeId(schema, id);
  return decoded !== undefined && "rowid" in decoded ? decoded.rowid : undefined;
}

/**
 * Whether a column stores a value unchanged. Numeric affinity converts every text that can be read as a number (up to a
 * NUL), and integer affinity keeps only 64-bit integers.
 */
export function keepsPart({ affinity }: SqliteColumn, part: KeyPart): boolean {
  if (affinity === "text" || affinity === "none") return true;
  if (typeof part === "string") return !NUMERIC.test(part);
  return affinity === "number" || typeof part !== "number" || Math.abs(part) < 2 ** 63;
}

const NUMERIC = /^[ \t-\r]*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[ \t-\r]*(\0|$)/i;

function decodeId({ key, encoding }: SqliteSchema, id: string): Decoded | undefined {
  const { columns, rowid } = key;
  if (!isStorable(id, encoding)) return undefined;
  const number = integerIn(columns.length === 0 ? id : /^~r(.*)$/.exec(id)?.[1] ?? "");
  if (rowid !== undefined && number !== undefined) return { rowid: number };
  if (columns.length === 0) return undefined;
  const texts = columns.length === 1 ? [id] : splitId(id);
  if (texts?.length !== columns.length) return undefined;
  const parts: KeyPart[] = [];
  for (const [at, text] of texts.entries()) {
    const affinity = columns[at]?.affinity ?? "none";
    const part = decodePart(text, affinity);
    // Each value has exactly one id, so a row cannot be found under another.
    if (part === undefined || encodePart(part, affinity) !== text) return undefined;
    parts.push(part);
  }
  return rowid !== undefined && parts.includes(null) ? undefined : { parts };
}

/** The texts that were joined by commas; `undefined` if the id is malformed. */
function splitId(id: string): readonly string[] | undefined {
  if (!/^(?:[^~]|~[~,])*$/.test(id)) return undefined;
  const texts = [""];
  for (const [token] of id.matchAll(/~[~,]|,|[^~,]+/g)) {
    if (token === ",") texts.push("");
    else texts.push(texts.pop() + (token.startsWith("~") ? token.slice(1) : token));
  }
  return texts;
}

function encodePart(part: KeyPart, affinity: Affinity): string {
  if (typeof part === "string") {
    const taken = part.startsWith("~") || (affinity !== "text" && numberIn(part) !== undefined);
    return taken ? `~'${part}` : part;
  }
  if (part === null) return "~n";
  if (part instanceof RawText) return `~u${hexOf(part.bytes)}`;
  if (isBytes(part)) return `~x${hexOf(part)}`;
  return affinity === "text" ? `~i${numberText(part)}` : numberText(part);
}

function decodePart(text: string, affinity: Affinity): KeyPart | undefined {
  if (!text.startsWith("~")) return affinity === "text" ? text : numberIn(text) ?? text;
  const content = text.slice(2);
  switch (text.charAt(1)) {
    case "n":
      return null;
    case "'":
      return content;
    case "i":
      return numberIn(content);
    case "x":
      return bytesIn(content);
    case "u": {
      const bytes = bytesIn(content);
      return bytes && new RawText(bytes);
    }
    default:
      return undefined;
  }
}

function partSql(keyColumn: SqliteColumn, part: KeyPart): Sql {
  const { name, affinity } = keyColumn;
  const column = quoteName(name);
  if (part === null) return { text: `${column} IS NULL`, params: [] };
  if (part instanceof RawText) return { text: `+${column} = CAST(? AS TEXT) COLLATE BINARY`, params: [part.bytes] };
  const unusual = affinity !== "none" && !(affinity === "text" && typeof part === "string") &&
    (encodePart(part, affinity).startsWith("~") || !keepsPart(keyColumn, part));
  if (typeof part !== "string") return { text: `${unusual ? "+" : ""}${column} = ?`, params: [part] };
  // A text that the column would convert is compared unconverted. The first comparison can use the key's index,
  // whatever its collation.
  if (unusual) return { text: `+${column} COLLATE BINARY = ?`, params: [part] };
  return { text: `${column} = ? AND ${column} COLLATE BINARY = ?`, params: [part, part] };
}

/** The id of a number. Equal numbers have equal ids. */
function numberText(value: number | bigint): string {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 1e21
    ? String(BigInt(value))
    : String(value);
}

/** The number that has this id, if there is one. */
function numberIn(text: string): number | bigint | undefined {
  const integer = integerIn(text);
  if (integer !== undefined) return integer;
  const number = /^-?(\d|Infinity$)/.test(text) ? Number(text) : NaN;
  return !Number.isNaN(number) && numberText(number) === text ? number : undefined;
}

function integerIn(text: string): bigint | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const integer = BigInt(text);
  return integer <= MAX_INTEGER && integer >= MIN_INTEGER ? integer : undefined;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesIn(hex: string): Uint8Array | undefined {
  if (!/^([0-9a-f]{2})*$/.test(hex)) return undefined;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
