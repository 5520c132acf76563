import { type OfflineConfig, startOfflineExecutor, type StorageAdapter } from "@tanstack/offline-transactions";
import { rowId, type WriteMaster } from "./write_master.ts";
import type { Writer } from "./writer.ts";

/** What is used of the version of `@tanstack/db` that `@tanstack/offline-transactions` brings along. */
type Db = Pick<typeof import("@tanstack/db"), "createCollection" | "localOnlyCollectionOptions">;

interface Product {
  readonly id: string;
  stock: number;
}

/** Where it is said that a transaction was stored, which the library does not tell. */
export interface Stored {
  readonly storage: StorageAdapter;
  /** Resolves when the next transaction is stored. */
  readonly next: () => Promise<void>;
}

/**
 * `@tanstack/offline-transactions`, as its documentation says: a collection, a function that sends a transaction to the
 * server, one transaction for each edit. It is the only tab, and online.
 */
export function offlineWriter(store: () => Stored = inMemory): Writer {
  return {
    name: "@tanstack/offline-transactions",
    open: async (master, rows) => {
      const { createCollection, localOnlyCollectionOptions } = await ownDb();
      const products = createCollection(localOnlyCollectionOptions({
        getKey: (row: Product) => row.id,
        initialData: Array.from({ length: rows }, (_, at) => ({ id: rowId(at), stock: -1 })),
      }));
      await products.preload();
      const { storage, next } = store();
      const executor = startOfflineExecutor({
        collections: { products: products as never }, // Of another version of its types.
        storage,
        mutationFns: {
          save: sending(master, (transaction) => products.utils.acceptMutations(transaction as never)),
        },
        leaderElection: ALONE,
        onlineDetector: ONLINE,
      });
      await executor.waitForInit();
      return {
        write: (at, value) => {
          const transaction = executor.createOfflineTransaction({ mutationFnName: "save", autoCommit: false });
          const stored = next();
          transaction.mutate(() => void products.update(rowId(at), (row) => void (row.stock = value)));
          transaction.commit().catch(() => {}); // It settles once the server has answered.
          return stored;
        },
        [Symbol.asyncDispose]: () => Promise.resolve(executor.dispose()),
      };
    },
  };
}

/** What sends a transaction to the server. */
type Sending = OfflineConfig["mutationFns"][string];

function sending(master: WriteMaster, accept: (transaction: unknown) => void): Sending {
  return async ({ transaction, idempotencyKey }) => {
    for (const { modified } of transaction.mutations) {
      await master.patch(String(modified["id"]), { stock: Number(modified["stock"]) }, idempotencyKey);
    }
    accept(transaction);
  };
}

/** Its transactions see only collections of the same copy of `@tanstack/db`. */
async function ownDb(): Promise<Db> {
  const here = import.meta.resolve("@tanstack/offline-transactions");
  return await import(new URL("../../node_modules/@tanstack/db/dist/esm/index.js", here).href);
}

const ALONE = {
  requestLeadership: () => Promise.resolve(true),
  releaseLeadership: () => {},
  isLeader: () => true,
  onLeadershipChange: () => () => {},
};
const ONLINE = { subscribe: () => () => {}, notifyOnline: () => {}, isOnline: () => true, dispose: () => {} };

function inMemory(): Stored {
  const values = new Map<string, string>();
  return telling({
    get: (key) => Promise.resolve(values.get(key) ?? null),
    set: (key, value) => Promise.resolve(void values.set(key, value)),
    delete: (key) => Promise.resolve(void values.delete(key)),
    keys: () => Promise.resolve([...values.keys()]),
    clear: () => Promise.resolve(values.clear()),
  });
}

/** A store that tells when each transaction was stored, in the order in which they were made. */
export function telling(storage: StorageAdapter): Stored {
  const waiting: (() => void)[] = [];
  let told = 0;
  return {
    storage: {
      ...storage,
      set: async (key, value) => {
        await storage.set(key, value);
        waiting[told++]?.();
      },
    },
    next: () => new Promise((resolve) => void waiting.push(resolve)),
  };
}
