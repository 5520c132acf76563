import type { OutboxEntry } from "./outbox.ts";
import { shareStoredWrite } from "./stored_write.ts";

interface Slot {
  readonly position: number;
  /** `undefined` once it is removed. */
  entry: OutboxEntry | undefined;
}

/** So many removed entries are always tolerated in the line. */
const MIN_REMOVED = 64;

/** The entries of a queue in memory, in the order of their positions; found by the id of the write, and by the row. */
export class MemEntries {
  #line: Slot[] = [];
  readonly #byId = new Map<string, Slot>();
  readonly #byRow = new Map<string, Set<Slot>>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): OutboxEntry | undefined {
    return this.#byId.get(id)?.entry;
  }

  /** The entries whose writes are to a row. */
  ofRow(rowId: string): OutboxEntry[] {
    return [...this.#byRow.get(rowId) ?? []].flatMap(({ entry }) => entry ?? []);
  }

  /** Adds an entry, whose position is the highest. */
  add(entry: OutboxEntry): void {
    const slot = { position: entry.position, entry };
    this.#line.push(slot);
    const { id, rowId } = entry.write;
    this.#byId.set(id, slot);
    if (rowId === undefined) return;
    const slots = this.#byRow.get(rowId);
    if (slots === undefined) this.#byRow.set(rowId, new Set([slot]));
    else slots.add(slot);
  }

  /** Puts a changed entry in the place of the one with its id. */
  update(entry: OutboxEntry): void {
    const slot = this.#byId.get(entry.write.id);
    if (slot !== undefined) slot.entry = entry;
  }

  remove(id: string): void {
    const slot = this.#byId.get(id);
    const rowId = slot?.entry?.write.rowId;
    if (slot === undefined) return;
    this.#byId.delete(id);
    if (rowId !== undefined) this.#leaveRow(rowId, slot);
    slot.entry = undefined;
    // Seldom, so that a removal costs the same however many entries there are.
    if (this.#line.length > 2 * this.size + MIN_REMOVED) this.#line = this.#line.filter(({ entry }) => entry);
  }

  /** The first `limit` entries after a position. */
  after(position: number, limit: number): OutboxEntry[] {
    const found: OutboxEntry[] = [];
    for (let index = this.#indexAfter(position); index < this.#line.length && found.length < limit; index++) {
      const entry = this.#line[index]?.entry;
      if (entry !== undefined) found.push(Object.freeze({ ...entry, write: shareStoredWrite(entry.write) }));
    }
    return found;
  }

  #leaveRow(rowId: string, slot: Slot): void {
    const slots = this.#byRow.get(rowId);
    slots?.delete(slot);
    if (slots?.size === 0) this.#byRow.delete(rowId);
  }

  #indexAfter(position: number): number {
    let [low, high] = [0, this.#line.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#line[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
