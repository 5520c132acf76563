import { InvalidAnswerError, TableError, UnavailableError } from "../table/errors.ts";

/** What is read, and how much of it. */
export interface ReadTextOptions {
  /** What was asked, for messages. */
  readonly what: string;
  /** Where it was asked. */
  readonly url: URL;
  /** How many bytes are read. */
  readonly maxBytes: number;
}

/**
 * The text of a response, up to a number of bytes.
 *
 * @throws {InvalidAnswerError} if it is longer, or no UTF-8.
 * @throws {UnavailableError} if it breaks off.
 */
export async function readText(response: Response, { what, url, maxBytes }: ReadTextOptions): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoded(() => decoder.decode(), what);
      bytes += value.length;
      if (bytes > maxBytes) {
        throw new InvalidAnswerError(`${what} was answered with more than maxAnswerBytes, ${maxBytes}`);
      }
      text += decoded(() => decoder.decode(value, { stream: true }), what);
    }
  } catch (cause) {
    reader.cancel().catch(() => {});
    if (cause instanceof TableError) throw cause;
    throw new UnavailableError(`${what} broke off after ${bytes} bytes of its answer`, {
      cause: withoutQuery(cause, url),
    });
  }
}

/** The cause of a failure without the query of the URL: some runtimes quote all of it, and it may hold a token. */
export function withoutQuery(cause: unknown, url: URL): unknown {
  if (!(cause instanceof Error) || url.search === "") return cause;
  const told: Error & { code?: unknown } = new Error(cause.message.replaceAll(url.search, ""));
  told.name = cause.name;
  if ("code" in cause) told.code = cause.code;
  if (cause.cause !== undefined) told.cause = withoutQuery(cause.cause, url);
  return told;
}

function decoded(decode: () => string, what: string): string {
  try {
    return decode();
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered with bytes that are no text in UTF-8`, { cause });
  }
}
