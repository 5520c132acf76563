import {
  NotFoundError,
  type Query,
  RejectedError,
  type Row,
  type RowEntry,
  type SourceCall,
  type TableSource,
  UnauthorizedError,
  UnavailableError,
} from "@vantage/live";
import type { Chance } from "./chance.ts";
import type { Verdict } from "./laws.ts";
import type { World } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";

/** A row at the master. Each write has a unique mark. */
export interface Held {
  readonly id: string;
  readonly mark: string;
  readonly even: boolean;
  readonly n: number;
}

/** A row, or its absence, from one state of the master on. */
export interface Stay {
  readonly seq: number;
  readonly held: Held | undefined;
  /** When the row was inserted, after it had last been absent. */
  readonly birth: number;
}

/** The order of rows that no query orders. */
export type OwnOrder = "id" | "inserted";

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

/** How the master treats an attempt to write. */
export type Treatment =
  | "applied"
  | "refused"
  | "unavailable"
  /** Applied, and the connection is lost, in a way that nobody knows. */
  | "lost"
  /** Not reached, which is certain. */
  | "down"
  /** Applied, and the connection is cut off before the answer. */
  | "cut off"
  /** Not applied, with Retry-After. */
  | "busy"
  | "unauthorized"
  /** Never answered: not applied, or applied. */
  | "hangs"
  | "hangs after";

