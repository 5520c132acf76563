import { disposeByClosing } from "../../base/async_dispose.ts";
import { checkOptions, checkTools } from "../../base/check_options.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { isError } from "../../base/realm.ts";
import { rememberSelf } from "../../base/self.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { LeaseRequest } from "../../outbox/lease.ts";
import type {
  Outbox,
  OutboxAnswer,
  OutboxEntry,
  OutboxMark,
  StoredWrite,
  UnreadableEntry,
} from "../../outbox/outbox.ts";
import { limitsOf, type OutboxBounds } from "../../outbox/outbox_bounds.ts";
import { toStoredWrite } from "../../outbox/stored_write.ts";
import { OutboxError, TableError } from "../../table/errors.ts";
import type { IdbDurability } from "./indexeddb_api.ts";
import { databaseName, IdbDatabase } from "./indexeddb_database.ts";
import { createOutboxStores, IdbOutboxStore } from "./indexeddb_outbox_store.ts";
import { appear, depart, isGone } from "./indexeddb_presence.ts";

/** Options of an {@linkcode IndexedDbOutbox}. */
export interface IndexedDbOutboxOptions extends OutboxBounds {
  /**
   * When a write counts as kept: default `"strict"`: once it is on the disk, so that it survives a loss of power. With `"relaxed"` it
   * survives a crash of the browser, but the last of it may be lost with the power.
   */
  readonly durability?: IdbDurability | undefined;
  /** How long opening the database, and each step, may take, in milliseconds; default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** Where the time comes from; default the system's. */
  readonly clock?: Clock | undefined;
}

const KNOWN = {
  maxEntries: true,
  maxAnswers: true,
  maxAnswerAgeMs: true,
  durability: true,
  timeoutMs: true,
  clock: true,
} satisfies Record<keyof IndexedDbOutboxOptions, true>;

/**
 * An outbox in IndexedDB, which all tabs of an origin share: any tab accepts writes, and one of them sends. A write is accepted once
 * it is on the disk (`strict`). If the tab that sends is closed or crashes, the next one that looks takes over at once; if it is frozen,
 * when its lease ends. What it does when it wakes up has no effect.
 *
 * If the disk is full, a write is refused with an `OutboxError`, and a `LiveTable` sends it all the same: `accepted` says that it is not
 * kept. Each step that fails, or takes too long, has no effect. The browser may delete the database of a page that is not used for
 * weeks, unless `navigator.storage.persist()` was granted.
 *
 * @example Where writes cannot be kept, they are sent all the same
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { IndexedDbOutbox } from "@vantage/live/indexeddb";
 *
 * const outbox = await IndexedDbOutbox.open("marty/shop").catch((error) => {
 *   console.info(error.message); // say it to the user: what is written offline is lost with the page
 *   return undefined;
 * });
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache(), { outbox });
 * await products.insertValue("a", { name: "Bun" });
 * await outbox?.close();
 * ```
 */
export class IndexedDbOutbox implements Outbox, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** `true`: other tabs may use the same queues. */
  readonly shared = true;
  readonly #db: IdbDatabase;
  readonly #store: IdbOutboxStore;

  private constructor(db: IdbDatabase, store: IdbOutboxStore) {
    disposeByClosing(IndexedDbOutbox.prototype);
    rememberSelf(this, IndexedDbOutbox);
    this.#db = db;
    this.#store = store;
  }

  /**
   * Opens the outbox with this name, which is created if missing. Writes are sent by the page that opens it, so the name should have
   * the user's in it.
   *
   * @throws {TypeError} if the name is not a text, or empty; or if an option is unknown.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   * @throws {OutboxError} if the database cannot be opened, or not in time.
   * @throws {UnsupportedError} if there is no IndexedDB.
   */
  static async open(name: string, options: IndexedDbOutboxOptions = {}): Promise<IndexedDbOutbox> {
    checkOptions("an IndexedDbOutbox", options, Object.keys(KNOWN));
    checkTools(options);
    const { maxEntries, maxAnswers, maxAnswerAgeMs, clock = systemClock } = options;
    const limits = limitsOf({ maxEntries, maxAnswers, maxAnswerAgeMs });
    const timeoutMs = wholeNumber("timeoutMs", options.timeoutMs ?? 10_000);
    const durability = durabilityOf(options.durability);
    const database = databaseName(name, "outbox");
    const db = new IdbDatabase({ name: database, create: createOutboxStores, durability, timeoutMs, clock });
    await guard("open it", db.open());
    return new IndexedDbOutbox(db, new IdbOutboxStore(db, limits));
  }

  async append(queue: string, writes: readonly StoredWrite[]): Promise<readonly number[]> {
    return await guard("keep a write", this.#store.append(queue, writes.map(toStoredWrite)));
  }

  load(queue: string, after: number, limit: number): Promise<readonly (OutboxEntry | UnreadableEntry)[]> {
    return guard("load writes", this.#store.load(queue, after, limit));
  }

  lease(queue: string, holder: string, now: number, forMs: number): Promise<number | undefined> {
    return guard("lease a queue", this.#lease(queue, { holder, now, forMs }));
  }

  release(queue: string, term: number): Promise<void> {
    return guard("release a queue", this.#release(queue, term));
  }

  mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): Promise<boolean> {
    return guard("mark writes", this.#store.mark(queue, term, marks, now));
  }

  remove(queue: string, id: string): Promise<boolean> {
    return guard("remove a write", this.#store.remove(queue, id));
  }

  retry(queue: string, id: string): Promise<boolean> {
    return guard("retry a write", this.#store.retry(queue, id));
  }

  answers(queue: string, holder: string): Promise<readonly OutboxAnswer[]> {
    return guard("take answers", this.#store.answers(queue, holder));
  }

  /** Closes the database. Idempotent. */
  close(): Promise<void> {
    this.#db.close();
    return Promise.resolve();
  }

  /** The lease of a holder whose page is gone has ended. */
  async #lease(queue: string, request: LeaseRequest): Promise<number | undefined> {
    const { holder } = request;
    await appear(this.#seenAs(queue, holder));
    let lease = await this.#store.lease(queue, request);
    if (lease.holder !== holder && await isGone(this.#seenAs(queue, lease.holder))) {
      lease = await this.#store.lease(queue, request, lease.term);
    }
    if (lease.holder === holder) return lease.term;
    depart(this.#seenAs(queue, holder));
    return undefined;
  }

  async #release(queue: string, term: number): Promise<void> {
    const holder = await this.#store.release(queue, term);
    if (holder !== undefined) depart(this.#seenAs(queue, holder));
  }

  #seenAs(queue: string, holder: string): string {
    return `${this.#db.name}/${queue}/${holder}`;
  }
}

function durabilityOf(option: IdbDurability = "strict"): IdbDurability {
  if (option === "strict" || option === "relaxed") return option;
  throw new TypeError(`durability must be "strict" or "relaxed", got ${describe(option)}`);
}

/** Errors of a step as errors of an outbox. */
async function guard<T>(what: string, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof TableError || !isError(error)) throw error;
    const reason = error.name === "QuotaExceededError" ? "there is no room" : error.message;
    throw new OutboxError(`Cannot ${what} in the outbox: ${reason}`, { cause: error, retriable: true });
  }
}
