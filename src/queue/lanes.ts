import { Line } from "../base/line.ts";
import { type Place, Places } from "../base/places.ts";

/** An item in its lane. */
interface Waiting<T> extends Place<Waiting<T>> {
  readonly item: T;
  readonly lane: Lane<T>;
}

/** Items that follow each other: those of one row, or one for the whole set. It is in the line of those that are ready, or not. */
interface Lane<T> extends Place<Lane<T>> {
  readonly row: string | undefined;
  readonly items: Places<Waiting<T>>;
  readonly stretch: Stretch<T>;
  /** Whether its first item may be taken. */
  isReady: boolean;
}

/** The lanes between two items for the whole set; such an item is a stretch alone. */
interface Stretch<T> {
  /** Grows from one to the next. */
  readonly number: number;
  readonly lanes: Map<string | undefined, Lane<T>>;
  readonly ready: Places<Lane<T>>;
}

/**
 * The order of writes: those of one row one after the other, rows independent of each other. A write to the whole set comes
 * after all before it, and before all after it. Every call takes constant time, but `take` with a preference.
 */
export class Lanes<T> {
  readonly #stretches = new Line<Stretch<T>>();
  readonly #placeOf = new Map<T, Waiting<T>>();
  #stretchNumber = 0;

  /** How many items there are, those taken included. */
  get size(): number {
    return this.#placeOf.size;
  }

  /** The item that may be taken next. */
  get next(): T | undefined {
    return this.#stretches.first?.ready.first?.items.first?.item;
  }

  /** Whether an item is in a lane. */
  has(item: T): boolean {
    return this.#placeOf.has(item);
  }

  /** Adds an item at the end of the lane of its row; `undefined` is the whole set. */
  add(item: T, row: string | undefined): void {
    const stretch = this.#stretchFor(row);
    const lane = stretch.lanes.get(row) ?? addLane(stretch, row);
    const place: Waiting<T> = { item, lane, before: undefined, after: undefined };
    lane.items.add(place);
    this.#placeOf.set(item, place);
  }

  /** Takes the next item, or the next one that is preferred. Its lane waits until the item is put back or deleted. */
  take(isPreferred?: (item: T) => boolean): T | undefined {
    const lanes = this.#stretches.first?.ready;
    const lane = (lanes && isPreferred && firstWith(lanes, isPreferred)) ?? lanes?.first;
    if (lane === undefined) return undefined;
    unready(lane);
    return lane.items.first?.item;
  }

  /** Puts an item back that was taken: it may be taken again, before all that follow it in its lane. */
  putBack(item: T): void {
    const place = this.#placeOf.get(item);
    if (place !== undefined) ready(place.lane);
  }

  /** Removes an item, wherever it is, and returns whether it was there. */
  delete(item: T): boolean {
    const place = this.#placeOf.get(item);
    if (place === undefined) return false;
    const { lane } = place;
    const wasFirst = lane.items.first === place;
    this.#placeOf.delete(item);
    lane.items.delete(place);
    if (lane.items.first === undefined) this.#removeLane(lane);
    else if (wasFirst) ready(lane);
    return true;
  }

  /** Whether an item must be deleted before another one can be taken. */
  precedes(item: T, later: T): boolean {
    const [place, laterPlace] = [this.#placeOf.get(item), this.#placeOf.get(later)];
    if (place === undefined || laterPlace === undefined || item === later) return false;
    if (place.lane !== laterPlace.lane) return place.lane.stretch.number < laterPlace.lane.stretch.number;
    return place.lane.items.first === place;
  }

  #stretchFor(row: string | undefined): Stretch<T> {
    const { last } = this.#stretches;
    if (last !== undefined && row !== undefined && !last.lanes.has(undefined)) return last;
    const stretch: Stretch<T> = { number: ++this.#stretchNumber, lanes: new Map(), ready: new Places() };
    this.#stretches.add(stretch);
    return stretch;
  }

  #removeLane(lane: Lane<T>): void {
    unready(lane);
    const { stretch, row } = lane;
    stretch.lanes.delete(row);
    if (stretch.lanes.size === 0) this.#stretches.delete(stretch);
  }
}

function firstWith<T>(lanes: Iterable<Lane<T>>, isPreferred: (item: T) => boolean): Lane<T> | undefined {
  for (const lane of lanes) if (lane.items.first !== undefined && isPreferred(lane.items.first.item)) return lane;
  return undefined;
}

function addLane<T>(stretch: Stretch<T>, row: string | undefined): Lane<T> {
  const lane = { row, stretch, items: new Places<Waiting<T>>(), isReady: false, before: undefined, after: undefined };
  stretch.lanes.set(row, lane);
  ready(lane);
  return lane;
}

function ready<T>(lane: Lane<T>): void {
  if (!lane.isReady) lane.stretch.ready.add(lane);
  lane.isReady = true;
}

function unready<T>(lane: Lane<T>): void {
  if (lane.isReady) lane.stretch.ready.delete(lane);
  lane.isReady = false;
}
