import type { Fence } from "../../cache/cache.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
import type { Change } from "../../change/change.ts";
import type { ScopeLog } from "../../cache/scope_log.ts";

/** What is known of the whole cache, under the key {@linkcode TOTAL}. */
export interface Total {
  /** Unique for each database, so that the fences of another one are not valid. */
  readonly id: string;
  /** The last position of any scope: no position is used twice. */
  readonly last: number;
  /** The position of all scopes that are not kept. */
  readonly elsewhere: number;
  readonly scopes: number;
  readonly entries: number;
  /** Of all entries. */
  readonly bytes: number;
  /** Of all changes. */
  readonly logged: number;
}

/** The only key of the store of the total. */
export const TOTAL = 0;

/** What is known of a scope. */
export interface Scope {
  readonly name: string;
  readonly position: number;
  /** The log has every change after this position. */
  readonly floor: number;
  /** The lowest fence that `put` accepts. */
  readonly lowestFence: number;
  readonly intents: ScopeLog["intents"];
  /** How many changes its log has, and of how many bytes. */
  readonly changes: number;
  readonly logged: number;
  /** The position when it was changed last. */
  readonly age: number;
}

/** What is known of an entry. Its rows are in a separate store: who counts or drops entries does not read them. */
export interface Head {
  readonly key: string;
  readonly at: number;
  readonly until: number;
  readonly fetchedAt: number;
  readonly storedAt: number;
  readonly size: number;
  readonly age: number;
  readonly isMutable: boolean;
}

/** A change of the log. */
export interface Stored extends LoggedChange {
  readonly scope: string;
  readonly size: number;
}

/** The state of a scope that is not kept. */
export function newScope(name: string, { elsewhere }: Total): Scope {
  return {
    name,
    position: elsewhere,
    floor: elsewhere,
    lowestFence: elsewhere,
    intents: [],
    changes: 0,
    logged: 0,
    age: 0,
  };
}

/** The fence at a position. */
export function fenceAt({ id }: Total, position: number): Fence {
  return `${id}:${position}`;
}

/** The position of a fence; `undefined` if it is none of this database. */
export function positionOf(fence: Fence, { id }: Total): number | undefined {
  const [of, position] = String(fence).split(":");
  return of === id ? Number(position) : undefined;
}

/** When the first intent is due. */
export function dueAtOf({ intents }: Scope): number | undefined {
  return intents.length === 0 ? undefined : Math.min(...intents.map(([, { dueAt }]) => dueAt));
}

/** The most bytes of a change. */
const MAX_CHANGE_BYTES = 60_000;

/** The change as it is logged: without its row if that is too large, so that readers fetch it. */
export function storable(change: Change, size: number): Change {
  if (size <= MAX_CHANGE_BYTES || change.kind === "changed") return change;
  const { row: _, columns: __, ...bare } = change;
  return bare;
}
