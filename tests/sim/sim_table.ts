import {
  type Cache,
  type CallOptions,
  type Clock,
  ClosedError,
  defineTable,
  type LiveEvent,
  type LiveStream,
  LiveTable,
  type LiveTableOptions,
  NotFoundError,
  OutboxError,
  QueueFullError,
  type ReadPolicyOptions,
  RejectedError,
  type Row,
  Rows,
  sameRow,
  type StaleAnswer,
  type Tracer,
  UnavailableError,
  type Write,
  type WriteAnswer,
  type WriteOp,
} from "@vantage/live";
import { defineTracer } from "@vantage/live/trace";
import type { Floor } from "./floors.ts";
import type { Action } from "./plan.ts";
import { LONGEST_RETRY_MS, type WriteWorld } from "./plan_of_writes.ts";
import { agesOf, agesSince, faultOfAnswer, fittingOf, fittingOfStale, type Known, settledAgesOf } from "./read_law.ts";
import { follow, type Scene } from "./scene.ts";
import type { RowFloor, Source } from "./row_floors.ts";
import {
  type Applied,
  type Held,
  type Origin,
  readOf,
  rowOf,
  sizeOf,
  STAMP,
  type State,
  viewOf,
  WHEN,
} from "./sim_master.ts";
import { faultOfShown, type Onlooker } from "./shown_law.ts";
import { SimOutbox } from "./sim_outbox.ts";
import { followed, type Told } from "./sim_stream.ts";
import { SimWatcher } from "./sim_watcher.ts";
import { agesOfStale, faultOfMark } from "./stale_law.ts";
import { touchedBy } from "./touched.ts";
import { type Answer, isOneEntry, isWindow, listIn, readView, type ViewName, VIEWS } from "./views.ts";
import { isKept } from "./write_ledger.ts";

type WriteAction = Extract<Action, { readonly kind: "write" }>;

/** The state when a read began. */
interface Began {
  readonly floor: Floor;
  readonly known: Known;
  /** What is known of the writes that the master has confirmed. */
  readonly confirmed: RowFloor;
  /** Rows that were as in an earlier state must have been read too long ago to be fresh. */
  readonly freshSeq: number;
  readonly tick: number;
  readonly ms: number;
  /** When the oldest read in flight began. */
  readonly oldestReadMs: number;
  /** Whether the reader asked if the answer was settled, and it was not reported as unsettled. */
  settled: boolean;
  /** What was said of an answer that is served though it is stale. */
  readonly marks: StaleAnswer[];
  readonly isPatient: boolean;
  /** Who looks at a table that shows writes before they are answered, and whether it showed some. */
  readonly onlooker: Onlooker | undefined;
  /** All rows must be as in this state, or a later one, since they were read then. */
  readonly readSeq: number;
}

/** A table, from when it is opened until it is closed or its process dies. */
interface Life {
  readonly owner: string;
  readonly live: LiveTable;
  /** The inner table, if it is nested. */
  readonly inner: LiveTable | undefined;
  readonly death: AbortController;
  readonly outbox: SimOutbox | undefined;
}

interface ReadWatch {
  readonly also?: (answer: Answer, isStale: boolean) => void;
  readonly mayFailWith?: Error;
  readonly isPatient?: boolean;
  readonly refreshedSeq?: number;
}

/** The longest possible pause, besides waiting for lagging replicas. */
export const LONGEST_PAUSE_MS = 30_000;

/** A cache of this capacity keeps all entries. */
const MANY = 1_000;

/** The deadline of a cache that may freeze. */
const CACHE_TIMEOUT_MS = 300;

/** The policy of a reader that accepts no stale rows. */
const PATIENT: ReadPolicyOptions = { whileStale: "wait", onMasterFailure: "reject" };

/** What a reader overwrites dates with. */
const TOUCHED = -1;

const THROWING_TRACER = defineTracer({
  enabled: () => true,
  span: () => {
    throw new Error("the tracer failed");
  },
  event: () => {
    throw new Error("the tracer failed");
  },
});

/** One `LiveTable` in one process: the actions on it, and the checks of its answers. */
export class SimTable {
  readonly number: number;
  /** The knowledge that applies to it: a nested table, with its own storage in front of the shared one, has its own. */
  readonly process: number;
  /** The process that it runs in. */
  readonly host: number;
  readonly #nested: boolean;
  readonly #scene: Scene;
  readonly #lives = new Set<Life>();
  #opened: Life[] = [];
  #live: LiveTable | undefined;
  #inner: LiveTable | undefined;
  #owner = "";
  #queueOwner: string | undefined;
  #isAsleep = false;
  #times = 0;
  #writes = 0;
  #reentrantWrites = 0;
  #mayRepeat: boolean;
  /** How many reads were begun since the table was opened. */
  #reads = { count: 0 };
  /** How many writes must have invalidated since the table was opened, and how many have settled. */
  #effects = { count: 0, settled: 0, settledMs: -Infinity };
  /** The writes since then that are pending. */
  #unsettledWrites = new Set<string>();
  /** Who watches its views now. */
  #watchers = new Map<ViewName, SimWatcher>();

  constructor(scene: Scene, number: number) {
    this.#scene = scene;
    this.number = number;
    const { processes, nested } = scene.world;
    this.host = number % processes;
    this.#nested = nested[number] === true;
    this.process = this.#nested ? processes + number : this.host;
    this.#mayRepeat = scene.world.tracerThrows;
    this.open();
  }

