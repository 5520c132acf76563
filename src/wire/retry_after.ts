/** The longest pause that is taken over from an answer. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** What a `Retry-After` asks for, in milliseconds from `now`: it holds seconds, or a date. At most a day. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}
