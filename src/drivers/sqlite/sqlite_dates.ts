import type { SqliteValue } from "./sqlite_handle.ts";

/** How a date is stored: as a text of some precision, or as a number of one of three kinds. */
export type DateFormat =
  | { readonly as: "milliseconds" | "seconds" | "julian" }
  | {
    readonly as: "text";
    /** Whether the year has a sign and six digits. */
    readonly wide: boolean;
    /** The separator between date and time; empty if there is no time. */
    readonly separator: "" | " " | "T";
    readonly seconds: boolean;
    /** How many digits the fraction has. */
    readonly digits: number;
    /** Empty means UTC, as in SQLite's functions. */
    readonly zone: string;
  };

/** A time and its format. */
export interface StoredDate {
  readonly ms: number;
  readonly format: DateFormat;
}

/** The format of JavaScript, used where neither values nor the declaration show another one. */
const ISO: Extract<DateFormat, { as: "text" }> = {
  as: "text",
  wide: false,
  separator: "T",
  seconds: true,
  digits: 3,
  zone: "Z",
};

/** The limit of a `Date`, in both directions. */
export const MAX_DATE_MS = 8.64e15;

/** Julian day 0 in milliseconds since 1970, and the Julian days of the years 0 to 9999. */
const JULIAN_EPOCH_MS = -210_866_760_000_000;
const [FIRST_JULIAN, LAST_JULIAN] = [1_721_059.5, 5_373_484.5];
const DAY_MS = 86_400_000;

/** Numbers from here on are seconds, and from there on milliseconds since 1970: both limits are in 1973. */
const [FIRST_SECOND, FIRST_MS] = [1e8, 1e11];

const TEXT =
  /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:([ T])([0-2]\d):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(Z|[+-][0-2]\d:[0-5]\d)?)?$/;

/**
 * The time of a value in a date column, if it is exact and a `Date` can hold it. Writing the time in its format gives
 * the same value again. `sqlite_date_sql.ts` has the SQL equivalent.
 */
export function readDate(value: SqliteValue): StoredDate | undefined {
  if (typeof value === "string") return readText(value);
  if (typeof value === "bigint") return readNumber(Number(value));
  return typeof value === "number" ? readNumber(value) : undefined;
}

/** Writes a time in a format, or in the closest one that can hold it. */
export function writeDate(ms: number, format: DateFormat = ISO): SqliteValue {
  for (const candidate of [format, ISO]) {
    const written = candidate.as === "text" ? writeText(ms, candidate) : writeNumber(ms, candidate.as);
    if (readDate(written)?.ms === ms) return written;
  }
  return writeText(ms, { ...ISO, wide: true });
}

/** The format of a column without dates, from its default and its declared type. */
export function declaredFormat(type: string, defaultSql: string | undefined): DateFormat {
  const day: DateFormat = { as: "text", wide: false, separator: "", seconds: false, digits: 0, zone: "" };
  if (/CURRENT_TIMESTAMP|datetime\s*\(/i.test(defaultSql ?? "")) return { ...day, separator: " ", seconds: true };
  return /^DATE\s*(\(|$)/i.test(type) || /CURRENT_DATE/i.test(defaultSql ?? "") ? day : ISO;
}

function readText(text: string): StoredDate | undefined {
  // The cheapest test first: most texts are not dates.
  if (text.length < 10 || text.length > 40) return undefined;
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const [, year = "", month, day, separator = "", hour = "0", minute = "0", second, fraction = "", zone = ""] = match;
  const [hours, clock] = [Number(hour), Number(minute) * 60_000 + Number(second ?? 0) * 1_000];
  if (year === "-000000" || hours > 23 || /[1-9]/.test(fraction.slice(3))) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that does not exist, like February 30, would have become another one.
  if (midnight.getUTCMonth() !== Number(month) - 1 || midnight.getUTCDate() !== Number(day)) return undefined;
  const ms = midnight.getTime() + hours * 3_600_000 + clock + Number(fraction.padEnd(3, "0").slice(0, 3)) -
    offsetMs(zone);
  if (!(Math.abs(ms) <= MAX_DATE_MS)) return undefined;
  const wide = year.length > 4;
  const format: DateFormat = {
    as: "text",
    wide,
    separator: separator as "" | " " | "T", // the only ones that the expression matches
    seconds: second !== undefined,
    digits: fraction.length,
    zone,
  };
  return { ms, format };
}

function readNumber(value: number): StoredDate | undefined {
  const size = Math.abs(value);
  if (value >= FIRST_JULIAN && value < LAST_JULIAN) {
    const sinceEpoch = Math.trunc(value * DAY_MS + 0.5);
    return sinceEpoch / DAY_MS === value ? { ms: sinceEpoch + JULIAN_EPOCH_MS, format: { as: "julian" } } : undefined;
  }
  if (size >= FIRST_SECOND && size < FIRST_MS) {
    const ms = Math.trunc(value * 1_000 + Math.sign(value) / 2);
    return ms / 1_000 === value ? { ms, format: { as: "seconds" } } : undefined;
  }
  const isMs = size >= FIRST_MS && size <= MAX_DATE_MS && Number.isInteger(value);
  return isMs ? { ms: value, format: { as: "milliseconds" } } : undefined;
}

function writeNumber(ms: number, as: "milliseconds" | "seconds" | "julian"): SqliteValue {
  const value = as === "milliseconds" ? ms : as === "seconds" ? ms / 1_000 : (ms - JULIAN_EPOCH_MS) / DAY_MS;
  return Number.isInteger(value) ? BigInt(value) : value;
}

function writeText(ms: number, format: Extract<DateFormat, { as: "text" }>): string {
  const local = new Date(ms + offsetMs(format.zone));
  if (Number.isNaN(local.getTime())) return "";
  const year = local.getUTCFullYear();
  const wide = format.wide || year < 0 || year > 9_999;
  const sign = wide ? (year < 0 ? "-" : "+") : "";
  const date = `${sign}${String(Math.abs(year)).padStart(wide ? 6 : 4, "0")}${local.toISOString().slice(-20, -14)}`;
  const [rest, fraction] = [Math.abs(local.getTime() % DAY_MS), local.getUTCMilliseconds()];
  if (format.separator === "" && rest === 0) return date;
  const enough = fraction % 10 ** Math.max(3 - format.digits, 0) === 0;
  const digits = enough ? format.digits : 3;
  const seconds = format.seconds || format.separator === "" || digits > 0 || local.getUTCSeconds() !== 0;
  const clock = local.toISOString().slice(-13, seconds ? -5 : -8);
  const point = digits === 0 ? "" : `.${String(fraction).padStart(3, "0").padEnd(digits, "0").slice(0, digits)}`;
  return `${date}${format.separator || " "}${clock}${point}${format.zone}`;
}

function offsetMs(zone: string): number {
  if (zone.length < 6) return 0;
  const ms = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))) * 60_000;
  return zone.startsWith("-") ? -ms : ms;
}
