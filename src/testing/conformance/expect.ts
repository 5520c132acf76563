import { systemClock } from "../../base/clock.ts";
import { isBytes, isDate, isError } from "../../base/realm.ts";
import { type Row, sameRow } from "../../table/row.ts";
import type { RowEntry, Rows } from "../../table/rows.ts";

/** How long a case waits for something that must happen before it fails. */
const PATIENCE_MS = 3_000;

/** Fails with `message` unless `condition` holds. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Fails unless both are equal by content; the order of keys in objects makes no difference. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!equal(actual, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

/** Fails unless the ids, their order, and the rows are the same. */
export function expectRows(actual: Rows | undefined, expected: Rows, what: string): void {
  if (actual === undefined) throw new Error(`${what}: expected ${expected.size} rows, got nothing`);
  expectEqual(actual.ids(), expected.ids(), `${what}, the ids`);
  for (const [id, row] of expected) expectRow(actual.get(id), row, `${what}, row ${show(id)}`);
}

/** Fails unless there is a row with the same columns and values. */
export function expectRow(actual: Row | undefined, expected: Row, what: string): void {
  if (actual === undefined || !sameRow(actual, expected)) {
    throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  }
  const prototype: unknown = Object.getPrototypeOf(actual);
  expect(prototype === null || prototype === Object.prototype, `${what}: its prototype was changed`);
}

/** Returns the error that `call` throws or rejects with; fails if there is none. */
export async function expectFailure(call: () => unknown, what: string): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: expected an error, got ${show(answer)}`);
}

/** Fails unless `call` fails with an error of class `kind` whose message contains all `words`. */
export async function expectError(
  call: () => unknown,
  kind: abstract new (...args: never[]) => Error,
  what: string,
  words: readonly string[] = [],
): Promise<void> {
  const error = await expectFailure(call, what);
  if (!(error instanceof kind)) throw new Error(`${what}: expected a ${kind.name}, got ${show(error)}`);
  for (const word of words) {
    expect(error.message.includes(word), `${what}: the message must name ${word}, got ${show(error.message)}`);
  }
}

/** Resolves with the answer, or fails if there is none in time; only a broken promise takes that long. */
export async function soon<T>(answer: Promise<T>, what: string): Promise<T> {
  const answered = new AbortController();
  const late = systemClock.wait(PATIENCE_MS, { signal: answered.signal }).then((): never => {
    throw new Error(`${what}: nothing within ${PATIENCE_MS} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    answered.abort();
  }
}

/** All remaining entries of a stream. */
export async function readAll(stream: ReadableStream<RowEntry>): Promise<RowEntry[]> {
  const reader = stream.getReader();
  const entries: RowEntry[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return entries;
    entries.push(value);
  }
}

/** A value as text, for messages. */
export function show(value: unknown): string {
  if (isError(value)) return `${value.name}: ${value.message}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (isDate(value)) return `Date(${value.getTime()})`;
  if (isBytes(value)) return `bytes(${value.join(" ")})`;
  if (value instanceof Map) return show([...value]);
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value).map(([name, inner]) => `${name}: ${show(inner)}`).join(", ")} }`;
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((inner, index) => equal(inner, b[index]));
  }
  return !Array.isArray(a) && !Array.isArray(b) && sameRow({ ...a }, { ...b });
}
