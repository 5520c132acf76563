import { UnsupportedError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";

/** A key of Deno KV, as far as it is used here. */
export type KvKey = readonly (string | number | bigint | boolean | Uint8Array)[];

/** What a key stood for at some moment: nothing if the versionstamp is `null`. */
export interface KvStamp {
  /** The key. */
  readonly key: KvKey;
  /** The write that made it so; a later one compares greater. */
  readonly versionstamp: string | null;
}

/** What stands under a key; value and versionstamp are `null` if there is nothing. */
export interface KvFound {
  /** The key. What it can hold differs from one implementation to the other. */
  readonly key: readonly unknown[];
  /** The value. */
  readonly value: unknown;
  /** The write that made it so. */
  readonly versionstamp: string | null;
}

/** Writes that are done all at once, or not at all if a check fails. */
export interface KvAtomic {
  /** Nothing is done unless what the key stands for was last written by this write. */
  check(stamp: KvStamp): this;
  /** Writes a value. */
  set(key: KvKey, value: unknown): this;
  /** Removes a value. */
  delete(key: KvKey): this;
  /** Adds to an unsigned number of 64 bits, which wraps around. */
  sum(key: KvKey, n: bigint): this;
  /** Does it. */
  commit(): Promise<KvCommit>;
}

/** What came of an atomic. */
export interface KvCommit {
  /** `false` if a check failed, and nothing was done. */
  readonly ok: boolean;
  /** That of everything it wrote. */
  readonly versionstamp?: string;
}

/** All keys with a prefix, or those from `start` on. */
export type KvSelector = { readonly prefix: KvKey } | { readonly prefix: KvKey; readonly start: KvKey };

/** An open database, as `Deno.openKv()` gives it and `openKv()` of the npm package `@deno/kv`. */
export interface KvHandle {
  /** What stands under at most ten keys, all at one moment. */
  getMany(keys: readonly KvKey[]): Promise<readonly KvFound[]>;
  /** What stands under some keys, in their order. */
  list(selector: KvSelector, options?: { readonly limit?: number }): AsyncIterable<KvFound>;
  /** Begins writes that belong together. */
  atomic(): KvAtomic;
  /** Closes the database. */
  close(): unknown;
}

/**
 * The runtime's own Deno KV: the database at a path or address, or the default one.
 *
 * @throws {UnsupportedError} if the runtime has none.
 * @throws {TypeError} if there is no such database, and none can be made.
 */
export async function openKv(path: string | undefined): Promise<KvHandle> {
  // Named by its shape, since other runtimes have no types of Deno.
  const { Deno: deno } = globalThis as { Deno?: { readonly openKv?: (path?: string) => Promise<KvHandle> } };
  if (deno?.openKv === undefined) {
    throw new UnsupportedError("This runtime has no Deno.openKv: run Deno with --unstable-kv, or pass an open handle");
  }
  try {
    return await deno.openKv(path);
  } catch (cause) {
    throw new TypeError(`Cannot open the KV database ${path === undefined ? "by default" : describe(path)}`, { cause });
  }
}
