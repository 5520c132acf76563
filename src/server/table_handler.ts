/**
 * A table over HTTP: a handler for `Deno.serve`, `Bun.serve`, Node (through `@hono/node-server`) and workers, whose other
 * end is `RestTable.open`.
 *
 * @module
 */

import { asyncDispose } from "../base/async_dispose.ts";
import type { TableLike } from "../table/table_like.ts";
import type { Cors } from "./cors.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type TableHandlerOptions, toHandlerSettings } from "./handler_options.ts";

export type { Cors, TableHandlerOptions };

/** What a worker is handed with a request, as Cloudflare's `ExecutionContext`. What others hand over is ignored. */
export interface RequestContext {
  /** Keeps the worker alive until the work is done. */
  waitUntil?(work: Promise<unknown>): void;
}

/** Answers requests for one table. It never throws: whatever goes wrong is told in the answer. */
export interface TableHandler extends AsyncDisposable {
  /**
   * Answers one request. What was begun is finished, whoever hangs up; where a worker would be stopped before a write is
   * done, `waitUntil` of its context keeps it alive.
   */
  (request: Request, context?: RequestContext | object): Promise<Response>;
  /**
   * Ends all streams of events, and waits for the writes under way; not the table, which it was handed. From the call on,
   * every request is answered with a 503. May be called again.
   */
  close(): Promise<void>;
}

/**
 * Serves a table: its rows, pages, conditions, order, search and count, its writes if it is said to be writable, and its
 * events. `RestTable.open` at the other end gives a table that does the same.
 *
 * ```text
 * GET    /                                            what the table is, and can do
 * GET    /rows?where&orderBy&search&page&limit        {"rows":[[id,row],…]} with ETag; 304 for If-None-Match
 * GET    /row?id&where&search                         {"row":{…}}, or {"row":null} if the set has none
 * GET    /count?where&search                          {"count":n}
 * POST   /rows                                        {"row":{…}} → 201 {"id":"…"}   a new id
 * POST   /row?id                                      {"row":{…}} → {"row":{…}}      overwrites nothing
 * PUT    /row?id                                      {"row":{…}} → {"row":{…}}      replaces
 * PATCH  /row?id&where&search                         {"row":{…}} → {"row":{…}}      changes some columns
 * DELETE /row?id&where&search, DELETE /rows?where&search
 * GET    /events                                      text/event-stream
 * ```
 *
 * Errors travel as problem+json (RFC 9457), with nothing of the table's own words. A narrowed handle is served as if there
 * were nothing else: rows are not put under ids of a client's choice, none is taken out of the set, and events tell no ids.
 * But what must be unique in the whole table is so there, too. How slowly a body may come is left to the server in front.
 *
 * @throws {TypeError} if the handle stands for a page, or an option makes no sense.
 * @throws {RangeError} if a bound is not a whole number of at least 1.
 *
 * @example Serve a table that may be read by all, and written by who has the key
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import { tableHandler } from "@vantage/live/server";
 * import assert from "node:assert/strict";
 *
 * const products = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 * await using handler = tableHandler(products, {
 *   path: "/products",
 *   writable: true,
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
 */
export function tableHandler(table: TableLike, options: TableHandlerOptions = {}): TableHandler {
  const dispatcher = new Dispatcher(table, toHandlerSettings(table, options));
  return Object.assign(
    (request: Request, context?: RequestContext | object): Promise<Response> =>
      dispatcher.answer(request, context ?? {}),
    { close: () => dispatcher.close(), [asyncDispose]: () => dispatcher.close() },
  );
}
