/** The types of Cloudflare's runtime, as @cloudflare/workers-types words them, as far as they are used here. */

export interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

export interface DurableObjectState {
  readonly id: DurableObjectId;
  readonly storage: DurableObjectStorage;
  waitUntil(promise: Promise<unknown>): void;
  blockConcurrencyWhile<T>(callback: () => Promise<T>): Promise<T>;
  abort(reason?: string): void;
}

export interface DurableObjectId {
  readonly name?: string;
}

export interface DurableObjectStorage {
  readonly sql: SqlStorage;
  transactionSync<T>(callback: () => T): T;
  deleteAll(): Promise<void>;
}

export type SqlStorageValue = ArrayBuffer | string | number | null;

export interface SqlStorage {
  // deno-lint-ignore no-explicit-any -- as it stands there
  exec<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: any[]): SqlStorageCursor<T>;
}

export interface SqlStorageCursor<T extends Record<string, SqlStorageValue>> {
  toArray(): T[];
  one(): T;
}

export interface DurableObjectNamespace {
  getByName(name: string): { fetch(request: Request): Promise<Response> };
}
