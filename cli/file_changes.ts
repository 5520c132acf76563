import type { DatabaseSync } from "node:sqlite";
import { type LiveEvent, type LiveStream, type SubscribeOptions, systemClock } from "@vantage/live";
import { openDatabase } from "./seeding.ts";

/** A check takes a few microseconds. */
const CHECK_EVERY_MS = 100;

/**
 * Emits `changed` when other processes or other handles change a database file. SQLite counts commits by other
 * connections; this polls the count while a reader waits for events.
 */
export class FileChanges implements LiveStream {
  readonly #pathOrHandle: string | DatabaseSync;

  /** Watches a file, which is opened for each subscription, or the changes of others besides an open handle's. */
  constructor(pathOrHandle: string | DatabaseSync) {
    this.#pathOrHandle = pathOrHandle;
  }

  subscribe({ signal }: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const source = this.#pathOrHandle;
    const db = typeof source === "string" ? openDatabase(source) : source;
    const version = db.prepare("PRAGMA data_version");
    const dataVersion = (): unknown => version.get()?.data_version;
    const left = new AbortController();
    const leave = (): void => {
      if (!left.signal.aborted && db !== source) db.close();
      signal?.removeEventListener("abort", leave);
      left.abort();
    };
    signal?.addEventListener("abort", leave);
    let seen = dataVersion();
    return new ReadableStream<LiveEvent>({
      pull: async (controller) => {
        while (!left.signal.aborted && dataVersion() === seen) {
          await systemClock.wait(CHECK_EVERY_MS, { signal: left.signal }).catch(() => {});
        }
        if (left.signal.aborted) return controller.close();
        seen = dataVersion();
        controller.enqueue({ kind: "changed" });
      },
      cancel: leave,
    }, { highWaterMark: 0 });
  }
}
