import { UnsupportedError } from "../../table/errors.ts";

/** A request, as far as it is used. */
export interface IdbRequest<T = unknown> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

/** A range of keys. */
export interface IdbRange {
  includes(key: unknown): boolean;
}

/** A key, or a range of them. */
export type IdbQuery = string | number | IdbRange | readonly (string | number)[];

/** What can be read of a store or of an index. */
export interface IdbIndex {
  get(key: IdbQuery): IdbRequest;
  getAll(range?: IdbQuery | null, count?: number): IdbRequest<unknown[]>;
}

/** A store. */
export interface IdbStore extends IdbIndex {
  put(value: unknown, key?: IdbQuery): unknown;
  delete(query: IdbQuery): unknown;
  index(name: string): IdbIndex;
  createIndex(name: string, keyPath: string | readonly string[]): unknown;
}

/** A transaction. */
export interface IdbTransaction {
  readonly error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  objectStore(name: string): IdbStore;
  abort(): void;
}

/** An open database. */
export interface IdbHandle {
  onclose: (() => void) | null;
  onversionchange: (() => void) | null;
  createObjectStore(name: string, options?: { readonly keyPath: string | readonly string[] }): IdbStore;
  transaction(
    stores: readonly string[],
    mode: IdbMode,
    options: { readonly durability: IdbDurability },
  ): IdbTransaction;
  close(): void;
}

/** Whether a transaction writes. */
export type IdbMode = "readonly" | "readwrite";

/** When a transaction counts as complete: once the operating system has it, or once the disk has. */
export type IdbDurability = "relaxed" | "strict";

interface IdbOpenRequest extends IdbRequest<IdbHandle> {
  onupgradeneeded: (() => void) | null;
}

interface IdbGlobals {
  readonly indexedDB?: { open(name: string, version: number): IdbOpenRequest } | undefined;
  readonly IDBKeyRange?: IdbRanges | undefined;
}

interface IdbRanges {
  bound(lower: IdbKey, upper: IdbKey, lowerOpen?: boolean): IdbRange;
  lowerBound(lower: IdbKey): IdbRange;
}

type IdbKey = string | number | readonly (IdbKey)[];

const globals = globalThis as IdbGlobals; // As browsers have them.

/**
 * Asks for a database of version 1.
 *
 * @throws {UnsupportedError} if there is no IndexedDB here.
 */
export function requestDatabase(name: string): IdbOpenRequest {
  const { indexedDB } = globals;
  if (indexedDB === undefined || indexedDB === null) throw new UnsupportedError("There is no IndexedDB here");
  return indexedDB.open(name, 1);
}

/** The keys `[first, n]` with `n` above `after`. */
export function rangeAfter(first: string, after: number): IdbRange {
  return ranges().bound([first, after], [first, []], true);
}

/** The keys `[first, n]` with `n` up to `last`. */
export function rangeUpTo(first: string, last: number): IdbRange {
  return ranges().bound([first], [first, last]);
}

/** The keys from a text on. */
export function rangeFrom(text: string): IdbRange {
  return ranges().lowerBound(text);
}

function ranges(): IdbRanges {
  if (globals.IDBKeyRange === undefined) throw new UnsupportedError("There is no IndexedDB here");
  return globals.IDBKeyRange;
}

/** The answer to a request. */
export function answerOf<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
