import { describe } from "../../base/describe.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { PostgresColumn } from "./postgres_column.ts";

/** What identifies the rows of a table. */
export interface PostgresKey {
  /** The columns whose values make up the id. */
  readonly columns: readonly PostgresColumn[];
  /** Whether an index makes ids unique at once, as an upsert needs it. */
  readonly unique: boolean;
}

/** A unique index on columns, as the catalog describes it. */
export interface FoundIndex {
  readonly primary: boolean;
  /** Whether it is checked with each statement, not at the end of the transaction. */
  readonly immediate: boolean;
  readonly columns: readonly string[];
}

/** A table whose key is being determined. */
export interface KeyOwner {
  readonly name: string;
  readonly columns: readonly PostgresColumn[];
  readonly indexes: readonly FoundIndex[];
}

/**
 * The columns that `idField` names, or else the primary key.
 *
 * @throws {UnsupportedError} if there is none.
 * @throws {TypeError} if `idField` names an unknown column, or an incomplete part of the primary key.
 */
export function findKey(owner: KeyOwner, idField: string | readonly string[] | undefined): PostgresKey {
  const { name, indexes } = owner;
  const primary = indexes.find((index) => index.primary)?.columns ?? [];
  const names = idField === undefined ? primary : [idField].flat();
  if (names.length === 0) {
    throw new UnsupportedError(
      `${describe(name)} has no primary key; name one or more of its columns, unique together, as idField`,
    );
  }
  const columns = names.map((wanted) => namedColumn(owner, wanted));
  const unique = indexes.some((index) =>
    index.immediate && index.columns.length === names.length && index.columns.every((column) => names.includes(column))
  );
  if (!unique && names.length < primary.length && names.every((column) => primary.includes(column))) {
    throw new TypeError(
      `${describe(names.join(", "))} cannot be the idField of ${describe(name)}: rows are unique in ${
        primary.join(", ")
      } together, which is the default`,
    );
  }
  return { columns, unique };
}

function namedColumn({ name, columns }: KeyOwner, wanted: string): PostgresColumn {
  const column = columns.find((candidate) => candidate.name === wanted);
  if (column !== undefined) return column;
  const accepted = columns.map((candidate) => candidate.name).join(", ");
  throw new TypeError(
    `${describe(name)} has no column ${describe(wanted)} to use as idField; accepted are ${accepted}`,
  );
}
