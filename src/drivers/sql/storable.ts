import type { Sign } from "./sql_dialect.ts";

/** A comparison with an operand that a database can hold. */
export interface StorableComparison<T> {
  readonly sign: Sign;
  readonly operand: T;
}

/** The first code point after the halves of surrogate pairs. */
const AFTER_SURROGATES = "\ue000";

/**
 * The same comparison, by code point, with a text that a database can hold. No stored text has half of a surrogate pair,
 * nor, in some databases, a NUL: so it comes before or after the operand at that place at the latest.
 */
export function storableText(sign: Sign, operand: string, holdsNul: boolean): StorableComparison<string> {
  const match = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.exec(operand);
  const nul = holdsNul ? -1 : operand.indexOf("\0");
  if (nul !== -1 && (match === null || nul < match.index)) {
    return { sign: sign.startsWith("<") ? "<=" : ">", operand: operand.slice(0, nul) };
  }
  if (match === null) return { sign, operand };
  return { sign: sign.startsWith("<") ? "<" : ">=", operand: operand.slice(0, match.index) + AFTER_SURROGATES };
}

/** Whether a database could hold this text. */
export function isStorableText(operand: string, holdsNul: boolean): boolean {
  return operand.isWellFormed() && (holdsNul || !operand.includes("\0"));
}

/** The same comparison of floats with a float: a bigint that is none lies between two, or beyond all. */
export function floatComparison(sign: Sign, operand: number | bigint): StorableComparison<number> {
  const near = Number(operand);
  if (isFloat(operand)) return { sign, operand: near };
  const isAbove = near === Infinity || (near !== -Infinity && BigInt(near) > operand);
  const isLess = sign.startsWith("<");
  return { sign: isAbove ? isLess ? "<" : ">=" : isLess ? "<=" : ">", operand: near };
}

/** Whether a float can hold this number exactly. */
export function isFloat(operand: number | bigint): boolean {
  if (typeof operand === "number") return true;
  const near = Number(operand);
  return Number.isFinite(near) && BigInt(near) === operand;
}

/** Whether it is a whole number that 64 bits can hold. */
export function isInteger64(operand: number | bigint): boolean {
  if (typeof operand === "number" && !Number.isInteger(operand)) return false;
  const integer = BigInt(operand);
  return integer < 2n ** 63n && integer >= -(2n ** 63n);
}

/** Bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
