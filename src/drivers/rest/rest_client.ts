import { abortable } from "../../base/abortable.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { InvalidAnswerError, TableError, UnavailableError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import { errorOf, PROBLEM_TYPE } from "../../wire/problem.ts";
import { shownUrl, withoutQuery } from "../../wire/http_url.ts";
import { readText, type TextTrouble } from "../../wire/read_text.ts";
import { checkHeaders, type GivenHeaders, headersFrom } from "../../wire/request_headers.ts";
import { retryAfterMs } from "../../wire/retry_after.ts";
import type { Json } from "../../wire/wire_value.ts";
import type { BodyFormat } from "./rest_format.ts";

/** How a resource is reached. */
export interface RestClientOptions {
  /** Sends the requests; default the runtime's own `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Headers of every request. A function is asked anew for each, since tokens change. */
  readonly headers?: GivenHeaders | undefined;
  /** How long a request may take, from its headers to the last byte of its answer, in milliseconds; default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** How many bytes of an answer are read; default 64 MiB. A longer one is refused. */
  readonly maxAnswerBytes?: number | undefined;
  /**
   * How often a read is sent again when it is answered with 429 or 503 and a `Retry-After`, after the pause that it asks
   * for; default 3. `0` sends none again. Writes are for their caller to repeat.
   */
  readonly maxRetries?: number | undefined;
  /** How long all pauses of one request may take, in milliseconds; default 30 000. A longer one is not begun. */
  readonly maxRetryWaitMs?: number | undefined;
  /** The header that the idempotency key of a write travels in; default `Idempotency-Key`. `false` sends none. */
  readonly idempotencyHeader?: string | false | undefined;
  /** Where time comes from; default the system's. */
  readonly clock?: Clock | undefined;
}

/** The methods of HTTP that are used. */
export type RestMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request. */
export interface RestRequest<Body = Json> {
  readonly method: RestMethod;
  readonly url: URL;
  /** Headers of this request, which go before those of the client. */
  readonly headers?: Headers | undefined;
  /** What is sent. */
  readonly body?: Body | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Whether nothing is changed by it, so that it may be sent again; default whether the method is `GET`. */
  readonly isRead?: boolean | undefined;
  /** Statuses from 400 on that are an answer here, and no failure. Their bodies are not read. */
  readonly accepted?: readonly number[] | undefined;
}

/** An answer with a status from 200 to 299, or one that was accepted. */
export interface RestAnswer<Body = Json> {
  /** What was asked, for messages: method and URL, without anything that could be a credential. */
  readonly what: string;
  /** Where it was asked. */
  readonly url: URL;
  /** The status of HTTP. */
  readonly status: number;
  /** Its headers. */
  readonly headers: Headers;
  /** What came, parsed; `undefined` if nothing did. */
  readonly body: Body | undefined;
}

/** JSON as it is, for a server at whose end it is written without loss. */
export const PLAIN_JSON: BodyFormat<Json> = {
  parse: (text) => JSON.parse(text),
  stringify: (body) => JSON.stringify(body),
};

/** How many bytes of a refusal are read, to learn its reason. */
const MAX_PROBLEM_BYTES = 64 * 2 ** 10;

/** Sends requests and reads their answers. Whatever goes wrong becomes one of the errors of a table. */
export class RestClient<Body = Json> {
  readonly #format: BodyFormat<Body>;
  readonly #fetch: typeof fetch;
  readonly #headers: GivenHeaders | undefined;
  readonly #timeoutMs: number;
  readonly #maxAnswerBytes: number;
  readonly #maxRetries: number;
  readonly #maxRetryWaitMs: number;
  readonly #idempotencyHeader: string | false;
  readonly #clock: Clock;
  readonly #fresh: RequestInit = freshInit();

