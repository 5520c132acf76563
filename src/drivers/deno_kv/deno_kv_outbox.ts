import { disposeByClosing } from "../../base/async_dispose.ts";
import { checkOptions, checkTools } from "../../base/check_options.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
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
import { ClosedError, OutboxError, TableError } from "../../table/errors.ts";
import { KvDatabase, namespaceOf } from "./deno_kv_database.ts";
import { type KvHandle, openKv } from "./deno_kv_handle.ts";
import { KvOutboxQueues } from "./deno_kv_outbox_queues.ts";
import { newWrites } from "./deno_kv_outbox_write.ts";

/** Options of a {@linkcode DenoKvOutbox}. */
export interface DenoKvOutboxOptions extends OutboxBounds {
  /**
   * The most bytes of all writes, including ids and overhead; default 256 MiB. What several processes append at the same
   * moment to different queues may exceed it, and `maxEntries`.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The first part of all its keys, up to 32 characters; default `"vantage_outbox"`. Each namespace is a separate outbox.
   */
  readonly namespace?: string | undefined;
  /** The clock that says how long ago a process died that left parts of a write; default the system's. */
  readonly clock?: Clock | undefined;
}

/**
 * An outbox in Deno KV, under its own keys. Several processes may use it at once: on one machine through a file, or anywhere
 * on Deno Deploy. What is accepted is as durable as what `Deno.openKv` commits.
 *
 * An append takes up to 100 writes. A write that does not fit into one value, 64 KiB, is stored in parts before it is
 * accepted; one of more than 16 MiB is refused. Keys of a newer version are refused and left alone.
 *
 * A call that rejects because the connection is gone may have taken its step all the same: a write that is appended again is
 * then refused with a `ConflictError`.
 *
 * @example What one outbox accepted, another one finds
 * ```ts
 * import { isUnreadable } from "@vantage/live";
 * import { DenoKvOutbox } from "@vantage/live/deno-kv";
 * import assert from "node:assert/strict";
 *
 * using kv = await Deno.openKv(":memory:"); // on Deno Deploy: await DenoKvOutbox.open(), without a handle
 * await using outbox = await DenoKvOutbox.open(kv);
 * await outbox.append("marty/clients", [{
 *   id: "w1",
 *   op: { kind: "delete", id: "doc" },
 *   within: {},
 *   rowId: "doc",
 *   acceptedAt: 1_700_000_000_000,
 *   acceptedBy: "the first process",
 * }]);
 *
 * await using other = await DenoKvOutbox.open(kv);
 * const [entry] = await other.load("marty/clients", 0, 100);
 * assert(entry !== undefined && !isUnreadable(entry));
 * assert.equal(entry.write.id, "w1");
 * ```
 */
export class DenoKvOutbox implements Outbox, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** `true`: other processes may use the same queues. */
  readonly shared = true;
  readonly #queues: KvOutboxQueues;
  readonly #maxBytes: number;
  /** The handle, if it was opened here. */
  readonly #opened: KvHandle | undefined;
  #closed = false;

  private constructor(queues: KvOutboxQueues, maxBytes: number, opened: KvHandle | undefined) {
    disposeByClosing(DenoKvOutbox.prototype);
    rememberSelf(this, DenoKvOutbox);
    this.#queues = queues;
    this.#maxBytes = maxBytes;
    this.#opened = opened;
  }

  /**
   * Opens an outbox: in the database at a path (or an address, as in `Deno.openKv`), which is created if missing; in the
   * default database, as on Deno Deploy; or in an open handle. `close()` closes what is opened here, but not a handle
   * of the caller.
   *
   * @throws {TypeError} if the database does not exist and cannot be created, or the namespace is invalid.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   * @throws {OutboxError} if the outbox is of a newer version.
   * @throws {UnsupportedError} if no handle is given and the runtime has no `Deno.openKv` (`--unstable-kv`).
   */
  static async open(
    pathOrKv?: string | KvHandle | undefined,
    options: DenoKvOutboxOptions = {},
  ): Promise<DenoKvOutbox> {
    checkOptions("a DenoKvOutbox", options, [
      "maxEntries",
      "maxBytes",
      "maxAnswers",
      "maxAnswerAgeMs",
      "namespace",
      "clock",
    ]);
    checkTools(options);
    const limits = { ...limitsOf(options), maxBytes: wholeNumber("maxBytes", options.maxBytes ?? 256 * 2 ** 20) };
    const namespace = namespaceOf(options.namespace ?? "vantage_outbox");
    const kv = typeof pathOrKv === "object" ? pathOrKv : await openKv(pathOrKv);
    const opened = kv === pathOrKv ? undefined : kv;
    const queues = new KvOutboxQueues(new KvDatabase(kv, namespace), limits, options.clock ?? systemClock);
    try {
      await queues.sweep();
    } catch (error) {
      opened?.close();
      throw error;
    }
    return new DenoKvOutbox(queues, limits.maxBytes, opened);
  }

  async append(queue: string, writes: readonly StoredWrite[]): Promise<readonly number[]> {
    const added = newWrites(writes, this.#maxBytes);
    return added.length === 0 ? [] : await this.#guard("keep a write", () => this.#queues.append(queue, added));
  }

  load(queue: string, after: number, limit: number): Promise<readonly (OutboxEntry | UnreadableEntry)[]> {
    return this.#guard("load writes", () => this.#queues.load(queue, after, limit));
  }

  lease(queue: string, holder: string, now: number, forMs: number): Promise<number | undefined> {
    return this.#guard("lease a queue", () => this.#queues.lease(queue, { holder, now, forMs }));
  }

  release(queue: string, term: number): Promise<void> {
    return this.#guard("release a queue", () => this.#queues.release(queue, term));
  }

  mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): Promise<boolean> {
    return this.#guard("mark writes", () => this.#queues.mark(queue, { term, marks, now }));
  }

  remove(queue: string, id: string): Promise<boolean> {
    return this.#guard("remove a write", () => this.#queues.remove(queue, id));
  }

  retry(queue: string, id: string): Promise<boolean> {
    return this.#guard("retry a write", () => this.#queues.retry(queue, id));
  }

  answers(queue: string, holder: string): Promise<readonly OutboxAnswer[]> {
    return this.#guard("take answers", () => this.#queues.answers(queue, holder));
  }

  /** Closes the database, if `open` opened one. Idempotent. */
  close(): Promise<void> {
    if (!this.#closed) this.#opened?.close();
    this.#closed = true;
    return Promise.resolve();
  }

  /** Errors of Deno KV have no code, so any of them may be gone the next time. */
  async #guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ClosedError(`Cannot ${what}: the outbox is closed`);
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof TableError) throw cause;
      throw new OutboxError(`Cannot ${what} in the outbox: Deno KV failed`, { cause, retriable: true });
    }
  }
}
