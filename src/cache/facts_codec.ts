import type { Row } from "../table/row.ts";
import { decodeRows, encodeByRow } from "./codec.ts";

/** Facts about something, and perhaps a row that belongs to it. */
export interface FactsAndRow {
  readonly facts: Row;
  readonly row: Row | undefined;
}

const ROW = "row";
const FACTS = "facts";

/**
 * Facts and a row as bytes: a set of two rows in the codec of entries.
 *
 * @throws {RangeError} if they hold an integer of more than 2 MiB.
 */
export function encodeFacts({ facts, row }: FactsAndRow): Uint8Array {
  return encodeByRow(row === undefined ? [[FACTS, facts]] : [[ROW, row], [FACTS, facts]]);
}

/**
 * The facts and the row in bytes.
 *
 * @throws {TypeError} or any error of the CBOR decoder, if `encodeFacts` did not make these bytes.
 */
export function decodeFacts(bytes: Uint8Array): FactsAndRow {
  const rows = decodeRows(bytes);
  const facts = rows.get(FACTS);
  if (facts === undefined) throw new TypeError("These are not the bytes of facts: there are none");
  return { facts, row: rows.get(ROW) };
}
