import { type Operator, OPERATORS } from "../table/query.ts";
import { describe } from "../base/describe.ts";
import { VERBS, WRITE_VERBS, type WriteVerb } from "../table/verbs.ts";
import type { Capabilities, Column, ColumnFlag, TableLike } from "../table/table_like.ts";

/** The description of a served table for its clients. */
export interface TableDescription {
  /** The version of the protocol. */
  readonly protocol: 1;
  /** The table's name. */
  readonly name: string;
  /** The column of the id, if there is one. */
  readonly idField?: string | undefined;
  /** The known columns. */
  readonly columns: readonly Column[];
  /** What the table supports. */
  readonly capabilities: Capabilities;
}

const FLAGS: readonly ColumnFlag[] = ["id", "title", "hidden", "searchable", "mandatory", "generated"];
const ABILITIES = [...VERBS, "page", "orderBy", "search", "exact", "sameRows", "idempotencyKeys", "writeMany"] as const;

/** Describes a table, with no other writes than those allowed. */
export function describeTable(table: TableLike, allowed: ReadonlySet<WriteVerb>): TableDescription {
  const { tableName, idField, columns, capabilities } = table;
  const writes = WRITE_VERBS.map((verb) => [verb, capabilities[verb] && allowed.has(verb)]);
  return {
    protocol: 1,
    name: tableName,
    ...(idField !== undefined && { idField }),
    columns,
    capabilities: { ...capabilities, ...Object.fromEntries(writes) as Pick<Capabilities, WriteVerb> },
  };
}

/**
 * Checks a description received from a server.
 *
 * @throws {TypeError} if it is invalid; the message names the part.
 */
export function toTableDescription(input: unknown): TableDescription {
  const { protocol, name, idField, columns, capabilities, tables } = objectIn("description", input);
  if (Array.isArray(tables)) {
    throw new TypeError(
      `Several tables are served here: append the name of one to the URL, as in /${String(tables[0])}`,
    );
  }
  if (protocol !== 1) throw new TypeError(`protocol must be 1, got ${describe(protocol)}`);
  if (typeof name !== "string" || name === "") throw new TypeError(`name must be a text, got ${describe(name)}`);
  if (idField !== undefined && typeof idField !== "string") {
    throw new TypeError(`idField must be a text, got ${describe(idField)}`);
  }
  return {
    protocol,
    name,
    idField,
    columns: listIn("columns", columns).map(toColumn),
    capabilities: toCapabilities(capabilities),
  };
}

function toColumn(input: unknown): Column {
  const { name, type, flags } = objectIn("column", input);
  if (typeof name !== "string") throw new TypeError(`The name of a column must be a text, got ${describe(name)}`);
  return {
    name,
    ...(typeof type === "string" && { type }),
    // Ignores flags of a later version.
    ...(flags !== undefined && { flags: FLAGS.filter((flag) => listIn("flags", flags).includes(flag)) }),
  };
}

function toCapabilities(input: unknown): Capabilities {
  const given = objectIn("capabilities", input);
  const where = listIn("where", given.where);
  const can = Object.fromEntries(ABILITIES.map((ability) => [ability, given[ability] === true]));
  return {
    ...can as Record<typeof ABILITIES[number], boolean>,
    where: OPERATORS.filter((operator: Operator) => where.includes(operator)),
  };
}

function objectIn(name: string, input: unknown): { readonly [name: string]: unknown } {
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return { ...input };
  throw new TypeError(`${name} must be an object, got ${describe(input)}`);
}

function listIn(name: string, input: unknown): readonly unknown[] {
  if (Array.isArray(input)) return input;
  throw new TypeError(`${name} must be an array, got ${describe(input)}`);
}
