import { isPromise } from "./maybe_promise.ts";

/**
 * Calls a function of the user whose answer is not needed. What it throws goes to `failed`, and so does what a promise rejects
 * with that it answers with: an `async` function may be passed where none is expected.
 */
export function guardedCall(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const answer = call();
    if (isPromise(answer)) answer.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}
