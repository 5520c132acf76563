import { type LiveEvent, sameRow } from "@vantage/live";
import { hash } from "./hash.ts";
import type { World } from "./plan.ts";
import { rowOf, type State } from "./sim_master.ts";

/** What a stream says of a row that is another one after a change. */
export function eventOf(id: string, before: State, after: State, says: World["events"]): LiveEvent {
  if (says === "changed") return { kind: "changed" };
  const [old, held] = [before.get(id), after.get(id)];
  if (held === undefined) return { kind: "deleted", id };
  // Who replaces a row, and tells of it with the row, may not know whether there was one.
  const isBlind = says === "rows" && hash(String(held.mark)) < 0.3;
  const kind = old === undefined || isBlind ? "inserted" : "updated";
  if (says === "rows") return { kind, id, row: rowOf(held) };
  if (says === "ids" || old === undefined) return { kind, id };
  const [row, oldRow] = [rowOf(held), rowOf(old)];
  const names = Object.keys({ ...oldRow, ...row });
  return {
    kind,
    id,
    columns: names.filter((name) => !sameRow({ value: row[name] ?? null }, { value: oldRow[name] ?? null })),
  };
}
