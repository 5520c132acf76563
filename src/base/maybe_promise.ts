/** An answer that may be available synchronously. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether an answer is a promise, including one of another realm or library. */
export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function";
}

/** What `next` makes of an answer, as soon as it is there: at once if it is there already. */
export function andThen<T, U>(answer: MaybePromise<T>, next: (answer: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(answer) ? answer.then(next) : next(answer);
}

/** All answers, as soon as they are there: at once if they are there already. */
export function allOf<T>(answers: readonly MaybePromise<T>[]): MaybePromise<readonly T[]> {
  return answers.some(isPromise) ? Promise.all(answers) : answers as readonly T[]; // None is a promise.
}
