import type { Operator, Value } from "@vantage/live";

/** What stands in a cell: its storage class, and its value or, of texts and blobs, its bytes. */
export type Cell =
  | { readonly type: "null" }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "real"; readonly value: number }
  | { readonly type: "text"; readonly bytes: Uint8Array }
  | { readonly type: "blob"; readonly bytes: Uint8Array };

/** A cell as it should stand in a row, by what the documentation says of a declared type. */
export function meaning(cell: Cell, declaredType: string, encoding: string): Value {
  if (cell.type === "null") return null;
  if (cell.type === "blob") return cell.bytes;
  const plain = cell.type === "text" ? new TextDecoder(encoding, { ignoreBOM: true }).decode(cell.bytes) : cell.value;
  if (/BOOL/i.test(declaredType)) {
    return typeof plain !== "string" && (plain == 0 || plain == 1) ? plain == 1 : number(plain);
  }
  if (/^(SMALL)?(DATE|TIMESTAMP)/i.test(declaredType)) return timeIn(plain) ?? number(plain);
  if (/JSON/i.test(declaredType)) return typeof plain === "string" ? document(plain) : Number(plain);
  return number(plain);
}

function number(value: string | number | bigint): Value {
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) return Number(value);
  return value === 0 ? 0 : value;
}

function document(text: string): Value {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function timeIn(value: string | number | bigint): Date | undefined {
  return typeof value === "string" ? timeInText(value) : timeInNumber(Number(value));
}

/** By way of what JavaScript reads itself, so that nothing is shared with what is tested. */
function timeInText(text: string): Date | undefined {
  const match = /^((?:\d{4}|[+-]\d{6})-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(\.\d{1,9})?)?(Z|[+-][0-2]\d:[0-5]\d)?)?$/
    .exec(text);
  if (match === null || text.startsWith("-000000")) return undefined;
  const [, day = "", minutes = "00:00", seconds = ":00", fraction = ".0", zone = "Z"] = match;
  if (/[1-9]/.test(fraction.slice(4)) || minutes > "23:59") return undefined;
  const [year = 0, month = 0, date = 0] = [day.slice(0, -6), day.slice(-5, -3), day.slice(-2)].map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [0, 31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month] ?? 0;
  if (date < 1 || date > days) return undefined;
  const clock = `${minutes}${seconds.slice(0, 3)}${fraction.padEnd(4, "0").slice(0, 4)}`;
  const utc = new Date(`${day}T${clock}Z`);
  if (zone === "Z") return Number.isNaN(utc.getTime()) ? undefined : utc;
  const minutesOff = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  const shifted = new Date(utc.getTime() - (zone.startsWith("-") ? -1 : 1) * minutesOff * 60_000);
  return Number.isNaN(shifted.getTime()) ? undefined : shifted;
}

function timeInNumber(value: number): Date | undefined {
  if (value >= 1_721_059.5 && value < 5_373_484.5) {
    const sinceDayNull = Math.floor(value * 86_400_000 + 0.5);
    return sinceDayNull / 86_400_000 === value ? new Date(sinceDayNull - 210_866_760_000_000) : undefined;
  }
  const size = Math.abs(value);
  if (size >= 1e8 && size < 1e11) {
    const ms = Math.sign(value) * Math.floor(size * 1_000 + 0.5);
    return ms / 1_000 === value ? new Date(ms) : undefined;
  }
  return size >= 1e11 && size <= 8.64e15 && Number.isInteger(value) ? new Date(value) : undefined;
}

const KINDS = ["null", "boolean", "number", "date", "text", "bytes", "other"];

/** The place of a value's kind in the order of kinds. */
function rank(value: Value): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return 1;
  if (typeof value === "number" || typeof value === "bigint") return 2;
  if (value instanceof Date) return 3;
  if (typeof value === "string") return 4;
  return value instanceof Uint8Array ? 5 : KINDS.length - 1;
}

/** The total order of values. */
export function compare(a: Value, b: Value): number {
  const [rankOfA, rankOfB] = [rank(a), rank(b)];
  if (rankOfA !== rankOfB) return rankOfA - rankOfB;
  switch (KINDS[rankOfA]) {
    case "boolean":
    case "date":
      return numberOrder(Number(a), Number(b));
    case "number":
      return numberOrder(a as number | bigint, b as number | bigint);
    case "text":
      return bytesOrder(new TextEncoder().encode(a as string), new TextEncoder().encode(b as string));
    case "bytes":
      return bytesOrder(a as Uint8Array, b as Uint8Array);
    default:
      return 0;
  }
}

/** `NaN` equals itself and comes after every number. */
function numberOrder(a: number | bigint, b: number | bigint): number {
  const [noneA, noneB] = [Number.isNaN(a), Number.isNaN(b)];
  if (noneA || noneB) return Number(noneA) - Number(noneB);
  return a < b ? -1 : a > b ? 1 : 0;
}

function bytesOrder(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return (a[at] ?? 0) - (b[at] ?? 0);
  }
  return a.length - b.length;
}

/** Whether a condition holds of a value. Documents are not asked about here, but for scalars. */
export function holds(value: Value, operator: Operator, operand: Value): boolean {
  const equal = (one: Value, other: Value): boolean =>
    rank(one) === rank(other) && rank(one) < 6 && compare(one, other) === 0;
  const comparable = rank(value) === rank(operand) && rank(value) > 0 && rank(value) < 6;
  switch (operator) {
    case "isNull":
      return value === null;
    case "notNull":
      return value !== null;
    case "eq":
      return equal(value, operand);
    case "ne":
      return !equal(value, operand);
    case "in":
      return (operand as readonly Value[]).some((one) => equal(value, one));
    case "notIn":
      return !(operand as readonly Value[]).some((one) => equal(value, one));
    case "gt":
      return comparable && compare(value, operand) > 0;
    case "gte":
      return comparable && compare(value, operand) >= 0;
    case "lt":
      return comparable && compare(value, operand) < 0;
    case "lte":
      return comparable && compare(value, operand) <= 0;
  }
}
