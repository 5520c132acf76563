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