  /**
   * Whether it learns of all changes. A nested table does not learn what another process drops from the storage, or logs
   * there, unless the stream tells of that, too.
   */
  get listens(): boolean {
    const { listening, echoes } = this.#scene.world;
    return listening[this.number] === true && (!this.#nested || echoes);
  }

  /** How many failures of its process's cache it has counted, over all times it was opened. */
  cacheFailures(process: number): number {
    const counted = this.#opened.flatMap(({ live, inner }) => [
      ...(process === this.process ? [live] : []),
      ...(process === this.host && inner !== undefined ? [inner] : []),
    ]);
    return counted.reduce((sum, live) => sum + live.stats().cacheFailures, 0);
  }

  get isOpen(): boolean {
    return this.#live !== undefined;
  }

  /** Whose writes it sends. */
  get queueOwner(): string | undefined {
    return this.#queueOwner;
  }

  /** How many of its writes have not settled. */
  get pendingWrites(): number {
    return this.#live?.stats().queued ?? 0;
  }

  /** Opens the table, as a starting process would. */
  open(): void {
    this.openFor(this.#nextQueueOwner);
  }

  /** Opens the table, to send the writes of an owner. */
  openFor(queueOwner: string | undefined): void {
    if (this.#live !== undefined) return;
    const { world, scheduler, master, stream, tell } = this.#scene;
    this.#owner = `t${this.number}.${++this.#times}`;
    this.#queueOwner = queueOwner;
    this.#effects = { count: 0, settled: 0, settledMs: -Infinity };
    this.#reads = { count: 0 };
    this.#unsettledWrites = new Set();
    this.#watchers = new Map();
    tell(`${this.#owner} opens in process ${this.process}`);
    const death = new AbortController();
    // Entries are suspect from the moment that the table subscribes, and once it knows that the stream is gone: at
    // once, if
    // no invalidation for an earlier event is in flight.
    const distrust = (what: "begins" | "drops"): void => {
      const atOnce = !world.asyncCache && !world.freezes;
      if (!this.#nested && (what === "begins" || atOnce)) this.#distrusts(scheduler.tick());
    };
    const surgical = world.invalidation === "surgical";
    const onEvent = surgical ? (told: Told) => this.#handed(told) : undefined;
    const source = world.diverted ? master.reader(this.#owner) : master.source(this.#owner);
    const clock = this.#clock(death.signal);
    const cacheTimeoutMs = world.freezes ? CACHE_TIMEOUT_MS : Infinity;
    const outbox = this.#outbox();
    const invalidation: LiveTableOptions = {
      invalidation: world.invalidation,
      writeOutcomeMs: world.writeOutcomeMs,
      ...(world.writes === undefined ? { writeTimeoutMs: Infinity } : this.#writeOptions(world.writes, outbox)),
      ...(world.versions && { versionOf: ({ mark }: Row) => master.applied.get(String(mark))?.seq ?? 0 }),
    };
    const front: LiveTableOptions = {
      clock,
      cacheTimeoutMs,
      queueCapacity: world.queueCapacity,
      waitingCapacity: world.waitingCapacity,
      staleTimeMs: world.staleTimeMs,
      whileStale: world.whileStale,
      maxAgeMs: world.maxAgeMs,
      onMasterFailure: world.onMasterFailure,
      prefetchPages: world.prefetchPages,
      tracer: world.tracerThrows ? THROWING_TRACER : this.#tracer(),
      masterItemsPerPage: world.masterItemsPerPage,
      ...invalidation,
    };
    const back: LiveTableOptions = {
      writeTarget: world.diverted ? defineTable(master.source(this.#owner)) : undefined,
      masterLagMs: world.lagMs,
      liveStream: world.listening[this.number] === true
        ? stream.for({ onGap: distrust, onEvent, death: death.signal })
        : undefined,
    };
    const inner = this.#nested
      ? new LiveTable(defineTable(source), "t", this.#cache(this.host), {
        clock,
        cacheTimeoutMs,
        ...invalidation,
        ...back,
      })
      : undefined;
    const live = inner === undefined
      ? new LiveTable(defineTable(source), "t", this.#cache(this.process), { ...front, ...back })
      : new LiveTable(inner, "outer", this.#cache(this.process), {
        ...front,
        liveStream: surgical ? this.#passedOn(inner.events) : inner.events,
      });
    this.#inner = inner;
    this.#live = live;
    const life: Life = { owner: this.#owner, live, inner, death, outbox };
    this.#lives.add(life);
    this.#opened.push(life);
    void this.#hear(live);
  }

  get #nextQueueOwner(): string | undefined {
    const { owners = [undefined] } = this.#scene.world.writes ?? {};
    return owners[(this.number + this.#times) % owners.length];
  }

  /** The outbox of the world, as it has it. */
  #outbox(): SimOutbox | undefined {
    const { world: { writes, tables }, scheduler, outbox: storage, outboxFails: fails } = this.#scene;
    if (writes === undefined || writes.outbox === "none") return undefined;
    const async = writes.outbox === "later";
    return new SimOutbox({ scheduler, storage, owner: this.#owner, async, shared: tables > 1, fails });
  }

  #writeOptions(writes: WriteWorld, outbox: SimOutbox | undefined): LiveTableOptions {
    const { ledger } = this.#scene;
    const { retries, attempts, leaseMs, writeTimeoutMs, waitsForSignIn, optimistic } = writes;
    return {
      outbox,
      owner: outbox && this.#queueOwner,
      ...(outbox && { outboxLeaseMs: leaseMs }),
      retry: retries && { attempts, firstPauseMs: 40, longestPauseMs: LONGEST_RETRY_MS },
      writeTimeoutMs,
      optimistic,
      onUnauthorized: waitsForSignIn ? "wait" : "fail",
      onWriteFailed: ({ id, failure }) => ledger.reported(id, failure.effect),
    };
  }

  /** Its process stops in the middle of what it does, or goes on. */
  sleep(isAsleep: boolean): void {
    const { scheduler } = this.#scene;
    const receivers = [...this.#lives].map(({ owner }) => owner).concat(`cache ${this.host}`);
    this.#isAsleep = isAsleep;
    if (isAsleep) scheduler.freeze(receivers);
    else scheduler.thaw(receivers);
  }

  /** Says whether the master can be reached. */
  setOnline(isOnline: boolean): void {
    if (this.#isAsleep) return;
    this.#scene.tell(`${this.#owner} is ${isOnline ? "online" : "offline"}`);
    this.#live?.setOnline(isOnline);
  }

  /** Sends what waits for the user to sign in. */
  signIn(): void {
    if (this.#isAsleep) return;
    this.#scene.tell(`${this.#owner} signs in`);
    this.#live?.resumeWrites();
  }

  /** Whatever keeps it from sending is over. */
  goOn(): void {
    this.setOnline(true);
    this.signIn();
  }

  /** Sends the first write again that has failed, or drops it. */
  settleFailed(how: "retry" | "discard"): void {
    const live = this.#live;
    if (live === undefined || this.#isAsleep) return;
    const owner = this.#owner;
    follow(this.#scene, `${how} of a failed one of ${owner}`, this.#settleFailed(live, how), () => {}, (error) => {
      const mayFail = error instanceof OutboxError && this.#scene.world.writes?.outboxFailureRate !== 0;
      this.#scene.verdict.check(8, mayFail, () => `${how} by ${owner} failed: ${String(error)}`);
    });
  }

  async #settleFailed(live: LiveTable, how: "retry" | "discard"): Promise<void> {
    const { ledger, tell } = this.#scene;
    const [failed] = await live.failedWrites();
    if (failed === undefined) return;
    tell(`${how} of ${failed.id}`);
    // It may be done before that is known here.
    if (how === "retry") ledger.retried(failed.id);
    else ledger.discarded(failed.id);
    await (how === "retry" ? live.retry(failed.id) : live.discard(failed.id));
  }

  /** Notes whether pages were accepted that have the same row. */
  #tracer(): Tracer | undefined {
    if (this.#scene.world.masterItemsPerPage === undefined) return undefined;
    const event = ({ name }: { readonly name: string }): void => {
      if (name === "rows on two pages") this.#mayRepeat = true;
    };
    return defineTracer({
      enabled: (target, level) => target === "vantage_live::read" && level === "warn",
      span: () => ({ end: () => {} }),
      event,
    });
  }

  /** Its process dies: all its work stops. */
  die(): void {
    this.sleep(false);
    const { master, scheduler, unsettled, tell } = this.#scene;
    for (const life of this.#lives) {
      const { owner, death, outbox } = life;
      tell(`${owner} dies`);
      this.#scene.ledger.died();
      death.abort();
      outbox?.die();
      master.bury(owner);
      scheduler.forget((label) => label.startsWith(`${owner} `));
      const its = new RegExp(`\\b${owner.replaceAll(".", "\\.")}(?!\\d)`);
      for (const [promise, what] of unsettled) if (its.test(what.replace(/\bw(?=t\d)/, ""))) unsettled.delete(promise);
    }
    this.#lives.clear();
    // The counts of tables closed earlier in the process are lost, too.
    this.#opened = [];
    this.#live = undefined;
    this.#inner = undefined;
    this.#watchers = new Map();
  }

  /** Closes the table: queued writes finish, reads are refused. */
  close(): void {
    const live = this.#live;
    if (live === undefined || this.#isAsleep) return;
    const { scheduler, verdict, tell, unsettled, world } = this.#scene;
    const [owner, effects, reads, inner] = [this.#owner, this.#effects, this.#reads, this.#inner];
    const watchers = [...this.#watchers.values()];
    this.#live = undefined;
    this.#inner = undefined;
    this.#watchers = new Map();
    tell(`${owner} closes`);
    const done = (): void => {
      tell(`${owner} is closed`);
      for (const life of this.#lives) if (life.owner === owner) this.#lives.delete(life);
      const left = scheduler.waiting.filter((label) => label.startsWith(`${owner} waits`));
      verdict.check(11, left.length === 0, () => `${owner} is closed, but ${left.join(", ")}`);
      scheduler.afterwards(() => {
        const left = [...unsettled.values()].filter((what) => what.endsWith(` by ${owner}`));
        verdict.check(11, left.length === 0, () => `${owner} is closed, but nobody ended ${left.join(", ")}`);
      });
      const { queued, invalidations, tracerFailures, hits, misses } = live.stats();
      for (const watcher of watchers) watcher.closed();
      verdict.check(
        8,
        world.watches || hits + misses <= reads.count,
        () => `${owner} counted ${hits} hits and ${misses} misses of ${reads.count} reads`,
      );
      verdict.check(5, queued === 0, () => `${owner} was closed with ${queued} writes in its queue`);
      const counted = tracerFailures > 0 === world.tracerThrows;
      verdict.check(8, counted, () => `${owner} counted ${tracerFailures} failures of its tracer`);
      // A definite refusal keeps the entries; every other outcome drops them.
      verdict.check(
        12,
        world.writes !== undefined || invalidations.write === effects.count,
        () => `${owner} invalidated for ${invalidations.write} writes, but ${effects.count} may have changed something`,
      );
    };
    const closing = inner === undefined ? live.close() : live.close().then(() => inner.close());
    follow(this.#scene, `close of ${owner}`, closing, done, (error) => {
      verdict.check(5, false, () => `close of ${owner} failed: ${String(error)}`);
    });
  }

  /** Reads a view, and checks the answer against the knowledge at the start of the read. */
  read(name: ViewName, aborted: boolean, isPatient: boolean = false): void {
    const control = new AbortController();
    const reason = new Error("aborted");
    const ask = (live: LiveTable, options: CallOptions): Promise<Answer> => {
      const handle = isPatient ? live.withReadPolicy(PATIENT) : live;
      return readView(handle, name, { ...options, signal: control.signal });
    };
    const read = this.#begin(name, ask, { mayFailWith: reason, isPatient });
    if (read && aborted) this.#abortLater(this.#owner, name, () => control.abort(reason));
  }

  /** Once the last reader has aborted, the signal of the master's read must be aborted. */
  #abortLater(owner: string, name: ViewName, abort: () => void): void {
    const { scheduler, unsettled, verdict, master } = this.#scene;
    void scheduler.op(`${owner} aborts ${name}`, () => {
      abort();
      scheduler.afterwards(() => {
        if (this.#readsBehind || [...unsettled.values()].some((what) => what.endsWith(` by ${owner}`))) return;
        const waitedFor = master.waitedFor(owner);
        verdict.check(
          11,
          waitedFor === 0,
          () => `${owner} has no reader left, but ${waitedFor} reads of the master go on`,
        );
      });
    });
  }

  /** Reads a view for the last time, checks that it shows the master's state, and returns the answer. */
  readAtRest(name: ViewName, isLast: boolean, heard: (origin: Origin | undefined) => void): void {
    const { verdict, master, world } = this.#scene;
    this.#begin(name, (live, options) => readView(live, name, options), {
      also: (answer, isStale) => {
        const mayBeBehind = isStale || (world.lagMs > 0 && world.writes?.optimistic === true);
        const shown = (mayBeBehind && !isLast) || this.#contentOf(name, answer, master.seq);
        verdict.check(7, shown, () => `at rest, ${this.#owner} does not show in ${name} what the master holds`);
        heard(this.#originOf(answer));
      },
    });
  }

  /** Watches a view, unless it does. */
  watch(name: ViewName): void {
    const live = this.#live;
    const watcher = this.#watchers.get(name);
    if (live === undefined || this.#isAsleep || watcher?.isThere === true) return;
    const [scene, owner] = [this.#scene, this.#owner];
    scene.tell(`${owner} watches ${name}`);
    if (watcher !== undefined) return watcher.enter();
    const known = (): Known => this.#known();
    const asked = (): Known => this.#known(scene.master.oldestReadMs(owner));
    const mayFail = (): (error: unknown) => boolean => this.#mayFail();
    const onlooker = (): Onlooker | undefined => this.#onlooker;
    this.#watchers.set(name, new SimWatcher({ scene, name, owner, handle: live, known, asked, mayFail, onlooker }));
  }

  /** Watches a view no longer. */
  leave(name: ViewName): void {
    const watcher = this.#watchers.get(name);
    if (watcher?.isThere !== true) return;
    this.#scene.tell(`${this.#owner} watches ${name} no longer`);
    watcher.leave();
  }

  /** Looks at what is watched. */
  look(): void {
    for (const watcher of this.#watchers.values()) watcher.look();
  }

  /** Checks that what is watched shows the master's state. */
  lookAtRest(): void {
    const { verdict, master } = this.#scene;
    for (const [name, watcher] of this.#watchers) {
      if (!watcher.isThere) continue;
      const isShown = this.#contentOf(name, watcher.atRest(), master.seq);
      verdict.check(
        7,
        isShown,
        () => `at rest, who watches ${name} of ${this.#owner} is not shown what the master holds`,
      );
    }
  }

  /** Invalidates everything: from the call on, rows that were read before must not be served. */
  invalidate(): void {
    const live = this.#live;
    if (live === undefined || this.#isAsleep) return;
    const { scheduler, tell } = this.#scene;
    tell(`${this.#owner} invalidates`);
    this.#distrusts(scheduler.tick());
    for (const table of [this.#inner, live]) {
      if (table === undefined) continue;
      follow(this.#scene, `invalidate of ${this.#owner}`, table.invalidate(), () => {}, (error) => {
        this.#scene.verdict.check(8, false, () => `invalidate() failed: ${String(error)}`);
      });
    }
  }

  /** Subscribes; for this many of the next events, the subscriber writes while it handles the event. */
  listen(writes: number): void {
    if (this.#isAsleep) return;
    this.#reentrantWrites += writes;
    if (this.#live !== undefined) void this.#receiveOnce(this.#live);
  }

  /** No listener writes from now on. */
  calmDown(): void {
    this.#reentrantWrites = 0;
  }

  /** Writes, and checks the outcome. */
  write(action: WriteAction): void {
    const live = this.#live;
    if (live === undefined || this.#isAsleep) return;
    const { verdict, tell, world } = this.#scene;
    const { followers = 0 } = action;
    tell(`${this.#owner} writes ${action.op} ${action.id}, to be ${[...action.attempts ?? [], action.treatment]}`);
    const { queueCapacity, waitingCapacity, writes } = world;
    const least = queueCapacity + waitingCapacity;
    // Besides those that are made here, all that are in the outbox.
    const most = least + (writes === undefined || writes.outbox === "none" ? 0 : writes.outboxEntries);
    const before = live.stats().queued;
    const mark = this.#nextMark();
    try {
      const write = this.#enqueue(live, mark, action);
      for (let left = action.op === "insertReturnId" ? followers : 0; left > 0; left--) {
        const update = { ...action, op: "patch", id: write.rowId ?? "", attempts: [], taken: "kept" } as const;
        this.#enqueue(live, this.#nextMark(), update);
      }
    } catch (error) {
      tell(`${mark} is not taken`);
      const full = error instanceof QueueFullError && live.stats().queued >= least;
      verdict.check(10, full, () => `${mark} was refused at once, after ${before}: ${String(error)}`);
    }
    this.#awaitIdle(live);
    const { queued } = live.stats();
    verdict.check(10, queued <= most, () => `${queued} writes are queued where ${most} may be`);
  }

  #nextMark(): string {
    return `w${this.#owner}.${++this.#writes}`;
  }

  #enqueue(live: LiveTable, mark: string, action: WriteAction): Write {
    const { scheduler, master, verdict, tell, ledger, world } = this.#scene;
    const [owner, effects, unsettled] = [this.#owner, this.#effects, this.#unsettledWrites];
    const op = opOf(action, mark);
    const control = new AbortController();
    const handle = action.op === "deleteAll" ? live.withQuery(VIEWS.even.query) : live;
    master.treat(mark, [...action.attempts ?? [], action.treatment]);
    const write = handle.enqueue(op, { idempotencyKey: mark, signal: control.signal });
    const isKept = world.writes !== undefined && world.writes.outbox !== "none";
    const id = write.rowId ?? "";
    ledger.made({ mark, life: owner, number: this.#writes, op: action.op, id, held: heldIn(action, mark), isKept });
    unsettled.add(mark);
    follow(this.#scene, `acceptance of ${mark}`, write.accepted, () => ledger.accepted(mark, true), (error) => {
      const isUnstored = error instanceof OutboxError;
      if (isUnstored) ledger.accepted(mark, false);
      const mayFail = isUnstored || world.writes !== undefined || action.taken !== "kept";
      verdict.check(5, mayFail, () => `${mark} was not accepted: ${String(error)}`);
    });
    follow(this.#scene, `write ${mark}`, write.applied, (answer) => {
      tell(`${mark} is applied`);
      unsettled.delete(mark);
      effects.count++;
      effects.settled++;
      effects.settledMs = scheduler.nowMs;
      ledger.applied(mark);
      this.#applied(mark, action, answer);
    }, (error) => {
      tell(`${mark} failed: ${String(error)}`);
      unsettled.delete(mark);
      effects.settled++;
      effects.settledMs = scheduler.nowMs;
      if (this.#mayHaveEffect(mark, action, error)) effects.count++;
    });
    const abort = (): void => control.abort(new DOMException("aborted", "AbortError"));
    const takeBack = (how: "cancels" | "aborts", take: () => unknown): void => {
      void scheduler.op(`${owner} ${how} ${mark}`, () => {
        ledger.discarded(mark);
        take();
      }, owner);
    };
    if (action.taken === "cancelled") takeBack("cancels", () => write.cancel());
    if (action.taken === "aborted") takeBack("aborts", abort);
    // The caller may change what it passed in.
    if ("row" in op) Object.assign(op.row, { mark: "changed afterwards" });
    if ("partial" in op) Object.assign(op.partial, { mark: "changed afterwards" });
    return write;
  }

  /** Once `idle()` has resolved, all writes that were pending at the call have settled. */
  #awaitIdle(live: LiveTable): void {
    const unsettled = this.#unsettledWrites;
    const before = [...unsettled];
    follow(this.#scene, `idle of ${this.#owner}`, live.idle(), () => {
      const left = before.filter((mark) => unsettled.has(mark));
      this.#scene.verdict.check(5, left.length === 0, () => `idle, but ${left.join(", ")} had not settled`);
    }, (error) => {
      this.#scene.verdict.check(5, false, () => `idle() failed: ${String(error)}`);
    });
  }

  /** The table knows of a change; `id` is a row that it was told of even if it did not change. */
  #knows({ tick, seq }: Applied, id?: string, from: Source = "write"): void {
    const { floors, rowFloors, master } = this.#scene;
    floors.known(this.process, tick, seq);
    for (const changed of [...master.changedAt(seq), ...(id === undefined ? [] : [id])]) {
      rowFloors.known(this.process, from, seq, changed);
    }
  }

  /** From now on, nothing that was read before may be served. */
  #distrusts(tick: number): void {
    const { floors, rowFloors, master } = this.#scene;
    floors.known(this.process, tick);
    rowFloors.known(this.process, "stream", master.oldestSeq);
  }

  /** An event of the master is handed over: it is known once it has been handled, and all is suspect if some were missed. */
  #handed({ event, seq }: Told): () => void {
    const { rowFloors, master } = this.#scene;
    const { process } = this;
    const oldest = master.oldestSeq;
    if (event.kind === "changed" || seq === undefined) return () => rowFloors.known(process, "stream", oldest);
    return () => rowFloors.known(process, "stream", seq, event.id);
  }

  /** The events of the inner table: the outer one knows then what the inner one knew before. */
  #passedOn(events: LiveStream): LiveStream {
    const { rowFloors, master } = this.#scene;
    const { process, host } = this;
    const onEvent = (event: LiveEvent): () => void => {
      const floor = rowFloors.of(host);
      const ids = event.kind === "changed" ? [...master.histories.keys()] : [event.id];
      const known = ids.flatMap((id) =>
        [[floor.placeOf(id), id], [floor.existenceOf(id), id], [floor.of(id), id]] as const
      );
      return () => known.forEach(([seq, id]) => rowFloors.known(process, "stream", seq, id));
    };
    return { subscribe: (options) => followed(events.subscribe(options), onEvent) };
  }

  #clock(death: AbortSignal): Clock {
    const { scheduler, verdict, world } = this.#scene;
    const owner = this.#owner;
    const clock = scheduler.clock(owner);
    const most = Math.max(LONGEST_PAUSE_MS, world.lagMs);
    const wait: Clock["wait"] = (ms, options) => {
      if (death.aborted) return new Promise(() => {});
      verdict.check(10, (ms > 0 || world.writes !== undefined) && ms <= most, () => `${owner} pauses for ${ms} ms`);
      return clock.wait(ms, options);
    };
    return { ...clock, wait };
  }

  #cache(process: number): Cache {
    const cache = this.#scene.caches[process];
    if (cache === undefined) throw new RangeError(`There is no process ${process}`);
    return cache;
  }

  #begin(
    name: ViewName,
    ask: (live: LiveTable, options: CallOptions) => Promise<Answer>,
    { also, mayFailWith, isPatient = false, refreshedSeq = 0 }: ReadWatch,
  ): boolean {
    const live = this.#live;
    if (live === undefined || this.#isAsleep) return false;
    const { floors, rowFloors, tell, scheduler, master, world } = this.#scene;
    const owner = this.#owner;
    const mayFail = this.#mayFail();
    const oldestReadMs = master.oldestReadMs(owner);
    const began: Began = {
      floor: floors.of(this.process),
      known: this.#known(oldestReadMs),
      confirmed: rowFloors.confirmed(this.process),
      freshSeq: this.#freshSeq(name, oldestReadMs),
      tick: scheduler.tick(),
      ms: scheduler.nowMs,
      oldestReadMs,
      settled: world.curious,
      marks: [],
      isPatient,
      onlooker: this.#onlooker,
      readSeq: Math.max(refreshedSeq, this.#listedSeq(name)),
    };
    // Until the master has caught up, what it answers with a write on top need not be one list.
    const isSettled = this.#effects.settledMs + world.lagMs < scheduler.nowMs || world.lagMs === 0;
    const pending = this.pendingWrites + this.#unsettledWrites.size;
    const settled = this.#effects.settled;
    let isUnsettled = false;
    const onUnsettled = (): void => {
      isUnsettled = true;
      began.settled = false;
    };
    const options: CallOptions = {
      ...((world.curious || began.onlooker !== undefined) && { onUnsettled }),
      ...(this.#mayBeStale && { onStale: (mark: StaleAnswer) => void began.marks.push(mark) }),
    };
    tell(`${owner} reads ${name}`);
    if (world.curious) this.#explain(live, owner);
    this.#reads.count++;
    follow(this.#scene, `read of ${name} by ${owner}`, ask(live, options), (answer) => {
      const isStale = began.marks.length > 0;
      tell(`${owner} has read ${name}: ${show(answer)}${isStale ? ", stale" : ""}`);
      also?.(answer, isStale);
      if (world.invalidation === "all") this.#check(name, answer, began);
      else {
        if (began.onlooker !== undefined) this.#checkShown(name, answer, began.onlooker);
        const isPlain = isSettled && !isUnsettled && pending === 0 && live.stats().queued === 0 &&
          settled === this.#effects.settled;
        if (began.onlooker === undefined || isPlain) this.#checkRows(name, answer, began);
      }
    }, (error) => {
      tell(`${owner} could not read ${name}: ${String(error)}`);
      const expected = error === mayFailWith || mayFail(error);
      this.#scene.verdict.check(8, expected, () => `a read of ${name} failed: ${String(error)}`);
    });
    return true;
  }

  /** Whether a read that begins now may fail with an error. */
  #mayFail(): (error: unknown) => boolean {
    const { world, master } = this.#scene;
    const live = this.#live;
    const mayBeUnavailable = world.masterFailureRate > 0 && !master.calm;
    return (error) =>
      error instanceof UnavailableError ? mayBeUnavailable : error instanceof ClosedError && live !== this.#live;
  }

  /** Whether the master is read although no reader waits. */
  get #readsBehind(): boolean {
    const { whileStale, prefetchPages, watches, writes } = this.#scene.world;
    return whileStale === "serve" || prefetchPages > 0 || watches || writes?.honoursKeys === false;
  }

  /** Whether answers may be stale, and are marked. */
  get #mayBeStale(): boolean {
    const { whileStale, onMasterFailure } = this.#scene.world;
    return whileStale === "serve" || onMasterFailure === "serve";
  }

  /**
   * Rows that were as in an earlier state must have been read too long ago to be fresh. A fetch in flight may be joined,
   * however long it takes; what is cut from several entries may have been looked at even before it began.
   */
  #freshSeq(name: ViewName, oldestReadMs: number): number {
    const { world, master, scheduler } = this.#scene;
    const { staleTimeMs, lagMs } = world;
    const isCut = !isOneEntry(VIEWS[name], world);
    if (isCut && (world.asyncCache || world.freezes || oldestReadMs !== Infinity)) return 0;
    const ms = Math.min(scheduler.nowMs, oldestReadMs) - staleTimeMs - lagMs;
    return staleTimeMs === 0 ? master.seqBefore(ms) : master.seqAt(ms);
  }

  /** The state that a view was read in last, where its entry is that of this read, or a newer one. */
  #listedSeq(name: ViewName): number {
    const { world, master } = this.#scene;
    const view = VIEWS[name];
    const isKept = world.cacheFailureRate === 0 && world.lagMs === 0 && world.maxEntries >= MANY && world.logs;
    const isAlone = world.tables === 1 && !world.asyncCache && !world.freezes && !this.#nested && world.pages;
    const isList = view.id === undefined && view.how !== "counted" && isOneEntry(view, world);
    return isKept && isAlone && isList ? master.listedSeq(this.#owner, view.query) : 0;
  }

  /** Reads a view from the master. Once that is done, its rows are readable. */
  refresh(name: ViewName): void {
    const live = this.#live;
    const { query, id, how, window } = VIEWS[name];
    if (live === undefined || this.#isAsleep || id !== undefined || how !== undefined || window !== undefined) return;
    const { world, master, tell, ends } = this.#scene;
    const owner = this.#owner;
    const [seq, ended, mayFail] = [master.seq, ends.count, this.#mayFail()];
    tell(`${owner} refreshes ${name}`);
    follow(this.#scene, `refresh of ${name} by ${owner}`, live.withQuery(query).refresh(), () => {
      tell(`${owner} has refreshed ${name}`);
      const isKept = world.cacheFailureRate === 0 && !world.freezes && world.lagMs === 0 && world.tables === 1;
      if (!isKept || ends.count > ended || live !== this.#live) return;
      this.#begin(name, (table, options) => readView(table, name, options), { refreshedSeq: seq });
    }, (error) => {
      tell(`${owner} could not refresh ${name}: ${String(error)}`);
      this.#scene.verdict.check(8, mayFail(error), () => `a refresh failed: ${String(error)}`);
    });
  }

  /** `explain()` during a read must settle, and have no effect. */
  #explain(live: LiveTable, owner: string): void {
    follow(this.#scene, `explanation by ${owner}`, live.explain(live.listCacheKey), () => {}, (error) => {
      const expected = error instanceof ClosedError && live !== this.#live;
      this.#scene.verdict.check(8, expected, () => `explain() failed: ${String(error)}`);
    });
  }

  #check(name: ViewName, answer: Answer, { floor, tick, ms, settled }: Began): void {
    const { verdict, master, world } = this.#scene;
    const origin = this.#originOf(answer);
    if (origin === undefined) {
      const missing = master.states.some((_, seq) => seq >= floor.seq && this.#contentOf(name, answer, seq));
      return verdict.check(4, missing, () => `${name} showed no row that was there all the time`);
    }
    const what = (): string => `${name} of ${this.#owner} showed state ${origin.seq}, read at tick ${origin.startTick}`;
    verdict.check(1, origin.seq >= floor.seq, () => `${what()}, but ${floor.seq} was known before`);
    const sure = !settled || origin.seq >= floor.settledSeq;
    verdict.check(1, sure, () => `${what()} as settled, but ${floor.settledSeq} was known before`);
    verdict.check(2, origin.startTick > floor.tick, () => `${what()}, but was invalidated at tick ${floor.tick}`);
    // A fetch in flight may be joined, however long it takes. An asynchronous cache also fills later.
    const kept = origin.answeredTick < tick && !world.asyncCache;
    verdict.check(2, !kept || origin.startMs > ms - world.staleTimeMs, () => `${what()}, which was stale`);
    const untouched = this.#checkUntouched(answer, what);
    verdict.check(4, !untouched || this.#contentOf(name, answer, origin.seq), () => `${what()}, but not as it was`);
    touch(answer);
  }

  #known(joinedMs?: number): Known {
    const { rowFloors, changes } = this.#scene;
    return { floor: rowFloors.of(this.process, joinedMs), changes: changes.count, mayRepeat: this.#mayRepeat };
  }

  /** Who looks at it, where writes are shown before they are answered. */
  get #onlooker(): Onlooker | undefined {
    const { world: { writes }, ledger } = this.#scene;
    const life = this.#owner;
    return writes?.optimistic === true ? { life, accepted: ledger.acceptedBy(life) } : undefined;
  }

  #checkShown(name: ViewName, answer: Answer, onlooker: Onlooker): void {
    const { verdict } = this.#scene;
    const fault = faultOfShown(this.#scene, VIEWS[name], listIn(answer), onlooker);
    verdict.check(fault?.law ?? 1, fault === undefined, () => `${name} of ${this.#owner}: ${fault?.what}`);
  }

  /** Checks each row by its version, and that the whole is possible. */
  #checkRows(name: ViewName, answer: Answer, began: Began): void {
    const { verdict } = this.#scene;
    const { marks: [mark], known, confirmed, freshSeq, settled, readSeq } = began;
    const what = (): string => `${name} of ${this.#owner} showed ${show(answer)}`;
    const untouched = this.#checkUntouched(answer, what);
    if (mark !== undefined) this.#checkMark(name, began, what);
    const isStale = mark !== undefined;
    // What is served in place of a failure has each write, though it may have been read after it.
    const mayGoBack = isStale && "error" in mark;
    const fitting = isStale
      ? fittingOfStale(this.#scene, VIEWS[name], answer, "error" in mark)
      : fittingOf(this.#scene, VIEWS[name], answer, known, this.#known());
    const limits = isStale
      ? [agesOfStale(this.#scene, confirmed, this.#scene.rowFloors.confirmed(this.process), mark)]
      : [agesOf(known.floor), agesSince(freshSeq, known.floor), ...(settled ? [settledAgesOf(known.floor)] : [])];
    for (const ages of untouched ? [...limits, ...(mayGoBack ? [] : [agesSince(readSeq)])] : []) {
      const fault = faultOfAnswer(this.#scene, VIEWS[name], answer, ages, fitting);
      verdict.check(fault?.law ?? 1, fault === undefined, () => `${what()}, ${fitting}: ${fault?.what}`);
      for (const law of [2, 4]) verdict.check(law, true, what);
    }
    touch(answer);
  }

  #checkMark(name: ViewName, { marks, isPatient, ms, oldestReadMs, settled }: Began, what: () => string): void {
    const { verdict, world, scheduler } = this.#scene;
    const isServedNow = marks.some((mark) => "error" in mark) && !world.asyncCache && !world.freezes;
    // A read that was in flight may be joined, however long it takes.
    const servedMs = isServedNow && isOneEntry(VIEWS[name], world) ? scheduler.nowMs : Math.min(ms, oldestReadMs);
    const fault = faultOfMark(this.#scene, { marks, servedMs, isPatient });
    verdict.check(fault?.law ?? 2, fault === undefined, () => `${what()}: ${fault?.what}`);
    verdict.check(8, !settled, () => `${what()}, stale, but as settled`);
  }

  #checkUntouched(answer: Answer, what: () => string): boolean {
    const { verdict } = this.#scene;
    const untouched = datesIn(answer).every((date) => date.getTime() !== TOUCHED);
    verdict.check(9, untouched, () => `${what()}, and what another reader had changed in it`);
    const frozen = rowsIn(answer).every((row) => !Reflect.set(row, "mark", "changed by a reader"));
    verdict.check(9, frozen, () => `${what()}, in rows that a reader could change`);
    return untouched;
  }

  #originOf(answer: Answer): Origin | undefined {
    if (typeof answer === "number") return this.#scene.master.origins[readOf(answer)];
    if (answer !== undefined && isWindow(answer)) return undefined;
    const stamp = answer instanceof Rows ? answer.get(STAMP) : answer;
    return this.#scene.master.origins[Number(stamp?.read)];
  }

  /** Whether an answer matches the view of one state. */
  #contentOf(name: ViewName, answer: Answer, seq: number): boolean {
    const { query, id, how, window } = VIEWS[name];
    const { master, world: { invalidation, ownOrder } } = this.#scene;
    const expected = viewOf(master.stateAt(seq), query, ownOrder, invalidation === "all");
    if (how === "counted" || typeof answer === "number") {
      return how === "counted" && sizeOf(Number(answer)) === expected.length;
    }
    if (id !== undefined) {
      const held = expected.find((candidate) => candidate.id === id);
      const [entry] = listIn(answer);
      if (entry === undefined) return held === undefined;
      const { read: _, ...row } = entry[1];
      return held !== undefined && sameRow(row, rowOf(held));
    }
    const range = window ?? { skip: 0, limit: Infinity };
    const shown = expected.slice(range.skip, range.skip + range.limit);
    const rows = listIn(answer).filter(([found]) => found !== STAMP);
    const isTold = answer === undefined || typeof answer === "number" || !isWindow(answer) ||
      (answer.total ?? expected.length) === expected.length;
    return isTold && rows.length === shown.length && shown.every((held, index) => {
      const [found, row] = rows[index] ?? ["", {}];
      return found === held.id && sameRow(row, rowOf(held));
    });
  }

  #applied(mark: string, action: WriteAction, answer: WriteAnswer): void {
    const { verdict, master, floors, rowFloors, world } = this.#scene;
    const applied = master.applied.get(mark);
    // A row that is gone may have been deleted by others, where a master can only be asked whether it is.
    const mayBeOthers = action.op === "delete" && world.writes?.honoursKeys === false;
    verdict.check(
      5,
      applied !== undefined || mayBeOthers,
      () => `${mark} was answered, but never reached the master`,
    );
    if (applied === undefined) return;
    this.#knows(applied, idIn(action, answer));
    // While a cache fails to drop entries, others may read them for a while; otherwise all read what was written.
    if (world.cacheFailureRate === 0 && !world.freezes) {
      floors.storageDropped(applied.tick);
      floors.storageKnows(applied.seq);
      for (const id of master.changedAt(applied.seq)) rowFloors.storageKnows("write", applied.seq, id);
    }
    const state = master.stateAt(applied.seq);
    const mine = ((): boolean => {
      switch (action.op) {
        case "delete":
        case "deleteAll":
          return answer === undefined;
        case "insertReturnId":
          return typeof answer === "string" && state.get(answer)?.mark === mark;
        default: {
          const held = state.get(master.realId(action.id));
          const asAsked = action.op === "insert" || held?.mark === mark;
          return typeof answer === "object" && held !== undefined && asAsked && sameRow(answer, rowOf(held));
        }
      }
    })();
    verdict.check(4, mine, () => `${mark} was answered with somebody else's answer`);
    this.#checkEffect(mark, action);
  }

  /** Checks that an applied write did exactly what it was asked for. */
  #checkEffect(mark: string, action: WriteAction): void {
    const { verdict, master } = this.#scene;
    const seq = master.applied.get(mark)?.seq;
    if (seq === undefined) return;
    const [before, after] = [master.stateAt(seq - 1), master.stateAt(seq)];
    const asAsked = sameState(after, effectOf({ ...action, id: master.realId(action.id) }, mark, before, after));
    verdict.check(4, asAsked, () => `${mark} did something else than ${action.op} ${action.id}`);
  }

  /** Checks how a write failed, and returns whether it may have been applied. */
  #mayHaveEffect(mark: string, action: WriteAction, error: unknown): boolean {
    const { verdict, master, ledger, world } = this.#scene;
    const applied = master.applied.get(mark);
    if (world.writes !== undefined) {
      const mayHave = ledger.failed(mark, error);
      // Of one that another table has sent from the outbox, this one knows only that it is kept.
      const isOthers = isKept(error) && !master.isSentBy(this.#owner, mark);
      if (applied !== undefined && !isOthers) this.#knows(applied, undefined, "unsure write");
      return mayHave;
    }
    if (error instanceof DOMException && error.name === "AbortError") {
      verdict.check(5, applied === undefined, () => `${mark} was taken back, but had been applied`);
      return false;
    }
    const fits = error instanceof RejectedError
      ? action.treatment === "refused"
      : error instanceof UnavailableError
      ? action.treatment === "unavailable"
      : error instanceof NotFoundError
      ? action.op === "patch"
      : action.treatment === "lost";
    verdict.check(5, fits, () => `${mark}, to be ${action.treatment}, failed with ${String(error)}`);
    if (applied !== undefined) this.#knows(applied, undefined, "unsure write");
    this.#checkEffect(mark, action);
    return !(error instanceof RejectedError || error instanceof NotFoundError);
  }

  /** A subscriber that fails at its first event. */
  async #receiveOnce(live: LiveTable): Promise<void> {
    const reader = live.events.subscribe().getReader();
    await reader.read();
    await reader.cancel(new Error("the listener failed"));
  }

  /** Checks that the table drops entries before it emits the event, and emits an event for everything it drops. */
  async #hear(live: LiveTable): Promise<void> {
    const { master, verdict } = this.#scene;
    const owner = this.#owner;
    const reader = live.events.subscribe().getReader();
    let heard = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      heard++;
      const event = next.value;
      const change = "id" in event ? master.applied.get(event.id) : undefined;
      if (change !== undefined) this.#knows(change);
      if (this.#reentrantWrites <= 0 || live !== this.#live) continue;
      this.#reentrantWrites--;
      this.write({
        kind: "write",
        table: this.number,
        op: "replace",
        id: "c",
        even: true,
        treatment: "applied",
        taken: "kept",
      });
    }
    const { write, event, gap, manual } = live.stats().invalidations;
    const all = write + event + gap + manual;
    verdict.check(5, heard === all, () => `${owner} told of ${heard} changes, but invalidated for ${all}`);
  }
}

/** The state after a write. The master chooses the id of a new row. */
function effectOf(action: WriteAction, mark: string, before: State, after: State): State {
  const { op, id, even, n = 0 } = action;
  const rows = new Map(before);
  const held: Held = { id, mark, even, n };
  switch (op) {
    case "insert":
      return rows.has(id) ? rows : rows.set(id, held);
    case "replace":
      return rows.set(id, held);
    case "patch": {
      const old = before.get(id);
      return rows.set(id, { id, mark, even: old?.even === true, n: old?.n ?? 0, ...touchedBy(action) });
    }
    case "delete":
      rows.delete(id);
      return rows;
    case "deleteAll":
      return new Map([...rows].filter(([, row]) => !row.even));
    case "insertReturnId": {
      const added = [...after.keys()].find((key) => !before.has(key)) ?? "";
      return rows.set(added, { ...held, id: added });
    }
    default:
      return op satisfies never;
  }
}

function sameState(one: State, other: State): boolean {
  return one.size === other.size &&
    [...one].every(([id, { mark, even, n }]) => {
      const held = other.get(id);
      return held?.mark === mark && held.even === even && held.n === n;
    });
}

/** The row that a write was answered about. */
function idIn({ op, id }: WriteAction, answer: WriteAnswer): string | undefined {
  if (op === "deleteAll") return undefined;
  return op === "insertReturnId" && typeof answer === "string" ? answer : id;
}

/** What a write writes into its row. */
function heldIn(action: WriteAction, mark: string): Partial<Held> {
  const { op, even, n = 0 } = action;
  return op === "patch" ? { mark, ...touchedBy(action) } : { mark, even, n };
}

function opOf(action: WriteAction, mark: string): WriteOp {
  const { op, id, even, n = 0 } = action;
  const when = even ? { when: new Date(WHEN) } : {};
  const row = { mark, even, n, ...when };
  switch (op) {
    case "insert":
      return { kind: "insert", id, row };
    case "replace":
      return { kind: "replace", id, row };
    case "patch": {
      const touched = touchedBy(action);
      return { kind: "patch", id, partial: { mark, ...touched, ...(touched.even && when) } };
    }
    case "delete":
      return { kind: "delete", id };
    case "deleteAll":
      return { kind: "deleteAll" };
    case "insertReturnId":
      return { kind: "insertReturnId", row };
    default:
      return op satisfies never;
  }
}

/** Changes that a reader makes to its answer affect no other reader. */
function touch(answer: Answer): void {
  for (const date of datesIn(answer)) date.setTime(TOUCHED);
}

function rowsIn(answer: Answer): readonly Row[] {
  return listIn(answer).map(([, row]) => row);
}

function datesIn(answer: Answer): readonly Date[] {
  return rowsIn(answer).flatMap(({ when }) => when instanceof Date ? [when] : []);
}

function show(answer: Answer): string {
  if (answer === undefined) return "nothing";
  if (typeof answer === "number") return String(Math.floor(answer));
  const rows = listIn(answer).filter(([id]) => id !== STAMP).map(([id, { mark }]) => `${id}=${String(mark)}`);
  const total = isWindow(answer) ? ` of ${answer.total} from ${answer.offset}` : "";
  return (rows.join(" ").trim() || "no rows") + total;
}
