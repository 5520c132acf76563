import {
  NotFoundError,
  type Query,
  RejectedError,
  type Row,
  type RowEntry,
  type SourceCall,
  type TableSource,
  UnavailableError,
} from "@vantage/live";
import type { Chance } from "./chance.ts";
import type { Verdict } from "./laws.ts";
import type { Scheduler } from "./scheduler.ts";

/** A row at the master. Each write has a unique mark. */
export interface Held {
  readonly mark: string;
  readonly even: boolean;
}

/** The table at one moment. */
export type State = ReadonlyMap<string, Held>;

/** One read of the master. */
export interface Origin {
  readonly startTick: number;
  readonly startMs: number;
  /** The state that it saw. */
  readonly seq: number;
  /** When the answer arrived. */
  readonly answeredTick: number;
  /** Whether its signal had been aborted before. */
  readonly abandoned: boolean;
}

/** How the master treats a write. */
export type Treatment = "applied" | "refused" | "unavailable" | "lost";

/** The outcome of a write at the master. */
export interface Applied {
  readonly tick: number;
  readonly seq: number;
}

/** The behaviour of the master. */
export interface MasterOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly verdict: Verdict;
  /** How old a read may be, in milliseconds. */
  readonly lagMs: number;
  /** How often a read fails. */
  readonly failureRate: number;
  /** Called before a read, to check whether another read of the same key may be in flight. */
  readonly onRead: (owner: string, key: string) => () => void;
}

/** A row in every list that identifies the read that answered. */
export const STAMP = "~";

/** A count identifies its read by the part above this: sets here are smaller. */
const COUNT_BOUND = 2 ** 20;

/** The read that a count came from. */
export function readOf(count: number): number {
  return Math.floor(count / COUNT_BOUND);
}

/** The size of the set in a count. */
export function sizeOf(count: number): number {
  return count % COUNT_BOUND;
}

/**
 * The master: all its states, with latency both ways, lagging replicas, refusals, failures, and answers that are lost
 * after a write was applied.
 */
export class SimMaster {
  readonly states: { readonly state: State; readonly atMs: number }[] = [{ state: new Map(), atMs: -Infinity }];
  readonly origins: Origin[] = [];
  readonly applied: Map<string, Applied> = new Map();
  calm = false;
  readonly #options: MasterOptions;
  readonly #treatments = new Map<string, Treatment>();
  readonly #dead = new Set<string>();
  /** The signals of the reads in flight, by owner. */
  readonly #underWay = new Map<string, Set<AbortSignal>>();
  /** The number of the last write that arrived from each owner. */
  readonly #arrived = new Map<string, number>();
  #ids = 0;

  constructor(options: MasterOptions) {
    this.#options = options;
  }

  /** The number of the current state. */
  get seq(): number {
    return this.states.length - 1;
  }

  /** The current state. */
  get state(): State {
    return this.stateAt(this.seq);
  }

  stateAt(seq: number): State {
    return this.states[seq]?.state ?? new Map();
  }

  /** Decides how the write with this mark will be treated. */
  treat(mark: string, treatment: Treatment): void {
    this.#treatments.set(mark, treatment);
  }

  /** Drops the calls of a dead owner: it gets no answers, and calls that have not left it do not arrive. */
  bury(owner: string): void {
    this.#dead.add(owner);
    this.#underWay.delete(owner);
  }

