import type { Condition } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import type { TableLike } from "../table/table_like.ts";
import type { WriteVerb } from "../table/verbs.ts";
import type { WriteOp } from "../table/write_op.ts";
import { conditionsToWire } from "../wire/query_params.ts";
import { rowToWire } from "../wire/wire_value.ts";
import type { WriteBody } from "./body.ts";
import { type Asked, named } from "./refusals.ts";
import { NARROWING, only, takeId, takeNewId } from "./routes.ts";
import type { ServedTable } from "./served_table.ts";

/** A write that a client asks for, which may be done. */
export interface AskedWrite extends Asked {
  readonly handle: TableLike;
  readonly op: WriteOp;
  /** An id made for a new row. */
  readonly newId?: string | undefined;
  /**
   * All of it as text: equal for the same write only, whether it comes alone or with others. An id that was made for it is
   * no part of it: the first one counts.
   */
  readonly text: string;
}

/** Where a write comes from: the parameters of its URL, and its body. */
export interface WriteInput {
  readonly params: URLSearchParams;
  readonly readRow: () => Promise<Row>;
  readonly readPatch: () => Promise<WriteBody>;
}

/** A write without its text, and the conditions that came with its row. */
interface ReadWrite extends Omit<AskedWrite, "text"> {
  readonly where?: readonly Condition[];
}

type Reader = (served: ServedTable, input: WriteInput) => Promise<ReadWrite>;

const READERS: Readonly<Record<WriteVerb, Reader>> = {
  insertReturnId: insertNew,
  insert: (served, input) => store(served, input, "insert"),
  replace: (served, input) => store(served, input, "replace"),
  patch,
  delete: deleteRow,
  deleteAll,
};

/**
 * Reads a write, and checks that it stays within what is served.
 *
 * @throws {Refusal} if it is invalid, or goes beyond.
 */
export async function askedWrite(verb: WriteVerb, served: ServedTable, input: WriteInput): Promise<AskedWrite> {
  const { where = [], ...asked } = await READERS[verb](served, input);
  const { op } = asked;
  const row = "row" in op ? op.row : "partial" in op ? op.partial : undefined;
  const { others } = takeNewId(input.params);
  const text = `${verb} ${others}\n${
    row === undefined ? "" : JSON.stringify([rowToWire(row), conditionsToWire(where)])
  }`;
  return { ...asked, text };
}

async function insertNew(served: ServedTable, { params, readRow }: WriteInput): Promise<ReadWrite> {
  const { newId, others } = takeNewId(params);
  only([], others);
  const row = await readRow();
  const handle = served.inserting(undefined, row);
  return {
    ...askedOf("insert a row", served, row),
    handle,
    op: { kind: "insertReturnId", row },
    newId: served.takesIds ? newId : undefined,
  };
}

async function store(
  served: ServedTable,
  { params, readRow }: WriteInput,
  kind: "insert" | "replace",
): Promise<ReadWrite> {
  const { id, others } = takeId(params);
  only([], others);
  const row = await readRow();
  const handle = served.inserting(id, row);
  return { ...askedOf(`${kind} row ${named(id)}`, served, row), handle, op: { kind, id, row } };
}

async function patch(served: ServedTable, { params, readPatch }: WriteInput): Promise<ReadWrite> {
  const { id, others } = takeId(params);
  const { handle: set } = served.set(only(["search"], others));
  const { row: partial, where } = await readPatch();
  const handle = served.narrowed(set, where);
  served.checkPatch(id, partial);
  return { ...askedOf(`patch row ${named(id)}`, served, partial), handle, op: { kind: "patch", id, partial }, where };
}

function deleteRow(served: ServedTable, { params }: WriteInput): Promise<ReadWrite> {
  const { id, handle } = rowIn(served, params);
  return Promise.resolve({ ...removing(`delete row ${named(id)}`, params), handle, op: { kind: "delete", id } });
}

function deleteAll(served: ServedTable, { params }: WriteInput): Promise<ReadWrite> {
  const { handle } = served.set(only(NARROWING, params));
  return Promise.resolve({ ...removing("delete the rows", params), handle, op: { kind: "deleteAll" } });
}

function rowIn(served: ServedTable, params: URLSearchParams): { readonly id: string; readonly handle: TableLike } {
  const { id, others } = takeId(params);
  return { id, handle: served.set(only(NARROWING, others)).handle };
}

function askedOf(what: string, served: ServedTable, row: Row): Asked {
  return { what, writes: true, hasValues: true, unknownColumn: served.unknownColumn(row) };
}

function removing(what: string, params: URLSearchParams): Asked {
  return { what, writes: true, hasValues: params.has("where") };
}
