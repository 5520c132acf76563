import { describe } from "../../base/describe.ts";
import { NotFoundError, UnauthorizedError, UnsupportedError } from "../../table/errors.ts";
import { ask } from "./surreal_answers.ts";
import { surrealError } from "./surreal_errors.ts";
import type { SurrealHandle } from "./surreal_handle.ts";
import { param, ql, quoteName } from "./surreal_ql.ts";
import { ANY, parseType, type SurrealType } from "./surreal_type.ts";

/** Options that affect how a table is read. */
export interface SchemaOptions {
  readonly decimals?: "text" | "number" | undefined;
  readonly fields?: Readonly<Record<string, string>> | undefined;
}

/** A column that is declared. */
export interface SurrealColumn {
  readonly name: string;
  readonly type: SurrealType;
  /** Whether SurrealDB computes it, and ignores what is written. */
  readonly computed: boolean;
  /** Whether a row must have it. */
  readonly mandatory: boolean;
  /** Whether a new row gets a value if it is not given. */
  readonly hasDefault: boolean;
  /** That value in SurrealQL, if there is one. */
  readonly initial: string | undefined;
}

/** What is needed to read and write a table. */
export interface SurrealSchema {
  readonly name: string;
  /** Its quoted name. */
  readonly qlName: string;
  /** The declared columns, without the id. */
  readonly columns: readonly SurrealColumn[];
  readonly idType: SurrealType;
  /** Whether rows may have columns that are not declared. */
  readonly isOpen: boolean;
  /** Whether rows are edges, which are inserted in another way. */
  readonly isRelation: boolean;
  /** Whether it is computed from other tables. */
  readonly isView: boolean;
  /** The columns of its unique indexes, as SurrealQL. */
  readonly unique: readonly (readonly string[])[];
  readonly decimals: "text" | "number";
}

/** The declared column of this name. */
export function columnOf({ columns }: SurrealSchema, name: string): SurrealColumn | undefined {
  return columns.find((column) => column.name === name);
}

interface FoundTable {
  readonly name: string;
  readonly kind: { readonly kind: string };
  readonly schemafull: boolean;
  readonly view?: unknown;
}

interface FoundField {
  readonly name: string;
  readonly kind?: string;
  readonly computed?: string;
  readonly default?: string;
  readonly readonly?: boolean;
  readonly value?: string;
}

interface FoundIndex {
  readonly cols: readonly string[];
  readonly index: unknown;
}

/**
 * Reads the definition of a table.
 *
 * @throws {NotFoundError} if there is no such table.
 * @throws {UnauthorizedError} if the user may not read it, and the options name no fields.
 * @throws {UnsupportedError} if SurrealDB is too old.
 */
export async function readSchema(db: SurrealHandle, name: string, options: SchemaOptions): Promise<SurrealSchema> {
  const [tables, table] = await ask(db, [
    ql`(INFO FOR DB STRUCTURE).tables`,
    ql`INFO FOR TABLE ${quoteName(name)} STRUCTURE`,
    // Neither is in a version before 3.
    ql`RETURN [type::of(1), type::record("a", ${param(1)})]`,
  ]).catch((error: unknown) => {
    throw tooOld(error);
  });
  if (tables === undefined || table === undefined) throw new UnsupportedError(NEEDED);
  const what = `open ${describe(name)}`;
  if ("error" in tables) {
    const error = surrealError(tables.error, what);
    if (!(error instanceof UnauthorizedError) || options.fields === undefined) throw unreadable(error);
    return schemaOf({ name, kind: { kind: "ANY" }, schemafull: false }, [], [], options);
  }
  if ("error" in table) throw surrealError(table.error, what);
  const known = tables.result as readonly FoundTable[]; // As STRUCTURE writes it.
  const found = known.find((candidate) => candidate.name === name);
  if (found === undefined) throw missing(name, known);
  const { fields, indexes } = table.result as { fields: readonly FoundField[]; indexes: readonly FoundIndex[] };
  return schemaOf(found, fields, indexes, options);
}

const NEEDED = "A SurrealTable needs SurrealDB 3.0 or later, and a client that answers each statement";

function tooOld(error: unknown): unknown {
  const isRefused = typeof error === "object" && error !== null && "kind" in error && error.kind === "Validation";
  return isRefused ? new UnsupportedError(NEEDED, { cause: error }) : error;
}

function unreadable(error: unknown): unknown {
  if (!(error instanceof UnauthorizedError)) return error;
  return new UnauthorizedError(
    `${error.message}; a user who may not read definitions has to give the types in the option fields`,
    { cause: error },
  );
}

function missing(name: string, known: readonly FoundTable[]): NotFoundError {
  const names = known.map((table) => table.name).sort().slice(0, 20).join(", ");
  return new NotFoundError(
    `There is no table ${describe(name)}; ${names === "" ? "the database has none" : `there are ${names}`}`,
  );
}

function schemaOf(
  { name, kind, schemafull, view }: FoundTable,
  fields: readonly FoundField[],
  indexes: readonly FoundIndex[],
  { decimals = "text", fields: given = {} }: SchemaOptions,
): SurrealSchema {
  const declared = fields.map((field) => ({ ...field, path: pathOf(field.name) }));
  const found = declared.flatMap(({ path: [top = "", nested], ...field }) =>
    nested === undefined && !Object.hasOwn(given, top) ? [columnFrom({ ...field, name: top })] : []
  );
  const columns = [
    ...found,
    ...Object.entries(given).map(([column, type]) => columnFrom({ name: column, kind: type })),
  ];
  return {
    name,
    qlName: quoteName(name),
    columns: columns.filter((column) => column.name !== "id"),
    idType: columns.find((column) => column.name === "id")?.type ?? ANY,
    isOpen: !schemafull,
    isRelation: kind.kind === "RELATION",
    isView: view !== undefined,
    unique: indexes.filter(({ index }) => index === "UNIQUE").map(({ cols }) => cols),
    decimals,
  };
}

function columnFrom({ name, kind, computed, default: given, readonly, value }: FoundField): SurrealColumn {
  const type = parseType(kind);
  const hasDefault = given !== undefined || value !== undefined;
  // One that is read only keeps what it has.
  const initial = readonly === true ? undefined : given;
  const isComputed = computed !== undefined;
  const mandatory = !isComputed && !hasDefault && !type.none && !type.null;
  return { name, type, computed: isComputed, mandatory, hasDefault, initial };
}

/** The names in a path as SurrealQL writes it, such as `` `a.b`.c `` or `tags.*`. */
function pathOf(text: string): string[] {
  const parts = text.match(/`(?:\\.|[^`\\])*`|⟨(?:\\.|[^⟩\\])*⟩|[^.`⟨[]+|\[[^\]]*\]/g) ?? [];
  return parts.map((part) => /^[`⟨]/.test(part) ? part.slice(1, -1).replace(/\\(.)/g, "$1") : part);
}
