import type { Cache, CachedRows, Fence, LogRecord, MaybePromise, Rows } from "@vantage/live";
import type { Scheduler } from "./scheduler.ts";

/** The behaviour of a cache. */
export interface CacheOptions {
  readonly scheduler: Scheduler;
  /** The storage that all processes share. */
  readonly storage: Cache;
  readonly name: string;
  /** Whether it is asynchronous. */
  readonly async: boolean;
  /** Whether it passes on the log of the storage, if that keeps one. */
  readonly logs: boolean;
  /** Whether the next call of this name fails. */
  readonly fails: (call: string) => boolean;
  /** Called with the entry to store; the returned function is called with whether it was stored. */
  readonly onPut: (rows: Rows) => (stored: boolean) => void;
  /**
   * Called when an invalidation is requested, and again, `done`, when the storage has dropped everything under the
   * prefix.
   */
  readonly onInvalidation: (prefix: string, done: boolean) => void;
  /** The same for a record to log. */
  readonly onLog: (record: LogRecord, done: boolean) => void;
}

/** The storage as seen by one process: with latency both ways, and calls that fail before or after their effect. */
export class SimCache implements Cache {
  /** The number of failed calls. */
  failures = 0;
  /** The number of calls. */
  calls = 0;
  /** Whether a fence failed. */
  fenceFailures = 0;
  readonly log: Cache["log"];
  readonly share: Cache["share"];
  readonly #options: CacheOptions;
  #dead = false;
  #frozen = false;
  #stopped: (() => void)[] = [];

  constructor(options: CacheOptions) {
    this.#options = options;
    const { storage, logs, onLog } = options;
    this.share = storage.share?.bind(storage);
    const log = logs ? storage.log?.bind(storage) : undefined;
    this.log = log && ((scope, record) => {
      onLog(record, false);
      return this.#call(`log ${record.kind}`, scope, () => {
        const fence = log(scope, record);
        onLog(record, true);
        return fence;
      });
    });
  }

  get(key: string): MaybePromise<CachedRows | undefined> {
    return this.#call("get", key, () => this.#options.storage.get(key));
  }

  fence(key: string): MaybePromise<Fence> {
    return this.#call("fence", key, () => this.#options.storage.fence(key));
  }

  put(key: string, rows: CachedRows, fence?: Fence): MaybePromise<boolean> {
    const { storage, onPut } = this.#options;
    const onStored = onPut(rows.rows);
    return this.#call("put", key, () => {
      const stored = storage.put(key, rows, fence);
      onStored(stored === true);
      return stored;
    });
  }

  invalidatePrefix(prefix: string): MaybePromise<void> {
    const { storage, onInvalidation } = this.#options;
    onInvalidation(prefix, false);
    return this.#call("invalidate", prefix, () => {
      const dropped = storage.invalidatePrefix(prefix);
      onInvalidation(prefix, true);
      return dropped;
    });
  }

  /** Freezes the cache: calls do not start, and new calls get no answer. */
  freeze(): void {
    this.#frozen = true;
  }

  /** Continues the frozen calls, after all deadlines. */
  thaw(): void {
    this.#frozen = false;
    for (const goOn of this.#stopped.splice(0)) goOn();
  }

  /** Its process has died: calls in flight may still reach the storage, but get no answer. */
  die(): void {
    this.#dead = true;
    this.#stopped = [];
  }

  #call<T>(call: string, key: string, effect: () => MaybePromise<T>): MaybePromise<T> {
    const { name, async } = this.#options;
    if (this.#dead) return never();
    this.calls++;
    const label = `${name}: ${call} ${key}`;
    if (this.#frozen) return this.#whenThawed(call, label, effect);
    return async ? this.#later(call, label, effect) : this.#now(call, label, effect);
  }

  #now<T>(call: string, label: string, effect: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#options.fails(`${label} before`)) return this.#fail(call);
    const answer = effect();
    return this.#options.fails(`${label} after`) ? this.#fail(call) : answer;
  }

  async #whenThawed<T>(call: string, label: string, effect: () => MaybePromise<T>): Promise<T> {
    await new Promise<void>((resolve) => this.#stopped.push(resolve));
    return await this.#later(call, label, effect);
  }

  async #later<T>(call: string, label: string, effect: () => MaybePromise<T>): Promise<T> {
    const { scheduler } = this.#options;
    const answer = await scheduler.op(
      label,
      () => this.#options.fails(`${label} before`) ? this.#fail(call) : effect(),
      // What fails is answered at once.
      this.#options.name,
    );
    if (this.#dead) return await never();
    return await scheduler.op(`${label} answers`, () => {
      if (this.#dead) return never<T>();
      return this.#options.fails(`${label} after`) ? this.#fail(call) : answer;
    }, this.#options.name);
  }

  #fail(call: string): never {
    this.failures++;
    if (call === "fence") this.fenceFailures++;
    throw new Error(`${call} failed`);
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
