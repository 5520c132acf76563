import { UnsupportedError } from "../table/errors.ts";
import { rowToWire } from "../wire/wire_value.ts";
import { encodedJson, eventStream, json, noContent } from "./answers.ts";
import { encodeRows, encodeUnsettled, namesTag } from "./encoded_rows.ts";
import type { EventBroadcast } from "./event_broadcast.ts";
import { Freshness } from "./freshness.ts";
import { answerOf, named } from "./refusals.ts";
import { type Call, NARROWING, only, type Place, type Routes, takeFresh, takeId } from "./routes.ts";
import type { ServedTable } from "./served_table.ts";

/** What the read routes work with. */
export interface ReadRoutesOptions {
  readonly served: ServedTable;
  /** The `Cache-Control` of rows, for clients and caches on the way to them. */
  readonly cacheControl: string;
  readonly maxAnswerBytes: number;
}

/** The read routes of one table. */
export function readRoutes(options: ReadRoutesOptions): Routes {
  const { served } = options;
  return {
    "": { GET: (call) => describeTable(served, call) },
    "/rows": { GET: (call) => listRows(options, call) },
    "/row": { GET: (call) => getRow(served, call) },
    "/count": { GET: (call) => countRows(served, call) },
  };
}

/** The place of events. Ignores parameters, since a browser's EventSource can send a token only there. */
export function eventPlace(events: EventBroadcast | undefined): Place {
  return { GET: ({ request }) => streamEvents(events, request) };
}

/** The place that lists the tables, where there are several. */
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
  const { fresh, others } = takeFresh(params);
  const set = served.set(others);
  const asked = { what: "list the rows", hasValues: others.has("where") };
  const freshness = new Freshness(fresh);
  const rows = await answerOf(asked, () => served.list(set, freshness.options));
  if (freshness.unsettled) return encodedJson(encodeUnsettled(rows, maxAnswerBytes), { "cache-control": "no-store" });
  const { bytes, etag } = await encodeRows(rows, maxAnswerBytes);
  const headers = { etag, "cache-control": cacheControl };
  return namesTag(request.headers.get("if-none-match"), etag) ? noContent(304, headers) : encodedJson(bytes, headers);
}

async function getRow(served: ServedTable, { params }: Call): Promise<Response> {
  const { fresh, others: asking } = takeFresh(params);
  const { id, others } = takeId(asking);
  const { handle } = served.set(only(NARROWING, others));
  const asked = { what: `get row ${named(id)}`, hasValues: others.has("where") };
  const freshness = new Freshness(fresh);
  const row = await answerOf(asked, () => handle.getValue(id, freshness.options));
  // Not a 404, which a wrong path or a proxy returns as well.
  return json({ row: row === undefined ? null : rowToWire(row), ...freshness.mark });
}

async function countRows(served: ServedTable, { params }: Call): Promise<Response> {
  const { fresh, others } = takeFresh(params);
  const { handle } = served.set(only(NARROWING, others));
  const asked = { what: "count the rows", hasValues: others.has("where") };
  const freshness = new Freshness(fresh);
  return json({ count: await answerOf(asked, () => handle.getCount(freshness.options)), ...freshness.mark });
}

function streamEvents(events: EventBroadcast | undefined, request: Request): Promise<Response> {
  return answerOf({ what: "subscribe to events" }, () => {
    if (events === undefined) throw new UnsupportedError("This table has no events");
    return Promise.resolve(eventStream(events.addClient(request)));
  });
}
