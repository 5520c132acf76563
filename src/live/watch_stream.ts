import type { LiveSnapshot } from "./live_snapshot.ts";
import type { WatchedRows } from "./watched_rows.ts";

/**
 * A stream of snapshots that buffers none: each read is answered with the newest snapshot, at once if the last one read is
 * outdated, and otherwise when it is. It subscribes on the first read, and ends when the table is closed.
 */
export function watchStream(watched: WatchedRows): ReadableStream<LiveSnapshot> {
  let last: LiveSnapshot | undefined;
  let leave: (() => void) | undefined;
  let wake: () => void = () => {};
  return new ReadableStream<LiveSnapshot>({
    pull: async (controller) => {
      leave ??= watched.subscribe(() => wake());
      while (watched.getSnapshot() === last) await new Promise<void>((resolve) => wake = resolve);
      if (watched.ended) return controller.close();
      last = watched.getSnapshot();
      controller.enqueue(last);
    },
    cancel: () => leave?.(),
  }, { highWaterMark: 0 });
}
