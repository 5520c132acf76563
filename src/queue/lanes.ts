import { Line } from "../base/line.ts";

/** Items that follow each other: those of one row, or one for the whole set. */
interface Lane<T> {
  readonly row: string | undefined;
  readonly items: Line<T>;
  readonly stretch: Stretch<T>;
}

/** The lanes between two items for the whole set; such an item has a stretch of its own. */
interface Stretch<T> {
  /** Grows from one to the next. */
  readonly number: number;
  readonly lanes: Map<string | undefined, Lane<T>>;
  /** Those whose first item may be taken. */
  readonly ready: Line<Lane<T>>;
}

/**
 * The order of writes: those of one row one after the other, rows independent of each other. A write to the whole set comes
 * after all before it, and before all after it. Every call takes constant time.
 */
export class Lanes<T> {
  readonly #stretches = new Line<Stretch<T>>();
  readonly #laneOf = new Map<T, Lane<T>>();
  #stretchNumber = 0;

  /** How many items there are, those taken included. */
  get size(): number {
    return this.#laneOf.size;
  }

  /** Whether an item is in a lane. */
  has(item: T): boolean {
    return this.#laneOf.has(item);
  }

  /** Adds an item at the end of the lane of its row; `undefined` is the whole set. */
  add(item: T, row: string | undefined): void {
    const stretch = this.#stretchFor(row);
    const lane = stretch.lanes.get(row) ?? { row, items: new Line<T>(), stretch };
    if (lane.items.size === 0) {
      stretch.lanes.set(row, lane);
      stretch.ready.add(lane);
    }
    lane.items.add(item);
    this.#laneOf.set(item, lane);
  }

  /** The item that may be taken next. */
  get next(): T | undefined {
    return this.#stretches.first?.ready.first?.items.first;
  }

  /** Takes the next item. Its lane waits until the item is put back or deleted. */
  take(): T | undefined {
    const ready = this.#stretches.first?.ready;
    const lane = ready?.first;
    if (ready === undefined || lane === undefined) return undefined;
    ready.delete(lane);
    return lane.items.first;
  }

  /** Puts an item back that was taken: it may be taken again, before all that follow it in its lane. */
  putBack(item: T): void {
    const lane = this.#laneOf.get(item);
    lane?.stretch.ready.add(lane);
  }

  /** Removes an item, wherever it is, and returns whether it was there. */
  delete(item: T): boolean {
    const lane = this.#laneOf.get(item);
    if (lane === undefined) return false;
    const { row, items, stretch } = lane;
    const wasFirst = items.first === item;
    this.#laneOf.delete(item);
    items.delete(item);
    if (items.size > 0) {
      if (wasFirst) stretch.ready.add(lane);
      return true;
    }
    stretch.ready.delete(lane);
    stretch.lanes.delete(row);
    if (stretch.lanes.size === 0) this.#stretches.delete(stretch);
    return true;
  }

  /** The items of the same lane that come after an item. */
  after(item: T): T[] {
    const items = [...this.#laneOf.get(item)?.items ?? []];
    return items.slice(items.indexOf(item) + 1);
  }

  /** Whether an item must be deleted before another one can be taken. */
  precedes(item: T, later: T): boolean {
    const [lane, laterLane] = [this.#laneOf.get(item), this.#laneOf.get(later)];
    if (lane === undefined || laterLane === undefined || item === later) return false;
    if (lane !== laterLane) return lane.stretch.number < laterLane.stretch.number;
    return lane.items.first === item;
  }

  #stretchFor(row: string | undefined): Stretch<T> {
    const { last } = this.#stretches;
    if (last !== undefined && row !== undefined && !last.lanes.has(undefined)) return last;
    const stretch: Stretch<T> = { number: ++this.#stretchNumber, lanes: new Map(), ready: new Line() };
    this.#stretches.add(stretch);
    return stretch;
  }
}
