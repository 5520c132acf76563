/** The longest id that is sent, in bytes: servers refuse requests with long headers. */
const MAX_LENGTH = 1024;
/** Headers cannot hold control characters except tabs, and lose spaces and tabs at both ends. */
const CARRIED = /^[^\p{Cc} ](?:(?:[^\p{Cc}]|\t)*[^\p{Cc} ])?$/u;

/**
 * An id as the value of `Last-Event-ID`. Headers hold bytes, so the id is encoded in UTF-8 and each byte becomes the
 * character with its number, as `EventSource` does. `undefined` if a header cannot carry it.
 */
export function toLastEventId(id: string): string | undefined {
  if (id.length > MAX_LENGTH || !CARRIED.test(id)) return undefined;
  const bytes = new TextEncoder().encode(id);
  return bytes.length > MAX_LENGTH ? undefined : String.fromCharCode(...bytes);
}