  /** How many reads of an owner are in flight whose signals are not aborted. */
  waitedFor(owner: string): number {
    return [...this.#underWay.get(owner) ?? []].filter((signal) => !signal.aborted).length;
  }

  /** Applies a write at once. Nothing changes if `edit` throws. */
  change<T>(mark: string, edit: (rows: Map<string, Held>) => T): T {
    const rows = new Map(this.state);
    const answer = edit(rows);
    this.states.push({ state: rows, atMs: this.#options.scheduler.nowMs });
    this.#options.verdict.check(6, !this.applied.has(mark), () => `the write ${mark} was applied twice`);
    this.applied.set(mark, { tick: this.#options.scheduler.tick(), seq: this.seq });
    return answer;
  }

  /** The master as seen by a table that only reads. */
  reader(owner: string): TableSource {
    return {
      name: "t",
      capabilities: { page: true, where: ["eq"] },
      scoped: true,
      list: (call) => this.#list(owner, call),
      get: (id, call) => this.#get(owner, id, call),
      count: (call) => this.#count(owner, call),
    };
  }

  /** The master as seen by one table. */
  source(owner: string): TableSource {
    return {
      ...this.reader(owner),
      insert: (id, row, call) =>
        this.#write(owner, `insert ${id}`, call, (rows) => put(rows, id, rows.get(id) ?? heldOf(row))),
      replace: (id, row, call) => this.#write(owner, `replace ${id}`, call, (rows) => put(rows, id, heldOf(row))),
      patch: (id, partial, call) =>
        this.#write(owner, `patch ${id}`, call, (rows) => {
          const before = rows.get(id);
          if (before === undefined || !matches(before, call.query)) throw new NotFoundError(`There is no row ${id}`);
          return put(rows, id, { ...before, mark: String(partial.mark) });
        }),
      delete: (id, call) =>
        this.#write(owner, `delete ${id}`, call, (rows) => {
          const before = rows.get(id);
          if (before !== undefined && matches(before, call.query)) rows.delete(id);
        }),
      deleteAll: (call) =>
        this.#write(owner, "delete all", call, (rows) => {
          for (const [id, held] of rows) if (matches(held, call.query)) rows.delete(id);
        }),
      insertReturnId: (row, call) =>
        this.#write(owner, "insert", call, (rows) => {
          const id = `n${++this.#ids}`;
          put(rows, id, heldOf(row));
          return id;
        }),
    };
  }

  async #list(owner: string, call: SourceCall): Promise<readonly RowEntry[]> {
    const key = `list ${viewName(call.query)}`;
    return await this.#read(owner, key, call, (seq, stamp) => [
      [STAMP, stamp],
      ...viewOf(this.stateAt(seq), call.query).map(([id, held]): RowEntry => [id, rowOf(held)]),
    ]);
  }

  async #get(owner: string, id: string, call: SourceCall): Promise<Row | undefined> {
    return await this.#read(owner, `get ${id} ${viewName(call.query)}`, call, (seq, stamp) => {
      const held = this.stateAt(seq).get(id);
      return held === undefined || !matches(held, call.query) ? undefined : { ...rowOf(held), ...stamp };
    });
  }

  /** Counts are not shared: any number of them may be in flight. */
  async #count(owner: string, call: SourceCall): Promise<number> {
    const { query } = call;
    const look = (seq: number, { read }: Stamp): number => viewOf(this.stateAt(seq), query).length + read * COUNT_BOUND;
    return await this.#answer(owner, `count ${viewName(query)}`, call, look);
  }

  async #read<T>(
    owner: string,
    key: string,
    call: SourceCall,
    look: (seq: number, stamp: Stamp) => T,
  ): Promise<T> {
    const answered = this.#options.onRead(owner, key);
    call.signal?.addEventListener("abort", answered, { once: true });
    try {
      return await this.#answer(owner, key, call, look);
    } finally {
      answered();
    }
  }

  async #answer<T>(
    owner: string,
    key: string,
    { signal }: SourceCall,
    look: (seq: number, stamp: Stamp) => T,
  ): Promise<T> {
    const { scheduler, verdict } = this.#options;
    if (this.#dead.has(owner)) return await never();
    verdict.check(11, signal?.aborted === false, () => `${owner} asked for ${key} without a signal, or too late`);
    const underWay = this.#underWay.get(owner) ?? new Set();
    if (signal !== undefined) this.#underWay.set(owner, underWay.add(signal));
    const [startTick, startMs] = [scheduler.tick(), scheduler.nowMs];
    const number = this.origins.length;
    this.origins.push({ startTick, startMs, seq: -1, answeredTick: Infinity, abandoned: false });
    const answer = await scheduler.op(`master: ${owner} ${key} arrives`, () => {
      const seq = this.#replica();
      this.origins[number] = { startTick, startMs, seq, answeredTick: Infinity, abandoned: false };
      return look(seq, { read: number });
    });
    await scheduler.op(`master: ${owner} ${key} is answered`, () => {
      if (signal !== undefined) underWay.delete(signal);
      const origin = this.origins[number];
      const abandoned = signal?.aborted === true;
      if (origin !== undefined) this.origins[number] = { ...origin, answeredTick: scheduler.tick(), abandoned };
      // Some masters check their signals, some do not.
      if (abandoned && number % 2 === 0) throw signal?.reason;
      if (this.#fails()) throw new UnavailableError("the read failed");
    });
    return this.#dead.has(owner) ? await never() : answer;
  }

  #fails(): boolean {
    const { chance, failureRate } = this.#options;
    return !this.calm && chance.happens(failureRate);
  }

  /** A replica that lags no more than allowed. */
  #replica(): number {
    const { scheduler, chance, lagMs } = this.#options;
    let oldest = this.seq;
    while (oldest > 0 && (this.states[oldest]?.atMs ?? 0) > scheduler.nowMs - lagMs) oldest--;
    return this.calm ? this.seq : oldest + chance.below(this.seq - oldest + 1);
  }

  async #write<T>(
    owner: string,
    what: string,
    { idempotencyKey: mark = "" }: SourceCall,
    edit: (rows: Map<string, Held>) => T,
  ): Promise<T> {
    const { scheduler } = this.#options;
    if (this.#dead.has(owner)) return await never();
    const treatment = this.#treatments.get(mark) ?? "applied";
    const label = `master: ${owner} ${what} ${mark}`;
    const answer = await scheduler.op(`${label} arrives`, () => {
      this.#checkOrder(owner, mark);
      if (treatment === "refused") throw new RejectedError("refused");
      if (treatment === "unavailable") throw new UnavailableError("unavailable");
      return this.change(mark, edit);
    });
    return await scheduler.op(`${label} is answered`, () => {
      if (this.#dead.has(owner)) return never<T>();
      if (treatment === "lost") throw new Error("the connection was lost");
      return answer;
    });
  }

  /** An older write that arrives later would undo the newer one. */
  #checkOrder(owner: string, mark: string): void {
    const number = Number(mark.slice(mark.lastIndexOf(".") + 1));
    const last = this.#arrived.get(owner) ?? 0;
    this.#options.verdict.check(5, number > last, () => `${mark} was overtaken by write ${last}`);
    this.#arrived.set(owner, number);
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** Identifies the read that an answer came from. */
type Stamp = { readonly read: number };

/** The rows of a view in one state, sorted. */
export function viewOf(state: State, query: Query): readonly (readonly [string, Held])[] {
  const rows = [...state].filter(([, held]) => matches(held, query)).sort(([a], [b]) => a < b ? -1 : 1);
  const { pagination } = query;
  if (pagination === undefined) return rows;
  // The stamp takes the place of one row.
  const size = pagination.limit - 1;
  return rows.slice((pagination.page - 1) * size, pagination.page * size);
}

/** The content of a row. Only some rows hold a date, which is copied for each reader since it cannot be frozen. */
export function rowOf({ mark, even }: Held): Row {
  return even ? { mark, even, when: new Date(mark.length) } : { mark, even };
}

function put(rows: Map<string, Held>, id: string, held: Held): Row {
  rows.set(id, held);
  return rowOf(held);
}

function heldOf(row: Row): Held {
  return { mark: String(row.mark), even: row.even === true };
}

function matches(held: Held, { where = [] }: Query): boolean {
  return where.every(([column, , operand]) => column !== "even" || held.even === operand);
}

function viewName({ where, pagination }: Query): string {
  return `${where === undefined ? "all" : "even"}${
    pagination === undefined ? "" : ` page ${pagination.page} of ${pagination.itemsPerPage}`
  }`;
}
