import { fieldOf, type KvDatabase, shortKeyPart } from "./deno_kv_database.ts";
import { isCount } from "./deno_kv_entries.ts";
import type { KvKey } from "./deno_kv_handle.ts";
import type { Lease } from "../../outbox/lease.ts";

/**
 * Longer names of queues are hashed, and longer ids: an atomic takes 80 KiB of keys, and has up to seven keys for each of
 * 100 writes.
 */
const [MAX_QUEUE_BYTES, MAX_ID_BYTES] = [24, 40];

/** A part of a key that stands for a text. */
export type TextPart = string | Uint8Array;

/** Where the bytes of a write are that do not fit into one value. */
export interface Parts {
  readonly id: string;
  readonly count: number;
}

/** An entry without its bytes. */
export interface Head {
  readonly id: string;
  readonly rowId: string | undefined;
  /** The holder that accepted it. */
  readonly holder: string;
  readonly state: "accepted" | "sent" | "failed";
  readonly attempts: number;
  readonly failure?: Uint8Array | undefined;
  readonly size: number;
  readonly parts?: Parts | undefined;
}

/** The record of a queue. Every step on a queue writes it, and checks that no other has since it was read. */
export interface QueueState {
  /** The last position. */
  readonly last: number;
  /** The last term. */
  readonly term: number;
  readonly entries: number;
  /** How many answers and real ids are kept. */
  readonly kept: number;
  readonly lease?: Lease | undefined;
  /** The last step, so that one whose answer was lost is not taken twice. */
  readonly step: string;
}

/**
 * The layout of an outbox in a database:
 *
 * ```text
 * [namespace, "version"]                      of the layout
 * [namespace, "queue", queue]                 the record of a queue; none if it holds nothing and has no lease
 * [namespace, "floor"]                        the last position and term of all queues whose records are gone
 * [namespace, "entry", queue, position]       the head of an entry
 * [namespace, "body", queue, position]        the bytes of its write, if they fit into one value
 * [namespace, "part", id, n]                  the bytes of a larger one
 * [namespace, "loose", id]                    parts that are being written or removed: how many
 * [namespace, "id", queue, id of a write]     its position
 * [namespace, "row", queue, row, position]    which entries are of a row
 * [namespace, "answer", queue, holder, n]     the bytes of an answer
 * [namespace, "realId", queue, row]           the id that the master gave to a row
 * [namespace, "kept", queue, n]               which answer and which id have the number n: lower ones are older
 * [namespace, "count", "entries" | "bytes"]   of all queues
 * ```
 */
export class OutboxKeys {
  readonly #db: KvDatabase;
  readonly version: KvKey;
  readonly floor: KvKey;
  readonly entryCount: KvKey;
  readonly byteCount: KvKey;

  constructor(db: KvDatabase) {
    this.#db = db;
    this.version = db.key("version");
    this.floor = db.key("floor");
    this.entryCount = db.key("count", "entries");
    this.byteCount = db.key("count", "bytes");
  }

  /** The part of keys that stands for a queue. */
  queuePart(name: string): Promise<TextPart> {
    return shortKeyPart(name, MAX_QUEUE_BYTES);
  }

  /** The part of keys that stands for the id of a write or a row, or for a holder. */
  part(id: string): Promise<TextPart> {
    return shortKeyPart(id, MAX_ID_BYTES);
  }

  queue(queue: TextPart): KvKey {
    return this.#db.key("queue", queue);
  }

  entry(queue: TextPart, position: number): KvKey {
    return this.#db.key("entry", queue, position);
  }

  body(queue: TextPart, position: number): KvKey {
    return this.#db.key("body", queue, position);
  }

  id(queue: TextPart, id: TextPart): KvKey {
    return this.#db.key("id", queue, id);
  }

  row(queue: TextPart, row: TextPart, position: number): KvKey {
    return this.#db.key("row", queue, row, position);
  }

  answer(queue: TextPart, holder: TextPart, number: number): KvKey {
    return this.#db.key("answer", queue, holder, number);
  }

  realId(queue: TextPart, row: TextPart): KvKey {
    return this.#db.key("realId", queue, row);
  }

  kept(queue: TextPart, number: number): KvKey {
    return this.#db.key("kept", queue, number);
  }

  parts({ id, count }: Parts): KvKey[] {
    return Array.from({ length: count }, (_, n) => this.#db.key("part", id, n));
  }

  loose(id: string): KvKey {
    return this.#db.key("loose", id);
  }
}

/** Reads the state in the record of a queue; a new one if there is none; `undefined` if it is damaged. */
export function queueStateOf(value: unknown, floor: number): QueueState | undefined {
  if (value === null) return { last: floor, term: floor, entries: 0, kept: 0, step: "" };
  const counts = ["last", "term", "entries", "kept"].map((name) => fieldOf(value, name));
  // Written by the lines above and below alone.
  return counts.every((count) => isCount(count)) ? value as QueueState : undefined;
}

/** Reads a head; `undefined` if it is damaged. */
export function headOf(value: unknown): Head | undefined {
  const [id, holder, state] = [fieldOf(value, "id"), fieldOf(value, "holder"), fieldOf(value, "state")];
  if (typeof id !== "string" || typeof holder !== "string" || !isCount(fieldOf(value, "attempts"))) return undefined;
  return state === "accepted" || state === "sent" || state === "failed" ? value as Head : undefined;
}
