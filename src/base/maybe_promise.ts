/** An answer that may be available synchronously. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether an answer is a promise, including one of another realm or library. */
export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function";
}
