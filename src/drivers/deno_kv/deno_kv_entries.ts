import { isBytes } from "../../base/realm.ts";
import {
  amount,
  countOf,
  fieldOf,
  keyPart,
  type KvDatabase,
  type KvEntry,
  type KvSelection,
} from "./deno_kv_database.ts";
import type { KvAtomic, KvKey, KvStamp } from "./deno_kv_handle.ts";

/** The most bytes of a value in Deno KV. */
export const MAX_VALUE_BYTES = 65_536;
/** How many chunks are written at once: with their keys and a record, less than the 800 KiB limit of an atomic. */
const CHUNKS_PER_STEP = 11;
/** The most chunks of an entry: one atomic, which has a limit of 80 KiB for keys, can remove them all. */
const MAX_CHUNKS = 256;
/** An upper bound for the overhead of a value with a body and a key; also charged for each entry. */
export const FRAME_BYTES = 256;

/** The most bytes of rows in an entry. */
export const MAX_ENTRY_BYTES: number = MAX_CHUNKS * MAX_VALUE_BYTES;
/** The longest key of an entry: values contain it with two bytes per character. */
export const MAX_KEY_LENGTH = 30_000;

/** An entry without its rows. */
export interface EntryFacts {
  /** The key of the entry. */
  readonly key: string;
  /** When the master was read, in milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** The id of the log of its scope, or `""` if there was none. */
  readonly log: string;
  /** Where the log stood when the master was read. */
  readonly at: number;
  /** Where it stood when the rows were stored, or had been brought up to date. */
  readonly until: number;
  /** How many puts the database had seen before; concurrent puts may have the same number. */
  readonly age: number;
  /** Unique for each put. */
  readonly id: string;
  /** The size of its rows in bytes. */
  readonly size: number;
  /** The number of chunks; 0 if the rows are in the head. */
  readonly chunks: number;
}

/** The record of an entry as found, with its facts if they can be read. */
export interface KvRecord {
  readonly stamp: KvStamp;
  readonly facts: EntryFacts | undefined;
}

/**
 * The layout of entries in a database:
 *
 * ```text
 * [namespace, "entry", key]               the head: the facts, and the rows' bytes if both fit into one value
 * [namespace, "chunk", id, n]             the bytes of larger ones
 * [namespace, "record", age, id]          the facts once more, so that entries are found by age, without their bytes
 * [namespace, "count", "entries"]         how many records there are
 * [namespace, "count", "bytes"]           how large they are, with their keys
 * [namespace, "count", "puts"]            how many there ever were
 * ```
 *
 * A head and its record are written by the same atomic, so they have the same versionstamp. Chunks never exist without
 * a record, which is written with the first of them: if a process dies before it writes the head, it leaves an entry
 * that cannot be read, but is counted and removed like any other.
 */
export class KvEntries {
  readonly #db: KvDatabase;
  readonly #entryCount: KvKey;
  readonly #byteCount: KvKey;
  /** The key of the counter of puts. */
  readonly putCount: KvKey;

  constructor(db: KvDatabase) {
    this.#db = db;
    this.#entryCount = db.key("count", "entries");
    this.#byteCount = db.key("count", "bytes");
    this.putCount = db.key("count", "puts");
  }

  /** The key of the head of an entry. */
  async headKey(key: string): Promise<KvKey> {
    return this.#db.key("entry", await keyPart(key));
  }

  /** The bytes of an entry's rows, or `undefined` if they are incomplete. */
  async read({ value }: KvEntry, facts: EntryFacts): Promise<Uint8Array | undefined> {
    if (facts.chunks === 0) {
      const body = fieldOf(value, "body");
      return isBytes(body) ? body : undefined;
    }
    const body = new Uint8Array(facts.size);
    let at = 0;
    for (const { value: chunk } of await this.#db.read(this.#chunkKeys(facts))) {
      if (!isBytes(chunk) || at + chunk.length > body.length) return undefined;
      body.set(chunk, at);
      at += chunk.length;
    }
    return at === body.length ? body : undefined;
  }

