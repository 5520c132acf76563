/**
 * The first and last dates of JavaScript, in milliseconds since 1970. They stand for `-infinity` and `infinity`, which so
 * are where they belong in any order.
 */
export const FIRST_MS = -8.64e15;
/** The last one. */
export const LAST_MS = 8.64e15;

/** The first day that PostgreSQL has, Julian day 0: https://www.postgresql.org/docs/current/datatype-datetime.html */
const EARLIEST = "4714-11-24 00:00:00+00 BC";
const EARLIEST_MS = Date.UTC(-4713, 10, 24);

/** A time in UTC as PostgreSQL reads it, whatever its settings; without a zone, which a cast to `timestamp` ignores. */
export function postgresTime(ms: number): string {
  if (ms <= FIRST_MS) return "-infinity";
  if (ms >= LAST_MS) return "infinity";
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  const rest = date.toISOString().slice(-20, -1).replace("T", " ");
  return year > 0 ? `${String(year).padStart(4, "0")}${rest}+00` : `${String(1 - year).padStart(4, "0")}${rest}+00 BC`;
}

/**
 * The earliest stored time that is read as this millisecond or a later one; times are stored in microseconds and read
 * without their fraction of a millisecond.
 */
export function earliestTime(ms: number): string {
  if (ms <= FIRST_MS) return "-infinity";
  // What is later than the last date is read as that.
  if (ms >= LAST_MS) return "275760-09-13 00:00:00+00";
  return ms <= EARLIEST_MS ? EARLIEST : postgresTime(ms);
}
