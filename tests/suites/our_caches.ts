import { type Cache, MemCache } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { SqliteCache } from "@vantage/live/sqlite";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { NO_KV } from "../drivers/deno_kv/deno_kv_fixture.ts";
import { newPath } from "../conformance/temp_folder.ts";

/** One of our caches, as other libraries' suites are run over it. */
export interface OurCache {
  readonly name: string;
  /** Why it cannot run here, if so. */
  readonly missing?: string | undefined;
  readonly open: () => Promise<Cache & Partial<AsyncDisposable>>;
}

export const ourCaches: readonly OurCache[] = [
  { name: "MemCache", open: () => Promise.resolve(new MemCache()) },
  { name: "SqliteCache", open: () => SqliteCache.open(newPath("suite.db")) },
  { name: "DenoKvCache", missing: NO_KV, open: () => DenoKvCache.open(newPath("suite.kv")) },
  { name: "DurableObjectCache", open: () => Promise.resolve(new DurableObjectCache(storage())) },
];

/** What a Durable Object's storage answers, in memory. */
function storage(): ConstructorParameters<typeof DurableObjectCache>[0] {
  const db = new DatabaseSync(":memory:");
  return {
    exec: (query, ...bindings: SQLInputValue[]) => ({ toArray: () => db.prepare(query).all(...bindings) }),
  };
}
