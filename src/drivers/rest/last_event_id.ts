/** How many bytes of an id are sent: servers refuse requests with long headers. */
const MAX_LENGTH = 1024;
/** Headers hold no control characters but tabs, and lose spaces and tabs at both ends. */
const CARRIED = /^[^\p{Cc} ](?:(?:[^\p{Cc}]|\t)*[^\p{Cc} ])?$/u;

/**
 * An id as the value of `Last-Event-ID`: a header holds bytes, so it is the id in UTF-8, each byte as the character of its
 * number, as an `EventSource` sends it. `undefined` if no header can carry it.
 */
export function toLastEventId(id: string): string | undefined {
  if (id.length > MAX_LENGTH || !CARRIED.test(id)) return undefined;
  const bytes = new TextEncoder().encode(id);
  return bytes.length > MAX_LENGTH ? undefined : String.fromCharCode(...bytes);
}
