import { fieldOf, type KvEntry } from "./deno_kv_database.ts";
import { isCount } from "./deno_kv_entries.ts";
import { fenceOf } from "./deno_kv_scopes.ts";

/** What is known of the log of a scope. */
export interface LogState {
  /** Unique for each log; empty while a scope has none. */
  readonly id: string;
  /** How many changes were ever logged: the position of the last one. */
  readonly position: number;
  /** The log has every change after this position. */
  readonly floor: number;
  /** When the first intent is due, in milliseconds since the epoch; absent if there is none. */
  readonly dueAt?: number | undefined;
}

/** A place in a log. */
export type LogPlace = Pick<LogState, "id" | "position">;

/** The log of a scope, with the records that invalidate the scope, as one snapshot. */
export interface FoundLog {
  readonly store: KvEntry;
  readonly scope: KvEntry;
  readonly log: KvEntry;
  readonly state: LogState;
}

const NO_LOG: LogState = { id: "", position: 0, floor: 0 };

/** Reads the state of a log; `undefined` if it is invalid. */
export function stateOf({ versionstamp, value }: KvEntry): LogState | undefined {
  if (versionstamp === null) return NO_LOG;
  const [id, position, floor] = [fieldOf(value, "id"), fieldOf(value, "position"), fieldOf(value, "floor")];
  const dueAt = fieldOf(value, "dueAt");
  if (typeof id !== "string" || id === "" || !isCount(position) || !isCount(floor, position)) return undefined;
  if (dueAt !== undefined && typeof dueAt !== "number") return undefined;
  return { id, position, floor, dueAt };
}

/** Whether the log has every change after a place. A place from before the log began is that of its beginning. */
export function reachesBackTo({ id, position, floor }: LogState, place: LogPlace): boolean {
  return (place.id === id || place.id === "") && place.position >= floor && place.position <= position;
}

/** The fence at a position of a log. At its beginning it is that of no log, so that an intent does not move it. */
export function fenceAt({ store, scope }: FoundLog, { id, position }: LogPlace): string {
  return `${fenceOf(store, scope)}:${position === 0 ? "" : id}:${position}`;
}

/** The place that a fence marks; `undefined` if that is invalid, or the log does not reach back to it. */
export function placeOf(fence: unknown, found: FoundLog): LogPlace | undefined {
  const [store, scope, id = "", position] = String(fence).split(":");
  const place = { id, position: Number(position) };
  const isValid = `${store}:${scope}` === fenceOf(found.store, found.scope) && reachesBackTo(found.state, place);
  return isValid ? place : undefined;
}
