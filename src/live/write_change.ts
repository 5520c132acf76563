import type { WriteAnswer, WriteOp } from "../queue/write_op.ts";
import type { LiveEvent } from "../stream/live_event.ts";
import { field, type Row, sameValue, toRow } from "../table/row.ts";

/**
 * What a write changed, if the master applied it, as an event. `answer` is what the master answered, if it is known, and
 * `before` the row as it was before, if that is. A row that was replaced counts as inserted: one that is known may have been
 * deleted by others since.
 */
export function eventOf(op: WriteOp, answer?: WriteAnswer, before?: Row): LiveEvent {
  const row = typeof answer === "object" ? toRow(answer) : undefined;
  switch (op.kind) {
    case "insert":
    case "replace":
      return { kind: "inserted", id: op.id, row };
    case "patch":
      return { kind: "updated", id: op.id, row, columns: row && before && changedColumns(op.partial, before, row) };
    case "delete":
      return { kind: "deleted", id: op.id };
    case "insertReturnId":
      return typeof answer === "string" ? { kind: "inserted", id: answer } : { kind: "changed" };
    case "deleteAll":
      return { kind: "changed" };
    default:
      return op satisfies never;
  }
}

/** A master may change columns that a patch does not name: those differ in its answer. */
function changedColumns(partial: Row, before: Row, after: Row): readonly string[] {
  const columns = Object.keys(partial);
  const add = (name: string): void => {
    const isChanged = !sameValue(field(before, name), field(after, name));
    if (isChanged && !columns.includes(name)) columns.push(name);
  };
  Object.keys(after).forEach(add);
  Object.keys(before).forEach((name) => Object.hasOwn(after, name) || add(name));
  return columns;
}
