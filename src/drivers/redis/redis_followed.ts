import type { Fence } from "../../cache/cache.ts";
import type { Change } from "../../change/change.ts";
import { recordIn, type RedisRecord } from "./redis_record.ts";
import { marksOf } from "./redis_state.ts";

/** Is told what the log of a scope records. */
export interface RedisListener {
  /** A change that follows the one before it. */
  onChange(change: Change): void;
  /** Everything was invalidated, or records may have been missed. */
  onGap(): void;
  /** There will be no more. */
  onEnd(error: Error | undefined): void;
}

/** A place in a log. */
export interface Place {
  readonly generation: string;
  readonly position: number;
}

/** The place of a fence that was made here. */
export function placeIn(fence: Fence): Place {
  const [generation, position] = marksOf(fence);
  return { generation, position: Number(position) };
}

/** A scope that is followed, and how far. */
export class Followed {
  readonly scope: string;
  readonly listeners: Set<RedisListener> = new Set();
  readonly #onChanged: (scope: string) => void;
  #place: Place | undefined;

  /** `onChanged` is called before the listeners are. */
  constructor(scope: string, onChanged: (scope: string) => void) {
    this.scope = scope;
    this.#onChanged = onChanged;
  }

  /** The place of the last record; `undefined` until it is known where to begin. */
  get place(): Place | undefined {
    return this.#place;
  }

  /** Goes on after a place. What was recorded before it may have been missed. */
  begin(place: Place): void {
    this.#place = place;
    this.#tell(undefined);
  }

  /** Whether all up to a place has been heard of. */
  hasReached({ generation, position }: Place): boolean {
    return this.#place !== undefined && this.#place.generation === generation && this.#place.position >= position;
  }

  /** Takes the next record that was read. */
  take(answer: unknown): void {
    const record = recordOf(answer);
    if (record === undefined) {
      this.#place = undefined;
      return this.#tell(undefined);
    }
    const { generation, position, change } = record;
    const follows = this.#place?.generation === generation && this.#place.position + 1 === position;
    this.#place = { generation, position };
    this.#tell(follows ? change?.change : undefined);
  }

  #tell(change: Change | undefined): void {
    this.#onChanged(this.scope);
    for (const listener of this.listeners) {
      if (change === undefined) listener.onGap();
      else listener.onChange(change);
    }
  }
}

/** `undefined` if it cannot be read. */
function recordOf(answer: unknown): RedisRecord | undefined {
  try {
    return recordIn(answer);
  } catch {
    return undefined;
  }
}
