import type { LogRecord } from "../../cache/cache.ts";
import { encodeChange } from "../../cache/change_codec.ts";
import type { Change } from "../../change/change.ts";
import { withoutColumns } from "../../change/logged_change.ts";
import { isBytes } from "../../base/realm.ts";
import { fieldOf, type KvEntry } from "./deno_kv_database.ts";
import { FRAME_BYTES } from "./deno_kv_entries.ts";
import type { KvKey } from "./deno_kv_handle.ts";

/** A part of a key. */
export type KeyPart = KvKey[number];

/** A change or an intent, as it is stored. */
export interface Stored {
  /** Of a change: where the log stood when the write was sent whose answer it is. */
  readonly origin?: number | undefined;
  /** Of a change: whether it is of a write that overlaps with another one, which was logged before it. */
  readonly overlaps?: boolean | undefined;
  /** Of an intent: when it is due. */
  readonly dueAt?: number | undefined;
  readonly body: Uint8Array;
}

/** What one atomic does to a log. */
export interface LogStep {
  /** The changes that are logged. */
  readonly added: readonly Stored[];
  /** The intents that end. */
  readonly ended: readonly KvEntry[];
  /** An intent that begins. */
  readonly begun?: { readonly part: KeyPart; readonly value: Stored } | undefined;
}

/** What a step depends on. */
export interface LogStepContext {
  /** All intents of the scope. */
  readonly intents: readonly KvEntry[];
  /** The last part of the key of the intent of the record's write. */
  readonly part: KeyPart | undefined;
  /** Where the log stood when the write was sent, if no other change can be newer than its answer. */
  readonly origin: number | undefined;
  /** Whether another write was logged since then that may be of the same row. */
  readonly overlaps: boolean;
  /** The most changes to add. */
  readonly maxAdded: number;
  /** The most intents. */
  readonly maxIntents: number;
}

/** What a record does to a log. Of more intents than are kept, the first one counts as overdue. */
export function stepOf(
  record: LogRecord,
  { intents, part, origin, overlaps, maxAdded, maxIntents }: LogStepContext,
): LogStep {
  const own = intents.filter(({ key }) => part !== undefined && isSamePart(key.at(-1), part));
  switch (record.kind) {
    case "change": {
      // Of other writes that are in flight, the rows are not looked at.
      const change = intents.length > own.length ? withoutColumns(record.change) : record.change;
      const known = { ...(origin !== undefined && { origin }), ...(overlaps && { overlaps }) };
      return { added: [{ ...known, body: bytesOf(change) }], ended: own };
    }
    case "intent": {
      const begun = { part: part ?? "", value: { dueAt: record.dueAt, body: bytesOf(record.change) } };
      const isSurplus = own.length === 0 && intents.length >= maxIntents;
      return { ...turned(isSurplus ? intents.slice(0, 1) : []), begun };
    }
    case "settled":
      return { added: [], ended: own };
    case "overdue": {
      const isDue = (dueAt: number): boolean => dueAt <= record.now || dueAt > record.now + record.spanMs;
      return turned(intents.filter((intent) => isDue(dueAtOf(intent))).slice(0, maxAdded));
    }
    default:
      return record satisfies never;
  }
}

/** When the first of the intents that are left after a step is due. */
export function firstDue(intents: readonly KvEntry[], { ended, begun }: LogStep): number | undefined {
  const left = intents.filter((each) => !ended.includes(each) && !isSamePart(each.key.at(-1), begun?.part));
  const dueAt = Math.min(...left.map(dueAtOf), begun?.value.dueAt ?? Infinity);
  return dueAt === Infinity ? undefined : dueAt;
}

/** The id of the write that a record is about. */
export function writeIdOf(record: LogRecord): string | undefined {
  if (record.kind === "intent" || record.kind === "settled") return record.writeId;
  return record.kind === "change" && record.change.cause === "write" ? record.change.writeId : undefined;
}

/** The size of some changes. */
export function sizeOf(changes: readonly Stored[]): number {
  return changes.reduce((sum, { body }) => sum + body.length + FRAME_BYTES, 0);
}

/** What stands under a key; a body that is missing is empty. */
export function storedOf({ value }: KvEntry): Stored {
  const [dueAt, body] = [fieldOf(value, "dueAt"), fieldOf(value, "body")];
  return { dueAt: typeof dueAt === "number" ? dueAt : undefined, body: isBytes(body) ? body : new Uint8Array() };
}

/** Intents that end as changes. */
function turned(intents: readonly KvEntry[]): LogStep {
  return { added: intents.map((intent) => ({ body: storedOf(intent).body })), ended: intents };
}

/** An intent that is damaged is due. */
function dueAtOf(intent: KvEntry): number {
  return storedOf(intent).dueAt ?? 0;
}

/** A copy: for a view of a larger buffer, Deno KV would write the whole buffer. */
function bytesOf(change: Change): Uint8Array {
  return new Uint8Array(encodeChange(change));
}

/** Parts of keys are texts, or hashes of longer ones. */
function isSamePart(a: unknown, b: unknown): boolean {
  return isBytes(a) && isBytes(b) ? a.join() === b.join() : a === b;
}
