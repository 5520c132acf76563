/**
 * A cache, an outbox and tables in Deno KV: a file shared by several processes, or the database of an app on Deno Deploy.
 *
 * @module
 */

export { DenoKvCache, type DenoKvCacheOptions } from "./deno_kv_cache.ts";
export { DenoKvOutbox, type DenoKvOutboxOptions } from "./deno_kv_outbox.ts";
export { DenoKvTable, type DenoKvTableOptions } from "./deno_kv_table.ts";
export type { KvAtomic, KvCommit, KvFound, KvHandle, KvKey, KvSelector, KvStamp } from "./deno_kv_handle.ts";
