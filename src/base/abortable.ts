import { onAbort } from "./on_abort.ts";

/** Settles like `work`, or rejects with the signal's reason if it is aborted first. The work itself continues. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settled = onAbort(signal, abort);
    work.then((value) => {
      settled();
      resolve(value);
    }, (error: unknown) => {
      settled();
      reject(error);
    });
    // After `then`, so that a rejection of the work is always handled.
    if (signal.aborted) abort();
  });
}
