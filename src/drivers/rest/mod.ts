/**
 * HTTP: a REST resource, or a table served by `tableHandler`, as a master, and its server-sent events as a live stream.
 *
 * @example A table served by another host, kept fresh by its events
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { RestTable, SseLiveStream } from "@vantage/live/rest";
 * import { tableHandler } from "@vantage/live/server";
 * import assert from "node:assert/strict";
 *
 * await using served = new LiveTable(new MemTable("clients", { rows: [["marty", { name: "Marty" }]] }), "clients", new MemCache());
 * await using handler = tableHandler(served);
 * const fetch = async (input: string | URL | Request, init?: RequestInit) => await handler(new Request(input, init));
 *
 * const liveStream = new SseLiveStream("http://localhost/events", { fetch });
 * await using clients = new LiveTable(await RestTable.open("http://localhost/", { fetch }), "clients", new MemCache(), { liveStream });
 *
 * assert.equal((await clients.getValue("marty"))?.name, "Marty");
 * ```
 *
 * @module
 */

export { RestTable } from "./rest_table.ts";
export type { RestAnswer, RestClientOptions, RestMethod } from "./rest_client.ts";
export type {
  Pick,
  RestCondition,
  RestDraft,
  RestNext,
  RestPaging,
  RestTableOptions,
  RestWrite,
} from "./rest_options.ts";
export type { GivenHeaders } from "../../wire/request_headers.ts";
export type { TableDescription } from "../../wire/table_description.ts";
export type { Json } from "../../wire/wire_value.ts";
export { SseLiveStream, type SseLiveStreamOptions } from "./sse_live_stream.ts";
export type { SseMessage } from "./sse_message.ts";
export type { SseState } from "./sse_session.ts";