/** How long a busy master asks to be left alone. */
const RETRY_AFTER_MS = 250;

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
  /** What it holds at first. */
  readonly initial: readonly Held[];
  /** Whether each answer says which read it is of. That is no part of a row, so it cannot be where rows have versions. */
  readonly stamps: boolean;
  readonly world: Pick<
    World,
    "ownOrder" | "pages" | "exact" | "asksFor" | "narrows" | "counts" | "masterItemsPerPage" | "writes" | "echoes"
  >;
  /** Whether a write must arrive after those that were made before it. */
  readonly isInOrder: (mark: string) => boolean;
  /** Whether a write is sent again because somebody wants that. */
  readonly isSentByHand: (mark: string) => boolean;
  /** How often all entries were ended. */
  readonly ends: { readonly count: number };
  /** Called when a write of one of the tables has been applied. */
  readonly onWrite: (seq: number) => void;
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
  readonly states: { readonly state: State; readonly atMs: number }[];
  /** What each row was like, in order. */
  readonly histories: Map<string, Stay[]> = new Map();
  readonly origins: Origin[] = [];
  readonly applied: Map<string, Applied> = new Map();
  /** The marks of those that were sent again by their keys, after they had been applied. */
  readonly repeated: Set<string> = new Set();
  calm = false;
  /** How many reads of rows were answered with something that can be kept, as a missing row cannot. */
  rowReads = 0;
  /** How many lists were answered. */
  listReads = 0;
  /** The last answer to each list, of those that the caches could keep. */
  readonly #lists = new Map<string, { readonly seq: number; readonly ends: number }>();
  readonly #options: MasterOptions;
  /** How the next attempts of a write are treated; the last one also all later ones. */
  readonly #treatments = new Map<string, Treatment[]>();
  readonly #times = new Map<string, number>();
  /** What writes were answered, by their keys. */
  readonly #answers = new Map<string, unknown>();
  /** The ids of the rows that were inserted under ids that were made for them. */
  readonly #realIds = new Map<string, string>();
  /** When the sender of a write may send it again. */
  readonly #notBefore = new Map<string, number>();
  readonly #dead = new Set<string>();
  /** The owner and the mark of each write that was sent. */
  readonly #sent = new Set<string>();
  /** The signals of the reads in flight, by owner, with when they began. */
  readonly #underWay = new Map<string, Map<AbortSignal, number>>();
  /** The number of the last write that arrived from each owner. */
  readonly #arrived = new Map<string, Map<string, number>>();
  #ids = 0;

  constructor(options: MasterOptions) {
    this.#options = options;
    const { initial } = options;
    this.states = [{ state: new Map(initial.map((held) => [held.id, held])), atMs: -Infinity }];
    initial.forEach((held, index) => this.histories.set(held.id, [{ seq: 0, held, birth: index - initial.length }]));
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

  /** The oldest state that a read which begins now may see. */
  get oldestSeq(): number {
    const { scheduler, lagMs } = this.#options;
    let oldest = this.seq;
    while (oldest > 0 && (this.states[oldest]?.atMs ?? 0) > scheduler.nowMs - lagMs) oldest--;
    return oldest;
  }

  /** Whether a row was inserted or deleted in a state. */
  isMove(id: string, seq: number): boolean {
    const stays = this.histories.get(id) ?? [];
    const index = stays.findIndex((stay) => stay.seq === seq);
    const [before, after] = [stays[index - 1]?.held, stays[index]?.held];
    return index > 0 && (before === undefined || after === undefined);
  }

  /** The last state of a time. */
  seqAt(ms: number): number {
    return Math.max(0, this.states.findLastIndex(({ atMs }) => atMs <= ms));
  }

  /** The last state from before a time. */
  seqBefore(ms: number): number {
    return Math.max(0, this.states.findLastIndex(({ atMs }) => atMs < ms));
  }

  /** The rows that this state has changed. */
  changedAt(seq: number): readonly string[] {
    return [...this.histories].filter(([, stays]) => stays.some((stay) => stay.seq === seq)).map(([id]) => id);
  }

  /** Decides how the attempts of the write with this mark will be treated. */
  treat(mark: string, treatments: readonly Treatment[]): void {
    this.#treatments.set(mark, [...treatments]);
  }

  /** How often the write with this mark was applied. */
  timesApplied(mark: string): number {
    return this.#times.get(mark) ?? 0;
  }

  /** The id of a row, which may have been inserted under one that was made for it. */
  realId(id: string): string {
    return this.#realIds.get(id) ?? id;
  }

  /** Drops the calls of a dead owner: it gets no answers, and calls that have not left it do not arrive. */
  bury(owner: string): void {
    this.#dead.add(owner);
    this.#underWay.delete(owner);
  }

  /** Whether an owner itself has sent a write, and not another one that shares its outbox. */
  isSentBy(owner: string, mark: string): boolean {
    return this.#sent.has(`${owner} ${mark}`);
  }

  /** How many reads of an owner are in flight whose signals are not aborted. */
  waitedFor(owner: string): number {
    return [...this.#underWay.get(owner)?.keys() ?? []].filter((signal) => !signal.aborted).length;
  }

  /** When the oldest read in flight of an owner began; `Infinity` if there is none. */
  oldestReadMs(owner: string): number {
    return Math.min(Infinity, ...this.#underWay.get(owner)?.values() ?? []);
  }

  /** The state that the last answer to a list was of, if all entries were not ended since it was asked for. */
  listedSeq(owner: string, query: Query): number {
    const last = this.#lists.get(`${owner} list ${viewName(query)}`);
    return last?.ends === this.#options.ends.count ? last.seq : 0;
  }

  /** Applies a write at once. Nothing changes if `edit` throws. */
  change<T>(mark: string, edit: (rows: Map<string, Held>) => T, mayRepeat: boolean = false): T {
    const rows = new Map(this.state);
    const answer = edit(rows);
    this.#record(rows);
    this.states.push({ state: rows, atMs: this.#options.scheduler.nowMs });
    const isFirst = !this.applied.has(mark);
    this.#options.verdict.check(6, isFirst || mayRepeat, () => `the write ${mark} was applied twice`);
    this.#times.set(mark, this.timesApplied(mark) + 1);
    this.applied.set(mark, { tick: this.#options.scheduler.tick(), seq: this.seq });
    return answer;
  }

  /** The master as seen by a table that only reads. */
  reader(owner: string): TableSource {
    const { stamps, world: { pages, exact, asksFor, narrows, counts, writes } } = this.#options;
    const idempotencyKeys = writes?.honoursKeys === true;
    const capabilities: TableSource["capabilities"] = {
      page: pages,
      where: narrows ? ["eq", "in"] : [],
      orderBy: true,
      exact,
      sameRows: asksFor === "rows",
      idempotencyKeys,
    };
    return {
      name: "t",
      ...(asksFor === "ids" && { idField: "id" }),
      capabilities: stamps ? { page: true, where: ["eq"], idempotencyKeys } : capabilities,
      scoped: true,
      list: (call) => this.#list(owner, call),
      get: (id, call) => this.#get(owner, id, call),
      ...(counts && { count: (call: SourceCall) => this.#count(owner, call) }),
    };
  }

  /** The master as seen by one table. */
  source(owner: string): TableSource {
    return {
      ...this.reader(owner),
      insert: (id, row, call) =>
        this.#write(owner, `insert ${id}`, call, (rows) => put(rows, rows.get(id) ?? heldOf(id, row))),
      replace: (id, row, call) => this.#write(owner, `replace ${id}`, call, (rows) => put(rows, heldOf(id, row))),
      patch: (id, partial, call) =>
        this.#write(owner, `patch ${id}`, call, (rows) => {
          const before = rows.get(id);
          if (before === undefined || !matches(before, call.query)) throw new NotFoundError(`There is no row ${id}`);
          return put(rows, heldOf(id, { ...rowOf(before), ...partial }));
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
          if (call.newId !== undefined) this.#realIds.set(call.newId, id);
          put(rows, heldOf(id, row));
          return id;
        }),
    };
  }

  async #list(owner: string, call: SourceCall): Promise<readonly RowEntry[]> {
    const key = `list ${viewName(call.query)}`;
    const { stamps, verdict, world: { pages, masterItemsPerPage } } = this.#options;
    const { pagination } = call.query;
    const isGiven = pagination === undefined ||
      pagination.itemsPerPage === (masterItemsPerPage ?? pagination.itemsPerPage);
    verdict.check(10, isGiven, () => `${owner} asks for ${key}, where pages have ${masterItemsPerPage} rows`);
    return await this.#read(owner, key, call, (seq, stamp) => {
      const { pagination: _, ...query } = call.query;
      const rows = this.#viewOf(seq, pages ? call.query : query).map((held): RowEntry => [held.id, rowOf(held)]);
      return stamps ? [[STAMP, stamp], ...rows] : rows;
    });
  }

  async #get(owner: string, id: string, call: SourceCall): Promise<Row | undefined> {
    return await this.#read(owner, `get ${id} ${viewName(call.query)}`, call, (seq, stamp) => {
      const held = this.stateAt(seq).get(id);
      return held === undefined || !matches(held, call.query)
        ? undefined
        : { ...rowOf(held), ...(this.#options.stamps && stamp) };
    });
  }

  /** Counts are not shared: any number of them may be in flight. */
  async #count(owner: string, call: SourceCall): Promise<number> {
    const { query } = call;
    const { stamps } = this.#options;
    const look = (seq: number, { read }: Stamp): number =>
      this.#viewOf(seq, query).length + (stamps ? read * COUNT_BOUND : 0);
    return await this.#answer(owner, `count ${viewName(query)}`, call, look);
  }

  async #read<T>(
    owner: string,
    key: string,
    call: SourceCall,
    look: (seq: number, stamp: Stamp) => T,
  ): Promise<T> {
    // What became of a write is looked for whoever reads the row.
    const isShared = this.#options.world.writes === undefined || call.fresh !== true;
    const answered = isShared ? this.#options.onRead(owner, key) : () => {};
    call.signal?.addEventListener("abort", answered, { once: true });
    try {
      const answer = await this.#answer(owner, key, call, look);
      const isList = key.startsWith("list ");
      if (isList) this.listReads++;
      // Where the master does not narrow, its row may not be in the set.
      if (answer !== undefined && (isList || this.#options.world.narrows)) this.rowReads++;
      return answer;
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
    const underWay = this.#underWay.get(owner) ?? new Map<AbortSignal, number>();
    const [startTick, startMs, ends] = [scheduler.tick(), scheduler.nowMs, this.#options.ends.count];
    if (signal !== undefined) this.#underWay.set(owner, underWay.set(signal, startMs));
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
      if (!abandoned && origin !== undefined) this.#lists.set(`${owner} ${key}`, { seq: origin.seq, ends });
    });
    return this.#dead.has(owner) ? await never() : answer;
  }

  #record(rows: State): void {
    const { state, seq } = this;
    for (const id of new Set([...state.keys(), ...rows.keys()])) {
      const [before, held] = [state.get(id), rows.get(id)];
      if (before === held) continue;
      const stays = this.histories.get(id) ?? [{ seq: 0, held: undefined, birth: 0 }];
      const birth = before === undefined ? seq + 1 : stays.at(-1)?.birth ?? 0;
      this.histories.set(id, [...stays, { seq: seq + 1, held, birth }]);
    }
  }

  #viewOf(seq: number, query: Query): readonly Held[] {
    const { stamps, world: { ownOrder } } = this.#options;
    return viewOf(this.stateAt(seq), query, ownOrder, stamps);
  }

  #fails(): boolean {
    const { chance, failureRate } = this.#options;
    return !this.calm && chance.happens(failureRate);
  }

  /** A replica that lags no more than allowed. */
  #replica(): number {
    const { chance } = this.#options;
    const oldest = this.oldestSeq;
    return this.calm ? this.seq : oldest + chance.below(this.seq - oldest + 1);
  }

  async #write<T>(
    owner: string,
    what: string,
    { idempotencyKey: mark = "", signal, onUnsettled }: SourceCall,
    edit: (rows: Map<string, Held>) => T,
  ): Promise<T> {
    const { scheduler, verdict, world: { writes, echoes } } = this.#options;
    if (this.#dead.has(owner)) return await never();
    this.#sent.add(`${owner} ${mark}`);
    const treatment = this.#treatmentOf(mark);
    const label = `master: ${owner} ${what} ${mark}`;
    const notBefore = this.#notBefore.get(`${owner} ${mark}`) ?? 0;
    // Who sends it again by hand need not wait.
    const mayBeSent = scheduler.nowMs >= notBefore || this.#options.isSentByHand(mark);
    verdict.check(10, mayBeSent, () => `${owner} sends ${mark} again before ${notBefore} ms`);
    // Only one that knows writes by their keys, and tells of them, may receive one late.
    const mayBeLate = writes?.honoursKeys === true && echoes;
    let isOld = false;
    const answer = await scheduler.op(`${label} arrives`, () => {
      if (signal?.aborted && !mayBeLate) return never<T>();
      if (REFUSALS.has(treatment) && this.#dead.has(owner)) return never<T>();
      // Nobody hears it of an attempt that has taken too long.
      if (treatment === "busy" && !signal?.aborted) {
        this.#notBefore.set(`${owner} ${mark}`, scheduler.nowMs + RETRY_AFTER_MS);
      }
      if (!this.calm) refuseUnheard(treatment);
      isOld = writes?.honoursKeys === true && this.#answers.has(mark);
      if (isOld) {
        this.repeated.add(mark);
        return this.#answers.get(mark) as T; // The answer to the same write.
      }
      try {
        return this.#receive(owner, what, mark, treatment, edit);
      } catch (error) {
        // A process that has died does not hear of a row that is missing either.
        if (this.#dead.has(owner)) return never<T>();
        throw error;
      }
    }, REFUSALS.has(treatment) ? owner : undefined);
    return await scheduler.op(`${label} is answered`, () => {
      if (this.#dead.has(owner) || treatment === "hangs" || treatment === "hangs after") return never<T>();
      if (treatment === "lost") throw new Error("the connection was lost");
      if (treatment === "cut off") throw new UnavailableError("the connection was cut off");
      if (isOld) onUnsettled?.();
      return answer;
    }, owner);
  }

  /** Does a write, unless the master refuses it, or never heard of it. */
  #receive<T>(
    owner: string,
    what: string,
    mark: string,
    treatment: Treatment,
    edit: (rows: Map<string, Held>) => T,
  ): T | Promise<T> {
    const { world: { writes }, onWrite, isSentByHand } = this.#options;
    if (treatment === "hangs") return never();
    this.#checkOrder(owner, what, mark);
    if (treatment === "refused") throw new RejectedError("refused");
    if (treatment === "unavailable") throw new UnavailableError("unavailable");
    // An insertion is known by its id, which others may have deleted since.
    const mayRepeat = writes?.honoursKeys === false && (what.startsWith("insert ") || isSentByHand(mark));
    const answer = this.change(mark, edit, mayRepeat);
    this.#answers.set(mark, answer);
    onWrite(this.seq);
    return answer;
  }

  /** How the next attempt of a write is treated. Once the master is calm, nothing but refusals goes wrong. */
  #treatmentOf(mark: string): Treatment {
    const [next = "applied", ...others] = this.#treatments.get(mark) ?? [];
    if (others.length > 0) this.#treatments.set(mark, others);
    return this.calm && UNHEARD.has(next) ? "applied" : next;
  }

  /** An older write to the same row, or to the whole set, that arrives later would undo the newer one. */
  #checkOrder(sender: string, what: string, mark: string): void {
    const { world: { writes }, isInOrder } = this.#options;
    // Where writes are kept, others may send them.
    const owner = writes === undefined ? sender : mark.slice(0, mark.lastIndexOf("."));
    if (writes !== undefined && (this.applied.has(mark) || !isInOrder(mark))) return;
    const number = Number(mark.slice(mark.lastIndexOf(".") + 1));
    const [, row = mark] = what.split(" ");
    const arrived = this.#arrived.get(owner) ?? new Map<string, number>();
    this.#arrived.set(owner, arrived);
    const before = row === "all" ? [...arrived.values()] : [arrived.get(row), arrived.get("all")];
    const last = Math.max(0, ...before.map((it) => it ?? 0));
    const isInTime = number > last || (writes !== undefined && number === last);
    this.#options.verdict.check(5, isInTime, () => `${mark} was overtaken by write ${last}`);
    arrived.set(row, number);
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** How attempts are treated that the master does not hear of, or whose answer is lost. */
const UNHEARD: ReadonlySet<Treatment> = new Set<Treatment>([
  "down",
  "cut off",
  "busy",
  "unauthorized",
  "hangs",
  "hangs after",
]);

/** How attempts are treated that fail as soon as they arrive. */
const REFUSALS: ReadonlySet<Treatment> = new Set<Treatment>(["refused", "unavailable", "down", "busy", "unauthorized"]);

/** Fails an attempt before the master hears of it. */
function refuseUnheard(treatment: Treatment): void {
  if (treatment === "down") throw new UnavailableError("down", { effect: "none" });
  if (treatment === "busy") throw new UnavailableError("busy", { effect: "none", retryAfterMs: RETRY_AFTER_MS });
  if (treatment === "unauthorized") throw new UnauthorizedError("not signed in");
}

/** Identifies the read that an answer came from. */
type Stamp = { readonly read: number };

/** The rows of a view in one state. On a page, the stamp takes the place of one. */
export function viewOf(state: State, query: Query, ownOrder: OwnOrder, stamps: boolean): readonly Held[] {
  const rows = [...state.values()].filter((held) => matches(held, query));
  if (ownOrder === "id") rows.sort((a, b) => a.id < b.id ? -1 : 1);
  rows.sort((a, b) => compareHeld(a, b, query));
  const { pagination } = query;
  if (pagination === undefined) return rows;
  const size = pagination.limit - (stamps ? 1 : 0);
  return rows.slice((pagination.page - 1) * size, pagination.page * size);
}

/** What the master adds to some rows. */
export const WHEN = 1_000;

/** The content of a row. Only some rows hold a date, which is copied for each reader since it cannot be frozen. */
export function rowOf({ id, mark, even, n }: Held): Row {
  return even ? { id, mark, even, n, when: new Date(WHEN) } : { id, mark, even, n };
}

/** Whether a row is in the set of a query. */
export function matches(held: Held, { where = [] }: Query): boolean {
  const row = rowOf(held);
  return where.every(([column, operator, operand]) =>
    operator === "in" ? Array.isArray(operand) && operand.includes(row[column]) : row[column] === operand
  );
}

/** As a query orders two rows; 0 where the master's own order decides. */
export function compareHeld(a: Held, b: Held, { orderBy = [] }: Query): number {
  const [order] = orderBy;
  if (order === undefined) return 0;
  return order[1] === "desc" ? b.n - a.n : a.n - b.n;
}

function put(rows: Map<string, Held>, held: Held): Row {
  rows.set(held.id, held);
  return rowOf(held);
}

function heldOf(id: string, { mark, even, n }: Row): Held {
  return { id, mark: String(mark), even: even === true, n: Number(n ?? 0) };
}

function viewName({ where, orderBy, pagination }: Query): string {
  return [
    where === undefined
      ? "all"
      : where.map(([column, , operand]) => `${column} ${JSON.stringify(operand)}`).join(" and "),
    ...(orderBy ?? []).map(([column, direction]) => `by ${column} ${direction}`),
    ...(pagination === undefined ? [] : [`page ${pagination.page} of ${pagination.itemsPerPage}`]),
  ].join(" ");
}
