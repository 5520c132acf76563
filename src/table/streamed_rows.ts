import { onAbort } from "../base/on_abort.ts";

/**
 * A stream of what an iterable gives; it is begun when the first item is asked for, and only as many are taken as are asked
 * for. The signal that it receives is aborted with `signal`, and when the stream is cancelled.
 */
export function streamed<T>(
  begin: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal | undefined,
): ReadableStream<T> {
  const ended = new AbortController();
  let stay = (): void => {};
  let items: AsyncIterator<T> | undefined;
  const next = async (): Promise<IteratorResult<T>> => {
    if (signal?.aborted) ended.abort(signal.reason);
    ended.signal.throwIfAborted();
    if (items === undefined) {
      if (signal !== undefined) stay = onAbort(signal, () => ended.abort(signal.reason));
      items = begin(ended.signal)[Symbol.asyncIterator]();
    }
    return await items.next();
  };
  return new ReadableStream<T>({
    pull: async (controller) => {
      try {
        const { done, value } = await next();
        if (done !== true) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      stay();
    },
    cancel: (reason) => {
      stay();
      ended.abort(reason);
      // It may still be waiting for an answer, which nobody needs.
      items?.return?.().catch(() => {});
    },
  }, { highWaterMark: 0 });
}
