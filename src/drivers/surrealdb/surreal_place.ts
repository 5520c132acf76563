import { READ_TEXT } from "./surreal_functions.ts";
import { param, type Ql, ql, quoteName } from "./surreal_ql.ts";
import { columnOf, type SurrealSchema } from "./surreal_schema.ts";
import { ANY, type SurrealKind } from "./surreal_type.ts";

/** A column, or a part of one: how SurrealQL names it, and what it holds. */
export interface Place {
  /** A path of quoted names. */
  readonly path: string;
  readonly kind: SurrealKind;
  /** Whether decimals are numbers. */
  readonly hasDecimalNumbers: boolean;
  /** The name of the column, for messages. */
  readonly name: string;
}

/** The place of a column. */
export function placeOf(name: string, schema: SurrealSchema): Place {
  const kind = (columnOf(schema, name)?.type ?? ANY).kind;
  return { path: quoteName(name), kind, hasDecimalNumbers: schema.decimals === "number", name };
}

/** A place within a document, which may hold anything. */
export function within(place: Place, part: string | number): Place {
  const path = `${place.path}${typeof part === "number" ? `[${part}]` : `.${quoteName(part)}`}`;
  return { ...place, path, kind: "any" };
}

/** Types that are read as texts, besides texts. */
export function textTypes({ kind, hasDecimalNumbers }: Place): readonly string[] {
  const all = hasDecimalNumbers ? ["duration", "record", "uuid"] : ["decimal", "duration", "record", "uuid"];
  return kind === "any" ? all : all.filter((type) => type === kind);
}

/** Types that are read as numbers. */
export function numberTypes({ kind, hasDecimalNumbers }: Place): readonly string[] {
  const all = hasDecimalNumbers ? ["int", "float", "decimal"] : ["int", "float"];
  if (kind === "any") return all;
  return kind === "int" || kind === "float" ? ["int", "float"] : all.filter((type) => type === kind);
}

/** Whether a place can hold values of a type. */
export function mayHold({ kind }: Place, ...kinds: readonly SurrealKind[]): boolean {
  return kind === "any" || kinds.includes(kind);
}

/** The text that a value of one of the `textTypes` is read as. */
export function readTextQl({ path, kind }: Place): string {
  return kind === "duration" || kind === "uuid" ? `<string>${path}` : `${READ_TEXT}(${path})`;
}

/** The number that a value of one of the `numberTypes` is read as. A cast of a decimal itself rounds wrongly. */
export function readNumberQl({ path, kind, hasDecimalNumbers }: Place): string {
  if (!hasDecimalNumbers || kind === "int" || kind === "float") return path;
  if (kind === "decimal") return `<float><string>${path}`;
  return `(IF type::is_decimal(${path}) { <float><string>${path} } ELSE { ${path} })`;
}

/** Whether a place is read as `null`. */
export function isNullQl({ path }: Place): Ql {
  return ql`${path} = NONE OR ${path} = NULL`;
}

/** Whether the type of the value in a place is one of these. */
export function isOfTypesQl({ path }: Place, types: readonly string[]): Ql {
  const [only = "", second] = types;
  return second === undefined ? ql`type::is_${only}(${path})` : ql`type::of(${path}) IN ${param(types)}`;
}
