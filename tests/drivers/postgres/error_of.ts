import assert from "node:assert/strict";

export type ErrorClass = abstract new (...args: never[]) => Error;

/** A check for `assert.rejects`: the error's class, and words of its message. */
export function errorOf(kind: ErrorClass, ...words: string[]): (error: unknown) => true {
  return (error) => {
    assert(error instanceof kind, `expected a ${kind.name}, got ${error}`);
    for (const word of words) assert(error.message.includes(word), `${JSON.stringify(word)} in: ${error.message}`);
    return true;
  };
}
