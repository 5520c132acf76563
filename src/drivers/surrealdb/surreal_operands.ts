import { param, type Ql, ql } from "./surreal_ql.ts";
import { isFloat, isInteger64 } from "../sql/storable.ts";

/** The first and the last time that SurrealDB holds, in milliseconds. JavaScript has earlier and later ones. */
export const FIRST_MS: number = Date.UTC(-262143, 0, 1);
export const LAST_MS: number = Date.UTC(262143, 0, 1) - 1;

/** A number as SurrealQL; `undefined` if SurrealDB has none that equals it. */
export function numberQl(number: number | bigint): Ql | undefined {
  if (typeof number === "bigint") {
    if (isInteger64(number)) return ql`${param(number)}`;
    return isFloat(number) ? floatQl(Number(number)) : undefined;
  }
  return Number.isSafeInteger(number) || !Number.isInteger(number) ? ql`${param(number)}` : floatQl(number);
}

/** A float. The client refuses whole numbers beyond 2^53. */
export function floatQl(number: number): Ql {
  return Number.isInteger(number) ? ql`<float>${param(String(number))}` : ql`${param(number)}`;
}

/** Whether a text is a decimal that SurrealDB holds without rounding: 96 bits, and 28 digits after the point. */
export function isDecimal(text: string): boolean {
  const match = /^[+-]?(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null || text.length > 64) return false;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  return fraction.length <= 28 && BigInt(`${match[1]}${fraction}`) < 2n ** 96n;
}

/** Whether a text is a UUID as SurrealDB writes it. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

/** Whether a text is a duration. */
export function isDuration(text: string): boolean {
  return /^(?:\d+(?:ns|µs|μs|us|ms|s|m|h|d|w|y))+$/.test(text);
}
