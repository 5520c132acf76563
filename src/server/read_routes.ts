import { UnsupportedError } from "../table/errors.ts";
import type { CallOptions } from "../table/table_like.ts";
import { rowToWire } from "../wire/wire_value.ts";
import { encodedJson, eventStream, json, noContent } from "./answers.ts";
import { encodeRows, encodeUnsettled, namesTag } from "./encoded_rows.ts";
import type { EventBroadcast } from "./event_broadcast.ts";
import { answerOf, named } from "./refusals.ts";
import { type Call, NARROWING, only, type Place, type Routes, takeId } from "./routes.ts";
import type { ServedTable } from "./served_table.ts";

/** What the read routes work with. */
export interface ReadRoutesOptions {
  readonly served: ServedTable;
  /** What a client, and a cache on the way to it, may do with rows. */
  readonly cacheControl: string;
  readonly maxAnswerBytes: number;
}

/** What can be read of one table. */
export function readRoutes(options: ReadRoutesOptions): Routes {
  const { served } = options;
  return {
    "": { GET: (call) => describeTable(served, call) },
    "/rows": { GET: (call) => listRows(options, call) },
    "/row": { GET: (call) => getRow(served, call) },
    "/count": { GET: (call) => countRows(served, call) },
  };
}

/** What can be heard. Parameters are not looked at: a browser's EventSource can send a token in no other way. */
export function eventPlace(events: EventBroadcast | undefined): Place {
  return { GET: ({ request }) => listen(events, request) };
}

/** Which tables there are, where there are several. */
export function indexPlace(names: readonly string[]): Place {
  return {
    GET: ({ params }) => {
      only([], params);
      return Promise.resolve(json({ protocol: 1, tables: names }));
    },
  };
}

function describeTable(served: ServedTable, { params }: Call): Promise<Response> {
  only([], params);
  return Promise.resolve(json(served.describe()));
}

async function listRows(options: ReadRoutesOptions, { request, params }: Call): Promise<Response> {
  const { served, cacheControl, maxAnswerBytes } = options;
  const set = served.set(params);
  const asked = { what: "list the rows", hasValues: params.has("where") };
  const told = new Told();
  const rows = await answerOf(asked, () => served.list(set, told.options));
  if (told.unsettled) return encodedJson(encodeUnsettled(rows, maxAnswerBytes), { "cache-control": "no-store" });
  const { bytes, etag } = await encodeRows(rows, maxAnswerBytes);
  const headers = { etag, "cache-control": cacheControl };
  return namesTag(request.headers.get("if-none-match"), etag) ? noContent(304, headers) : encodedJson(bytes, headers);
}

async function getRow(served: ServedTable, { params }: Call): Promise<Response> {
  const { id, others } = takeId(params);
  const { handle } = served.set(only(NARROWING, others));
  const asked = { what: `get row ${named(id)}`, hasValues: others.has("where") };
  const told = new Told();
  const row = await answerOf(asked, () => handle.getValue(id, told.options));
  // Not a 404, which a wrong path or a proxy answers as well.
  return json({ row: row === undefined ? null : rowToWire(row), ...told.mark });
}

async function countRows(served: ServedTable, { params }: Call): Promise<Response> {
  const { handle } = served.set(only(NARROWING, params));
  const asked = { what: "count the rows", hasValues: params.has("where") };
  const told = new Told();
  return json({ count: await answerOf(asked, () => handle.getCount(told.options)), ...told.mark });
}

function listen(events: EventBroadcast | undefined, request: Request): Promise<Response> {
  return answerOf({ what: "listen" }, () => {
    if (events === undefined) throw new UnsupportedError("This table tells no events");
    return Promise.resolve(eventStream(events.listen(request)));
  });
}

/** Whether a table said that its answer is not to be kept. The client is told in the answer, which every client can read. */
class Told {
  unsettled = false;
  readonly options: CallOptions = { onUnsettled: () => void (this.unsettled = true) };

  get mark(): { readonly unsettled?: true } {
    return this.unsettled ? { unsettled: true } : {};
  }
}
