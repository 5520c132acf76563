import type { Condition } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import type { TableLike, WriteOptions } from "../table/table_like.ts";
import { conditionsToWire } from "../wire/query_params.ts";
import { rowToWire } from "../wire/wire_value.ts";
import type { AnsweredWrites, WriteReply } from "./answered_writes.ts";
import { json, noContent } from "./answers.ts";
import { Freshness } from "./freshness.ts";
import { answerOf, type Asked, named, refuse } from "./refusals.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { type Action, type Call, NARROWING, only, type Routes, takeId, takeNewId, WRITE_PLACES } from "./routes.ts";
import type { ServedTable } from "./served_table.ts";

/** The longest idempotency key, in characters. */
const MAX_KEY_LENGTH = 1024;

/** What the write routes work with. */
export interface WriteRoutesOptions {
  readonly served: ServedTable;
  /** The writes that were answered; `undefined` if the table remembers them itself, or nobody does. */
  readonly answered: AnsweredWrites | undefined;
}

/** A write as a client asks for it. */
interface AskedWrite extends Asked {
  /** All of it as text. */
  readonly text: string;
  readonly send: (options: WriteOptions) => Promise<Omit<WriteReply, "isRepeated">>;
}

/** The write routes of the allowed verbs. Invalid requests are refused before the table is called. */
export function writeRoutes(options: WriteRoutesOptions, allowed: ReadonlySet<WriteVerb>): Routes {
  const actions: Readonly<Record<WriteVerb, (served: ServedTable, call: Call) => Promise<AskedWrite>>> = {
    insertReturnId: insertNew,
    deleteAll,
    insert: (served, call) => store(served, call, "insert"),
    replace: (served, call) => store(served, call, "replace"),
    patch,
    delete: deleteRow,
  };
  const routes: Record<string, Record<string, Action>> = {};
  for (const verb of allowed) {
    const { path, method } = WRITE_PLACES[verb];
    (routes[path] ??= {})[method] = async (call) =>
      await write(options, call, await actions[verb](options.served, call));
  }
  return routes;
}

async function insertNew(served: ServedTable, call: Call): Promise<AskedWrite> {
  const { newId, others } = takeNewId(call.params);
  only([], others);
  const row = await call.readRow();
  const table = served.inserting(undefined, row);
  const chosen = served.takesIds && newId !== undefined ? { newId } : {};
  return {
    ...askedOf("insert a row", served, call, row),
    send: async (options) => {
      const id = await table.insertReturnIdValue(row, { ...options, ...chosen });
      return { status: 201, content: { id } };
    },
  };
}

async function store(served: ServedTable, call: Call, verb: "insert" | "replace"): Promise<AskedWrite> {
  const { id, others } = takeId(call.params);
  only([], others);
  const row = await call.readRow();
  const table = served.inserting(id, row);
  return {
    ...askedOf(`${verb} row ${named(id)}`, served, call, row),
    send: async (options) =>
      rowReply(await (verb === "insert" ? table.insertValue(id, row, options) : table.replaceValue(id, row, options))),
  };
}

async function patch(served: ServedTable, call: Call): Promise<AskedWrite> {
  const { id, others } = takeId(call.params);
  const { handle: set } = served.set(only(["search"], others));
  const { row: partial, where } = await call.readPatch();
  const handle = served.narrowed(set, where);
  served.checkPatch(id, partial);
  return {
    ...askedOf(`patch row ${named(id)}`, served, call, partial, where),
    send: async (options) => rowReply(await handle.patchValue(id, partial, options)),
  };
}

function deleteRow(served: ServedTable, call: Call): Promise<AskedWrite> {
  const { id, handle } = rowIn(served, call);
  return Promise.resolve({
    ...removing(`delete row ${named(id)}`, call),
    send: (options) => handle.delete(id, options).then(emptyReply),
  });
}

function deleteAll(served: ServedTable, call: Call): Promise<AskedWrite> {
  const { handle } = served.set(only(NARROWING, call.params));
  return Promise.resolve({
    ...removing("delete the rows", call),
    send: (options) => handle.deleteAll(options).then(emptyReply),
  });
}

function rowIn(served: ServedTable, { params }: Call): { readonly id: string; readonly handle: TableLike } {
  const { id, others } = takeId(params);
  return { id, handle: served.set(only(NARROWING, others)).handle };
}

function askedOf(
  what: string,
  served: ServedTable,
  call: Call,
  row: Row,
  where: readonly Condition[] = [],
): Omit<AskedWrite, "send"> {
  const text = `${textOf(call)}${JSON.stringify([rowToWire(row), conditionsToWire(where)])}`;
  return { what, writes: true, hasValues: true, unknownColumn: served.unknownColumn(row), text };
}

function removing(what: string, call: Call): Omit<AskedWrite, "send"> {
  return { what, writes: true, hasValues: call.params.has("where"), text: textOf(call) };
}

/** The id that was made for a new row is no part of the write: the first one counts. */
function textOf({ request, params }: Call): string {
  const { others } = takeNewId(params);
  return `${request.method} ${others}\n`;
}

function rowReply(row: Row): WriteReply {
  return { status: 200, content: { row: rowToWire(row) } };
}

function emptyReply(): WriteReply {
  return { status: 204, content: {} };
}

/** A started write is finished even if the client disconnects: otherwise its result would be unknown. */
async function write(
  { answered }: WriteRoutesOptions,
  { request, finish }: Call,
  asked: AskedWrite,
): Promise<Response> {
  const idempotencyKey = request.headers.get("idempotency-key") ?? undefined;
  if ((idempotencyKey?.length ?? 0) > MAX_KEY_LENGTH) {
    throw refuse(`Idempotency-Key must have at most ${MAX_KEY_LENGTH} characters`);
  }
  const freshness = new Freshness();
  const send = (): Promise<WriteReply> => answerOf(asked, () => asked.send({ ...freshness.options, idempotencyKey }));
  const work = answered === undefined || idempotencyKey === undefined
    ? send()
    : answered.once(idempotencyKey, asked.text, send);
  finish(work);
  const { status, content, isRepeated = false } = await work;
  const mark = isRepeated ? { unsettled: true } : freshness.mark;
  if (status !== 204) return json({ ...content, ...mark }, status);
  return Object.keys(mark).length === 0 ? noContent(204) : json(mark);
}
