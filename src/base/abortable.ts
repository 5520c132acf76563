import { onAbort } from "./on_abort.ts";

/** Settles as `work` does, or rejects with the signal's reason if that comes first. The work itself goes on. */
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
    // Only now, so that a failure of the work is heard of in any case.
    if (signal.aborted) abort();
  });
}