  /**
   * Writes an entry in place of the one with the head `replaced`, unless that or any of `unchanged` was written since;
   * returns whether it did.
   */
  async write(
    facts: EntryFacts,
    body: Uint8Array,
    { replaced, unchanged }: { readonly replaced: KvEntry; readonly unchanged: readonly KvStamp[] },
  ): Promise<boolean> {
    const inline = facts.chunks === 0;
    const record = inline ? { key: this.#recordKey(facts), versionstamp: null } : await this.#writeChunks(facts, body);
    if (record === undefined) return false;
    const { ok } = await this.#db.commit((step) => {
      if (inline) this.#count(step, 1, chargeOf(facts));
      const old = factsOf(replaced.value);
      if (old !== undefined) this.#erase(step, old).delete(this.#recordKey(old));
      for (const stamp of [record, replaced, ...unchanged]) step.check(stamp);
      step.set(replaced.key, inline ? { ...facts, body } : facts).set(record.key, facts).sum(this.putCount, 1n);
    });
    if (!ok && !inline) await this.remove({ stamp: record, facts });
    return ok;
  }

  /** Removes the entry with this head unless it was written since; returns whether it did. */
  async removeHead(head: KvEntry): Promise<boolean> {
    const { ok } = await this.#db.commit((step) => {
      const facts = factsOf(head.value);
      if (facts !== undefined) this.#erase(step, facts).delete(this.#recordKey(facts));
      step.check(head).delete(head.key);
    });
    return ok;
  }

  /** Removes the entry with this record unless it was written since. */
  async remove({ stamp, facts }: KvRecord): Promise<void> {
    const erase = (step: KvAtomic): KvAtomic => {
      if (facts !== undefined) this.#erase(step, facts);
      return step.check(stamp).delete(stamp.key);
    };
    if (facts !== undefined) {
      const head: KvStamp = { key: await this.headKey(facts.key), versionstamp: stamp.versionstamp };
      const { ok } = await this.#db.commit((step) => erase(step).check(head).delete(head.key));
      if (ok) return;
    }
    // The head does not exist yet, or not any more.
    await this.#db.commit(erase);
  }

  /** The records of all or some entries, those put longest ago first. */
  async *records(selection?: KvSelection): AsyncGenerator<KvRecord> {
    for await (const entry of this.#db.list(["record"], selection)) {
      yield { stamp: entry, facts: factsOf(entry.value) };
    }
  }

  /** The number of entries, and the size of entries and changes. */
  async totals(): Promise<{ readonly entries: number; readonly bytes: number }> {
    const counts = [this.#entryCount, this.#byteCount, this.#db.key("count", "logged")] as const;
    const [entries, bytes, logged] = await this.#db.read(counts);
    return { entries: countOf(entries), bytes: countOf(bytes) + countOf(logged) };
  }

  /** Recounts the entries, unless another process writes at the same time. */
  async countAgain(): Promise<void> {
    const counts = await this.#db.read([this.#entryCount, this.#byteCount]);
    let [entries, bytes] = [0, 0];
    for await (const { facts } of this.records()) {
      if (facts === undefined) continue;
      entries++;
      bytes += chargeOf(facts);
    }
    await this.#db.commit((step) => {
      for (const count of counts) step.check(count).delete(count.key);
      this.#count(step, entries, bytes);
    });
  }

  /** Writes the chunks of an entry and returns its record; `undefined` if another process removed it. */
  async #writeChunks(facts: EntryFacts, body: Uint8Array): Promise<KvStamp | undefined> {
    const key = this.#recordKey(facts);
    const chunks = this.#chunkKeys(facts).map((key, n) => ({ key, start: n * MAX_VALUE_BYTES }));
    let written: string | null = null;
    for (let from = 0; from < chunks.length; from += CHUNKS_PER_STEP) {
      const { ok, versionstamp } = await this.#db.commit((step) => {
        if (from === 0) this.#count(step, 1, chargeOf(facts));
        step.check({ key, versionstamp: written }).set(key, facts);
        for (const { key, start } of chunks.slice(from, from + CHUNKS_PER_STEP)) {
          step.set(key, body.subarray(start, start + MAX_VALUE_BYTES));
        }
      });
      if (!ok || versionstamp === undefined) return undefined;
      written = versionstamp;
    }
    return { key, versionstamp: written };
  }

  /** Removes an entry except for its head and its record. */
  #erase(step: KvAtomic, facts: EntryFacts): KvAtomic {
    this.#count(step, -1, -chargeOf(facts));
    for (const key of this.#chunkKeys(facts)) step.delete(key);
    return step;
  }

  #count(step: KvAtomic, entries: number, bytes: number): void {
    step.sum(this.#entryCount, amount(entries)).sum(this.#byteCount, amount(bytes));
  }

  #recordKey({ age, id }: EntryFacts): KvKey {
    return this.#db.key("record", age, id);
  }

  #chunkKeys(facts: EntryFacts): KvKey[] {
    return Array.from({ length: facts.chunks }, (_, n) => this.#db.key("chunk", facts.id, n));
  }
}

/** Makes the facts of a new entry. */
export function newFacts(given: Omit<EntryFacts, "id" | "chunks">): EntryFacts {
  const { key, size } = given;
  const inline = size + 2 * key.length + FRAME_BYTES <= MAX_VALUE_BYTES;
  const chunks = inline ? 0 : Math.ceil(size / MAX_VALUE_BYTES);
  return { ...given, id: crypto.randomUUID(), chunks };
}

/** The bytes charged for an entry: its rows, and its key in two values with two bytes per character. */
export function chargeOf({ key, size }: Pick<EntryFacts, "key" | "size">): number {
  return size + 4 * key.length + FRAME_BYTES;
}

/** Reads the facts in a head or record; `undefined` if they are invalid. */
export function factsOf(value: unknown): EntryFacts | undefined {
  const [key, fetchedAt, id] = [fieldOf(value, "key"), fieldOf(value, "fetchedAt"), fieldOf(value, "id")];
  const age = fieldOf(value, "age");
  const [size, chunks] = [fieldOf(value, "size"), fieldOf(value, "chunks")];
  const [log, at, until] = [fieldOf(value, "log"), fieldOf(value, "at"), fieldOf(value, "until")];
  if (typeof log !== "string" || !isCount(at) || !isCount(Math.floor(Number(until)))) return undefined;
  if (typeof key !== "string" || typeof id !== "string") return undefined;
  if (typeof fetchedAt !== "number" || typeof age !== "number") return undefined;
  if (!isCount(size, MAX_ENTRY_BYTES) || !isCount(chunks, MAX_CHUNKS)) return undefined;
  return { key, fetchedAt, log, at, until: Number(until), age, id, size, chunks };
}

/** Whether a value is a whole number up to `most`. */
export function isCount(value: unknown, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}
