/**
 * Who is to be called for each signal: one listener on the signal serves all of them. They stay with the signal while
 * nothing is to be called: to make them anew for each call is what would cost most.
 */
const callbacksOf = new WeakMap<AbortSignal, Callbacks>();

interface Callbacks {
  readonly all: Set<() => void>;
  readonly listener: () => void;
}

/**
 * Calls back once when the signal is aborted; not if it is aborted already. Answers with a function that takes the
 * callback back. However many wait for one signal, it has one listener: an `EventTarget` looks through all of its
 * listeners to add or remove one, so a listener for each call would cost the square of the calls.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) return () => {};
  const callbacks = callbacksOf.get(signal) ?? newCallbacks(signal);
  if (callbacks.all.size === 0) signal.addEventListener("abort", callbacks.listener, { once: true });
  // A function of its own, so that one callback given twice is called twice.
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
