import { newId } from "../../base/new_id.ts";
import type { Clock } from "../../base/clock.ts";
import { answerOf, type IdbHandle } from "./indexeddb_api.ts";
import type { IdbStores } from "./indexeddb_database.ts";
import { newScope, type Scope, TOTAL, type Total } from "./indexeddb_state.ts";

/** The stores of what is known of the cache and its scopes. */
export const STATE: readonly string[] = ["total", "scopes"];
/** The stores of a log. */
export const LOG: readonly string[] = [...STATE, "changes"];
/** The stores of entries. */
export const ENTRIES: readonly string[] = ["total", "heads", "bodies"];
/** The store of the rights to feed the logs. */
export const LEASES = "leases";

/**
 * Creates the stores of a cache:
 *
 * ```text
 * total     0                    what is known of the whole cache
 * scopes    name                 what is known of a scope, its intents included
 * changes   [scope, position]    the changes of all logs
 * heads     key                  what is known of an entry
 * bodies    key                  its rows
 * leases    scope                which tab feeds the log of a scope
 * ```
 */
export function createCacheStores(clock: Clock): (handle: IdbHandle) => void {
  return (handle) => {
    const empty: Total = { id: newId(clock), last: 0, elsewhere: 0, scopes: 0, entries: 0, bytes: 0, logged: 0 };
    handle.createObjectStore("total").put(empty, TOTAL);
    handle.createObjectStore("scopes", { keyPath: "name" }).createIndex("age", "age");
    handle.createObjectStore("changes", { keyPath: ["scope", "position"] });
    handle.createObjectStore("heads", { keyPath: "key" }).createIndex("age", "age");
    handle.createObjectStore("bodies");
    handle.createObjectStore(LEASES);
  };
}

/** What is known of the cache and of a scope, as one snapshot; what a step has put in their place is stored with the step. */
export interface State {
  readonly total: Total;
  readonly scope: Scope;
}

/** Reads the state of a scope. */
export async function readState(store: IdbStores, name: string): Promise<State> {
  const [total, scope] = await Promise.all([readTotal(store), answerOf(store("scopes").get(name))]);
  return { total, scope: (scope ?? newScope(name, total)) as Scope }; // Written here alone.
}

/** Reads the total. */
export async function readTotal(store: IdbStores): Promise<Total> {
  return await answerOf(store("total").get(TOTAL)) as Total; // Written here alone.
}

/** Writes the total. */
export function writeTotal(store: IdbStores, total: Total): void {
  store("total").put(total, TOTAL);
}
