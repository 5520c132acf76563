import { createParser, type EventSourceParser, type ParseError } from "eventsource-parser";
import { abortable } from "../../base/abortable.ts";
import type { Clock } from "../../base/clock.ts";
import { UnavailableError } from "../../table/errors.ts";
import { Utf8Decoder } from "../../wire/utf8_decoder.ts";
import { toLastEventId } from "./last_event_id.ts";
import { type Hello, type SseMessage, toHello } from "./sse_message.ts";
import { requestEvents, type SseEndpoint } from "./sse_request.ts";

/** What one connection leaves to the next. */
export interface SseMemory {
  /** The id to resume after, as a header carries it. */
  lastEventId: string | undefined;
  /** How long the server wants to be left alone between two connections, in milliseconds. */
  retryMs: number;
  /** Whether the server begins with a hello. */
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
  /** Called once, when nothing is missed any more. `resumed` if what was missed before follows. */
  readonly onLive: (resumed: boolean) => void;
  /** Called with the server's hello, before `onLive` or after it. */
  readonly onHello: (hello: Hello) => void;
  /** Called with each message but the server's hello. */
  readonly onMessage: (message: SseMessage) => void;
}

/** Two heartbeats may get lost on the way. */
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
   * Connects and listens. Resolves only if the server has nothing to tell any more.
   *
   * @throws {TableError} if the connection is lost, which is retriable, or refused, which is not.
   */
  async follow(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const leave = (): void => this.#over.abort(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await this.#listen();
    } catch (error) {
      throw this.#over.signal.aborted ? this.#over.signal.reason : error;
    } finally {
      signal.removeEventListener("abort", leave);
      this.#alarm.abort();
    }
  }

  async #listen(): Promise<void> {
    const { endpoint, limits, clock, memory } = this.#options;
    const { signal } = this.#over;
    this.#setAlarm(limits.connectTimeoutMs, "was not answered within");
    const request = { lastEventId: memory.lastEventId, signal, now: () => clock.now() };
    const response = await requestEvents(endpoint, request);
    if (response === undefined) return;
    // Whether the server resumes is known from its hello. Where there is none to wait for, it does not.
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
    // The parser, at its begin, would strip what looks like one more byte order mark.
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
      onEvent: ({ event, data, id }) => this.#hear({ event: event ?? "message", data, id }),
    });
  }

  #hear(message: SseMessage): void {
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
    // Resuming would bring the same event again.
    memory.lastEventId = undefined;
    this.#lose(`${endpoint.what} sent an event of more than maxEventLength, ${limits.maxEventLength} characters`);
  }

  /** The connection is lost unless the alarm is set anew within `ms`. */
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
