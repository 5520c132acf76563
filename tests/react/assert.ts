/// <reference lib="dom" />
/** The little of `node:assert` that the cases need in a browser. */
export function assert(isTrue: boolean, message = "It is not true"): asserts isTrue {
  if (!isTrue) throw new Error(message);
}

export function assertEqual(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`Expected ${show(expected)}, got ${show(actual)}`);
}

/** Compares what both are as JSON. */
export function assertDeepEqual(actual: object, expected: object): void {
  assertEqual(show(actual), show(expected));
}

function show(value: unknown): string {
  return value instanceof Element ? value.outerHTML : JSON.stringify(value) ?? String(value);
}
