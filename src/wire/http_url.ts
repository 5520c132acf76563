import { isError } from "../base/realm.ts";
import { describe } from "../base/describe.ts";

/**
 * Checks the URL of a `thing` (a table, a stream), and drops its fragment. An invalid URL is not quoted, since it could
 * contain a credential.
 *
 * @throws {TypeError} if it is not absolute, not HTTP, or has a user or password.
 */
export function toHttpUrl(thing: string, input: string | URL): URL {
  if (!URL.canParse(input)) {
    throw new TypeError(`The URL of a ${thing} must be absolute, as in https://example.com/products`);
  }
  const url = new URL(input);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`The URL of a ${thing} must start with http: or https:, got ${describe(url.protocol)}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`The URL ${shownUrl(url)} must not hold a user or a password: put them into headers`);
  }
  url.hash = "";
  return url;
}

/** A URL for messages and traces, without anything that could be a credential (user, password, query, fragment). */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * The cause of a failure without the query of the URL: some runtimes quote the whole URL, which may contain a token.
 */
export function withoutQuery(cause: unknown, url: URL): unknown {
  if (!isError(cause) || url.search === "") return cause;
  const copy: Error & { code?: unknown } = new Error(cause.message.replaceAll(url.search, ""));
  copy.name = cause.name;
  if ("code" in cause) copy.code = cause.code;
  if (cause.cause !== undefined) copy.cause = withoutQuery(cause.cause, url);
  return copy;
}
