import { isDate } from "../../base/realm.ts";
import { isPlainObject, type Value } from "../../table/row.ts";
import { isFloat, isInteger64 } from "../sql/storable.ts";
import { arrayQl, param, type Ql, ql, separated } from "./surreal_ql.ts";

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

/** A time. The client does not send a fraction of a second before 1970. */
export function timeQl(ms: number): Ql {
  return isSendableTime(ms) ? ql`${param(new Date(ms))}` : ql`time::from_millis(${param(ms)})`;
}

/** Whether the client sends a value as it is, with all that it holds. */
export function isSendable(value: Value): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) || !Number.isInteger(value);
  if (typeof value === "bigint") return isInteger64(value);
  if (isDate(value)) return isSendableTime(value.getTime());
  if (Array.isArray(value)) return value.every(isSendable);
  return !isPlainObject(value) || Object.values(value as { readonly [name: string]: Value }).every(isSendable); // Its kind.
}

/** A value of any kind; `undefined` if SurrealDB has none that equals it. */
export function valueQl(value: Value): Ql | undefined {
  if (typeof value === "number" || typeof value === "bigint") return numberQl(value);
  if (isDate(value)) return timeQl(value.getTime());
  if (isSendable(value)) return ql`${param(value)}`;
  const inner = Array.isArray(value) ? value : Object.values(value as { readonly [name: string]: Value }); // Its kind.
  const pieces = inner.flatMap((one) => valueQl(one) ?? []);
  if (pieces.length < inner.length) return undefined;
  if (Array.isArray(value)) return arrayQl(pieces);
  const names = Object.keys(value as { readonly [name: string]: Value }); // As above.
  return ql`{ ${separated(pieces.map((piece, at) => ql`${JSON.stringify(names[at] ?? "")}: ${piece}`), ", ")} }`;
}

function isSendableTime(ms: number): boolean {
  return ms >= 0 || ms % 1000 === 0;
}
