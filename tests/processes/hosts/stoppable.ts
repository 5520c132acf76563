import type { Cache, CachedRows, Fence, LogRecord, Query, TableLike } from "@vantage/live";
import type { StopAt } from "./host_talk.ts";
import type { TableName } from "./shop_tables.ts";

/** Where a process stops next, so that it can be killed there. */
export class Stops {
  readonly #onStopped: (at: StopAt) => void;
  readonly #next: () => number;
  #at: StopAt | undefined;
  #table: TableName | undefined;
  #isBefore = false;

  /** `next` draws a number from 0 to 1; `onStopped` is called when something has stopped. */
  constructor(next: () => number, onStopped: (at: StopAt) => void) {
    this.#next = next;
    this.#onStopped = onStopped;
  }

  /** From now on the first thing of a kind in a table stops: before it is done, or before its answer is there. */
  at(at: StopAt, table: TableName): void {
    this.#at = at;
    this.#table = table;
    // A write that the master has not made is none.
    this.#isBefore = at !== "intent" && this.#next() < 0.5;
  }

  /** Does something, unless it stops for ever. */
  async pass<T>(at: StopAt, table: string, work: () => T | PromiseLike<T>): Promise<T> {
    if (this.#isAt(at, table) && this.#isBefore) await this.#stop(at);
    const done = await work();
    if (this.#isAt(at, table)) await this.#stop(at);
    return done;
  }

  #isAt(at: StopAt, table: string): boolean {
    return this.#at === at && this.#table === table;
  }

  #stop(at: StopAt): Promise<never> {
    this.#at = undefined;
    this.#onStopped(at);
    return new Promise(() => {});
  }
}

/** The same master, whose reads and writes can stop. */
export function stoppableMaster(master: TableLike, stops: Stops): TableLike {
  const over = (table: TableLike): TableLike =>
    new Proxy(table, {
      get: (_, name) => {
        const member: unknown = Reflect.get(table, name);
        if (typeof member !== "function") return member;
        if (name === "withQuery") return (query: Query) => over(table.withQuery(query));
        const at = READS.has(name) ? "miss" : WRITES.has(name) ? "intent" : undefined;
        const call = (...args: unknown[]): unknown => Reflect.apply(member, table, args);
        return at === undefined ? call : (...args: unknown[]) => stops.pass(at, master.tableName, () => call(...args));
      },
    });
  return over(master);
}

const READS: ReadonlySet<string | symbol> = new Set(["listValues", "getValue"]);
const WRITES: ReadonlySet<string | symbol> = new Set(["patchValue", "insertValue", "delete", "writeMany"]);

/** A cache in front of another one, whose invalidations and records can stop. */
export class StoppableCache implements Cache {
  readonly logOf: Cache;
  readonly log: Cache["log"];
  readonly onChanged: Cache["onChanged"];
  readonly #stops: Stops;

  constructor(cache: Cache, stops: Stops) {
    this.logOf = cache;
    this.#stops = stops;
    this.onChanged = cache.onChanged?.bind(cache);
    const log = cache.log?.bind(cache);
    this.log = log &&
      ((scope: string, record: LogRecord) =>
        record.kind === "change" ? stops.pass("log", tableOf(scope), () => log(scope, record)) : log(scope, record));
  }

  get(key: string): ReturnType<Cache["get"]> {
    return this.logOf.get(key);
  }

  fence(key: string): ReturnType<Cache["fence"]> {
    return this.logOf.fence(key);
  }

  put(key: string, rows: CachedRows, fence?: Fence): ReturnType<Cache["put"]> {
    return this.logOf.put(key, rows, fence);
  }

  invalidatePrefix(prefix: string): Promise<void> {
    return this.#stops.pass("invalidate", tableOf(prefix), () => this.logOf.invalidatePrefix(prefix));
  }
}

/** The table of a scope. */
function tableOf(scope: string): string {
  return scope.replace(/\/.*$/, "");
}
