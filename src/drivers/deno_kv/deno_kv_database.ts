import { describe } from "../../base/describe.ts";
import { escapeKeyPart } from "../../cache/cache_key.ts";
import type { KvAtomic, KvCommit, KvFound, KvHandle, KvKey, KvStamp } from "./deno_kv_handle.ts";

/** Leaves room for the other parts of a key, which may have 2048 bytes in Deno KV. */
const MAX_NAMESPACE_LENGTH = 32;
/** Texts that are longer when escaped are hashed. A character takes up to three bytes. */
const MAX_PLAIN_LENGTH = 512;
/** The most keys of one `getMany`. */
const KEYS_PER_READ = 10;
/** How often an atomic is tried that conflicts with other writes. */
const MAX_TRIES = 50;

/** A range of the entries with a prefix. */
export interface KvSelection {
  readonly start?: KvKey | undefined;
  readonly limit?: number | undefined;
}

/** An entry of the namespace. */
export interface KvEntry extends KvStamp {
  readonly value: unknown;
}

/** The part of a database whose keys start with a namespace. */
export class KvDatabase {
  readonly #kv: KvHandle;
  readonly #namespace: string;

  constructor(kv: KvHandle, namespace: string) {
    this.#kv = kv;
    this.#namespace = escapeKeyPart(namespace);
  }

  /** Makes a key of this namespace. */
  key(...parts: KvKey): KvKey {
    return [this.#namespace, ...parts];
  }

  /** Reads some keys. More than ten are not read as one snapshot. */
  async read<const Keys extends readonly KvKey[]>(
    keys: Keys,
  ): Promise<{ readonly [Index in keyof Keys]: KvEntry }> {
    const reads: Promise<readonly KvFound[]>[] = [];
    for (let from = 0; from < keys.length; from += KEYS_PER_READ) {
      reads.push(this.#kv.getMany(keys.slice(from, from + KEYS_PER_READ)));
    }
    const found = (await Promise.all(reads)).flat();
    // One for each key, with that key.
    return found as { readonly [Index in keyof Keys]: KvEntry };
  }

  /** Lists the entries whose keys start with `parts`. */
  list(parts: KvKey, { start, limit }: KvSelection = {}): AsyncIterable<KvEntry> {
    const prefix = this.key(...parts);
    const selector = start === undefined ? { prefix } : { prefix, start };
    // All keys of the namespace have our types.
    return this.#kv.list(selector, limit === undefined ? {} : { limit }) as AsyncIterable<KvEntry>;
  }

  /**
   * Commits the atomic that `build` makes, again if that fails. It must check something that it changes, so that it is
   * not applied twice if only the answer was lost.
   *
   * Failures are normal when several processes share a file: a write with checks does not wait for other writers, as a
   * write without checks does (SQLite cannot upgrade a reader once another connection has written). So each retry first
   * does a write without checks: once that is done, it has its turn.
   */
  async commit(build: (step: KvAtomic) => unknown): Promise<KvCommit> {
    for (let tries = 1;; tries++) {
      const step = this.#kv.atomic();
      build(step);
      try {
        return await step.commit();
      } catch (error) {
        if (tries === MAX_TRIES) throw error;
      }
      await this.#kv.atomic().delete(this.key("turn")).commit();
    }
  }
}

/**
 * Checks a namespace.
 *
 * @throws {TypeError} if it is not a string of 1 to 32 characters.
 */
export function namespaceOf(text: string): string {
  if (typeof text === "string" && text !== "" && text.length <= MAX_NAMESPACE_LENGTH) return text;
  throw new TypeError(`namespace must be a string of 1 to ${MAX_NAMESPACE_LENGTH} characters, got ${describe(text)}`);
}

/**
 * A text as a part of a key. Different texts give different parts, while Deno KV takes all lone surrogates for the same
 * character.
 */
export async function keyPart(text: string): Promise<string | Uint8Array> {
  const escaped = escapeKeyPart(text);
  return escaped.length <= MAX_PLAIN_LENGTH ? escaped : await hashOf(new TextEncoder().encode(escaped));
}

/** Like `keyPart`, with at most `maxBytes` bytes: for keys of which an atomic, which takes 80 KiB of keys, has many. */
export async function shortKeyPart(text: string, maxBytes: number): Promise<string | Uint8Array> {
  const escaped = escapeKeyPart(text);
  const bytes = new TextEncoder().encode(escaped);
  return bytes.length <= maxBytes ? escaped : (await hashOf(bytes)).slice(0, maxBytes);
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** The value of a counter written by `sum`. */
export function countOf({ value }: KvEntry): number {
  const count = fieldOf(value, "value");
  return typeof count === "bigint" ? Number(BigInt.asIntN(64, count)) : 0;
}

/** An operand for `sum`. Its numbers are unsigned and wrap around, so adding can subtract. */
export function amount(n: number): bigint {
  return BigInt.asUintN(64, BigInt(n));
}

/** Reads a field of an unknown value. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** Groups items into batches. */
export async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
