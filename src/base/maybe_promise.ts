/** An answer that may be there at once. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether an answer is still to come. A promise of another realm or library counts too. */
export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function";
}
