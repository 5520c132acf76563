import type { Change } from "../change/change.ts";
import type { CaughtUp } from "./catch_up.ts";
import type { ReadRequest } from "./read_request.ts";

/** A change, and what it did to an entry. */
export interface ReplayedChange {
  /** What changed, when, and by whom; without the row. */
  readonly change: Change;
  /**
   * `"in place"`: the entry took it without the master. `"hole"`: its row is read again, alone. `"dead"`: the entry is read
   * again as a whole. `"nothing"`: it does not concern the entry.
   */
  readonly effect: "in place" | "hole" | "dead" | "nothing";
}

interface Entry {
  readonly fetchedAt: number;
  readonly generation: number;
  /** The position of the last change that is in it. */
  position: number;
  readonly changes: ReplayedChange[];
}

/** How many keys are remembered, and for how many of them what was replayed. */
const MAX_KEYS = 256;
/** How many changes are remembered of each entry. */
const MAX_CHANGES = 32;

/**
 * What the changes did to each entry since it was read from the master as a whole, as far as it was brought up to date
 * here, within bounds: the cache keeps only what is still to be replayed.
 */
export class EntryHistory {
  /** The key that was remembered longest ago first. */
  readonly #requests = new Map<string, ReadRequest>();
  readonly #entries = new Map<string, Entry>();

  /** Remembers what an entry is for, which its key alone does not say. Handles of the master live as long as their query. */
  remember({ key, within, id, policy, isCount }: ReadRequest): void {
    putLast(this.#requests, key, { key, within: { ...within }, id, policy, isCount });
  }

  /** What an entry is for, if that is known. */
  requestOf(key: string): ReadRequest | undefined {
    return this.#requests.get(key);
  }

  /** An entry was stored that was read as a whole, in a generation. */
  begin(request: ReadRequest, fetchedAt: number, generation: number): void {
    this.#begin(request, fetchedAt, generation);
  }

  /** An entry was brought up to date, in a generation; returns the changes that it had not taken before. */
  add(request: ReadRequest, behind: CaughtUp, generation: number): readonly ReplayedChange[] {
    const { fetchedAt, since } = behind.held;
    const entry = this.#find(request.key, fetchedAt) ?? this.#begin(request, fetchedAt, generation);
    const added = changesAfter(entry.position, behind);
    entry.position = since?.changes.at(-1)?.position ?? entry.position;
    for (const change of added) entry.changes.push(change);
    while (entry.changes.length > MAX_CHANGES) entry.changes.shift();
    return added;
  }

  /** The changes that the entry under a key has taken, oldest first, if it was requested at this time. */
  taken(key: string, fetchedAt: number): readonly ReplayedChange[] {
    return this.#find(key, fetchedAt)?.changes ?? [];
  }

  /** The changes that an entry which is behind has not taken. */
  pending(key: string, behind: CaughtUp): readonly ReplayedChange[] {
    return changesAfter(this.#find(key, behind.held.fetchedAt)?.position ?? -Infinity, behind);
  }

  /** What the entry under a key had taken that was invalidated in a later generation; `undefined` if there was none. */
  takenBefore(key: string, generation: number): readonly ReplayedChange[] | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.generation < generation ? entry.changes : undefined;
  }

  #begin(request: ReadRequest, fetchedAt: number, generation: number): Entry {
    const entry: Entry = { fetchedAt, generation, position: -Infinity, changes: [] };
    this.remember(request);
    putLast(this.#entries, request.key, entry);
    return entry;
  }

  #find(key: string, fetchedAt: number): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry?.fetchedAt === fetchedAt ? entry : undefined;
  }
}

/** A history must not keep rows that are nowhere else. */
export function withoutRow(change: Change): Change {
  if (change.kind === "changed" || change.row === undefined) return change;
  const { row: _, ...rest } = change;
  return rest;
}

function changesAfter(
  position: number,
  { held: { since }, replayed: { effects } }: CaughtUp,
): readonly ReplayedChange[] {
  const changes: ReplayedChange[] = [];
  for (const [index, effect] of effects.entries()) {
    const logged = since?.changes[index];
    if (logged !== undefined && logged.position > position) changes.push({ change: withoutRow(logged.change), effect });
  }
  return changes;
}

function putLast<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= MAX_KEYS) return;
    map.delete(oldest);
  }
}
