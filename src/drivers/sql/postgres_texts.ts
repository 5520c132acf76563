import { describe } from "../../base/describe.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { anyOf } from "./postgres_any.ts";
import { quoteName } from "./quote_name.ts";
import { bind, NEVER, type Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign } from "./sql_dialect.ts";
import { isStorableText, storableText } from "./storable.ts";

/** Whether a column of texts equals one of the operands. */
export function equalsText(column: SqlColumn, texts: readonly string[]): Sql {
  const operands = texts.filter((text) => isStorableText(text, false));
  const name = quoteName(column.name);
  if (column.type === "uuid") return anyOf(name, operands.filter(isUuid), "uuid");
  const exact = anyOf(`${textSql(column)} COLLATE "C"`, operands, "text");
  // The column's own collation may take different texts for equal. Only a comparison by it can use an index.
  const type = column.type === "bpchar" ? "bpchar" : isPlainText(column) ? "text" : undefined;
  return exact === NEVER || type === undefined ? exact : sql`${anyOf(name, operands, type)} AND ${exact}`;
}

/** Whether a column of texts compares in this way with the operand. */
export function comparesText(column: SqlColumn, sign: Sign, operand: string): Sql {
  refuseNumeric(column);
  if (column.type === "uuid" && isUuid(operand)) {
    return sql`${quoteName(column.name)} ${sign} ${bind(operand)}::text::uuid`;
  }
  const storable = storableText(sign, operand, false);
  return sql`${textSql(column)} COLLATE "C" ${storable.sign} ${bind(storable.operand)}::text`;
}

/** The term that orders by a column of texts. */
export function textTerm(column: SqlColumn): string {
  refuseNumeric(column);
  return column.type === "uuid" ? quoteName(column.name) : `${textSql(column)} COLLATE "C"`;
}

/** Whether a column of texts contains a text, in whatever case of the letters that the collation knows. */
export function containsText(column: SqlColumn, search: string, foldingCollation: string): Sql {
  if (!isStorableText(search, false)) return NEVER;
  const text = `lower(${textSql(column)} COLLATE ${quoteName(foldingCollation)})`;
  return sql`strpos(${text}, ${bind(search.toLowerCase())}::text) > 0`;
}

/** As texts, `10` comes before `9`, which is not what a user means. */
function refuseNumeric({ name, type }: SqlColumn): void {
  if (type !== "numeric") return;
  throw new UnsupportedError(`Cannot order by ${describe(name)}: its numbers are read as texts`);
}

function textSql({ name, type }: SqlColumn): string {
  return postgresText(quoteName(name), type);
}

/** SQL that reads a column of text, or of a type that is read as one. */
export function postgresText(name: string, type: string | undefined): string {
  if (isPlainText({ type })) return name;
  // A cast would add the length of the network to every address.
  return type === "inet" ? `abbrev(${name})` : `${name}::text`;
}

function isPlainText({ type }: { readonly type?: string | undefined }): boolean {
  return type === undefined || type === "text" || type === "varchar";
}

/** A UUID as PostgreSQL writes it. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
