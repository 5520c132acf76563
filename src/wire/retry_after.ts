/** The longest pause that is taken over from an answer. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * What a `Retry-After` asks for, in milliseconds: it holds seconds, or a date. A date is one of the server's clock, which
 * may differ from ours: it counts from the answer's own `Date`, and from `now` only where there is none. At most a day.
 * Some servers say parts of a second, too. What is neither is passed over.
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
