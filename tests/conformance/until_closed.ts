import type { LiveStream } from "@vantage/live";

/** Subscriptions that a case leaves behind would be connected anew for ever. */
export function untilClosed(stream: LiveStream, closing: AbortSignal): LiveStream {
  return {
    subscribe: ({ signal = closing, ...others } = {}) =>
      stream.subscribe({ ...others, signal: AbortSignal.any([signal, closing]) }),
  };
}
