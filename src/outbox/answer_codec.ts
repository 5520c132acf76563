import { decodeFacts, encodeFacts } from "../cache/facts_codec.ts";
import { describe } from "../base/describe.ts";
import type { Effect } from "../table/errors.ts";
import { field, isPlainObject, type Row, type Value } from "../table/row.ts";
import { toFailure } from "./failure.ts";
import type { OutboxAnswer, WriteFailure } from "./outbox.ts";

/**
 * Encodes what became of a write: its row, if it was answered with one, and `{ id, text, failure, realId }`, where `text`
 * is the id that it was answered with.
 */
export function encodeAnswer({ id, answer, failure, realId }: OutboxAnswer): Uint8Array {
  const facts: Row = {
    id,
    ...(typeof answer === "string" && { text: answer }),
    ...(failure !== undefined && { failure: { ...toFailure(failure) } }),
    ...(realId !== undefined && { realId }),
  };
  return encodeFacts({ facts, row: typeof answer === "object" ? answer : undefined });
}

/**
 * Decodes what became of a write.
 *
 * @throws {TypeError} or any error of the CBOR decoder, if `encodeAnswer` did not make these bytes.
 */
export function decodeAnswer(bytes: Uint8Array): OutboxAnswer {
  const { facts, row } = decodeFacts(bytes);
  const [answer, failure] = [row ?? textIn(facts, "text"), field(facts, "failure")];
  const realId = textIn(facts, "realId");
  return Object.freeze({
    id: textIn(facts, "id") ?? "",
    ...(answer !== undefined && { answer }),
    ...(failure !== null && { failure: failureOf(failure) }),
    ...(realId !== undefined && { realId }),
  });
}

/** Encodes why a write failed. */
export function encodeFailure(failure: WriteFailure): Uint8Array {
  return encodeFacts({ facts: { ...toFailure(failure) }, row: undefined });
}

/**
 * Decodes why a write failed.
 *
 * @throws {TypeError} or any error of the CBOR decoder, if `encodeFailure` did not make these bytes.
 */
export function decodeFailure(bytes: Uint8Array): WriteFailure {
  return failureOf(decodeFacts(bytes).facts);
}

function failureOf(value: Value): WriteFailure {
  if (!isPlainObject(value)) throw new TypeError(`A failure must be an object, got ${describe(value)}`);
  const [code, message, effect] = ["code", "message", "effect"].map((name) => textIn(value, name) ?? "");
  const at = field(value, "at");
  return Object.freeze({
    // A later version may have codes that this one does not know, as an error from elsewhere may.
    code: code as WriteFailure["code"],
    message: message ?? "",
    effect: effect === "none" ? "none" : "unknown" satisfies Effect,
    retriable: field(value, "retriable") === true,
    at: typeof at === "number" ? at : 0,
  });
}

function textIn(facts: Row, name: string): string | undefined {
  const value = field(facts, name);
  return typeof value === "string" ? value : undefined;
}
