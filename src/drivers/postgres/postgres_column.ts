import type { SqlColumn, SqlKind } from "../sql/sql_column.ts";

/** A column, as the catalog describes it. */
export interface FoundColumn {
  readonly name: string;
  /** The name of its type, or of the type that its domain is based on. */
  readonly type: string;
  /** The quoted name of its type, without a length. */
  readonly cast: string;
  /** Its type as it is declared. */
  readonly declared: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** `a` if the database always gives the value, `d` by default, otherwise empty. */
  readonly identity: string;
  /** Whether it is computed. */
  readonly generated: boolean;
  /** Whether its collation takes only the same texts for equal. */
  readonly deterministic: boolean;
}

/** A column, and what its values are in a row. */
export interface PostgresColumn extends SqlColumn, FoundColumn {
  readonly type: string;
  readonly notNull: boolean;
}

const KINDS: Readonly<Record<string, SqlKind>> = {
  bool: "boolean",
  int2: "number",
  int4: "number",
  int8: "number",
  float4: "number",
  float8: "number",
  timestamptz: "date",
  timestamp: "date",
  date: "date",
  bytea: "bytes",
  json: "document",
  jsonb: "document",
};

/** The column with the kind of its values. Arrays are documents; what has no other kind is a text. */
export function columnOf(found: FoundColumn, numeric: "text" | "number"): PostgresColumn {
  const { type } = found;
  const known = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  const kind = known ?? (isArray(found) ? "document" : type === "numeric" && numeric === "number" ? "number" : "text");
  return { ...found, kind };
}

/** Whether its type is an array. PostgreSQL's names of these begin with an underscore. */
export function isArray({ type }: { readonly type: string }): boolean {
  return type.startsWith("_");
}

/** Whether it holds words: no other type is searched unless the options say so. */
export function isWords({ type }: PostgresColumn): boolean {
  return ["text", "varchar", "bpchar", "citext", "name"].includes(type);
}
