const LABELS: Readonly<Record<string, string>> = { "UTF-16le": "utf-16le", "UTF-16be": "utf-16be" };

/** A decoder for texts in an encoding, as named by SQLite. */
export function textDecoder(encoding: string): TextDecoder {
  return new TextDecoder(LABELS[encoding] ?? "utf-8", { fatal: true, ignoreBOM: true });
}

/** Decodes bytes; `undefined` if they are ill-formed. */
export function textOf(bytes: Uint8Array, decoder: TextDecoder): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether a database stores a text unchanged: in UTF-16, SQLite stores U+FFFD for U+FFFE and U+FFFF. */
export function isStorable(text: string, encoding: string): boolean {
  return text.isWellFormed() && (encoding === "UTF-8" || !/[\ufffe\uffff]/.test(text));
}
