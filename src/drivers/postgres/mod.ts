/**
 * PostgreSQL through the client that you have: postgres.js, `pg`, PGlite or Bun's `SQL`. Tables and views as masters, with
 * every type read without loss and every query done by the database, and streams of what others change.
 *
 * @example
 * ```ts ignore
 * import { LiveTable, MemCache } from "@vantage/live";
 * import { PostgresTable } from "@vantage/live/postgres";
 * import postgres from "postgres";
 *
 * const sql = postgres("postgres://localhost/shop");
 * const products = new LiveTable(await PostgresTable.open(sql, "products"), "products", new MemCache());
 *
 * const cheap = await products.where("price", "lt", 5).orderBy("name").page(1).listValues();
 * ```
 *
 * @module
 */

export { PostgresTable } from "./postgres_table.ts";
export type { PostgresTableOptions } from "./postgres_source.ts";
export { PostgresNotifyLiveStream, type PostgresNotifyLiveStreamOptions } from "./postgres_notify_live_stream.ts";
export {
  installNotify,
  type InstallNotifyOptions,
  type NotifyScript,
  notifyScript,
  removeNotify,
} from "./postgres_notify_install.ts";
export { PostgresSlot } from "./postgres_slot.ts";
export type { PostgresSlotOptions, SlotTableOptions } from "./postgres_slot_options.ts";
export { replicationSlots, type SlotStatus } from "./postgres_slots.ts";
export type { PostgresStreamState } from "./postgres_connections.ts";
export type {
  PgClient,
  PgEmitter,
  PgNotification,
  PgPool,
  PgPoolClient,
  PostgresClient,
  PostgresHandle,
  PostgresRow,
  PostgresSession,
  PostgresTag,
  PostgresTagClient,
} from "./postgres_client.ts";
