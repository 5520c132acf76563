import { type Row, sameRow } from "@vantage/live";
import type { Fault } from "./row_law.ts";
import type { Scene } from "./scene.ts";
import { rowOf } from "./sim_master.ts";
import type { View } from "./views.ts";
import type { MadeWrite } from "./write_ledger.ts";

/** A reader of a table that shows its writes before they are answered. */
export interface Onlooker {
  /** The table, from when it was opened. */
  readonly life: string;
  /** The writes that it had accepted when the read began, or by now for one who watches. */
  readonly accepted: readonly MadeWrite[];
}

/**
 * What is wrong with rows that are shown where writes are shown as soon as they are accepted: each row is one that the master
 * had, or that a write makes of it which is not refused, and no row is older than the last own write that was accepted.
 */
export function faultOfShown(
  scene: Scene,
  view: View,
  shown: readonly (readonly [string, Row])[],
  onlooker: Onlooker,
): Fault | undefined {
  const { master } = scene;
  const rows = new Map(shown.map(([id, row]) => [master.realId(view.id ?? id), row] as const));
  for (const [id, row] of rows) {
    const fault = faultOfRowShown(scene, id, row, onlooker);
    if (fault !== undefined) return fault;
  }
  if (isNarrow(view)) return undefined;
  return lastOf(scene, onlooker).map((last) => faultOfMissing(scene, rows, last, onlooker)).find((it) => it);
}

function faultOfRowShown(scene: Scene, id: string, row: Row, onlooker: Onlooker): Fault | undefined {
  const { master, ledger } = scene;
  const mark = String(row.mark);
  const write = ledger.find(mark);
  const stay = (master.histories.get(id) ?? []).findLast(({ held }) => held && isShownAs(scene, row, rowOf(held)));
  const isMade = write !== undefined && master.realId(write.id) === id && isMadeBy(row, write);
  if (stay === undefined && !isMade) return { law: 4, what: `${id} was never ${JSON.stringify(row)}` };
  // Another table that has taken it over learns later that it was taken back.
  const isRefused = stay === undefined && write?.life === onlooker.life && ledger.isRefused(mark);
  if (isRefused) return { law: 1, what: `${id} is shown as ${mark}, which failed` };
  const last = lastOf(scene, onlooker).find((it) => master.realId(it.id) === id);
  if (last === undefined || isAsNew(scene, write, last, onlooker)) return undefined;
  const since = master.applied.get(last.mark)?.seq ?? Infinity;
  if ((stay?.seq ?? -1) >= since) return undefined;
  return { law: 1, what: `${id} is shown as ${mark}, without ${last.mark}, which was accepted` };
}

/** Where a list may have more columns than the answer of a write, one that the answer lacks stays until it is read again. */
function isShownAs({ world }: Scene, shown: Row, row: Row): boolean {
  if (world.asksFor === "rows") return sameRow(row, shown);
  return sameRow(row, Object.fromEntries(Object.entries(shown).filter(([name]) => Object.hasOwn(row, name))));
}

/** Whether a write is shown after the last own one: that one itself, one made later, or one of others or sent by hand. */
function isAsNew({ ledger }: Scene, write: MadeWrite | undefined, last: MadeWrite, { life }: Onlooker): boolean {
  if (write === undefined) return false;
  if (write.life !== life) return write.isKept;
  return write.number >= last.number || ledger.isSentByHand(write.mark);
}

/** A row that was replaced is there, unless somebody has deleted it since. */
function faultOfMissing(
  { ledger, master }: Scene,
  rows: ReadonlyMap<string, Row>,
  last: MadeWrite,
  { life }: Onlooker,
): Fault | undefined {
  const id = master.realId(last.id);
  if (last.op !== "replace" || rows.has(id)) return undefined;
  const mayBeGone = ledger.writes.some((it) =>
    it.mark !== last.mark && (it.op === "deleteAll" || (it.op === "delete" && master.realId(it.id) === id)) &&
    (it.life !== life || it.number > last.number || ledger.isSentByHand(it.mark))
  );
  const applied = master.applied.get(last.mark)?.seq ?? Infinity;
  const wasDeleted = master.histories.get(id)?.some(({ seq, held }) => held === undefined && seq >= applied) === true;
  if (mayBeGone || wasDeleted) return undefined;
  return { law: 1, what: `${id} is missing, though ${last.mark} was accepted` };
}

/** The last own writes to each row that were accepted and have not failed. Of an insertion it is not known what it does. */
function lastOf({ ledger, master }: Scene, { accepted }: Onlooker): readonly MadeWrite[] {
  const last = new Map<string, MadeWrite>();
  for (const write of accepted) {
    if (!ledger.isOn(write.mark) || !ledger.isIdKnown(write.id)) continue;
    // What others had done before counts as applied where it is read back, and they may undo it.
    if (!ledger.isPending(write.mark) && !master.applied.has(write.mark)) continue;
    if (write.op === "replace" || write.op === "patch" || write.op === "delete") {
      last.set(master.realId(write.id), write);
    }
  }
  return [...last.values()];
}

function isMadeBy(row: Row, { op, held }: MadeWrite): boolean {
  if (op === "delete" || op === "deleteAll") return false;
  return Object.entries(held).every(([name, value]) => name === "id" || row[name] === value);
}

/** Whether a view need not show every row. */
function isNarrow({ query, id, window, how }: View): boolean {
  return query.where !== undefined || query.pagination !== undefined || id !== undefined || window !== undefined ||
    how !== undefined;
}
