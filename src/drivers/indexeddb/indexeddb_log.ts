import type { Fence, LogRecord } from "../../cache/cache.ts";
import { ScopeLog } from "../../cache/scope_log.ts";
import { type Change, shareChange } from "../../change/change.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
import { answerOf, rangeAfter, rangeUpTo } from "./indexeddb_api.ts";
import { type State, writeTotal } from "./indexeddb_cache_stores.ts";
import type { IdbStores } from "./indexeddb_database.ts";
import { sizeOf } from "./indexeddb_size.ts";
import { positionOf, type Scope, storable, type Stored, type Total } from "./indexeddb_state.ts";

/** The bounds of the logs. */
export interface LogBounds {
  readonly maxScopes: number;
  readonly maxChanges: number;
  /** Of all changes. */
  readonly maxLogBytes: number;
}

/** The changes of a scope after a position. */
export async function changesAfter(store: IdbStores, name: string, position: number): Promise<readonly LoggedChange[]> {
  return (await storedIn(store, rangeAfter(name, position))).map(({ scope: _, size: __, change, ...place }) => ({
    ...place,
    change: shareChange(change),
  }));
}

/** Adds a record to a log; returns the state after it. */
export async function addRecord(store: IdbStores, state: State, record: LogRecord, bounds: LogBounds): Promise<State> {
  const cut = state.scope.changes < bounds.maxChanges ? state : await halved(store, state);
  const since = record.kind === "change" ? placeOf(record.since, cut) : undefined;
  let { last } = cut.total;
  const log = new ScopeLog(cut.scope.position, () => ++last, bounds.maxChanges, {
    floor: cut.scope.floor,
    intents: cut.scope.intents,
    changes: typeof since === "number" ? await changesAfter(store, cut.scope.name, since) : [],
  });
  log.add(record.kind === "change" ? { ...record, since } : record);
  const added = log.since(cut.scope.position).map((logged) => storedOf(cut.scope.name, logged));
  for (const each of added) store("changes").put(each);
  const bytes = added.reduce((sum, { size }) => sum + size, 0);
  const next: State = {
    total: { ...cut.total, last, logged: cut.total.logged + bytes },
    scope: {
      ...cut.scope,
      position: log.position,
      intents: log.intents,
      changes: cut.scope.changes + added.length,
      logged: cut.scope.logged + bytes,
    },
  };
  // A log that is too large begins again after the new changes.
  return next.total.logged > bounds.maxLogBytes ? emptied(store, next) : next;
}

/** The state without the changes of its scope, which begins again at its position. */
export function emptied(store: IdbStores, { total, scope }: State): State {
  if (scope.changes > 0) store("changes").delete(rangeUpTo(scope.name, scope.position));
  return {
    total: { ...total, logged: total.logged - scope.logged },
    scope: { ...scope, floor: scope.position, changes: 0, logged: 0 },
  };
}

/** Writes a scope that has changed; those that changed longest ago are forgotten if there are too many. */
export async function writeChanged(store: IdbStores, { total, scope }: State, maxScopes: number): Promise<void> {
  const isNew = scope.age === 0;
  store("scopes").put({ ...scope, age: total.last + 1 });
  const next = { ...total, last: total.last + 1, scopes: total.scopes + (isNew ? 1 : 0) };
  writeTotal(store, next.scopes > maxScopes ? await forgotten(store, next) : next);
}

/** All other scopes are at the last position from now on, so that no older fence matches again. */
async function forgotten(store: IdbStores, total: Total): Promise<Total> {
  const [oldest] = await answerOf(store("scopes").index("age").getAll(null, 1)) as readonly Scope[]; // Written here alone.
  if (oldest === undefined) return total;
  store("scopes").delete(oldest.name);
  const { logged } = emptied(store, { total, scope: oldest }).total;
  return { ...total, logged, elsewhere: total.last, scopes: total.scopes - 1 };
}

/** The state without the older half of the changes, so that a full log costs no more than one that is not. */
async function halved(store: IdbStores, { total, scope }: State): Promise<State> {
  const stored = await storedIn(store, rangeAfter(scope.name, scope.floor));
  const cut = stored.slice(0, Math.ceil(stored.length / 2));
  const floor = cut.at(-1)?.position ?? scope.floor;
  store("changes").delete(rangeUpTo(scope.name, floor));
  const bytes = cut.reduce((sum, { size }) => sum + size, 0);
  return {
    total: { ...total, logged: total.logged - bytes },
    scope: { ...scope, floor, changes: stored.length - cut.length, logged: scope.logged - bytes },
  };
}

async function storedIn(store: IdbStores, range: ReturnType<typeof rangeAfter>): Promise<readonly Stored[]> {
  return await answerOf(store("changes").getAll(range)) as readonly Stored[]; // Written here alone.
}

function storedOf(scope: string, { change, ...place }: LoggedChange): Stored {
  const kept: Change = storable(change, sizeOf(change));
  return { ...place, scope, change: kept, size: sizeOf(kept) };
}

/** The position of a fence; a text if the log does not reach back to it. */
function placeOf(fence: Fence | undefined, { total, scope }: State): Fence | undefined {
  const position = fence === undefined ? undefined : positionOf(fence, total);
  return position !== undefined && position >= scope.floor && position <= scope.position ? position : fence && "";
}
