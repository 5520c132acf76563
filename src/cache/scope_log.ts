import type { Change } from "../change/change.ts";
import { type LoggedChange, mayBeSameRow, mayOverlap, withoutColumns } from "../change/logged_change.ts";
import type { LogRecord } from "./cache.ts";

interface Intent {
  readonly change: Change;
  readonly dueAt: number;
}

/** What a log is known to have. */
export interface KnownLog {
  /** The log has every change after this position. */
  readonly floor: number;
  /** The last of its changes, as many as are needed. */
  readonly changes: readonly LoggedChange[];
  /** By the id of the write, in order. */
  readonly intents: ScopeLog["intents"];
}

/**
 * What is stored while a write is in flight was stored this much after the present position: it may have been read after the
 * write was sent, so that its answer is not newer for certain.
 */
export const HALF_STEP = 0.5;

/** The log of one scope, in memory. */
export class ScopeLog {
  readonly #nextPosition: () => number;
  readonly #maxChanges: number;
  readonly #changes: LoggedChange[] = [];
  readonly #intents = new Map<string, Intent>();
  #position: number;
  #floor: number;

  /** A log at `position`, empty unless it is `known`. It keeps up to `maxChanges`, and as many intents. */
  constructor(position: number, nextPosition: () => number, maxChanges: number, known?: KnownLog) {
    this.#position = position;
    this.#floor = known?.floor ?? position;
    this.#nextPosition = nextPosition;
    this.#maxChanges = maxChanges;
    if (known === undefined) return;
    this.#changes.push(...known.changes);
    for (const [writeId, intent] of known.intents) this.#intents.set(writeId, intent);
  }

  /** The position of the last change. */
  get position(): number {
    return this.#position;
  }

  /** The log has every change after this position. */
  get floor(): number {
    return this.#floor;
  }

  /** The intents by the id of the write, in order. */
  get intents(): readonly (readonly [writeId: string, intent: Intent])[] {
    return [...this.#intents];
  }

  /** When the first intent is overdue; `undefined` if there is none. */
  get intentsDueAt(): number | undefined {
    if (this.#intents.size === 0) return undefined;
    let first = Infinity;
    for (const { dueAt } of this.#intents.values()) first = Math.min(first, dueAt);
    return first;
  }

  /** The changes after a position, which must not be below the floor. */
  since(position: number): readonly LoggedChange[] {
    let first = this.#changes.length;
    while (first > 0 && Number(this.#changes[first - 1]?.position) > position) first--;
    return this.#changes.slice(first);
  }

  /** Adds a record. */
  add(record: LogRecord): void {
    switch (record.kind) {
      case "intent":
        this.#intents.set(record.writeId, record);
        if (this.#intents.size > this.#maxChanges) this.#endFirstIntent();
        return;
      case "change":
        if (record.change.cause === "write") this.#intents.delete(record.change.writeId);
        return this.#append(record.change, record.since);
      case "settled":
        this.#intents.delete(record.writeId);
        return;
      case "overdue":
        for (const [writeId, { change, dueAt }] of this.#intents) {
          if (dueAt > record.now && dueAt <= record.now + record.spanMs) continue;
          this.#intents.delete(writeId);
          this.#append(change);
        }
        return;
      default:
        return record satisfies never;
    }
  }

  /** Moves the position without a change. What was logged before remains. */
  move(): void {
    this.#position = this.#nextPosition();
  }

  /** Begins again at a new position, without changes. */
  restart(): void {
    this.move();
    this.#floor = this.#position;
    this.#changes.length = 0;
  }

  /** Forgets everything but the position. */
  forget(): void {
    this.#floor = this.#position;
    this.#changes.length = 0;
    this.#intents.clear();
  }

  #append(change: Change, since?: string | number): void {
    const from = typeof since === "number" && this.#isNewest(change, since) ? since : undefined;
    const isOverlapping = since !== undefined && change.cause === "write" && this.#isOverlapping(change, since);
    this.move();
    if (this.#changes.length >= this.#maxChanges) this.#forgetOldest();
    this.#changes.push({
      position: this.#position,
      from,
      ...(isOverlapping && { isOverlapping }),
      change: this.#isInFlight(change) ? withoutColumns(change) : change,
    });
  }

  /** Whether another write that may be of the same row is in flight. */
  #isInFlight(change: Change): boolean {
    for (const intent of this.#intents.values()) if (mayBeSameRow(intent.change, change)) return true;
    return false;
  }

  /** Whether no other change that may concern the same row was logged since a position. */
  #isNewest(change: Change, since: number): boolean {
    if (!this.#isInReach(since) || change.kind === "changed") return false;
    return !this.since(since).some(({ change: other }) => mayBeSameRow(other, change));
  }

  /** Whether another write that may be of the same row was logged since a fence, or the log does not reach back to it. */
  #isOverlapping(change: Change, since: string | number): boolean {
    if (typeof since !== "number" || !this.#isInReach(since)) return true;
    return this.since(since).some(({ change: other }) => mayOverlap(other, change));
  }

  #isInReach(position: number): boolean {
    return position >= this.#floor && position <= this.#position;
  }

  /** Many at once, so that a full log costs no more than one that is not. */
  #forgetOldest(): void {
    const forgotten = this.#changes.splice(0, Math.ceil(this.#changes.length / 10));
    this.#floor = forgotten.at(-1)?.position ?? this.#floor;
  }

  /** More intents than that are not kept: the first one counts as overdue. */
  #endFirstIntent(): void {
    for (const [writeId, { change }] of this.#intents) {
      this.#intents.delete(writeId);
      return this.#append(change);
    }
  }
}
