import { Utf8Decoder } from "./utf8_decoder.ts";

/** Why a body could not be read to its end. */
export type TextTrouble = "too long" | "no UTF-8" | "broken off";

/**
 * Reads the text of a body, up to a number of bytes, whatever length it declares. Errors are made by `failure`. Chunks
 * are not kept: each may be a few bytes of a large buffer, and Deno allocates a new one for each.
 */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  failure: (trouble: TextTrouble, cause?: unknown) => Error,
): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new Utf8Decoder({ fatal: true });
  const next = (): Promise<Uint8Array | undefined> =>
    reader.read().then(({ value }) => value, (cause: unknown) => Promise.reject(failure("broken off", cause)));
  const decoded = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk);
    } catch (cause) {
      throw failure("no UTF-8", cause);
    }
  };
  let [text, bytes] = ["", 0];
  try {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw failure("too long");
      text += decoded(chunk);
    }
    return text + decoded();
  } finally {
    // Does nothing to a body that was read to its end.
    reader.cancel().catch(() => {});
  }
}
