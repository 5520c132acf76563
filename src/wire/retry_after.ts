/** The longest pause to accept from an answer. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * The pause in a `Retry-After`, in milliseconds, at most a day: it has seconds (some servers add a fraction) or a date
 * of the server's clock, which may differ from ours. So a date is relative to the `Date` of the answer, or to `now` if
 * there is none. Anything else is ignored.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const isSeconds = /^\d+(?:\.\d+)?$/.test(text);
  // Date.parse takes "-5" and "10, 20" for years.
  const isDate = !isSeconds && /^[a-z]{3}/i.test(text);
  const ms = isSeconds ? Math.ceil(Number(text) * 1000) : isDate ? Date.parse(text) - sentAt(headers, now) : NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}

function sentAt(headers: Headers, now: number): number {
  const sent = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(sent) ? now : sent;
}
