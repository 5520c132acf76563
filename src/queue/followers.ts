import type { QueuedWrite } from "./queued_write.ts";

/** The pending writes to rows that are being inserted under an id that was made: found without a look at all others. */
export class Followers {
  readonly #ofRow = new Map<string, Set<QueuedWrite>>();

  /** Remembers a write that was put in line, if an insertion of its row is, or it is one. */
  add(write: QueuedWrite): void {
    const { op, rowId } = write;
    if (rowId === undefined) return;
    const writes = this.#ofRow.get(rowId);
    if (writes !== undefined) writes.add(write);
    else if (op.kind === "insertReturnId") this.#ofRow.set(rowId, new Set([write]));
  }

  /** The writes that follow an insertion; none for another write. */
  of(write: QueuedWrite): readonly QueuedWrite[] {
    if (write.op.kind !== "insertReturnId") return [];
    return [...this.#ofRow.get(write.rowId ?? "") ?? []].filter((other) => other !== write);
  }

  /** The insertion that a write follows; `undefined` if there is none. */
  insertionOf(write: QueuedWrite): QueuedWrite | undefined {
    const [first] = this.#ofRow.get(write.rowId ?? "") ?? [];
    return first === write || first?.op.kind !== "insertReturnId" ? undefined : first;
  }

  /** Forgets a write that has left. */
  delete(write: QueuedWrite): void {
    const { rowId = "" } = write;
    const writes = this.#ofRow.get(rowId);
    if (writes?.delete(write) && writes.size === 0) this.#ofRow.delete(rowId);
  }
}
