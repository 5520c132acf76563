import type { RowOp, ShownWrite } from "../change/row_states.ts";
import { type Part, type View, viewOf } from "../change/view.ts";
import type { RowIds } from "../queue/row_ids.ts";
import type { WriteAnswer, WriteOp } from "../queue/write_op.ts";
import { isNarrowed, type Query } from "../table/query.ts";
import { frozenRow, type Row, toRow } from "../table/row.ts";
import type { Master } from "./master.ts";

/** A write that is accepted and not settled. */
export interface PendingOp {
  /** The id of the write. */
  readonly id: string;
  readonly op: WriteOp;
  /** Its place in the outbox, if it is kept in one. */
  readonly position: number | undefined;
  /** The set that it is done in. */
  readonly within: Query;
  /** Its row; for `insertReturnId`, the id that was made for it; `undefined` for all rows of the set. */
  readonly rowId: string | undefined;
}

/** Makes writes such that they can be replayed over rows. */
export class ShownWrites {
  readonly #master: Master;
  readonly #tests = new WeakMap<Query, (row: Row) => boolean | undefined>();
  readonly #rowIds: RowIds;

  constructor(master: Master, rowIds: RowIds) {
    this.#master = master;
    this.#rowIds = rowIds;
  }

  /** A write that the master has not confirmed. */
  of({ op, within, rowId }: PendingOp): ShownWrite {
    if (op.kind === "deleteAll") {
      return { op, within, isConfirmed: false, isIn: (row) => this.#matches(within, row) === true };
    }
    const made = rowId ?? ("id" in op ? op.id : "");
    const shown = this.#rowOp(op, this.#rowIds.real(made), within);
    // Of a master that evaluates conditions in its own way, only the master knows.
    const isKnown = isNarrowed(within) && this.#master.within(within).capabilities.exact;
    return { op: shown, isConfirmed: false, isIn: (row) => !isKnown || this.#matches(within, row) !== false };
  }

  /**
   * The same once the master has confirmed it, with its answer if that is known; `over` is what was known of the row when the
   * write was sent.
   */
  confirmed(write: PendingOp, answer: WriteAnswer, over: Row | undefined): ShownWrite {
    if (typeof answer === "string" && write.rowId !== undefined) this.#rowIds.learn(write.rowId, answer);
    const shown = this.of(write);
    if (shown.op.kind === "deleteAll" || typeof answer !== "object") return { ...shown, isConfirmed: true };
    return { ...shown, isConfirmed: true, answer: { row: toRow(answer), over } };
  }

  #rowOp(op: Exclude<WriteOp, { readonly kind: "deleteAll" }>, id: string, within: Query): RowOp {
    switch (op.kind) {
      case "insert":
      case "insertReturnId":
        return { kind: "insert", id, row: this.#withId(id, op.row, within) };
      case "replace":
        return { kind: "replace", id, row: this.#withId(id, op.row, within) };
      case "patch":
        return { kind: "patch", id, partial: op.partial };
      case "delete":
        return { kind: "delete", id };
      default:
        return op satisfies never;
    }
  }

  /** Rows that are written may leave out the column of their id, which the master adds. */
  #withId(id: string, row: Row, within: Query): Row {
    const { idField } = this.#master.within(within);
    return idField === undefined || Object.hasOwn(row, idField) ? row : frozenRow({ [idField]: id, ...row });
  }

  #matches(within: Query, row: Row): boolean | undefined {
    const matches = this.#tests.get(within) ?? likelyView(this.#master, within, {}).matches;
    this.#tests.set(within, matches);
    return matches(row);
  }
}

/** The view of a query as this module evaluates it, also where the master may do that in another way. */
export function likelyView(master: Master, within: Query, part: Part): View {
  const { columns, capabilities: { sameRows } } = master.within(within);
  return viewOf(within, part, { columns, exact: true, sameRows });
}
