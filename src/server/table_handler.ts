/**
 * Tables over HTTP: a handler for `Deno.serve`, `Bun.serve`, Node (through `@hono/node-server`) and workers. The client
 * is `RestTable.open`.
 *
 * @module
 */

import { asyncDispose } from "../base/async_dispose.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import type { TableLike } from "../table/table_like.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { AnsweredWrites } from "./answered_writes.ts";
import type { Cors } from "./cors.ts";
import { Dispatcher, type DispatcherParts } from "./dispatcher.ts";
import {
  EVENT_HANDLER_OPTIONS,
  type EventHandlerOptions,
  type HandlerSettings,
  type IdempotencyOptions,
  type TableHandlerOptions,
  toHandlerSettings,
} from "./handler_options.ts";
import {
  type NamedTable,
  streamsOf,
  type TableEvents,
  type Tables,
  toNamedStreams,
  toNamedTables,
} from "./named_tables.ts";
import { eventPlace, indexPlace, readRoutes } from "./read_routes.ts";
import type { Routes } from "./routes.ts";
import { ServedTable } from "./served_table.ts";
import { Site } from "./site.ts";
import { writeRoutes } from "./write_routes.ts";

export type { Cors, EventHandlerOptions, IdempotencyOptions, TableEvents, TableHandlerOptions, Tables, WriteVerb };

/** The part of a worker's context that is used, such as Cloudflare's `ExecutionContext`. Other contexts are ignored. */
export interface RequestContext {
  /** Keeps the worker alive until the work is done. */
  waitUntil?(work: Promise<unknown>): void;
}

