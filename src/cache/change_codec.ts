import type { Change, ChangeCause } from "../change/change.ts";
import { describe } from "../base/describe.ts";
import { field, type Row, toRow, type Value } from "../table/row.ts";
import { decodeFacts, encodeFacts } from "./facts_codec.ts";

const KINDS: readonly Change["kind"][] = ["changed", "inserted", "updated", "deleted"];
const CAUSES: readonly ChangeCause[] = ["write", "event", "gap", "manual"];

/** The most bytes of a change in a log, since some stores keep 64 KiB in a value. A larger one loses its row. */
export const MAX_CHANGE_BYTES = 60_000;

/**
 * Encodes a change in at most {@linkcode MAX_CHANGE_BYTES} bytes: without its row if that is too large, so that readers
 * fetch it, and as a change that does not say what changed if even its id is.
 */
export function encodeChange(change: Change): Uint8Array {
  const whole = encoded(change);
  if (whole.length <= MAX_CHANGE_BYTES || change.kind === "changed") return whole;
  const { row: _, columns: __, ...bare } = change;
  const small = encoded(bare);
  if (small.length <= MAX_CHANGE_BYTES) return small;
  const { id: ___, ...source } = bare;
  return encoded({ ...source, kind: "changed" });
}

/**
 * Decodes a change.
 *
 * @throws {TypeError} or any error of the CBOR decoder, if `encodeChange` did not make these bytes.
 */
export function decodeChange(bytes: Uint8Array): Change {
  const { facts, row } = decodeFacts(bytes);
  checkFacts(facts);
  // All facts were checked.
  return Object.freeze(row === undefined ? facts : { ...facts, row }) as Change;
}

function encoded(change: Change): Uint8Array {
  const row = change.kind === "changed" ? undefined : change.row;
  return encodeFacts({ facts: toRow({ ...change, row: undefined }), row });
}

function checkFacts(facts: Row): void {
  check(facts, "kind", (value) => KINDS.some((kind) => kind === value));
  check(facts, "cause", (value) => CAUSES.some((cause) => cause === value));
  check(facts, "at", (value) => typeof value === "number");
  if (field(facts, "kind") !== "changed") check(facts, "id", (value) => typeof value === "string");
  if (Object.hasOwn(facts, "columns")) check(facts, "columns", isTexts);
  if (field(facts, "cause") === "gap") check(facts, "gap", (value) => value === "begins" || value === "ends");
  if (field(facts, "cause") !== "write") return;
  check(facts, "writeId", (value) => typeof value === "string");
  check(facts, "outcome", (value) => value === "applied" || value === "unknown");
}

function check(facts: Row, fact: string, accepts: (value: Value) => boolean): void {
  const value = field(facts, fact);
  if (!accepts(value)) throw malformed(fact, value);
}

function isTexts(value: Value): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function malformed(fact: string, value: unknown): TypeError {
  return new TypeError(`These are not the bytes of a change: found ${describe(value)} as its ${fact}`);
}
