import type { LiveEvent } from "../stream/live_event.ts";

/** Part of a log, as it is sent, and where to go on after it. */
export interface LogPart {
  readonly text: string;
  readonly position: number;
}

/** What a hello says. */
export interface HelloContent {
  readonly heartbeatMs: number;
  /** Whether all that was missed follows. */
  readonly resumed: boolean;
  /** The names of the tables, if they have any. */
  readonly tables: readonly string[] | undefined;
}

/** How many characters of events are sent in one piece, unless the first alone has more: a slow client holds one piece. */
const MAX_PIECE_LENGTH = 16 * 2 ** 10;
/** The longest id that is told. For a longer one `changed` is, so that what is kept has a bound in bytes as well. */
const MAX_ID_LENGTH = 1024;

/**
 * The last events of one subscription, numbered from 1. They are kept once for all clients, each of which has no more than
 * a position here: the number of the event that it heard last. Who falls behind what is kept hears `changed`.
 */
export class EventLog {
  readonly #epoch: string;
  readonly #capacity: number;
  readonly #frames: string[] = [];
  #newest = 0;

  /** A log of its own `epoch`, by which positions in it are told from those in others. */
  constructor(epoch: string, capacity: number) {
    this.#epoch = epoch;
    this.#capacity = capacity;
  }

  /** The position of who has heard everything. */
  get newest(): number {
    return this.#newest;
  }

  /** Adds an event of a table, without the row it may carry. A table without a name is the only one. */
  append(event: LiveEvent, table: string | undefined): void {
    this.#newest++;
    const isTold = event.kind !== "changed" && event.id.length <= MAX_ID_LENGTH;
    this.#frames.push(this.#frame(isTold ? { table, kind: event.kind, id: event.id } : { table, kind: "changed" }));
    if (this.#frames.length > this.#capacity) this.#frames.shift();
  }

  /** What stands after a position; `undefined` if nothing does. */
  after(position: number): LogPart | undefined {
    if (position === this.#newest) return undefined;
    if (!this.#reaches(position)) return this.changed();
    const start = this.#frames.length - (this.#newest - position);
    let text = this.#frames[start] ?? "";
    let end = start + 1;
    for (let next = this.#frames[end]; next !== undefined; next = this.#frames[++end]) {
      if (text.length + next.length > MAX_PIECE_LENGTH) break;
      text += next;
    }
    return { text, position: position + end - start };
  }

  /** What takes the place of everything up to now, of all tables. */
  changed(): LogPart {
    return { text: this.#frame({ kind: "changed" }), position: this.#newest };
  }

  /** The first thing that a client hears. */
  hello(position: number, content: HelloContent): string {
    return `event: hello\nid: ${this.#epoch}-${position}\ndata: ${JSON.stringify(content)}\n\n`;
  }

  /** The position that the id of an event stands for, if all that came after it is kept. */
  positionOf(eventId: string): number | undefined {
    const [, epoch, number] = /^([0-9a-f]{16})-(0|[1-9]\d{0,15})$/.exec(eventId) ?? [];
    const position = Number(number);
    return epoch === this.#epoch && this.#reaches(position) ? position : undefined;
  }

  #reaches(position: number): boolean {
    return position <= this.#newest && this.#newest - position <= this.#frames.length;
  }

  #frame(event: LiveEvent & { readonly table?: string | undefined }): string {
    return `id: ${this.#epoch}-${this.#newest}\ndata: ${JSON.stringify(event)}\n\n`;
  }
}
