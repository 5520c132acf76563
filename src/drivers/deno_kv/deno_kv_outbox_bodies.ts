import { isBytes } from "../../base/realm.ts";
import { inBatches, type KvDatabase } from "./deno_kv_database.ts";
import { MAX_VALUE_BYTES } from "./deno_kv_entries.ts";
import { fieldOf } from "./deno_kv_database.ts";
import type { KvAtomic } from "./deno_kv_handle.ts";
import type { OutboxKeys, Parts } from "./deno_kv_outbox_keys.ts";

/** How many parts are written at once: with their keys less than the 800 KiB limit of an atomic. */
const PARTS_PER_STEP = 11;
/** The most parts of a write. */
const MAX_PARTS = 256;
/** How many loose parts' records are looked at when an outbox is opened. */
const SWEEP_RECORDS = 100;
/** Parts that have been loose for so long are of a process that died, in milliseconds. */
const LOOSE_MS = 3_600_000;

/** The most bytes of a write. */
export const MAX_BODY_BYTES: number = MAX_PARTS * MAX_VALUE_BYTES;

/** The bytes of writes that are larger than a value. */
export class OutboxBodies {
  readonly #db: KvDatabase;
  readonly #keys: OutboxKeys;
  readonly #now: () => number;

  constructor(db: KvDatabase, keys: OutboxKeys, now: () => number) {
    this.#db = db;
    this.#keys = keys;
    this.#now = now;
  }

  /** Writes bytes in parts, which are loose until a step tightens them. */
  async write(body: Uint8Array): Promise<Parts> {
    const parts = { id: crypto.randomUUID(), count: Math.ceil(body.length / MAX_VALUE_BYTES) };
    const chunks = this.#keys.parts(parts).map((key, n) => ({ key, start: n * MAX_VALUE_BYTES }));
    for (let from = 0; from < chunks.length; from += PARTS_PER_STEP) {
      await this.#db.commit((atomic) => {
        this.loosen(atomic, parts);
        for (const { key, start } of chunks.slice(from, from + PARTS_PER_STEP)) {
          atomic.set(key, body.slice(start, start + MAX_VALUE_BYTES));
        }
      });
    }
    return parts;
  }

  /** Keeps parts, in the step that adds their entry. */
  tighten(atomic: KvAtomic, parts: Parts | undefined): void {
    if (parts !== undefined) atomic.delete(this.#keys.loose(parts.id));
  }

  /** Gives parts up, in the step that removes their entry. */
  loosen(atomic: KvAtomic, parts: Parts | undefined): void {
    if (parts !== undefined) atomic.set(this.#keys.loose(parts.id), { count: parts.count, at: this.#now() });
  }

  /** The bytes in parts; `undefined` if some are missing. */
  async read(parts: Parts): Promise<Uint8Array | undefined> {
    const found = (await this.#db.read(this.#keys.parts(parts))).map(({ value }) => value);
    if (!found.every(isBytes)) return undefined;
    const body = new Uint8Array(found.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of found) {
      body.set(part, at);
      at += part.length;
    }
    return body;
  }

  /** Removes loose parts. */
  async remove(parts: Parts): Promise<void> {
    await this.#db.commit((atomic) => {
      for (const key of this.#keys.parts(parts)) atomic.delete(key);
      atomic.delete(this.#keys.loose(parts.id));
    });
  }

  /** Removes the loose parts that processes left which died. */
  async sweep(): Promise<void> {
    for await (const records of inBatches(this.#db.list(["loose"], { limit: SWEEP_RECORDS }), SWEEP_RECORDS)) {
      for (const { key, value } of records) {
        const [id, count] = [key.at(-1), fieldOf(value, "count")];
        if (Number(fieldOf(value, "at")) > this.#now() - LOOSE_MS) continue;
        await this.remove({ id: String(id), count: Math.min(Number(count), MAX_PARTS) });
      }
    }
  }
}
