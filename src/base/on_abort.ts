/**
 * The callbacks of each signal, all served by one listener. The object stays with the signal while it has no callbacks,
 * since creating it again for each call would be the largest cost.
 */
const callbacksOf = new WeakMap<AbortSignal, Callbacks>();

interface Callbacks {
  readonly all: Set<() => void>;
  readonly listener: () => void;
}

/**
 * Calls `callback` once when the signal is aborted, but not if it is aborted already. Returns a function that removes
 * the callback. Each signal has one listener, however many callbacks wait for it: an `EventTarget` searches all of its
 * listeners to add or remove one, so one listener per call would take quadratic time.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) return () => {};
  const callbacks = callbacksOf.get(signal) ?? newCallbacks(signal);
  if (callbacks.all.size === 0) signal.addEventListener("abort", callbacks.listener, { once: true });
  // A new function, so that a callback registered twice is called twice.
  const called = (): void => callback();
  callbacks.all.add(called);
  return () => {
    if (callbacks.all.delete(called) && callbacks.all.size === 0) {
      signal.removeEventListener("abort", callbacks.listener);
    }
  };
}

function newCallbacks(signal: AbortSignal): Callbacks {
  const all = new Set<() => void>();
  const listener = (): void => {
    for (const callback of all) {
      all.delete(callback);
      callback();
    }
  };
  const callbacks: Callbacks = { all, listener };
  callbacksOf.set(signal, callbacks);
  return callbacks;
}
