import { abortable } from "../../base/abortable.ts";
import { InvalidAnswerError, type TableError, UnavailableError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import { errorOf } from "../../wire/problem.ts";
import { type GivenHeaders, headersFrom } from "../../wire/request_headers.ts";
import { retryAfterMs } from "../../wire/retry_after.ts";

/** Where and how events are requested. */
export interface SseEndpoint {
  readonly url: URL;
  /** What is requested, for error messages: method and URL, without anything that could be a credential. */
  readonly what: string;
  readonly fetch: typeof fetch;
  readonly headers: GivenHeaders | undefined;
}

/** Options of one request. */
export interface SseRequestOptions {
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal;
  /** The time, in milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Requests events. Resolves with the head of the answer, or with `undefined` if the server has no events to send (204).
 *
 * @throws {UnavailableError} if there is no answer, or its status is 500 or above.
 * @throws {InvalidAnswerError} if the answer is a redirect or not an event stream.
 * @throws {TableError} of the kind that the status says, if the request is refused; a `RejectedError` if the headers
 * cannot be made.
 */
export async function requestEvents(endpoint: SseEndpoint, options: SseRequestOptions): Promise<Response | undefined> {
  const { url, what, fetch } = endpoint;
  const { signal } = options;
  const headers = await abortable(headersOf(endpoint, options.lastEventId), signal);
  // A redirect would send tokens to another place.
  const answer = fetch(url, { headers, redirect: "manual", signal });
  const response = await abortable(answer, signal).catch((cause: unknown) => {
    void answer.then(discard, () => {});
    // Some runtimes quote the whole URL.
    throw new UnavailableError(`${what} got no answer`, url.search === "" ? { cause } : {});
  });
  if (response.status === 200 && isEventStream(response)) return response;
  discard(response);
  if (response.status === 204) return undefined;
  throw refusal(what, response, options.now());
}

async function headersOf({ what, headers }: SseEndpoint, lastEventId: string | undefined): Promise<Headers> {
  const all = await headersFrom(headers, what);
  if (!all.has("accept")) all.set("accept", EVENT_STREAM);
  if (lastEventId !== undefined) all.set("last-event-id", lastEventId);
  return all;
}

const EVENT_STREAM = "text/event-stream";

function isEventStream({ headers }: Response): boolean {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === EVENT_STREAM;
}

/** Releases a body that will not be read. */
function discard({ body }: Response): void {
  body?.cancel().catch(() => {});
}

function refusal(what: string, { type, status, headers }: Response, now: number): TableError {
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    return new InvalidAnswerError(`${what} was answered with a redirect, which is not followed: name its target`);
  }
  const message = `${what} was answered with status ${status}`;
  if (status >= 400) return errorOf(status, undefined, message, retryAfterMs(headers, now));
  const found = describe(headers.get("content-type") ?? "unknown");
  return new InvalidAnswerError(`${message} and the content type ${found}, not with ${EVENT_STREAM}`);
}
