import { describe } from "../../base/describe.ts";
import { isBytes, isError } from "../../base/realm.ts";
import { InvalidAnswerError } from "../../table/errors.ts";

/** The code of an error that Redis answered with: the first word of its message, by its protocol. */
export function codeOf(error: unknown): string | undefined {
  return isError(error) ? /^[A-Z]+(?= |$)/.exec(error.message)?.[0] : undefined;
}

/** The text of an answer, in ASCII. */
export function textOf(answer: unknown): string {
  if (typeof answer === "string") return answer;
  const bytes = bytesOf(answer);
  // Faster than a decoder, for texts that are short.
  if (bytes.length < 1_000) return String.fromCharCode.apply(null, bytes as unknown as number[]); // It takes any list.
  return decoder.decode(bytes);
}

/** The text of an answer that people may have written. */
export function decodedTextOf(answer: unknown): string {
  return typeof answer === "string" ? answer : decoder.decode(bytesOf(answer));
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The bytes of an answer. */
export function bytesOf(answer: unknown): Uint8Array {
  if (isBytes(answer)) return answer;
  throw strange(answer);
}

/** The parts of an answer. */
export function listOf(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer;
  throw strange(answer);
}

function strange(answer: unknown): InvalidAnswerError {
  return new InvalidAnswerError(`Redis, or its client, answered with ${describe(answer)}`);
}
