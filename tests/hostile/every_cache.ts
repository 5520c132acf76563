import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type Cache, MemCache } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { SqliteCache } from "@vantage/live/sqlite";
import { newPath } from "../conformance/temp_folder.ts";

/** A cache that is asked hostile things. */
export interface HostileCache {
  readonly name: string;
  /** Why it cannot be tried here, if so. */
  readonly missing?: string | undefined;
  /** How large a part of the runs it is given: those that write to a disk are slower. */
  readonly share: number;
  readonly open: () => Promise<Cache & Partial<AsyncDisposable>>;
}

/** All caches of the package that run outside a browser. */
export const everyCache: readonly HostileCache[] = [
  { name: "MemCache", share: 1, open: () => Promise.resolve(new MemCache()) },
  { name: "SqliteCache in memory", share: 0.5, open: () => SqliteCache.open(new DatabaseSync(":memory:")) },
  { name: "SqliteCache in a file", share: 0.2, open: () => SqliteCache.open(newPath("hostile.db")) },
  { name: "DurableObjectCache", share: 0.2, open: () => Promise.resolve(new DurableObjectCache(durableObjectSql())) },
  {
    name: "DenoKvCache",
    share: 0.1,
    missing: "Deno" in globalThis ? undefined : "Deno KV is only in Deno",
    open: () => DenoKvCache.open(newPath("hostile-kv.db")),
  },
];

/** What a Durable Object offers, over the SQLite of the runtime. */
function durableObjectSql(): ConstructorParameters<typeof DurableObjectCache>[0] {
  const db = new DatabaseSync(":memory:");
  return {
    exec: (query, ...bindings: SQLInputValue[]) => ({ toArray: () => db.prepare(query).all(...bindings) }),
  };
}
