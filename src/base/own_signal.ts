import { onAbort } from "./on_abort.ts";

/**
 * Does work with a separate signal, which is aborted when `signal` is, and when the work has ended or failed: what it
 * began and does not wait for ends too.
 */
export async function withOwnSignal<T>(
  signal: AbortSignal | undefined,
  work: (own: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const control = new AbortController();
  const stay = signal && onAbort(signal, () => control.abort(signal.reason));
  try {
    return await work(control.signal);
  } finally {
    stay?.();
    control.abort();
  }
}
