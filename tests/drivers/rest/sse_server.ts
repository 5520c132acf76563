import type { LiveEvent, LiveStream } from "@vantage/live";

const encoder = new TextEncoder();

/** One request, which the test answers by hand. */
export class SseCall {
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: string | undefined;
  /** The answer to it. */
  readonly response: Promise<Response>;
  /** Whether it is: answered to the end, broken, aborted, or its body was let go of. */
  over = false;
  readonly #deaf: boolean;
  readonly #answered: PromiseWithResolvers<Response> = Promise.withResolvers<Response>();
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;

  /**
   * A server that is `deaf` does not notice that a request is aborted, and never gets over that its body is let go of, as a
   * handler in the same process may be.
   */
  constructor(input: string | URL | Request, init: RequestInit | undefined, deaf: boolean) {
    this.url = String(input);
    this.headers = new Headers(init?.headers);
    this.redirect = init?.redirect;
    this.response = this.#answered.promise;
    this.#deaf = deaf;
    if (deaf) return;
    init?.signal?.addEventListener("abort", () => {
      this.over = true;
      this.#answered.reject(init.signal?.reason);
    });
  }

  /** Answers. */
  answer(response: Response): void {
    this.over ||= response.body === null;
    this.#answered.resolve(response);
  }

  /** There is no connection. */
  refuse(): void {
    this.over = true;
    this.#answered.reject(new TypeError("fetch failed"));
  }

  /** Answers with a stream of events, which begins with a text. */
  open(text = "", headers: HeadersInit = { "content-type": "text/event-stream" }): this {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller;
      },
      cancel: async () => {
        this.over = true;
        if (this.#deaf) await new Promise(() => {});
      },
    });
    this.answer(new Response(body, { headers }));
    if (text !== "") this.send(text);
    return this;
  }

  /** Sends a text, or bytes, as one chunk. */
  send(chunk: string | Uint8Array): void {
    this.#body?.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
  }

  /** Ends the body. */
  end(): void {
    this.over = true;
    this.#body?.close();
  }

  /** Breaks the connection in the middle of the body. What was sent and not read yet is lost. */
  break(): void {
    this.over = true;
    this.#body?.error(new TypeError("connection reset"));
  }
}

/** A server whose every answer is up to the test. */
export class SseServer {
  /** All requests so far, the last one last. */
  readonly calls: SseCall[] = [];
  readonly fetch: typeof fetch;

  constructor({ deaf = false }: { readonly deaf?: boolean } = {}) {
    this.fetch = (input, init) => {
      const call = new SseCall(input, init, deaf);
      this.calls.push(call);
      return call.response;
    };
  }

  /** The last request. */
  get call(): SseCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error("Nothing was asked");
    return call;
  }

  /** How many requests are under way. */
  get open(): number {
    return this.calls.filter((call) => !call.over).length;
  }
}

/** What a hello says besides. */
export interface HelloOptions {
  readonly heartbeatMs?: number;
  readonly id?: string;
}

/** The hello of a `tableHandler`. */
export function hello(resumed: boolean, { heartbeatMs = 15_000, id = "e-0" }: HelloOptions = {}): string {
  return `event: hello\nid: ${id}\ndata: {"heartbeatMs":${heartbeatMs},"resumed":${resumed}}\n\n`;
}

/** What one subscriber heard. */
export interface Heard {
  /** `changed`, or the id that an event is about. */
  readonly events: string[];
  /** The same, whole. */
  readonly whole: LiveEvent[];
  /** `"end"`, or the error that the subscription failed with. */
  over: unknown;
  /** Cancels it. */
  cancel(): Promise<void>;
}

/** Subscribes, and reads along. */
export function listen(stream: LiveStream, signal?: AbortSignal): Heard {
  const reader = stream.subscribe({ signal }).getReader();
  const heard: Heard = { events: [], whole: [], over: undefined, cancel: () => reader.cancel() };
  const read = async (): Promise<void> => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      heard.whole.push(next.value);
      heard.events.push(next.value.kind === "changed" ? "changed" : next.value.id);
    }
    heard.over = "end";
  };
  read().catch((error: unknown) => heard.over = error);
  return heard;
}
