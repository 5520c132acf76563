import type { LiveEvent } from "../stream/live_event.ts";

/** Encoded events, and the position after them. */
export interface LogPart {
  readonly text: string;
  readonly position: number;
}

/** The content of a hello. */
export interface HelloContent {
  readonly heartbeatMs: number;
  /** Whether all missed events follow. */
  readonly resumed: boolean;
  /** The names of the tables, if they have names. */
  readonly tables: readonly string[] | undefined;
}

/** The most characters to send at once, unless a single event is longer: a slow client holds one piece in memory. */
const MAX_PIECE_LENGTH = 16 * 2 ** 10;
/** The longest id to send. An event with a longer one becomes `changed`, which bounds the memory of the log. */
const MAX_ID_LENGTH = 1024;
/** The most characters in the names of columns that are sent; beyond that, any may have changed. */
const MAX_COLUMNS_LENGTH = 1024;

/**
 * The last events, numbered from 1. They are stored once for all clients, each of which is only a position: the number
 * of the last event it received. A client that falls behind the stored events receives `changed`.
 */
export class EventLog {
  readonly #epoch: string;
  readonly #capacity: number;
  readonly #frames: string[] = [];
  #newest = 0;

  /** Creates a log. The `epoch` distinguishes its positions from those in other logs. */
  constructor(epoch: string, capacity: number) {
    this.#epoch = epoch;
    this.#capacity = capacity;
  }

  /** The position after the last event. */
  get newest(): number {
    return this.#newest;
  }

  /** Adds an event of a table, without its row. A table without a name is the only one. */
  append(event: LiveEvent, table: string | undefined): void {
    this.#newest++;
    this.#frames.push(this.#frame({ table, ...sentPart(event) }));
    if (this.#frames.length > this.#capacity) this.#frames.shift();
  }

  /** The events after a position; `undefined` if there are none. */
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

  /** Stands for all events of all tables up to now. */
  changed(): LogPart {
    return { text: this.#frame({ kind: "changed" }), position: this.#newest };
  }

  /** The first message to a client. */
  hello(position: number, content: HelloContent): string {
    return `event: hello\nid: ${this.#epoch}-${position}\ndata: ${JSON.stringify(content)}\n\n`;
  }

  /** The position of an event id, if all later events are stored. */
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

/** What is sent of an event: not its row. */
function sentPart(event: LiveEvent): LiveEvent {
  if (event.kind === "changed" || event.id.length > MAX_ID_LENGTH) return { kind: "changed" };
  const { kind, id, columns } = event;
  const isShort = columns !== undefined && columns.join().length <= MAX_COLUMNS_LENGTH;
  return { kind, id, ...(isShort && { columns }) };
}
