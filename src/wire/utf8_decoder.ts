/**
 * Decodes UTF-8 chunk by chunk, without a byte order mark at the start of the text. By itself, Deno's decoder strips
 * one from the start of every chunk unless it is fatal, wherever the text is split.
 */
export class Utf8Decoder {
  readonly #decoder: TextDecoder;
  #begun = false;

  /** With `fatal`, ill-formed bytes throw a `TypeError` instead of being replaced. */
  constructor({ fatal }: { readonly fatal: boolean }) {
    this.#decoder = new TextDecoder("utf-8", { fatal, ignoreBOM: true });
  }

  /** Decodes one more chunk; without a chunk, returns the rest. */
  decode(chunk?: Uint8Array): string {
    const text = this.#decoder.decode(chunk, { stream: chunk !== undefined });
    if (this.#begun || text === "") return text;
    this.#begun = true;
    return text.startsWith("\uFEFF") ? text.slice(1) : text;
  }
}
