import { describe } from "../../base/describe.ts";
import { RejectedError } from "../../table/errors.ts";
import { field, type Row } from "../../table/row.ts";
import { checkName } from "./surreal_checks.ts";
import { keyQl, recordQl } from "./surreal_ids.ts";
import { writtenQl } from "./surreal_params.ts";
import { param, type Ql, ql, quoteName, separated } from "./surreal_ql.ts";
import { columnOf, type SurrealColumn, type SurrealSchema } from "./surreal_schema.ts";

/** A record by its id, for a statement that writes it. */
export function writableQl(schema: SurrealSchema, id: string): Ql {
  const key = keyQl(id, schema.idType);
  if (key !== undefined) return recordQl(schema.name, key);
  const { declared } = schema.idType;
  throw new RejectedError(
    `${describe(schema.name)} cannot hold a row ${describe(id)}: ${
      declared === undefined ? "no record has this id" : `its id is of type ${declared}`
    }`,
  );
}

/** Inserts a row unless it exists; returns the stored one. */
export function insertQl(schema: SurrealSchema, record: Ql, row: Row): Ql {
  const found = ql`LET $stored = (SELECT * FROM ONLY ${record})`;
  const written = ql`IF $stored = NONE { ${createQl(schema, record, row)} } ELSE { $stored }`;
  return ql`RETURN { ${found}; ${returned(schema, row, written, "$stored = NONE AND ")} }`;
}

/** Creates a row; fails if it exists. */
export function createQl(schema: SurrealSchema, record: Ql, row: Row): Ql {
  const content = contentQl(schema, row);
  if (schema.isRelation) {
    return ql`(INSERT RELATION INTO ${schema.qlName} object::extend(${content}, { id: ${record} }))[0]`;
  }
  return ql`(CREATE ONLY ${record} CONTENT ${content})`;
}

/** Creates a row under an id that SurrealDB makes. */
export function createNewQl(schema: SurrealSchema, row: Row): Ql {
  const content = contentQl(schema, row);
  if (schema.isRelation) return ql`RETURN (INSERT RELATION INTO ${schema.qlName} ${content})[0]`;
  return ql`CREATE ONLY ${schema.qlName} CONTENT ${content}`;
}

/** Stores a row, whether it exists or not. */
export function replaceQl(schema: SurrealSchema, record: Ql, row: Row): Ql {
  const content = contentQl(schema, row, "$stored.");
  const found = ql`LET $stored = (SELECT * FROM ONLY ${record})`;
  if (!schema.isRelation) {
    return ql`RETURN { ${found}; ${returned(schema, row, ql`UPSERT ONLY ${record} CONTENT ${content}`)} }`;
  }
  const updated = ql`UPDATE ONLY ${record} CONTENT ${content}`;
  const written = ql`IF $stored = NONE { ${createQl(schema, record, row)} } ELSE { ${updated} }`;
  return ql`RETURN { ${found}; ${returned(schema, row, written)} }`;
}

/**
 * Changes columns of the row, if it is in a set. Returns the row, or the id of one that can be read but not changed, both in a
 * list.
 */
export function patchQl(schema: SurrealSchema, record: Ql, partial: Row, where: Ql | undefined): Ql {
  const changes = Object.keys(partial).filter((name) => name !== "id" && columnOf(schema, name)?.computed !== true);
  const filter = where === undefined ? ql`` : ql` WHERE ${where}`;
  const sets = changes.map((name) => ql`${quoteName(name)} = ${writtenQl(name, field(partial, name), schema, "")}`);
  const updated = changes.length === 0
    ? ql`SELECT * FROM ONLY ${record}${filter}`
    : ql`UPDATE ONLY ${record} SET ${separated(sets, ", ")}${filter}`;
  const seen = ql`IF $written = NONE { SELECT VALUE id FROM ${record}${filter} } ELSE { [] }`;
  return ql`RETURN { ${writtenIf(schema, partial, updated)}; LET $seen = (${seen}); RETURN [$written, $seen] }`;
}

/** Deletes rows; returns the ids of those that are still there, since what is not allowed is ignored. */
export function deleteQl(from: Ql, where: Ql | undefined): Ql {
  const filter = where === undefined ? ql`` : ql` WHERE ${where}`;
  return ql`RETURN { DELETE ${from}${filter}; LET $left = (SELECT VALUE id FROM ${from}${filter} LIMIT 1); RETURN $left }`;
}

/** The message of the error for a column that is written, but cannot be. */
export const FIXED = "vantage-live: a column is written that SurrealDB computes or keeps";

/** Returns what is written. */
function returned(schema: SurrealSchema, row: Row, written: Ql, where = ""): Ql {
  // A SELECT that a block returns itself is a list, even of ONLY one.
  return ql`${writtenIf(schema, row, written, where)}; RETURN $written`;
}

/**
 * Defines `$written`. If a column that cannot be written was given another value than it has, nothing is written.
 *
 * @param where when that matters, with an `AND`
 */
function writtenIf(schema: SurrealSchema, row: Row, written: Ql, where = ""): Ql {
  const given = schema.columns.filter((column) => isFixed(column, schema) && Object.hasOwn(row, column.name));
  if (given.length === 0) return ql`LET $written = (${written})`;
  const differs = given.map(({ name }) => {
    const value = writtenQl(name, field(row, name), schema, "$written.");
    return ql`(($written.${quoteName(name)} ?? NULL) != (${value} ?? NULL))`;
  });
  const check = ql`IF ${where}$written != NONE AND (${separated(differs, " OR ")}) { THROW ${param(FIXED)} }`;
  return ql`LET $written = (${written}); ${check}`;
}

/** Whether what is written to a column is ignored: it is computed, or an end of an edge. */
function isFixed({ name, computed }: SurrealColumn, { isRelation }: SurrealSchema): boolean {
  return computed || (isRelation && (name === "in" || name === "out"));
}

/**
 * The content of a record.
 *
 * @param root what the stored row is named, with a dot
 */
function contentQl(schema: SurrealSchema, row: Row, root?: string): Ql {
  const fields: Ql[] = [];
  for (const name of Object.keys(row)) {
    checkName(name, name);
    if (name === "id" || columnOf(schema, name)?.computed === true) continue;
    fields.push(ql`${JSON.stringify(name)}: ${writtenQl(name, field(row, name), schema, root)}`);
  }
  for (const { name, type, computed, hasDefault, initial } of schema.columns) {
    if (Object.hasOwn(row, name) || computed) continue;
    // SurrealDB gives a default only to a new row.
    if (root !== undefined && initial !== undefined) fields.push(ql`${JSON.stringify(name)}: (${initial})`);
    // A column that may be NULL but not absent has to be given.
    if (!hasDefault && !type.none && type.null) fields.push(ql`${JSON.stringify(name)}: NULL`);
  }
  return fields.length === 0 ? ql`{}` : ql`{ ${separated(fields, ", ")} }`;
}
