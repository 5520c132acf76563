import { existsSync } from "node:fs";
import { isUnreadable, type LiveTable, type OutboxEntry, systemClock, type UnreadableEntry } from "@vantage/live";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { opening } from "./bad_input.ts";

/** How long what was killed while it sent still has the right to send. */
export const LEASE_MS = 2_000;
/** How often the outbox is looked at again, while another process has to do something. */
export const LOOK_EVERY_MS = 50;
const LOADED_AT_ONCE = 500;

/** The writes of a table in an outbox, whichever process accepted them. */
export class StoredWrites {
  readonly #outbox: SqliteOutbox;
  readonly #live: LiveTable;

  constructor(outbox: SqliteOutbox, live: LiveTable) {
    this.#outbox = outbox;
    this.#live = live;
  }

  /** All writes that can be read, in order. */
  all(): readonly OutboxEntry[] {
    return [...this.#entries()].filter((entry): entry is OutboxEntry => !isUnreadable(entry));
  }

  /** The entries that cannot be read, such as those of a newer version: they are neither sent nor shown. */
  unreadable(): readonly UnreadableEntry[] {
    return [...this.#entries()].filter((entry): entry is UnreadableEntry => isUnreadable(entry));
  }

  *#entries(): Generator<OutboxEntry | UnreadableEntry> {
    const { outboxQueue = "" } = this.#live;
    for (let after = 0;;) {
      const entries = this.#outbox.load(outboxQueue, after, LOADED_AT_ONCE);
      yield* entries;
      const last = entries.at(-1);
      if (last === undefined || entries.length < LOADED_AT_ONCE) return;
      after = last.position;
    }
  }

  /** The writes that wait to be sent, or for an answer. */
  waiting(): readonly OutboxEntry[] {
    return this.all().filter(({ state }) => state !== "failed");
  }

  /** The writes that failed. */
  failed(): readonly OutboxEntry[] {
    return this.all().filter(({ state }) => state === "failed");
  }

  /**
   * Waits until reads of the table show the writes that wait, and returns these. What another process is sending now is
   * not waited for.
   */
  async shown(): Promise<readonly OutboxEntry[]> {
    for (let waitedMs = 0;; waitedMs += LOOK_EVERY_MS) {
      const waiting = this.waiting();
      const known = new Set(this.#live.pendingWrites().map(({ id }) => id));
      if (waitedMs > LEASE_MS || waiting.every(({ write: { id } }) => known.has(id))) return waiting;
      await systemClock.wait(LOOK_EVERY_MS);
    }
  }
}

/**
 * Opens an outbox, creating its file if missing.
 *
 * @throws {BadInput} if the file is something else.
 */
export function openOutbox(path: string): Promise<SqliteOutbox> {
  return opening(`the outbox ${JSON.stringify(path)}`, () => SqliteOutbox.open(path));
}

/**
 * Checks that the file at a path is an outbox, if there is one.
 *
 * @throws {BadInput} if it is not.
 */
export async function checkOutbox(path: string): Promise<void> {
  if (!existsSync(path)) return;
  await using _ = await openOutbox(path);
}
