import "fake-indexeddb/auto";
import { forceCloseDatabase } from "fake-indexeddb";
// How things are stored, and asked for, is no part of the library.
import {
  answerOf,
  type IdbHandle,
  type IdbRequest,
  type IdbStore,
  type requestDatabase,
} from "../../../src/drivers/indexeddb/indexeddb_api.ts";
import { databaseName } from "../../../src/drivers/indexeddb/indexeddb_database.ts";

interface Globals {
  indexedDB: { open(name: string, version: number): ReturnType<typeof requestDatabase> } | undefined;
}

const globals = globalThis as unknown as Globals; // As fake-indexeddb makes it.
const { indexedDB: fake } = globals;

let made = 0;

/** The name of a cache or an outbox that no other test uses. */
export function newName(): string {
  return `case ${++made}`;
}

/** Has another IndexedDB, or none, in place of the fake one while `use` runs. */
export async function withIndexedDb<T>(other: Globals["indexedDB"], use: () => Promise<T>): Promise<T> {
  globals.indexedDB = other;
  try {
    return await use();
  } finally {
    globals.indexedDB = fake;
  }
}

/** What opens databases, and remembers each handle. */
export function recordingHandles(handles: IdbHandle[]): Globals["indexedDB"] {
  return {
    open: (name) => {
      const request = requestOn(name);
      request.addEventListener("success", () => handles.push(request.result));
      return request;
    },
  };
}

/** The handle of the database of a cache or an outbox that exists, apart from those that the library has. */
export async function openHandle(name: string, kind: "cache" | "outbox"): Promise<IdbHandle> {
  return await answerOf(requestOn(databaseName(name, kind)));
}

/** Closes a handle as a browser does that runs out of memory. */
export function closeByForce(handle: IdbHandle): void {
  forceCloseDatabase(handle as never); // It is one of fake-indexeddb.
}

/** Deletes the database of a cache. */
export async function deleteCache(name: string): Promise<void> {
  const factory = globals.indexedDB as unknown as { deleteDatabase(name: string): IdbRequest }; // As every one has.
  await answerOf(factory.deleteDatabase(databaseName(name, "cache")));
}

/** Keeps a transaction that writes to a store open, as a frozen tab does, until the returned function is called. */
export async function occupy(handle: IdbHandle, store: string): Promise<() => void> {
  let isFrozen = true;
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const used = handle.transaction([store], "readwrite", { durability: "relaxed" }).objectStore(store);
  const goOn = (): void => {
    resolve();
    if (isFrozen) used.getAll().onsuccess = goOn;
  };
  goOn();
  await begun;
  return () => isFrozen = false;
}

/**
 * Has no room for what is put into a store, until the returned function is called, or something is deleted from the store
 * `drops`.
 */
export function fillDisk(handle: IdbHandle, store: string, drops?: string): () => void {
  const prototype: IdbStore = Object.getPrototypeOf(
    handle.transaction([store], "readonly", { durability: "relaxed" }).objectStore(store),
  );
  const { put, delete: remove } = prototype;
  let isFull = true;
  prototype.put = function (this: IdbStore & { readonly name: string }, ...args) {
    if (isFull && this.name === store) throw new DOMException("The quota has been exceeded", "QuotaExceededError");
    return put.apply(this, args);
  };
  prototype.delete = function (this: IdbStore & { readonly name: string }, query) {
    if (this.name === drops) isFull = false;
    return remove.call(this, query);
  };
  return () => void Object.assign(prototype, { put, delete: remove });
}

/**
 * Closes a handle by force in the midst of its transactions, in the order of the specification: they are aborted, and once they have said
 * so, the handle says that it is closed. The fake one by itself would let them end.
 */
export async function abortByForce(handle: IdbHandle): Promise<void> {
  const inside = handle as unknown as FakeInside; // What fake-indexeddb keeps.
  const working = inside._rawDatabase.transactions.filter(({ _state }) => _state !== "finished");
  inside._closePending = true;
  const told = working.map((each) => new Promise((resolve) => each.addEventListener("abort", resolve)));
  for (const each of working) each._abort("AbortError");
  await Promise.all(told);
  await new Promise((resolve) => setTimeout(resolve));
  closeByForce(handle);
}

interface FakeInside {
  _closePending: boolean;
  readonly _rawDatabase: {
    readonly transactions: readonly (EventTarget & { readonly _state: string; _abort(name: string): void })[];
  };
}

function requestOn(name: string): ReturnType<typeof requestDatabase> & EventTarget {
  if (fake === undefined) throw new Error("fake-indexeddb is not here");
  return fake.open.call(fake, name, 1) as ReturnType<typeof requestDatabase> & EventTarget; // As every request is.
}
