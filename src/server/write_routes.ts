import type { Row } from "../table/row.ts";
import type { TableLike, WriteOptions } from "../table/table_like.ts";
import { rowToWire } from "../wire/wire_value.ts";
import { json, noContent } from "./answers.ts";
import { answerOf, type Asked, named, refuse } from "./refusals.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { type Action, type Call, NARROWING, only, type Routes, takeId, WRITE_PLACES } from "./routes.ts";
import type { ServedTable } from "./served_table.ts";

/** The longest idempotency key, in characters. */
const MAX_KEY_LENGTH = 1024;

/** The write routes of the allowed verbs. Invalid requests are refused before the table is called. */
export function writeRoutes(served: ServedTable, allowed: ReadonlySet<WriteVerb>): Routes {
  const actions: Readonly<Record<WriteVerb, Action>> = {
    insertReturnId: (call) => insertNew(served, call),
    deleteAll: (call) => deleteAll(served, call),
    insert: (call) => store(served, call, "insert"),
    replace: (call) => store(served, call, "replace"),
    patch: (call) => patch(served, call),
    delete: (call) => deleteRow(served, call),
  };
  const routes: Record<string, Record<string, Action>> = {};
  for (const verb of allowed) {
    const { path, method } = WRITE_PLACES[verb];
    (routes[path] ??= {})[method] = actions[verb];
  }
  return routes;
}

async function insertNew(served: ServedTable, call: Call): Promise<Response> {
  only([], call.params);
  const row = await call.readRow();
  const table = served.inserting(undefined, row);
  const asked = askedOf("insert a row", served, row);
  const id = await write(call, asked, (options) => table.insertReturnIdValue(row, options));
  return json({ id }, 201);
}

async function store(served: ServedTable, call: Call, verb: "insert" | "replace"): Promise<Response> {
  const { id, others } = takeId(call.params);
  only([], others);
  const row = await call.readRow();
  const table = served.inserting(id, row);
  const stored = await write(
    call,
    askedOf(`${verb} row ${named(id)}`, served, row),
    (options) => verb === "insert" ? table.insertValue(id, row, options) : table.replaceValue(id, row, options),
  );
  return json({ row: rowToWire(stored) });
}

async function patch(served: ServedTable, call: Call): Promise<Response> {
  const { id, handle } = rowIn(served, call);
  const partial = await call.readRow();
  served.checkPatch(id, partial);
  const asked = askedOf(`patch row ${named(id)}`, served, partial);
  const row = await write(call, asked, (options) => handle.patchValue(id, partial, options));
  return json({ row: rowToWire(row) });
}

async function deleteRow(served: ServedTable, call: Call): Promise<Response> {
  const { id, handle } = rowIn(served, call);
  const asked: Asked = { what: `delete row ${named(id)}`, writes: true, hasValues: call.params.has("where") };
  await write(call, asked, (options) => handle.delete(id, options));
  return noContent(204);
}

async function deleteAll(served: ServedTable, call: Call): Promise<Response> {
  const handle = served.set(only(NARROWING, call.params)).handle;
  const asked: Asked = { what: "delete the rows", writes: true, hasValues: call.params.has("where") };
  await write(call, asked, (options) => handle.deleteAll(options));
  return noContent(204);
}

function rowIn(served: ServedTable, { params }: Call): { readonly id: string; readonly handle: TableLike } {
  const { id, others } = takeId(params);
  return { id, handle: served.set(only(NARROWING, others)).handle };
}

function askedOf(what: string, served: ServedTable, row: Row): Asked {
  return { what, writes: true, hasValues: true, unknownColumn: served.unknownColumn(row) };
}

/** A started write is finished even if the client disconnects: otherwise its result would be unknown. */
function write<T>(
  { request, finish }: Call,
  asked: Asked,
  send: (options: WriteOptions) => Promise<T>,
): Promise<T> {
  const idempotencyKey = request.headers.get("idempotency-key") ?? undefined;
  if ((idempotencyKey?.length ?? 0) > MAX_KEY_LENGTH) {
    throw refuse(`Idempotency-Key must have at most ${MAX_KEY_LENGTH} characters`);
  }
  const work = answerOf(asked, () => send({ idempotencyKey }));
  finish(work);
  return work;
}
