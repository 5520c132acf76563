import type { Row } from "../table/row.ts";

/** A power of two. */
const FEWEST_SLOTS = 8;
/** The table grows when more than this share of its slots is taken, and shrinks below a fourth of that. */
const MOST_TAKEN = 3 / 4;
/** The most slots that are looked at for one id. Ids may be chosen by others, so that all of them begin at one slot. */
const MOST_PROBES = 64;

/**
 * Rows by id, each with how often it was added. A hash table with open addressing: it takes 33 bytes a row where a map of
 * rows and another of counts take 92.
 */
export class CountedRows {
  #ids: (string | undefined)[] = [];
  #rows: (Row | undefined)[] = [];
  #counts = new Uint32Array();
  #size = 0;

  constructor() {
    this.#clear(FEWEST_SLOTS);
  }

  /** How many rows there are. */
  get size(): number {
    return this.#size;
  }

  /** The row under this id. */
  get(id: string): Row | undefined {
    return this.#rows[this.#slotOf(id)];
  }

  /** Adds a row once more, or puts it in the place of another under this id. It is left out if the id finds no slot. */
  add(id: string, row: Row): void {
    const slot = this.#slotOf(id);
    if (slot < 0) return;
    const known = this.#rows[slot];
    if (known === undefined) this.#size++;
    this.#fill(slot, id, row, known === row ? this.#countAt(slot) + 1 : 1);
    if (this.#size > MOST_TAKEN * this.#rows.length) this.#resize(this.#rows.length * 2);
  }

  /** Removes a row once, if it is the one under this id. */
  remove(id: string, row: Row): void {
    const slot = this.#slotOf(id);
    if (this.#rows[slot] !== row) return;
    const count = this.#countAt(slot) - 1;
    this.#counts[slot] = count;
    if (count > 0) return;
    this.#free(slot);
    this.#size--;
    const slots = this.#rows.length;
    if (slots > FEWEST_SLOTS && this.#size < MOST_TAKEN / 4 * slots) this.#resize(slots / 2);
  }

  /** The slot that has an id, or else the first free one for it; -1 if there is neither. */
  #slotOf(id: string): number {
    const last = this.#ids.length - 1;
    const first = hashOf(id);
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = (first + probe) & last;
      const other = this.#ids[slot];
      if (other === undefined || other === id) return slot;
    }
    return -1;
  }

  #countAt(slot: number): number {
    return this.#counts[slot] ?? 0;
  }

  #fill(slot: number, id: string, row: Row, count: number): void {
    this.#ids[slot] = id;
    this.#rows[slot] = row;
    this.#counts[slot] = count;
  }

  /** Frees a slot, into which others move that would not be found behind a free one. */
  #free(slot: number): void {
    const last = this.#ids.length - 1;
    let free = slot;
    for (let at = (slot + 1) & last;; at = (at + 1) & last) {
      const [id, row] = [this.#ids[at], this.#rows[at]];
      if (id === undefined || row === undefined) break;
      if (((at - hashOf(id)) & last) < ((at - free) & last)) continue;
      this.#fill(free, id, row, this.#countAt(at));
      free = at;
    }
    this.#ids[free] = undefined;
    this.#rows[free] = undefined;
  }

  #resize(slots: number): void {
    const [ids, rows, counts] = [this.#ids, this.#rows, this.#counts];
    this.#clear(slots);
    for (const [at, id] of ids.entries()) {
      const row = rows[at];
      if (id === undefined || row === undefined) continue;
      const slot = this.#slotOf(id);
      if (slot < 0) this.#size--;
      else this.#fill(slot, id, row, counts[at] ?? 0);
    }
  }

  #clear(slots: number): void {
    this.#ids = new Array(slots).fill(undefined);
    this.#rows = new Array(slots).fill(undefined);
    this.#counts = new Uint32Array(slots);
  }
}

/** FNV-1a, of UTF-16 units. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash ^ hash >>> 15;
}
