import { createParser, type EventSourceParser, type ParseError } from "eventsource-parser";
import { abortable } from "../../base/abortable.ts";
import type { Clock } from "../../base/clock.ts";
import { UnavailableError } from "../../table/errors.ts";
import { Utf8Decoder } from "../../wire/utf8_decoder.ts";
import { toLastEventId } from "./last_event_id.ts";
import { type Hello, type SseMessage, toHello } from "./sse_message.ts";
import { requestEvents, type SseEndpoint } from "./sse_request.ts";

/** What a connection passes on to the next one. */
export interface SseMemory {
  /** The id to resume after, as the value of a header. */
  lastEventId: string | undefined;
  /** The shortest pause between two connections that the server asks for, in milliseconds. */
  retryMs: number;
  /** Whether the server sent a hello on an earlier connection. */
  greets: boolean;
}

/** Bounds of a connection, in milliseconds and characters. */
export interface SseLimits {
  readonly connectTimeoutMs: number;
  readonly silenceMs: number | undefined;
  readonly maxEventLength: number;
}

/** What an {@linkcode SseConnection} works with. */
export interface SseConnectionOptions {
  readonly endpoint: SseEndpoint;
  readonly limits: SseLimits;
  readonly clock: Clock;
  readonly memory: SseMemory;
  /** Called once, when all events from now on will be received. `resumed` if those missed before follow. */
  readonly onLive: (resumed: boolean) => void;
  /** Called with the server's hello, before or after `onLive`. */
  readonly onHello: (hello: Hello) => void;
  /** Called with each message except the hello. */
  readonly onMessage: (message: SseMessage) => void;
}

/** Allows for two lost heartbeats. */
const SILENT_HEARTBEATS = 3;
const SILENCE_MS = 45_000;

/** One connection, from the request to its end. */
export class SseConnection {
  readonly #options: SseConnectionOptions;
  readonly #over = new AbortController();
  #alarm = new AbortController();
  #live = false;
  #silent = true;
  #silenceMs: number;

  constructor(options: SseConnectionOptions) {
    this.#options = options;
    this.#silenceMs = options.limits.silenceMs ?? SILENCE_MS;
  }

  /**
   * Connects and receives events. Resolves only if the server has no more events to send.
   *
   * @throws {TableError} if the connection is lost (retriable) or refused (not retriable).
   */
  async follow(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const leave = (): void => this.#over.abort(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await this.#receive();
    } catch (error) {
      throw this.#over.signal.aborted ? this.#over.signal.reason : error;
    } finally {
      signal.removeEventListener("abort", leave);
      this.#alarm.abort();
    }
  }

  async #receive(): Promise<void> {
    const { endpoint, limits, clock, memory } = this.#options;
    const { signal } = this.#over;
    this.#setAlarm(limits.connectTimeoutMs, "was not answered within");
    const request = { lastEventId: memory.lastEventId, signal, now: () => clock.now() };
    const response = await requestEvents(endpoint, request);
    if (response === undefined) return;
    // The hello says whether the server resumes. Without a hello to wait for, it does not.
    if (!memory.greets || memory.lastEventId === undefined) this.#goLive(false);
    memory.greets = false;
    try {
      await abortable(this.#read(response), signal);
    } catch (cause) {
      throw new UnavailableError(`${endpoint.what} broke off`, { cause });
    }
    throw new UnavailableError(`${endpoint.what} ended`);
  }

  async #read({ body }: Response): Promise<void> {
    const parser = this.#newParser();
    const decoder = new Utf8Decoder({ fatal: false });
    // The parser would strip a second byte order mark at its start.
    parser.feed(":\n");
    const sink = new WritableStream<Uint8Array>({
      write: (bytes) => {
        parser.feed(decoder.decode(bytes));
        if (this.#live) this.#setAlarm(this.#silenceMs, "was silent for");
      },
    });
    await body?.pipeTo(sink, { signal: this.#over.signal });
  }

  #newParser(): EventSourceParser {
    const { limits, memory } = this.#options;
    return createParser({
      maxBufferSize: limits.maxEventLength,
      onId: (id) => memory.lastEventId = toLastEventId(id),
      onRetry: (ms) => memory.retryMs = ms,
      onError: (error) => this.#onParseError(error),
      onEvent: ({ event, data, id }) => this.#onEvent({ event: event ?? "message", data, id }),
    });
  }

  #onEvent(message: SseMessage): void {
    const hello = this.#silent ? toHello(message) : undefined;
    this.#silent = false;
    if (hello !== undefined) this.#greet(hello);
    if (!this.#live) this.#goLive(hello?.resumed === true);
    if (hello === undefined) this.#options.onMessage(message);
  }

  #greet(hello: Hello): void {
    const { limits, memory, onHello } = this.#options;
    const { heartbeatMs } = hello;
    memory.greets = true;
    onHello(hello);
    if (limits.silenceMs === undefined && heartbeatMs !== undefined) {
      this.#silenceMs = heartbeatMs * SILENT_HEARTBEATS;
    }
  }

  #goLive(resumed: boolean): void {
    this.#live = true;
    this.#setAlarm(this.#silenceMs, "was silent for");
    this.#options.onLive(resumed);
  }

  #onParseError({ type }: ParseError): void {
    if (type !== "max-buffer-size-exceeded") return;
    const { endpoint, limits, memory } = this.#options;
    // Resuming would deliver the same event again.
    memory.lastEventId = undefined;
    this.#lose(`${endpoint.what} sent an event of more than maxEventLength, ${limits.maxEventLength} characters`);
  }

  /** Ends the connection unless the alarm is set again within `ms`. */
  #setAlarm(ms: number, trouble: string): void {
    this.#alarm.abort();
    this.#alarm = new AbortController();
    const { clock, endpoint } = this.#options;
    const ring = (): void => this.#lose(`${endpoint.what} ${trouble} ${ms} ms`);
    clock.wait(ms, { signal: this.#alarm.signal, background: true }).then(ring, () => {});
  }

  #lose(message: string): void {
    this.#over.abort(new UnavailableError(message));
  }
}
