import type { Clock } from "../base/clock.ts";
import type { EventLog } from "./event_log.ts";

/** What an {@linkcode EventClient} works with. */
export interface EventClientOptions {
  readonly log: EventLog;
  /** What it hears first. */
  readonly greeting: string;
  /** From where on it follows the log. */
  readonly position: number;
  readonly clock: Clock;
  /** Called once, when nobody listens any more or the stream was ended. */
  readonly onEnd: (client: EventClient) => void;
}

/** No empty line follows: there are clients that take one for the end of a message, even if nothing was said before it. */
const HEARTBEAT = ": heartbeat\n";
const encoder = new TextEncoder();

/** One client that listens to events: a position in the log, and a stream that is fed only as fast as it is read. */
export class EventClient {
  /** What it hears. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #onEnd: EventClientOptions["onEnd"];
  #greeting: string | undefined;
  #position: number;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** Whether it has taken everything that it was given, and wants more. */
  #waits = false;
  #givenAt: number;

  constructor({ log, greeting, position, clock, onEnd }: EventClientOptions) {
    this.#log = log;
    this.#greeting = greeting;
    this.#position = position;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#givenAt = clock.monotonic();
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#waits = true;
        this.feed();
      },
      cancel: () => this.#leave(),
    }, { highWaterMark: 0 });
  }

  /** Gives it what is new, if it wants more. */
  feed(): void {
    if (!this.#waits) return;
    const { text, position } = this.#next() ?? {};
    if (text === undefined || position === undefined) return;
    this.#position = position;
    this.#give(text);
  }

  /** Gives it a sign of life, or ends it if it has taken nothing for `stallMs`. */
  beat(stallMs: number): void {
    if (this.#waits) this.#give(HEARTBEAT);
    else if (this.#clock.monotonic() - this.#givenAt >= stallMs) this.end();
  }

  /** Ends the stream, after what the client has been given. */
  end(): void {
    const controller = this.#controller;
    this.#leave();
    controller?.close();
  }

  #next(): { readonly text: string; readonly position: number } | undefined {
    const greeting = this.#greeting;
    this.#greeting = undefined;
    return greeting === undefined ? this.#log.after(this.#position) : { text: greeting, position: this.#position };
  }

  #give(text: string): void {
    this.#waits = false;
    this.#givenAt = this.#clock.monotonic();
    this.#controller?.enqueue(encoder.encode(text));
  }

  #leave(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#waits = false;
    this.#onEnd(this);
  }
}
