const LABELS: Readonly<Record<string, string>> = { "UTF-16le": "utf-16le", "UTF-16be": "utf-16be" };

/** Reads the texts of a database of an encoding, as SQLite calls it. */
export function textDecoder(encoding: string): TextDecoder {
  return new TextDecoder(LABELS[encoding] ?? "utf-8", { fatal: true, ignoreBOM: true });
}

/** The text that bytes are; `undefined` if they are not well-formed. */
export function textOf(bytes: Uint8Array, decoder: TextDecoder): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether a database of an encoding keeps a text as it is: in UTF-16, SQLite stores U+FFFD for U+FFFE and U+FFFF. */
export function isStorable(text: string, encoding: string): boolean {
  return text.isWellFormed() && (encoding === "UTF-8" || !/[\ufffe\uffff]/.test(text));
}