  constructor(options: RestClientOptions, format: BodyFormat<Body>) {
    this.#format = format;
    // Not bound to the client: a browser's fetch refuses any other `this` than the window.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#headers = checkHeaders(options.headers);
    this.#timeoutMs = wholeNumber("timeoutMs", options.timeoutMs ?? 30_000);
    this.#maxAnswerBytes = wholeNumber("maxAnswerBytes", options.maxAnswerBytes ?? 64 * 2 ** 20);
    this.#maxRetries = wholeNumber("maxRetries", options.maxRetries ?? 3, 0);
    this.#maxRetryWaitMs = wholeNumber("maxRetryWaitMs", options.maxRetryWaitMs ?? 30_000, 0);
    this.#idempotencyHeader = options.idempotencyHeader ?? "Idempotency-Key";
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Sends a request, and reads its answer to the end. A read that is refused until later is sent again then.
   *
   * @throws {UnavailableError} if there is no answer in time, or one that says that the server is at fault.
   * @throws {InvalidAnswerError} if the answer is a redirect, too long, or not what is parsed.
   * @throws {TableError} as the answer says, if it is a refusal.
   */
  async send(request: RestRequest<Body>): Promise<RestAnswer<Body>> {
    const { method, isRead = method === "GET", signal } = request;
    let [retriesLeft, waitLeftMs] = [isRead ? this.#maxRetries : 0, this.#maxRetryWaitMs];
    while (true) {
      try {
        return await this.#attempt(request);
      } catch (error) {
        const pauseMs = error instanceof TableError && error.retriable ? error.retryAfterMs : undefined;
        if (pauseMs === undefined || retriesLeft === 0 || pauseMs > waitLeftMs) throw error;
        retriesLeft--;
        waitLeftMs -= pauseMs;
        await this.#clock.wait(pauseMs, { signal });
      }
    }
  }

  async #attempt(request: RestRequest<Body>): Promise<RestAnswer<Body>> {
    const { signal } = request;
    signal?.throwIfAborted();
    const what = `${request.method} ${shownUrl(request.url)}`;
    const stop = new AbortController();
    const leave = (): void => stop.abort(signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    const late = (): void => stop.abort(new UnavailableError(`${what} took more than ${this.#timeoutMs} ms`));
    this.#clock.wait(this.#timeoutMs, { signal: stop.signal }).then(late, () => {});
    try {
      return await abortable(this.#exchange(what, request, stop.signal), stop.signal);
    } finally {
      signal?.removeEventListener("abort", leave);
      stop.abort();
    }
  }

  async #exchange(what: string, request: RestRequest<Body>, signal: AbortSignal): Promise<RestAnswer<Body>> {
    const { url, accepted = [] } = request;
    const init = await this.#initOf(request, what, signal);
    // Headers may take their time, and nothing must be sent that nobody waits for.
    signal.throwIfAborted();
    const response = await this.#responseTo(what, url, init);
    const { status, headers, ok } = response;
    if (accepted.includes(status)) {
      response.body?.cancel().catch(() => {});
      return { what, url, status, headers, body: undefined };
    }
    if (!ok) throw await this.#refusal(what, response);
    const text = await this.#textOf(what, url, response);
    return { what, url, status, headers, body: text === "" ? undefined : this.#parse(text, what, response) };
  }

  async #responseTo(what: string, url: URL, init: RequestInit): Promise<Response> {
    const send = this.#fetch;
    try {
      return await send(url, init);
    } catch (cause) {
      throw new UnavailableError(`${what} got no answer`, { cause: withoutQuery(cause, url) });
    }
  }

  #textOf(what: string, url: URL, { body }: Response): Promise<string> {
    const failure = (trouble: TextTrouble, cause: unknown): TableError => {
      switch (trouble) {
        case "too long":
          return new InvalidAnswerError(`${what} was answered with more than maxAnswerBytes, ${this.#maxAnswerBytes}`);
        case "no UTF-8":
          return new InvalidAnswerError(`${what} was answered with bytes that are no text in UTF-8`, { cause });
        case "broken off":
          return new UnavailableError(`${what} broke off within its answer`, { cause: withoutQuery(cause, url) });
        default:
          return trouble satisfies never;
      }
    };
    return readText(body, this.#maxAnswerBytes, failure);
  }

  async #refusal(what: string, response: Response): Promise<TableError> {
    const { status, headers } = response;
    const isProblem = headers.get("content-type")?.toLowerCase().startsWith(PROBLEM_TYPE) === true;
    if (!isProblem) response.body?.cancel().catch(() => {});
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
      return new InvalidAnswerError(`${what} was answered with a redirect, which is not followed: name its target`);
    }
    // What is said besides the status is a courtesy: without it the status will do.
    const text = isProblem
      ? await readText(response.body, MAX_PROBLEM_BYTES, (trouble) => new Error(trouble)).catch(() => "")
      : "";
    return errorOf(
      status,
      tryParse(text),
      `${what} was answered with status ${status}`,
      retryAfterMs(headers, this.#clock.now()),
    );
  }

  async #initOf(
    { method, headers: own, body, idempotencyKey }: RestRequest<Body>,
    what: string,
    signal: AbortSignal,
  ): Promise<RequestInit> {
    const headers = await headersFrom(this.#headers, what);
    own?.forEach((value, name) => headers.set(name, value));
    if (!headers.has("accept")) headers.set("accept", "application/json");
    if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
    if (idempotencyKey !== undefined && this.#idempotencyHeader !== false) {
      headers.set(this.#idempotencyHeader, headerText(idempotencyKey));
    }
    // A redirect would carry tokens to another place, and turn a POST into a GET.
    return {
      ...this.#fresh,
      method,
      headers,
      redirect: "manual",
      signal,
      body: body === undefined ? null : this.#format.stringify(body),
    };
  }

  #parse(text: string, what: string, { headers }: Response): Body {
    try {
      return this.#format.parse(text);
    } catch (cause) {
      if (cause instanceof RangeError) {
        throw new InvalidAnswerError(`${what} was answered with a number that would be rounded, see parse`, { cause });
      }
      const type = describe(headers.get("content-type") ?? "unknown");
      throw new InvalidAnswerError(`${what} was answered with something that is no JSON, of type ${type}`, { cause });
    }
  }
}

/** A key is its caller's to choose, but a header holds few characters. Different keys stay different. */
function headerText(key: string): string {
  return key.replaceAll(/[^\x21-\x24\x26-\x7e]/gu, (character) => `%${character.codePointAt(0)?.toString(16)}.`);
}

function tryParse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What keeps a browser's own cache from answering with old rows: it asks the server each time, and gets a 304 if nothing
 * changed. Where there is no such cache, some runtimes refuse the option.
 */
function freshInit(): RequestInit {
  try {
    const init = { cache: "no-cache" } as const;
    new Request("http://localhost/", init);
    return init;
  } catch {
    return {};
  }
}
