import { RejectedError, TableError } from "../table/errors.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";

/** Headers, or a function that is called for them before each request, since tokens change. */
export type GivenHeaders = RequestInit["headers"] | (() => MaybePromise<RequestInit["headers"]>);

/**
 * Makes the headers of a request that is about to be sent.
 *
 * @throws {TableError} if the function throws one; {@linkcode RejectedError} with its cause if it throws another error,
 * and without a cause if its result cannot be sent, since runtimes quote it. Nothing was sent.
 */
export async function headersFrom(given: GivenHeaders | undefined, what: string): Promise<Headers> {
  return madeOf(await giving(given, what), what);
}

/**
 * Checks headers; a function is left for later.
 *
 * @throws {TypeError} if one is invalid. It is not quoted, since it could contain a credential.
 */
export function checkHeaders(given: GivenHeaders | undefined): GivenHeaders | undefined {
  if (typeof given === "function") return given;
  try {
    return new Headers(given);
  } catch {
    throw new TypeError("headers holds a name or a value that no header can have");
  }
}

async function giving(given: GivenHeaders | undefined, what: string): Promise<RequestInit["headers"]> {
  try {
    return typeof given === "function" ? await given() : given;
  } catch (cause) {
    if (cause instanceof TableError) throw cause;
    throw new RejectedError(`${what} was not sent: its headers could not be made`, { cause });
  }
}

function madeOf(headers: RequestInit["headers"], what: string): Headers {
  try {
    return new Headers(headers);
  } catch {
    throw new RejectedError(`${what} was not sent: one of its headers has a name or a value that no header can have`);
  }
}
