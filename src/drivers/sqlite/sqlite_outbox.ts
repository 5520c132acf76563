import { disposeByClosing } from "../../base/async_dispose.ts";
import { checkOptions } from "../../base/check_options.ts";
import { describe } from "../../base/describe.ts";
import { rememberSelf } from "../../base/self.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type {
  Outbox,
  OutboxAnswer,
  OutboxEntry,
  OutboxMark,
  StoredWrite,
  UnreadableEntry,
} from "../../outbox/outbox.ts";
import { limitsOf, type OutboxBounds } from "../../outbox/outbox_bounds.ts";
import { ClosedError } from "../../table/errors.ts";
import { outboxErrorOf } from "./sqlite_errors.ts";
import { isBusy, type SqliteHandle, SqliteStatements } from "./sqlite_handle.ts";
import { OutboxFile, type SqliteSynchronous } from "./sqlite_outbox_file.ts";
import { createOutboxSchema } from "./sqlite_outbox_schema.ts";
import { SqliteOutboxStore } from "./sqlite_outbox_store.ts";

/** Options of an {@linkcode SqliteOutbox}. */
export interface SqliteOutboxOptions extends OutboxBounds {
  /** The most bytes of all writes, including ids and overhead; default 256 MiB. */
  readonly maxBytes?: number | undefined;
  /**
   * SQLite's `synchronous` for a file; default `"full"`: what was accepted survives a loss of power. With `"normal"` it
   * survives a crash of the process, but the last of it may be lost with the power. An open handle has its own setting.
   */
  readonly synchronous?: SqliteSynchronous | undefined;
}

/**
 * An outbox in one SQLite file in WAL mode, or in its own tables (`vantage_outbox_…`) of an open handle. Several processes
 * may use it at once.
 *
 * A file that is damaged, of a newer version or not an outbox is refused, and left as it is. One that is deleted or replaced
 * while open takes its writes along: that is noticed by every 16th call, and then every call rejects.
 *
 * Waits up to 5 s for another process's lock, blocking the event loop. After such a timeout, later calls fail at once
 * until the lock is released. On a handle that is inside a transaction of its owner, every call that writes rejects: what
 * is accepted there could still be rolled back.
 *
 * @example What one process accepted, another one finds
 * ```ts
 * import { isUnreadable } from "@vantage/live";
 * import { SqliteOutbox } from "@vantage/live/sqlite";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import assert from "node:assert/strict";
 *
 * const path = `${await mkdtemp(`${tmpdir()}/outbox-`)}/outbox.db`;
 * {
 *   await using outbox = await SqliteOutbox.open(path);
 *   outbox.append("marty/clients", [{
 *     id: "w1",
 *     op: { kind: "delete", id: "doc" },
 *     within: {},
 *     rowId: "doc",
 *     acceptedAt: 1_700_000_000_000,
 *     acceptedBy: "the first process",
 *   }]);
 * }
 *
 * await using outbox = await SqliteOutbox.open(path);
 * const [entry] = outbox.load("marty/clients", 0, 100);
 * assert(entry !== undefined && !isUnreadable(entry));
 * assert.equal(entry.write.id, "w1");
 * ```
 */
export class SqliteOutbox implements Outbox, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** `true`: other processes may use the same queues. */
  readonly shared = true;
  readonly #file: OutboxFile | undefined;
  readonly #store: SqliteOutboxStore;
  #closed = false;

  private constructor(file: OutboxFile | undefined, store: SqliteOutboxStore) {
    disposeByClosing(SqliteOutbox.prototype);
    rememberSelf(this, SqliteOutbox);
    this.#file = file;
    this.#store = store;
  }

  /**
   * Opens an outbox: in the file at a path, which is created if missing, or in an open handle like better-sqlite3's.
   * `close()` closes a file, but not a handle of the caller.
   *
   * @throws {TypeError} if the path is a folder, not an SQLite database, or another application's database, or cannot
   * be opened, for example in a read-only folder.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   * @throws {OutboxError} if the outbox is damaged or of a newer version.
   * @throws {UnsupportedError} if the runtime has no built-in SQLite.
   */
  static async open(pathOrHandle: string | SqliteHandle, options: SqliteOutboxOptions = {}): Promise<SqliteOutbox> {
    checkOptions("an SqliteOutbox", options, ["maxEntries", "maxBytes", "maxAnswers", "maxAnswerAgeMs", "synchronous"]);
    const maxBytes = wholeNumber("maxBytes", options.maxBytes ?? 256 * 2 ** 20);
    const limits = { ...limitsOf(options), maxBytes, maxWriteBytes: maxBytes };
    if (typeof pathOrHandle === "string") {
      const file = await OutboxFile.open(pathOrHandle, synchronousOf(options.synchronous));
      return new SqliteOutbox(file, new SqliteOutboxStore(new SqliteStatements(file.handle), limits, true));
    }
    if (options.synchronous !== undefined) {
      throw new TypeError("synchronous is for a file: an open handle has its own setting");
    }
    const db = new SqliteStatements(pathOrHandle);
    createOutboxSchema(db);
    return new SqliteOutbox(undefined, new SqliteOutboxStore(db, limits, false));
  }

  append(queue: string, writes: readonly StoredWrite[]): readonly number[] {
    const added = this.#store.newRows(queue, writes);
    return this.#guard("keep a write", (store) => store.append(queue, added));
  }

  load(queue: string, after: number, limit: number): readonly (OutboxEntry | UnreadableEntry)[] {
    return this.#guard("load writes", (store) => store.load(queue, after, limit));
  }

  lease(queue: string, holder: string, now: number, forMs: number): number | undefined {
    return this.#guard("lease a queue", (store) => store.lease(queue, holder, now, forMs));
  }

  release(queue: string, term: number): void {
    this.#guard("release a queue", (store) => store.release(queue, term));
  }

  mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): boolean {
    return this.#guard("mark writes", (store) => store.mark(queue, term, marks, now));
  }

  remove(queue: string, id: string): boolean {
    return this.#guard("remove a write", (store) => store.remove(queue, id));
  }

  retry(queue: string, id: string): boolean {
    return this.#guard("retry a write", (store) => store.retry(queue, id));
  }

  answers(queue: string, holder: string): readonly OutboxAnswer[] {
    return this.#guard("take answers", (store) => store.answers(queue, holder));
  }

  /** Closes the file, if `open` opened one. Idempotent. */
  close(): Promise<void> {
    if (!this.#closed) this.#file?.close();
    this.#closed = true;
    return Promise.resolve();
  }

  #guard<T>(what: string, work: (store: SqliteOutboxStore) => T): T {
    if (this.#closed) throw new ClosedError(`Cannot ${what}: the outbox is closed`);
    this.#file?.assertThere();
    try {
      const answer = work(this.#store);
      this.#file?.waited(true);
      return answer;
    } catch (error) {
      if (isBusy(error)) this.#file?.waited(false);
      throw outboxErrorOf(error, what);
    }
  }
}

function synchronousOf(option: SqliteSynchronous = "full"): SqliteSynchronous {
  if (option === "full" || option === "normal") return option;
  throw new TypeError(`synchronous must be "full" or "normal", got ${describe(option)}`);
}