/** Answers requests for one table or several. It never throws: failures become answers. */
export interface TableHandler extends AsyncDisposable {
  /**
   * Answers one request. A started write is finished even if the client disconnects; in a worker that would be stopped
   * before, `waitUntil` of its context, a {@linkcode RequestContext}, keeps it alive. A context that is not an object
   * is ignored.
   */
  (request: Request, context?: unknown): Promise<Response>;
  /**
   * Ends all streams of events, and waits for writes in flight; does not close the tables. Later requests are answered
   * with a 503. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Serves a table: its rows, pages, conditions, order, search and count, its writes if `writable`, and its events.
 * `RestTable.open` is the client.
 *
 * Several tables are served by their names, each under its own path below the base, with one stream for the events of
 * all: a browser allows only six connections to a server over HTTP/1.1, and each stream of events takes one. `new
 * SseLiveStream("…/events").of("products")` receives those of one table. `authorize` decides for all tables: a client
 * allowed to request `/events` learns which rows of any table change. So serve tables with different rights by separate
 * handlers.
 *
 * ```text
 * GET    /                                            the table's columns and capabilities
 * GET    /rows?where&orderBy&search&page&limit        {"rows":[[id,row],…]} with ETag; 304 for If-None-Match
 * GET    /row?id&where&search                         {"row":{…}}, or {"row":null} if it is not in the set
 * GET    /count?where&search                          {"count":n}
 * POST   /rows?newId                                  {"row":{…}} → 201 {"id":"…"}   a new id: newId, if it can be chosen
 * POST   /row?id                                      {"row":{…}} → {"row":{…}}      overwrites nothing
 * PUT    /row?id                                      {"row":{…}} → {"row":{…}}      replaces
 * PATCH  /row?id&where&search                         {"row":{…}} → {"row":{…}}      changes some columns
 * DELETE /row?id&where&search, DELETE /rows?where&search
 * POST   /writes                                      {"writes":[{"verb","id","row","in","key"},…]} → {"results":[…]}
 * GET    /events                                      text/event-stream
 *
 * several tables:
 * GET    /                                            {"protocol":1,"tables":["products","clients"]}
 * GET    /products, /products/rows, …                 as above
 * GET    /events                                      text/event-stream of all
 * ```
 *
 * A write with an `Idempotency-Key` that was done before is answered alike, with `"unsettled":true`, and not done again;
 * another write under the same key is a 409.
 *
 * Several writes in one request are checked, authorized and answered one by one: a result is what the single write would
 * have been answered with, or `{"problem":{…}}`.
 *
 * Errors are sent as problem+json (RFC 9457), without the messages of the table. A narrowed handle is served as if
 * nothing else existed: clients cannot choose ids or move rows out of the set, and events have no ids. But values that
 * are unique in the whole table remain so. Limiting how slowly a body may arrive is left to the server in front.
 *
 * @throws {TypeError} if a handle is a page, a name cannot be part of a path, or an option is invalid.
 * @throws {RangeError} if a bound is not a whole number of at least 1.
 *
 * @example Serve a table that anyone may read, and clients with a key may change, but not empty
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import { tableHandler } from "@vantage/live/server";
 * import assert from "node:assert/strict";
 *
 * const products = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 * await using handler = tableHandler(products, {
 *   path: "/products",
 *   writable: ["insert", "patch", "delete"],
 *   authorize: ({ method, headers }) => method === "GET" || headers.get("authorization") === "Bearer sesame",
 * });
 * // Deno.serve(handler)
 * // Bun.serve({ fetch: handler, idleTimeout: 0 })
 * // serve({ fetch: handler }) of @hono/node-server
 * // export default { fetch: (request, env, ctx) => handler(request, ctx) }
 *
 * const found = await handler(new Request("http://localhost/products/row?id=a"));
 * assert.deepEqual(await found.json(), { row: { name: "Bun" } });
 *
 * const refused = await handler(new Request("http://localhost/products/row?id=a", { method: "DELETE" }));
 * assert.equal(refused.status, 403);
 * ```
 *
 * @example Serve two tables
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import { tableHandler } from "@vantage/live/server";
 * import assert from "node:assert/strict";
 *
 * const products = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 * const clients = new MemTable("clients");
 * await using handler = tableHandler({ products, clients }, { path: "/shop" });
 *
 * const found = await handler(new Request("http://localhost/shop/products/row?id=a"));
 * assert.deepEqual(await found.json(), { row: { name: "Bun" } });
 * ```
 */
export function tableHandler(tables: Tables, options: TableHandlerOptions = {}): TableHandler {
  const settings = toHandlerSettings("a tableHandler", options);
  const named = toNamedTables(tables, options.events);
  const routes = named.map((table) => [table.name, routesOf(table, settings)] as const);
  return handlerOf(settings, {
    names: named.map(({ name, table }) => name ?? table.tableName),
    streams: streamsOf(named),
    toSite: (events) => {
      const [name, only] = routes[0] ?? [];
      const place = { "/events": eventPlace(events) };
      if (name === undefined) return new Site({ ...only, ...place });
      const served = routes.flatMap(([name, routes]) => name === undefined ? [] : [[name, routes] as const]);
      return new Site({ "": indexPlace(served.map(([name]) => name)), ...place }, served);
    },
  });
}

/**
 * Serves the events of several tables at one address, for tables that are served by different handlers, so that a
 * browser needs one connection for all of them. Accepts streams and tables with `events` (a `LiveTable`); of a narrowed
 * table, clients receive only `changed`. `new SseLiveStream(address).of("products")` receives those of one table.
 *
 * @throws {TypeError} if there are none, one of them has no events, a name is empty, or an option is invalid.
 * @throws {RangeError} if a bound is not a whole number of at least 1.
 *
 * @example Two handlers, one stream
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { eventHandler, tableHandler } from "@vantage/live/server";
 * import assert from "node:assert/strict";
 *
 * const cache = new MemCache();
 * const products = new LiveTable(new MemTable("products"), "products", cache);
 * const clients = new LiveTable(new MemTable("clients"), "clients", cache);
 * const handlers = {
 *   "/products": tableHandler(products, { path: "/products" }),
 *   "/clients": tableHandler(clients, { path: "/clients", writable: ["insert"] }),
 *   "/events": eventHandler({ products, clients }, { path: "/events" }),
 * };
 *
 * const answer = await handlers["/events"](new Request("http://localhost/events"));
 * assert.equal(answer.headers.get("content-type"), "text/event-stream");
 * await answer.body?.cancel();
 * for (const handler of Object.values(handlers)) await handler.close();
 * ```
 */
export function eventHandler(
  sources: { readonly [name: string]: TableLike | LiveStream },
  options: EventHandlerOptions = {},
): TableHandler {
  const streams = toNamedStreams(sources);
  return handlerOf(toHandlerSettings("an eventHandler", options, EVENT_HANDLER_OPTIONS), {
    names: Object.keys(sources),
    streams,
    toSite: (events) => new Site({ "": eventPlace(events) }),
  });
}

function routesOf({ table }: NamedTable, settings: HandlerSettings): Routes {
  const { authorize, maxAnswerBytes, maxWrites, writes: allowed, keys, clock } = settings;
  const served = new ServedTable(table, settings);
  const cacheControl = authorize === undefined ? "no-cache" : "private, no-cache";
  const reads = readRoutes({ served, cacheControl, maxAnswerBytes });
  const answered = keys === undefined || served.honoursKeys ? undefined : new AnsweredWrites(keys, clock);
  const writes = writeRoutes({ served, allowed, answered, maxWrites, maxAnswerBytes });
  const both = Object.entries(reads).map(([path, place]) => [path, { ...place, ...writes[path] }] as const);
  return { ...writes, ...Object.fromEntries(both) };
}

function handlerOf(settings: HandlerSettings, parts: DispatcherParts): TableHandler {
  const dispatcher = new Dispatcher(settings, parts);
  return Object.assign(
    (request: Request, context?: unknown): Promise<Response> => dispatcher.answer(request, context),
    { close: () => dispatcher.close(), [asyncDispose]: () => dispatcher.close() },
  );
}
