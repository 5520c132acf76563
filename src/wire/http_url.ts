import { isError } from "../base/realm.ts";
import { describe } from "../base/describe.ts";

/**
 * The URL of a `thing` (a table, a stream), if it can be asked for; without its fragment. A text that is no URL is not
 * quoted, since it could hold a credential.
 *
 * @throws {TypeError} if it is not absolute, is not one of HTTP, or holds a user or password.
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

/** A URL for messages and traces: without what could be a credential (user, password, query, fragment). */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** The cause of a failure without the query of the URL: some runtimes quote all of it, and it may hold a token. */
export function withoutQuery(cause: unknown, url: URL): unknown {
  if (!isError(cause) || url.search === "") return cause;
  const told: Error & { code?: unknown } = new Error(cause.message.replaceAll(url.search, ""));
  told.name = cause.name;
  if ("code" in cause) told.code = cause.code;
  if (cause.cause !== undefined) told.cause = withoutQuery(cause.cause, url);
  return told;
}
