import { systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { newId as makeId } from "../../base/new_id.ts";
import { equalValues } from "../../table/compare_values.ts";
import { NotFoundError, UnauthorizedError } from "../../table/errors.ts";
import type { Query } from "../../table/query.ts";
import { field, type Row, type Value } from "../../table/row.ts";
import type { WriteAnswer, WriteOp } from "../../table/write_op.ts";
import { idValue, keyQl, recordQl } from "./surreal_ids.ts";
import { type Ql, ql } from "./surreal_ql.ts";
import type { SurrealSchema } from "./surreal_schema.ts";
import { rowOf } from "./surreal_values.ts";
import { createNewQl, createQl, deleteQl, insertQl, patchQl, replaceQl, writableQl } from "./surreal_writes.ts";

/** A write as one statement, and what its result means. */
export interface Plan {
  /** What is done, for messages. */
  readonly what: string;
  readonly statement: Ql;
  /** The row that is written, and its id if it is known: to find what else has its unique values. */
  readonly written?: { readonly row: Row; readonly record?: Ql | undefined } | undefined;
  /**
   * The answer.
   *
   * @throws {UnauthorizedError} if the write was ignored, as SurrealDB does where a user may not do it.
   */
  read(result: unknown): WriteAnswer;
}

/** Options of a write. */
export interface PlanOptions {
  readonly schema: SurrealSchema;
  readonly newId?: string | undefined;
  /** The condition of the set, in a query or of the write's own. */
  where(query: Query): Ql | undefined;
}

/** Plans a write. */
export function planOf(op: WriteOp, query: Query, options: PlanOptions): Plan {
  const { schema } = options;
  const name = describe(schema.name);
  switch (op.kind) {
    case "insert":
    case "replace": {
      const what = `${op.kind} row ${describe(op.id)} of ${name}`;
      checkId(schema, op.id, op.row);
      const record = writableQl(schema, op.id);
      const statement = op.kind === "insert" ? insertQl(schema, record, op.row) : replaceQl(schema, record, op.row);
      return { what, statement, written: { row: op.row, record }, read: (result) => rowIn(result, what, schema) };
    }
    case "patch":
      return patchPlan(op.id, op.partial, query, options);
    case "delete": {
      const what = `delete row ${describe(op.id)} of ${name}`;
      const key = keyQl(op.id, schema.idType);
      const statement = key === undefined ? ql`RETURN []` : deleteQl(recordQl(schema.name, key), options.where(query));
      return { what, statement, read: (result) => checkDeleted(result, what) };
    }
    case "deleteAll": {
      const what = `delete the rows of ${name}`;
      const statement = deleteQl(ql`${schema.qlName}`, options.where(query));
      return { what, statement, read: (result) => checkDeleted(result, what) };
    }
    case "insertReturnId":
      return newRowPlan(op.row, options);
    default:
      return op satisfies never;
  }
}

function patchPlan(id: string, partial: Row, query: Query, { schema, where }: PlanOptions): Plan {
  const what = `patch row ${describe(id)} of ${describe(schema.name)}`;
  checkId(schema, id, partial);
  const key = keyQl(id, schema.idType);
  const record = key && recordQl(schema.name, key);
  const missing = new NotFoundError(`${describe(schema.name)} has no row ${describe(id)} in this set`);
  return {
    what,
    statement: record === undefined ? ql`RETURN []` : patchQl(schema, record, partial, where(query)),
    written: { row: partial, record },
    read: (result) => {
      const [row, seen] = Array.isArray(result) ? result : [];
      if (!isNothing(row)) return rowOf(row, schema).row;
      throw Array.isArray(seen) && seen.length > 0 ? notAllowed(what) : missing;
    },
  };
}

function newRowPlan(row: Row, { schema, newId }: PlanOptions): Plan {
  const what = `insert a row of ${describe(schema.name)}`;
  const given = field(row, "id");
  const idIn = (result: unknown): string => rowIn(result, what, schema) && rowOf(result, schema).id;
  if (given !== null) {
    const record = writableQl(schema, newIdOf(given));
    return { what, statement: ql`RETURN ${createQl(schema, record, row)}`, written: { row, record }, read: idIn };
  }
  // The client sends again what was on its way when a connection broke: with an id made here, that adds one row.
  const key = keyQl(newId ?? makeId(systemClock), schema.idType);
  const canHold = schema.idType.kind === "any" || schema.idType.kind === "string";
  if (key === undefined || !canHold) return { what, statement: createNewQl(schema, row), written: { row }, read: idIn };
  const record = recordQl(schema.name, key);
  // If a row has the id that was made for this one, the same write was done before.
  return { what, statement: insertQl(schema, record, row), written: { row, record }, read: idIn };
}

/** The id that a new row names. */
function newIdOf(given: Value): string {
  if (typeof given === "string" || typeof given === "number" || typeof given === "bigint") return String(given);
  throw new TypeError(
    `The id of a new row must be a text or an integer, got ${describe(given)}; of an array, its JSON`,
  );
}

function checkId({ idType }: SurrealSchema, id: string, row: Row): void {
  if (!Object.hasOwn(row, "id") || field(row, "id") === id) return;
  if (keyQl(id, idType) !== undefined && equalValues(field(row, "id"), idValue(id, idType))) return;
  throw new TypeError(`The row's "id" is ${describe(field(row, "id"))}, but its id is ${describe(id)}`);
}

function rowIn(result: unknown, what: string, schema: SurrealSchema): Row {
  if (isNothing(result)) throw notAllowed(what);
  return rowOf(result, schema).row;
}

function checkDeleted(result: unknown, what: string): void {
  if (!Array.isArray(result) || result.length > 0) throw notAllowed(what);
}

function isNothing(result: unknown): boolean {
  return result === undefined || result === null;
}

function notAllowed(what: string): UnauthorizedError {
  return new UnauthorizedError(`Cannot ${what}: the permissions of the table do not allow it`);
}
