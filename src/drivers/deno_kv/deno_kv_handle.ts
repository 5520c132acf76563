import { systemClock } from "../../base/clock.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";

/** A key of Deno KV, with the types that are used here. */
export type KvKey = readonly (string | number | bigint | boolean | Uint8Array)[];

/** The version of a key at some moment; it did not exist if the versionstamp is `null`. */
export interface KvStamp {
  /** The key. */
  readonly key: KvKey;
  /** The write that set it; later ones compare greater. */
  readonly versionstamp: string | null;
}

/** An entry; value and versionstamp are `null` if the key does not exist. */
export interface KvFound {
  /** The key, whose types differ between implementations. */
  readonly key: readonly unknown[];
  /** The value. */
  readonly value: unknown;
  /** The write that set it. */
  readonly versionstamp: string | null;
}

/** Writes that are applied together, or not at all if a check fails. */
export interface KvAtomic {
  /** Makes the commit fail unless the key still has this version. */
  check(stamp: KvStamp): this;
  /** Sets a value. */
  set(key: KvKey, value: unknown): this;
  /** Deletes a key. */
  delete(key: KvKey): this;
  /** Adds to an unsigned 64-bit number, which wraps around. */
  sum(key: KvKey, n: bigint): this;
  /** Applies the writes. */
  commit(): Promise<KvCommit>;
}

/** The result of an atomic. */
export interface KvCommit {
  /** `false` if a check failed and nothing was written. */
  readonly ok: boolean;
  /** The versionstamp of everything written. */
  readonly versionstamp?: string;
}

/** All keys with a prefix, or those from `start` on. */
export type KvSelector = { readonly prefix: KvKey } | { readonly prefix: KvKey; readonly start: KvKey };

/** An open database, as returned by `Deno.openKv()`, or by `openKv()` of the npm package `@deno/kv`. */
export interface KvHandle {
  /** Reads at most ten keys as one snapshot. */
  getMany(keys: readonly KvKey[]): Promise<readonly KvFound[]>;
  /** Lists entries in the order of their keys. */
  list(selector: KvSelector, options?: { readonly limit?: number }): AsyncIterable<KvFound>;
  /** Starts an atomic. */
  atomic(): KvAtomic;
  /** Closes the database. */
  close(): unknown;
}

/**
 * Opens the runtime's Deno KV: the database at a path or address, or the default one.
 *
 * @throws {UnsupportedError} if the runtime has none.
 * @throws {TypeError} if the database does not exist and cannot be created.
 */
export async function openKv(path: string | undefined): Promise<KvHandle> {
  // A structural type, since other runtimes have no types of Deno.
  const { Deno: deno } = globalThis as { Deno?: { readonly openKv?: (path?: string) => Promise<KvHandle> } };
  if (deno?.openKv === undefined) {
    throw new UnsupportedError("This runtime has no Deno.openKv: run Deno with --unstable-kv, or pass an open handle");
  }
  for (let tries = 1;; tries++) {
    try {
      return await deno.openKv(path);
    } catch (cause) {
      if (tries < MAX_TRIES) {
        await systemClock.wait(tries * PAUSE_MS);
        continue;
      }
      throw new TypeError(`Cannot open the KV database ${shownPath(path)}`, { cause });
    }
  }
}

/** A URL may have a password. */
function shownPath(path: string | undefined): string {
  if (path === undefined) return "by default";
  return path.includes("://") ? "at this URL" : describe(path);
}

/**
 * How often a database is opened that cannot be: while another process creates the file, it is locked, and Deno does not
 * wait for that, nor does its error have a code.
 */
const MAX_TRIES = 6;
/** The first pause between tries; the next ones are longer by as much each. */
const PAUSE_MS = 20;
