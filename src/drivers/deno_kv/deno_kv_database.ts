import { describe } from "../../base/describe.ts";
import { escapeKeyPart } from "../../cache/cache_key.ts";
import type { KvAtomic, KvCommit, KvFound, KvHandle, KvKey, KvStamp } from "./deno_kv_handle.ts";

/** So short that it leaves room for the other parts of a key, of which Deno KV takes 2048 bytes. */
const MAX_NAMESPACE_LENGTH = 32;
/** Longer texts, escaped, are hashed. A character takes up to three bytes. */
const MAX_PLAIN_LENGTH = 512;
/** How many keys one `getMany` takes. */
const KEYS_PER_READ = 10;
/** How often a step is tried that others come in the way of. */
const MAX_TRIES = 50;

/** Which of the entries whose keys start alike. */
export interface KvSelection {
  readonly start?: KvKey | undefined;
  readonly limit?: number | undefined;
}

/** What stands under a key of ours. */
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

  /** A key of this namespace. */
  key(...parts: KvKey): KvKey {
    return [this.#namespace, ...parts];
  }

  /** What stands under some keys; of more than ten, not all at one moment. */
  async read<const Keys extends readonly KvKey[]>(
    keys: Keys,
  ): Promise<{ readonly [Index in keyof Keys]: KvEntry }> {
    const reads: Promise<readonly KvFound[]>[] = [];
    for (let from = 0; from < keys.length; from += KEYS_PER_READ) {
      reads.push(this.#kv.getMany(keys.slice(from, from + KEYS_PER_READ)));
    }
    const found = (await Promise.all(reads)).flat();
    // There is one for each key, with that key.
    return found as { readonly [Index in keyof Keys]: KvEntry };
  }

  /** What stands under all keys that start with `part`. */
  list(part: string, { start, limit }: KvSelection = {}): AsyncIterable<KvEntry> {
    const prefix = this.key(part);
    const selector = start === undefined ? { prefix } : { prefix, start };
    // All keys of the namespace are ours.
    return this.#kv.list(selector, limit === undefined ? {} : { limit }) as AsyncIterable<KvEntry>;
  }

  /**
   * Does what `build` adds to an atomic, again if that fails. It must check something that it changes, so that it is not
   * done twice if only the answer got lost.
   *
   * Failing is usual where several processes use one file: a write that checks something before does not wait while
   * another process writes, as one does that checks nothing (SQLite cannot make a writer of a reader once somebody else
   * has written). So such a write goes before the next try: when it is done, it is our turn.
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
 * The text itself, if it can be a namespace.
 *
 * @throws {TypeError} if it is not a string of 1 to 32 characters.
 */
export function namespaceOf(text: string): string {
  if (typeof text === "string" && text !== "" && text.length <= MAX_NAMESPACE_LENGTH) return text;
  throw new TypeError(`namespace must be a string of 1 to ${MAX_NAMESPACE_LENGTH} characters, got ${describe(text)}`);
}

/** A text as one part of a key, different for every different text: Deno KV itself takes all lone surrogates as one. */
export async function keyPart(text: string): Promise<string | Uint8Array> {
  const escaped = escapeKeyPart(text);
  if (escaped.length <= MAX_PLAIN_LENGTH) return escaped;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(escaped)));
}

/** The number that `sum` counts. */
export function countOf({ value }: KvEntry): number {
  const count = fieldOf(value, "value");
  return typeof count === "bigint" ? Number(BigInt.asIntN(64, count)) : 0;
}

/** What `sum` is to add: its numbers have no sign, but wrap around, so that adding takes away, too. */
export function amount(n: number): bigint {
  return BigInt.asUintN(64, BigInt(n));
}

/** A field of a value that may be anything. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** The same items, several at a time. */
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
