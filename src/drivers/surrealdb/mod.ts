/**
 * SurrealDB through a connected `Surreal` of the npm package `surrealdb`: tables as masters, with every type read without
 * loss and every query done by the database, and live queries as a stream of events.
 *
 * @example
 * ```ts ignore
 * import { LiveTable, MemCache } from "@vantage/live";
 * import { SurrealLiveStream, SurrealTable } from "@vantage/live/surrealdb";
 * import { Surreal } from "surrealdb";
 *
 * const db = new Surreal();
 * await db.connect("ws://localhost:8000", { namespace: "shop", database: "shop" });
 *
 * const products = new LiveTable(await SurrealTable.open(db, "products"), "products", new MemCache(), {
 *   liveStream: new SurrealLiveStream(db, "products"),
 *   staleTimeMs: 30_000, // interactive transactions emit no events
 * });
 * ```
 *
 * @module
 */

export { SurrealTable } from "./surreal_table.ts";
export { SurrealLiveStream, type SurrealLiveStreamOptions, type SurrealState } from "./surreal_live_stream.ts";
export type { SurrealTableOptions } from "./surreal_source.ts";
export type {
  SurrealHandle,
  SurrealLiveHandle,
  SurrealLiveMessage,
  SurrealQuery,
  SurrealResponse,
  SurrealSubscription,
} from "./surreal_handle.ts";
