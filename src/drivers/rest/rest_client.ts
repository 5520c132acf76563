import { abortable } from "../../base/abortable.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { InvalidAnswerError, TableError, UnavailableError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import { errorOf, PROBLEM_TYPE } from "../../wire/problem.ts";
import { keyText } from "../../wire/key_text.ts";
import { shownUrl, withoutQuery } from "../../wire/http_url.ts";
import { readText, type TextTrouble } from "../../wire/read_text.ts";
import { checkHeaders, type GivenHeaders, headersFrom } from "../../wire/request_headers.ts";
import { retryAfterMs } from "../../wire/retry_after.ts";
import type { Json } from "../../wire/wire_value.ts";
import { wasNotSent } from "./not_sent.ts";
import type { BodyFormat } from "./rest_format.ts";

/** Options of every request to a resource. */
export interface RestClientOptions {
  /** Sends the requests; default the runtime's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Headers of every request. A function is called for each request, since tokens change. */
  readonly headers?: GivenHeaders | undefined;
  /** How long a request may take, until the last byte of its answer, in milliseconds; default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** The most bytes that an answer may have; default 64 MiB. A longer one is refused. */
  readonly maxAnswerBytes?: number | undefined;
  /**
   * How often a read is sent again after a 429 or 503 with a `Retry-After`, once the requested pause is over; default
   * 3, `0` for never. Writes are not repeated: that is up to the caller.
   */
  readonly maxRetries?: number | undefined;
  /**
   * How long all pauses of one request may take together, in milliseconds; default 30 000. A pause that would exceed it
   * is not started.
   */
  readonly maxRetryWaitMs?: number | undefined;
  /** The header for the idempotency key of a write; default `Idempotency-Key`. `false` sends none. */
  readonly idempotencyHeader?: string | false | undefined;
  /** The clock; default the system's. */
  readonly clock?: Clock | undefined;
}

/** The HTTP methods that are used. */
export type RestMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request. */
export interface RestRequest<Body = Json> {
  readonly method: RestMethod;
  readonly url: URL;
  /** Headers of this request; they override those of the client. */
  readonly headers?: Headers | undefined;
  readonly body?: Body | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Whether the request changes nothing, so that it may be sent again; default whether the method is `GET`. */
  readonly isRead?: boolean | undefined;
  /** Statuses from 400 on that count as an answer instead of a failure. Their bodies are not read. */
  readonly accepted?: readonly number[] | undefined;
}

/** An answer with a status from 200 to 299, or one that was accepted. */
export interface RestAnswer<Body = Json> {
  /** What was asked, for error messages: method and URL, without anything that could be a credential. */
  readonly what: string;
  /** The URL of the request. */
  readonly url: URL;
  /** The HTTP status. */
  readonly status: number;
  /** The headers of the answer. */
  readonly headers: Headers;
  /** The parsed body; `undefined` if it was empty. */
  readonly body: Body | undefined;
}

/** Plain JSON, for a server whose values are encoded without loss. */
export const PLAIN_JSON: BodyFormat<Json> = {
  parse: (text) => JSON.parse(text),
  stringify: (body) => JSON.stringify(body),
};

/** What `fetch` is called with. */
type RestInit = RequestInit & { readonly method: RestMethod };

/** How many bytes of a refusal are read to find its reason. */
const MAX_PROBLEM_BYTES = 64 * 2 ** 10;

/** Sends requests and reads their answers. All failures become errors of a table. */
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
    // Not bound to the client: a browser's `fetch` refuses any `this` but the window.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#headers = checkHeaders(options.headers);
    this.#timeoutMs = wholeNumber("timeoutMs", options.timeoutMs ?? 30_000);
    this.#maxAnswerBytes = wholeNumber("maxAnswerBytes", options.maxAnswerBytes ?? 64 * 2 ** 20);
    this.#maxRetries = wholeNumber("maxRetries", options.maxRetries ?? 3, 0);
    this.#maxRetryWaitMs = wholeNumber("maxRetryWaitMs", options.maxRetryWaitMs ?? 30_000, 0);
    this.#idempotencyHeader = options.idempotencyHeader ?? "Idempotency-Key";
    this.#clock = options.clock ?? systemClock;
  }

  /** Whether keys are sent under the name that a `tableHandler` reads. */
  get sendsKeys(): boolean {
    return this.#idempotencyHeader !== false && this.#idempotencyHeader.toLowerCase() === "idempotency-key";
  }

  /**
   * Sends a request and reads its whole answer. A read that is refused with a `Retry-After` is sent again.
   *
   * @throws {UnavailableError} if there is no answer in time, or the server failed. Its effect is `none` if the runtime
   * tells that nothing was sent, since nothing listens there or the host is not found.
   * @throws {InvalidAnswerError} if the answer is a redirect, too long, or cannot be parsed.
   * @throws {TableError} of the kind that the status says, if the request is refused.
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
    // Making the headers may take time: do not send a request that was aborted by then.
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

  async #responseTo(what: string, url: URL, init: RestInit): Promise<Response> {
    const send = this.#fetch;
    try {
      return await send(url, init);
    } catch (cause) {
      const effect = wasNotSent(cause, init.method) ? "none" : "unknown";
      throw new UnavailableError(`${what} got no answer`, { cause: withoutQuery(cause, url), effect });
    }
  }

  #textOf(what: string, url: URL, { body }: Response): Promise<string> {
    const failure = (trouble: TextTrouble, cause: unknown): TableError => {
      switch (trouble) {
        case "too long":
          return new InvalidAnswerError(`${what} was answered with more than maxAnswerBytes, ${this.#maxAnswerBytes}`);
        case "no UTF-8":
          return new InvalidAnswerError(`${what} was answered with bytes that are not UTF-8`, { cause });
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
    // The problem document is optional: without it, the status is enough.
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
  ): Promise<RestInit> {
    const headers = await headersFrom(this.#headers, what);
    own?.forEach((value, name) => headers.set(name, value));
    if (!headers.has("accept")) headers.set("accept", "application/json");
    if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
    if (idempotencyKey !== undefined && this.#idempotencyHeader !== false) {
      headers.set(this.#idempotencyHeader, keyText(idempotencyKey));
    }
    // A redirect would send tokens to another place, and turn a POST into a GET.
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
      throw new InvalidAnswerError(`${what} was answered with something that is not JSON, of type ${type}`, { cause });
    }
  }
}

function tryParse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Makes a browser's HTTP cache revalidate each time instead of answering with old rows. Some runtimes without such a
 * cache refuse the option.
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
