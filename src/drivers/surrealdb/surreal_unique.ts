import type { Row } from "../../table/row.ts";
import { field } from "../../table/row.ts";
import { askOne } from "./surreal_answers.ts";
import type { SurrealHandle } from "./surreal_handle.ts";
import { writtenQl } from "./surreal_params.ts";
import { allOf, anyOf, type Ql, ql, quoteName, separated } from "./surreal_ql.ts";
import { columnOf, type SurrealSchema } from "./surreal_schema.ts";

/**
 * Whether another row has a combination of unique values that a refused write would give to this one. SurrealDB refuses it
 * without saying why, other than in words.
 */
export async function isTaken(
  db: SurrealHandle,
  schema: SurrealSchema,
  { row, record }: { readonly row: Row; readonly record?: Ql | undefined },
): Promise<boolean> {
  const indexes = schema.unique.filter((columns) => columns.some((column) => topOf(column, row)));
  if (indexes.length === 0) return false;
  const names = Object.keys(row).filter((name) => name !== "id" && columnOf(schema, name)?.computed !== true);
  const given = ql`{ ${
    separated(names.map((name) => ql`${JSON.stringify(name)}: ${writtenQl(name, field(row, name), schema)}`), ", ")
  } }`;
  const stored = record === undefined ? ql`{}` : ql`((SELECT * FROM ONLY ${record}) ?? {})`;
  const same = indexes.map((columns) => allOf(columns.map((column) => ql`${column} = $row.${column}`)));
  const others = record === undefined ? ql`` : ql` AND id != $record`;
  const let1 = ql`LET $row = object::extend(${stored}, ${given})`;
  const let2 = ql`LET $record = ${record ?? ql`NONE`}`;
  const found = ql`LET $taken = (SELECT VALUE id FROM ${schema.qlName} WHERE (${anyOf(same)})${others} LIMIT 1)`;
  const result = await askOne(db, ql`RETURN { ${let1}; ${let2}; ${found}; RETURN $taken }`);
  return Array.isArray(result) && result.length > 0;
}

/** Whether the path of an indexed column begins with a column of the row. */
function topOf(path: string, row: Row): boolean {
  return Object.keys(row).some((name) =>
    [name, quoteName(name)].some((top) => path === top || path.startsWith(`${top}.`))
  );
}
