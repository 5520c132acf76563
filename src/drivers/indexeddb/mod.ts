/**
 * A cache and an outbox in IndexedDB, which all tabs of an origin share, and streams of which one tab at a time listens to the source.
 *
 * @module
 */

export type { IdbDurability } from "./indexeddb_api.ts";
export { IndexedDbCache, type IndexedDbCacheOptions } from "./indexeddb_cache.ts";
export type { IndexedDbStreamOptions } from "./indexeddb_live_stream.ts";
export { IndexedDbOutbox, type IndexedDbOutboxOptions } from "./indexeddb_outbox.ts";
