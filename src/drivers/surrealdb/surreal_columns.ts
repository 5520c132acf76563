import { describe } from "../../base/describe.ts";
import type { Column, ColumnFlag } from "../../table/table_like.ts";
import type { SurrealColumn, SurrealSchema } from "./surreal_schema.ts";
import { ANY, type SurrealType } from "./surreal_type.ts";

/** @throws {TypeError} if a column that an option names is not one of the table. */
export function checkColumns(chosen: readonly string[], { name, columns }: SurrealSchema): void {
  const names = ["id", ...columns.map((column) => column.name)];
  for (const column of chosen) {
    if (names.includes(column)) continue;
    throw new TypeError(`${describe(name)} has no column ${describe(column)}; accepted are ${names.join(", ")}`);
  }
}

/** The columns for users, the id first. */
export function columnsOf(
  { columns, idType }: SurrealSchema,
  { titles, searchFields }: { readonly titles: readonly string[]; readonly searchFields: readonly string[] },
): readonly Column[] {
  const flagsOf = (
    { name, computed, mandatory }: Pick<SurrealColumn, "name" | "computed" | "mandatory">,
  ): readonly ColumnFlag[] => {
    const flags: Readonly<Record<Exclude<ColumnFlag, "hidden">, boolean>> = {
      id: name === "id",
      title: titles.includes(name),
      searchable: searchFields.includes(name),
      mandatory,
      generated: computed,
    };
    return Object.entries(flags).flatMap(([flag, isSet]) => isSet ? [flag as ColumnFlag] : []); // One of its keys.
  };
  const typeOf = (type: SurrealType): { readonly type?: string } =>
    type === ANY || type.declared === undefined ? {} : { type: type.declared };
  const id = { name: "id", computed: false, mandatory: false };
  return [
    { name: "id", ...typeOf(idType), flags: flagsOf(id) },
    ...columns.map((column) => ({ name: column.name, ...typeOf(column.type), flags: flagsOf(column) })),
  ];
}
