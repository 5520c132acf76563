import assert from "node:assert/strict";
import { type CachedRows, Rows } from "@vantage/live";
import type { KvAtomic, KvCommit, KvFound, KvHandle, KvSelector } from "@vantage/live/deno-kv";
// The codec is no entry of the library.
import { encodeRows } from "../../../src/cache/codec.ts";
import { skippable } from "../../skippable.ts";

/** Why nothing can be tried with a real database here, if so. */
export const NO_KV: string | undefined = "Deno" in globalThis ? undefined : "Deno KV is only in Deno";

/** A test that needs a database. */
export function kvIt(name: string, run: () => Promise<void>): void {
  skippable(name, NO_KV, run);
}

/** One row of so many bytes, encoded. */
export function rowsOf(bytes: number, letter = "x"): Rows {
  const empty = Rows.from([["a", { text: "" }]]);
  let length = Math.max(0, bytes - encodeRows(empty).length);
  for (;;) {
    const rows = Rows.from([["a", { text: letter.repeat(length) }]]);
    const excess = encodeRows(rows).length - bytes;
    if (excess <= 0) return rows;
    length -= excess;
  }
}

export function entry(name: string, fetchedAt = 1): CachedRows {
  return { rows: Rows.from([["a", { name }]]), fetchedAt };
}

export function large(bytes: number, letter = "x"): CachedRows {
  return { rows: rowsOf(bytes, letter), fetchedAt: 1 };
}

export function textIn(cached: CachedRows | undefined): unknown {
  return cached?.rows.get("a")?.text;
}

export function nameIn(cached: CachedRows | undefined): unknown {
  return cached?.rows.get("a")?.name;
}

/** What is asked of a database. */
export type KvCall = "getMany" | "list" | "commit";

/** Does the work of a call, or something else. */
export type KvHook = <T>(call: KvCall, work: () => Promise<T>) => Promise<T>;

/** A database with something happening around each call. */
export class HookedKv implements KvHandle {
  readonly #kv: KvHandle;
  readonly #hook: KvHook;

  constructor(kv: KvHandle, hook: KvHook) {
    this.#kv = kv;
    this.#hook = hook;
  }

  getMany(keys: Parameters<KvHandle["getMany"]>[0]): Promise<readonly KvFound[]> {
    return this.#hook("getMany", () => this.#kv.getMany(keys));
  }

  async *list(selector: KvSelector, options?: { readonly limit?: number }): AsyncGenerator<KvFound> {
    yield* await this.#hook("list", () => Promise.resolve(this.#kv.list(selector, options)));
  }

  atomic(): KvAtomic {
    const step = this.#kv.atomic();
    const commit = step.commit.bind(step);
    return Object.assign(step, { commit: (): Promise<KvCommit> => this.#hook("commit", commit) });
  }

  close(): unknown {
    return this.#kv.close();
  }
}

/** A hook that does something before the call of a kind with a number, counted from 1. */
export function before(kind: KvCall, number: number, run: () => Promise<unknown>): KvHook {
  let count = 0;
  return async (call, work) => {
    if (call === kind && ++count === number) await run();
    return await work();
  };
}

/** What stands under the keys of one kind. */
export async function stored(kv: KvHandle, part: string, namespace = "vantage_live"): Promise<KvFound[]> {
  const found: KvFound[] = [];
  for await (const each of kv.list({ prefix: [namespace, part] })) found.push(each);
  return found;
}

export async function countOf(kv: KvHandle, name: string): Promise<number> {
  const [found] = await kv.getMany([["vantage_live", "count", name]]);
  return Number(Reflect.get(Object(found?.value), "value") ?? 0);
}

interface Facts {
  readonly key: string;
  readonly id: string;
  readonly size: number;
  readonly chunks: number;
}

/**
 * The counts are right, no chunk stands without a record, no head without its own. Of the records, `unfinished` have no
 * head. Answers with the number of entries.
 */
export async function assertConsistent(kv: KvHandle, unfinished = 0): Promise<number> {
  const [heads, records, chunks] = [await stored(kv, "entry"), await stored(kv, "record"), await stored(kv, "chunk")];
  const facts = new Map(
    records.map(({ value, versionstamp }) => [(value as Facts).id, { versionstamp, ...value as Facts }]),
  );
  const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);
  assert.equal(await countOf(kv, "entries"), records.length);
  assert.equal(
    await countOf(kv, "bytes"),
    sum([...facts.values()].map(({ key, size }) => size + 4 * key.length + 256)),
  );
  for (const { key: [, , id] } of chunks) assert(facts.has(String(id)), "a chunk without a record");
  for (const { value, versionstamp } of heads) {
    assert.equal(facts.get((value as Facts).id)?.versionstamp, versionstamp, "a head without its record");
  }
  assert.equal(records.length - heads.length, unfinished);
  if (unfinished === 0) assert.equal(chunks.length, sum([...facts.values()].map(({ chunks }) => chunks)));
  return heads.length;
}
