/**
 * Decodes UTF-8 chunk by chunk, without one byte order mark at the begin of it all. Left to itself, the decoder of Deno
 * strips one from the begin of every chunk unless it is fatal, wherever a text happens to be cut.
 */
export class Utf8Decoder {
  readonly #decoder: TextDecoder;
  #begun = false;

  /** With `fatal`, what is no UTF-8 throws a `TypeError` and is not replaced. */
  constructor({ fatal }: { readonly fatal: boolean }) {
    this.#decoder = new TextDecoder("utf-8", { fatal, ignoreBOM: true });
  }

  /** The text so far decoded of one more chunk; without a chunk, what is left at the end. */
  decode(chunk?: Uint8Array): string {
    const text = this.#decoder.decode(chunk, { stream: chunk !== undefined });
    if (this.#begun || text === "") return text;
    this.#begun = true;
    return text.startsWith("\uFEFF") ? text.slice(1) : text;
  }
}
