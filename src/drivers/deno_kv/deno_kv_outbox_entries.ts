import { isBytes } from "../../base/realm.ts";
import { decodeFailure } from "../../outbox/answer_codec.ts";
import type { OutboxEntry, UnreadableEntry } from "../../outbox/outbox.ts";
import { decodeWrite } from "../../outbox/write_codec.ts";
import type { KvDatabase } from "./deno_kv_database.ts";
import type { KvAtomic, KvKey } from "./deno_kv_handle.ts";
import type { OutboxBodies } from "./deno_kv_outbox_bodies.ts";
import { type Head, headOf, type OutboxKeys, type Parts, type TextPart } from "./deno_kv_outbox_keys.ts";
import type { NewWrite } from "./deno_kv_outbox_write.ts";

/** The head of an entry, and the keys that name it. */
export interface PlacedHead {
  readonly position: number;
  readonly head: Head;
  readonly idKey: KvKey;
  readonly row: TextPart | undefined;
}

/** The entries of queues, and the keys that name them. */
export class OutboxEntries {
  readonly #db: KvDatabase;
  readonly #keys: OutboxKeys;
  readonly #bodies: OutboxBodies;

  constructor(db: KvDatabase, keys: OutboxKeys, bodies: OutboxBodies) {
    this.#db = db;
    this.#keys = keys;
    this.#bodies = bodies;
  }

  /** The heads of writes, by id; without those that are not there. */
  async find(queue: TextPart, ids: readonly string[]): Promise<Map<string, PlacedHead>> {
    const keys = this.#keys;
    const unique = [...new Set(ids)];
    const idKeys = await Promise.all(unique.map(async (id) => keys.id(queue, await keys.part(id))));
    const places = await this.#db.read(idKeys);
    const known = unique.flatMap((id, at) => {
      const position = places[at]?.value;
      return typeof position === "number" ? [{ id, position, idKey: idKeys[at] ?? [] }] : [];
    });
    const heads = await this.#db.read(known.map(({ position }) => keys.entry(queue, position)));
    const found = new Map<string, PlacedHead>();
    for (const [at, { id, ...place }] of known.entries()) {
      const head = headOf(heads[at]?.value);
      if (head === undefined) continue;
      const row = head.rowId === undefined ? undefined : await keys.part(head.rowId);
      found.set(id, { ...place, head, row });
    }
    return found;
  }

  /** Prepares to add writes, the first at the position after `after`; answers with what writes them in a step. */
  async adding(
    queue: TextPart,
    writes: readonly NewWrite[],
    { parts, after }: { readonly parts: readonly (Parts | undefined)[]; readonly after: number },
  ): Promise<(atomic: KvAtomic) => void> {
    const keys = this.#keys;
    const adds = await Promise.all(writes.map(async ({ write: { id, rowId, acceptedBy }, body, size }, index) => {
      const [idPart, row] = [await keys.part(id), rowId === undefined ? undefined : await keys.part(rowId)];
      const [position, own] = [after + 1 + index, parts[index]];
      const head: Head = { id, rowId, holder: acceptedBy, state: "accepted", attempts: 0, size, parts: own };
      return (atomic: KvAtomic): void => {
        atomic.set(keys.entry(queue, position), head).set(keys.id(queue, idPart), position);
        if (row !== undefined) atomic.set(keys.row(queue, row, position), true);
        if (own === undefined) atomic.set(keys.body(queue, position), body);
        this.#bodies.tighten(atomic, own);
      };
    }));
    return (atomic) => adds.forEach((add) => add(atomic));
  }

  /** Prepares to accept a failed write again at a position; answers with what moves it in a step. */
  async moving(queue: TextPart, placed: PlacedHead, position: number): Promise<(atomic: KvAtomic) => void> {
    const keys = this.#keys;
    const { head: { failure: _, ...head }, idKey, row } = placed;
    const [body] = await this.#db.read([keys.body(queue, placed.position)]);
    return (atomic) => {
      this.#removeKeys(atomic, queue, placed);
      atomic.set(keys.entry(queue, position), { ...head, state: "accepted" } satisfies Head).set(idKey, position);
      if (row !== undefined) atomic.set(keys.row(queue, row, position), true);
      if (body.value !== null) atomic.set(body.key.with(-1, position), body.value);
    };
  }

  /** Removes an entry in a step; its parts are loose then. */
  remove(atomic: KvAtomic, queue: TextPart, placed: PlacedHead): void {
    this.#removeKeys(atomic, queue, placed);
    atomic.delete(placed.idKey);
    this.#bodies.loosen(atomic, placed.head.parts);
  }

  /** The first entries after a position. */
  async load(queue: TextPart, after: number, limit: number): Promise<(OutboxEntry | UnreadableEntry)[]> {
    const [heads, bodies] = await Promise.all([
      this.#list("entry", queue, after, limit),
      this.#list("body", queue, after, limit),
    ]);
    const loaded: (OutboxEntry | UnreadableEntry)[] = [];
    for (const [position, value] of heads) {
      const head = headOf(value);
      const body = head?.parts === undefined ? bodies.get(position) : await this.#bodies.read(head.parts);
      // It may have been removed after its head was read.
      if (body === undefined && !await this.#isThere(queue, position)) continue;
      loaded.push(entryOf(position, head, body));
    }
    return loaded;
  }

  #removeKeys(atomic: KvAtomic, queue: TextPart, { position, row, head }: PlacedHead): void {
    atomic.delete(this.#keys.entry(queue, position));
    if (head.parts === undefined) atomic.delete(this.#keys.body(queue, position));
    if (row !== undefined) atomic.delete(this.#keys.row(queue, row, position));
  }

  async #list(kind: "entry" | "body", queue: TextPart, after: number, limit: number): Promise<Map<number, unknown>> {
    const found = new Map<number, unknown>();
    const start = this.#keys[kind](queue, after + 1);
    for await (const { key, value } of this.#db.list([kind, queue], { start, limit })) {
      found.set(Number(key.at(-1)), value);
    }
    return found;
  }

  async #isThere(queue: TextPart, position: number): Promise<boolean> {
    const [head] = await this.#db.read([this.#keys.entry(queue, position)]);
    return head.versionstamp !== null;
  }
}

function entryOf(position: number, head: Head | undefined, body: unknown): OutboxEntry | UnreadableEntry {
  try {
    if (head === undefined || !isBytes(body)) throw new TypeError("The entry is incomplete");
    const { attempts, state, failure } = head;
    const write = decodeWrite(body);
    return Object.freeze({
      position,
      write,
      attempts,
      state,
      ...(failure !== undefined && { failure: decodeFailure(failure) }),
    });
  } catch (error) {
    return Object.freeze({ position, id: head?.id, error });
  }
}
