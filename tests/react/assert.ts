/** The little of `node:assert` that the cases need in a browser. */
import { sameRow } from "@vantage/live";

function assert(isTrue: unknown, message = "It is not true"): asserts isTrue {
  if (isTrue !== true) throw new Error(message);
}

assert.equal = (actual: unknown, expected: unknown, what = ""): void => {
  if (!Object.is(actual, expected)) throw new Error(`${what} Expected ${show(expected)}, got ${show(actual)}`);
};

assert.deepEqual = (actual: object, expected: object): void => {
  if (!sameRow({ ...actual }, { ...expected })) throw new Error(`Expected ${show(expected)}, got ${show(actual)}`);
};

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

export default assert;
