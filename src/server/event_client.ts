import type { Clock } from "../base/clock.ts";
import type { EventLog } from "./event_log.ts";

/** What an {@linkcode EventClient} works with. */
export interface EventClientOptions {
  readonly log: EventLog;
  /** The first text to send. */
  readonly greeting: string;
  /** The position in the log after which to start. */
  readonly position: number;
  readonly clock: Clock;
  /** Called once, when the client disconnects or the stream is ended. */
  readonly onEnd: (client: EventClient) => void;
}

/** Without an empty line after it: some clients take one for the end of a message, even if there is none. */
const HEARTBEAT = ": heartbeat\n";
const encoder = new TextEncoder();

/** One connected client: a position in the log, and a stream that is filled only as fast as it is read. */
export class EventClient {
  /** The stream to send. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #onEnd: EventClientOptions["onEnd"];
  #greeting: string | undefined;
  #position: number;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** Whether the client has read everything and waits for more. */
  #waits = false;
  #sentAt: number;

  constructor({ log, greeting, position, clock, onEnd }: EventClientOptions) {
    this.#log = log;
    this.#greeting = greeting;
    this.#position = position;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#sentAt = clock.monotonic();
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#waits = true;
        this.feed();
      },
      cancel: () => this.#leave(),
    }, { highWaterMark: 0 });
  }

  /** Sends the next events, if the client waits for more. */
  feed(): void {
    if (!this.#waits) return;
    const { text, position } = this.#next() ?? {};
    if (text === undefined || position === undefined) return;
    this.#position = position;
    this.#send(text);
  }

  /** Sends a heartbeat, or disconnects a client that has read nothing for `stallMs`. */
  beat(stallMs: number): void {
    if (this.#waits) this.#send(HEARTBEAT);
    else if (this.#clock.monotonic() - this.#sentAt >= stallMs) this.end();
  }

  /** Ends the stream, after everything already sent. */
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

  #send(text: string): void {
    this.#waits = false;
    this.#sentAt = this.#clock.monotonic();
    this.#controller?.enqueue(encoder.encode(text));
  }

  #leave(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#waits = false;
    this.#onEnd(this);
  }
}
