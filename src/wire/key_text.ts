/**
 * An idempotency key in the characters that a header can hold, also where it stands in a body: a write has the same key
 * alone and with others. Different keys stay different.
 */
export function keyText(key: string): string {
  return key.replaceAll(/[^\x21-\x24\x26-\x7e]/gu, (character) => `%${character.codePointAt(0)?.toString(16)}.`);
}
