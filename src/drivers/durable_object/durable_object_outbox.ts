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
import { OutboxError, TableError } from "../../table/errors.ts";
import { isError } from "../../base/realm.ts";
import { createOutboxSchema, type SqliteSteps } from "../sqlite/sqlite_outbox_schema.ts";
import { SqliteOutboxStore } from "../sqlite/sqlite_outbox_store.ts";
import { type DurableObjectSql, runnerOf } from "./durable_object_sql.ts";

/** The part of a Durable Object's `ctx.storage` that is used here. */
export interface DurableObjectStorage {
  /** Its SQL storage. */
  readonly sql: DurableObjectSql;
  /** Runs a callback; if it throws, nothing of it takes effect. */
  transactionSync<T>(callback: () => T): T;
}

/** Options of a {@linkcode DurableObjectOutbox}. */
export interface DurableObjectOutboxOptions extends OutboxBounds {
  /** The most bytes of all writes, including ids and overhead; default 256 MiB. A write has at most 2 MB. */
  readonly maxBytes?: number | undefined;
}

/** Cloudflare's limit for a row. The actual limit is slightly higher, which leaves room for the ids. */
const MAX_WRITE_BYTES = 2_000_000;

/**
 * An outbox in its own tables (`vantage_outbox_…`) of a Durable Object's SQLite storage. It answers synchronously; the
 * runtime holds back everything that the object sends until what it has stored is durable.
 *
 * A write of more than 2 MB, the limit of a row there, is refused. The tables are created when first needed, also after a
 * `deleteAll()` of the storage, which takes the writes along. Tables of a newer version are refused and left alone.
 *
 * @example An outbox in a Durable Object
 * ```ts
 * import { isUnreadable } from "@vantage/live";
 * import { DurableObjectOutbox, type DurableObjectStorage } from "@vantage/live/durable-object";
 * import assert from "node:assert/strict";
 * import { DatabaseSync, type SQLInputValue } from "node:sqlite";
 *
 * class Products { // extends DurableObject
 *   readonly outbox: DurableObjectOutbox;
 *
 *   constructor(ctx: { storage: DurableObjectStorage }) {
 *     this.outbox = new DurableObjectOutbox(ctx.storage);
 *   }
 * }
 *
 * // Provided by Cloudflare. Elsewhere, any object of this shape works.
 * const db = new DatabaseSync(":memory:");
 * const storage: DurableObjectStorage = {
 *   sql: {
 *     exec: (query: string, ...bindings: SQLInputValue[]) => ({ toArray: () => db.prepare(query).all(...bindings) }),
 *   },
 *   transactionSync: (callback) => callback(),
 * };
 *
 * const { outbox } = new Products({ storage });
 * outbox.append("marty/products", [{
 *   id: "w1",
 *   op: { kind: "delete", id: "bun" },
 *   within: {},
 *   rowId: "bun",
 *   acceptedAt: 1_700_000_000_000,
 *   acceptedBy: "this object",
 * }]);
 *
 * const [entry] = new Products({ storage }).outbox.load("marty/products", 0, 100); // evicted and created again
 * assert(entry !== undefined && !isUnreadable(entry));
 * assert.equal(entry.write.id, "w1");
 * ```
 */
export class DurableObjectOutbox implements Outbox {
  /** `false`: one object at a time uses the storage. */
  readonly shared = false;
  readonly #steps: SqliteSteps;
  readonly #store: SqliteOutboxStore;
  #isReady = false;

  /**
   * Creates an outbox in the storage of an object, its `ctx.storage`.
   *
   * @throws {TypeError} if `storage` has no `sql` or no `transactionSync`.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   */
  constructor(storage: DurableObjectStorage, options: DurableObjectOutboxOptions = {}) {
    rememberSelf(this, DurableObjectOutbox);
    if (typeof storage?.sql?.exec !== "function" || typeof storage.transactionSync !== "function") {
      throw new TypeError(`storage must be the ctx.storage of a Durable Object with SQLite, got ${describe(storage)}`);
    }
    checkOptions("a DurableObjectOutbox", options, ["maxEntries", "maxBytes", "maxAnswers", "maxAnswerAgeMs"]);
    const maxBytes = wholeNumber("maxBytes", options.maxBytes ?? 256 * 2 ** 20);
    const limits = { ...limitsOf(options), maxBytes, maxWriteBytes: Math.min(maxBytes, MAX_WRITE_BYTES) };
    this.#steps = { ...runnerOf(storage.sql), inTransaction: (work) => storage.transactionSync(work) };
    this.#store = new SqliteOutboxStore(this.#steps, limits, true);
  }

  append(queue: string, writes: readonly StoredWrite[]): readonly number[] {
    const added = this.#store.newRows(queue, writes);
    return this.#guard("keep a write", () => this.#store.append(queue, added));
  }

  load(queue: string, after: number, limit: number): readonly (OutboxEntry | UnreadableEntry)[] {
    return this.#guard("load writes", () => this.#store.load(queue, after, limit));
  }

  lease(queue: string, holder: string, now: number, forMs: number): number | undefined {
    return this.#guard("lease a queue", () => this.#store.lease(queue, holder, now, forMs));
  }

  release(queue: string, term: number): void {
    this.#guard("release a queue", () => this.#store.release(queue, term));
  }

  mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): boolean {
    return this.#guard("mark writes", () => this.#store.mark(queue, term, marks, now));
  }

  remove(queue: string, id: string): boolean {
    return this.#guard("remove a write", () => this.#store.remove(queue, id));
  }

  retry(queue: string, id: string): boolean {
    return this.#guard("retry a write", () => this.#store.retry(queue, id));
  }

  answers(queue: string, holder: string): readonly OutboxAnswer[] {
    return this.#guard("take answers", () => this.#store.answers(queue, holder));
  }

  #guard<T>(what: string, work: () => T): T {
    try {
      return this.#run(work);
    } catch (error) {
      if (isTyped(error)) throw error;
      const reason = isError(error) ? error.message : "the storage failed";
      throw new OutboxError(`Cannot ${what} in the outbox: ${reason}`, { cause: error, retriable: true });
    }
  }

  /**
   * Runs `work` once the tables are there. If it fails, looks for them again and runs it once more, since they may have
   * been deleted, and errors there have no code that says so.
   */
  #run<T>(work: () => T): T {
    if (this.#isReady) {
      try {
        return work();
      } catch (error) {
        if (isTyped(error)) throw error;
      }
    }
    createOutboxSchema(this.#steps);
    this.#isReady = true;
    return work();
  }
}

function isTyped(error: unknown): boolean {
  return error instanceof TableError || error instanceof TypeError;
}
