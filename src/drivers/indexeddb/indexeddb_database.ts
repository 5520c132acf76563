import type { Clock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { isError } from "../../base/realm.ts";
import { withinTime } from "../../base/within_time.ts";
import { ClosedError } from "../../table/errors.ts";
import {
  answerOf,
  type IdbDurability,
  type IdbHandle,
  type IdbMode,
  type IdbStore,
  type IdbTransaction,
  requestDatabase,
} from "./indexeddb_api.ts";

/** What an {@linkcode IdbDatabase} works with. */
export interface IdbDatabaseOptions {
  readonly name: string;
  /** Creates the stores of a new database. */
  readonly create: (handle: IdbHandle) => void;
  /** Of what is written. */
  readonly durability: IdbDurability;
  /** How long opening and each step may take. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * The name of the database of a cache or an outbox. The version is in the name: to upgrade a database would wait until every tab has
 * closed the old one, and a frozen tab does not.
 *
 * @throws {TypeError} if `name` is not a text, or empty.
 */
export function databaseName(name: unknown, kind: "cache" | "outbox"): string {
  if (typeof name === "string" && name !== "") return `vantage_live/${name}/${kind}/1`;
  throw new TypeError(`The name of the database must be a text that is not empty, got ${describe(name)}`);
}

/** The stores of a transaction, by name. */
export type IdbStores = (name: string) => IdbStore;

/**
 * A database that is opened again if the browser closes it, as it does to suspend a page, to clear data or for lack of memory:
 * the handle never heals by itself. The step that finds it closed is done once more.
 */
export class IdbDatabase {
  readonly #options: IdbDatabaseOptions;
  #handle: Promise<IdbHandle> | undefined;
  /** The one that was opened last. */
  #current: IdbHandle | undefined;
  #closed = false;

  constructor(options: IdbDatabaseOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Opens the database, if it is not open. */
  async open(): Promise<void> {
    await this.#opened();
  }

  /**
   * Does something in one transaction, and resolves once that is complete. If it fails, or takes too long, it has no effect.
   * `work` must not wait for anything but the requests of these stores: the transaction would end.
   */
  async step<T>(stores: readonly string[], mode: IdbMode, work: (store: IdbStores) => Promise<T>): Promise<T> {
    const handle = await this.#opened();
    try {
      return await this.#try(handle, stores, mode, work);
    } catch (error) {
      // The browser has closed it.
      if (this.#closed || await this.#handle === handle) throw error;
      return await this.#try(await this.#opened(), stores, mode, work);
    }
  }

  /** Closes the database. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#leave();
  }

  #opened(): Promise<IdbHandle> {
    if (this.#closed) return Promise.reject(new ClosedError("The database is closed"));
    if (this.#handle !== undefined) return this.#handle;
    const opening = this.#handle = this.#open();
    opening.catch(() => {
      if (this.#handle === opening) this.#handle = undefined;
    });
    return opening;
  }

  async #open(): Promise<IdbHandle> {
    const { name, create, timeoutMs, clock } = this.#options;
    const request = requestDatabase(name);
    request.onupgradeneeded = () => create(request.result);
    const opening = answerOf(request);
    try {
      const handle = this.#current = await withinTime(opening, { timeoutMs }, clock);
      handle.onclose = handle.onversionchange = () => this.#lost(handle);
      return handle;
    } catch (error) {
      opening.then((handle) => handle.close(), () => {});
      throw error;
    }
  }

  #leave(): void {
    const left = this.#handle;
    this.#handle = this.#current = undefined;
    left?.then((handle) => handle.close(), () => {});
  }

  /** A handle is of no use any more. What one says after the next was opened comes too late. */
  #lost(handle: IdbHandle): void {
    if (this.#current === handle) this.#leave();
  }

  async #try<T>(
    handle: IdbHandle,
    stores: readonly string[],
    mode: IdbMode,
    work: (store: IdbStores) => Promise<T>,
  ): Promise<T> {
    const { durability, timeoutMs, clock } = this.#options;
    let transaction: IdbTransaction;
    try {
      transaction = handle.transaction(stores, mode, { durability });
    } catch (error) {
      this.#lost(handle);
      throw error;
    }
    const completing = completed(transaction, work, () => this.#lost(handle));
    try {
      return await withinTime(completing, { timeoutMs }, clock);
    } catch (error) {
      if (abort(transaction)) throw error;
      return await completing;
    }
  }
}

/**
 * The answer of some work, once its transaction is complete. `onLost` is called if the browser aborts that to close the database,
 * which it says only later.
 */
function completed<T>(
  transaction: IdbTransaction,
  work: (store: IdbStores) => Promise<T>,
  onLost: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = work((name) => transaction.objectStore(name));
    // If it is over already, it says why.
    done.catch((error) => abort(transaction) && reject(error));
    transaction.oncomplete = () => done.then(resolve, reject);
    transaction.onabort = () => {
      const { error } = transaction; // There is none where the abort is ours.
      // For lack of room it is only here that it fails.
      if (isError(error) && error.name !== "QuotaExceededError") onLost();
      reject(error ?? new DOMException("The transaction was aborted", "AbortError"));
    };
  });
}

/** Undoes all that was done, unless it is over: then there is no telling before it says so. */
function abort(transaction: IdbTransaction): boolean {
  try {
    transaction.abort();
    return true;
  } catch {
    return false;
  }
}
