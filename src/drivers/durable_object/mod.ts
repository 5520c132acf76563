/**
 * A cache and an outbox in the SQLite storage of a Cloudflare Durable Object. Needs no `nodejs_compat`.
 *
 * @module
 */

export { DurableObjectCache, type DurableObjectCacheOptions } from "./durable_object_cache.ts";
export {
  DurableObjectOutbox,
  type DurableObjectOutboxOptions,
  type DurableObjectStorage,
} from "./durable_object_outbox.ts";
export type { DurableObjectSql } from "./durable_object_sql.ts";
