import type { DatabaseSync } from "node:sqlite";
import { type LiveEvent, type LiveStream, type SubscribeOptions, systemClock } from "@vantage/live";
import { openDatabase } from "./seeding.ts";

/** A look takes a few microseconds. */
const LOOK_EVERY_MS = 100;

/**
 * Tells that others have changed a database file: other processes, or other handles of this one. SQLite counts what is
 * committed besides a handle's own, and this looks at the count whenever somebody waits for events.
 */
export class FileChanges implements LiveStream {
  readonly #pathOrHandle: string | DatabaseSync;

  /** Of a file, which is opened for each subscription, or besides what an open handle does. */
  constructor(pathOrHandle: string | DatabaseSync) {
    this.#pathOrHandle = pathOrHandle;
  }

  subscribe({ signal }: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const source = this.#pathOrHandle;
    const db = typeof source === "string" ? openDatabase(source) : source;
    const version = db.prepare("PRAGMA data_version");
    const look = (): unknown => version.get()?.data_version;
    const left = new AbortController();
    const leave = (): void => {
      if (!left.signal.aborted && db !== source) db.close();
      signal?.removeEventListener("abort", leave);
      left.abort();
    };
    signal?.addEventListener("abort", leave);
    let seen = look();
    return new ReadableStream<LiveEvent>({
      pull: async (controller) => {
        while (!left.signal.aborted && look() === seen) {
          await systemClock.wait(LOOK_EVERY_MS, { signal: left.signal }).catch(() => {});
        }
        if (left.signal.aborted) return controller.close();
        seen = look();
        controller.enqueue({ kind: "changed" });
      },
      cancel: leave,
    }, { highWaterMark: 0 });
  }
}
