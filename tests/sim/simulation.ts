import { type Cache, type LogRecord, MemCache, MemOutbox, type OutboxEntry, type Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { Chance } from "./chance.ts";
import { Floors } from "./floors.ts";
import { Verdict } from "./laws.ts";
import { type Action, hasRoomAtRest, type Plan, viewsAtRest } from "./plan.ts";
import { eventOf } from "./event_of.ts";
import { hash } from "./hash.ts";
import { RowFloors } from "./row_floors.ts";
import type { Scene } from "./scene.ts";
import { Scheduler } from "./scheduler.ts";
import type { Outcome } from "./shrink.ts";
import { SimCache } from "./sim_cache.ts";
import { type Held, type Origin, SimMaster } from "./sim_master.ts";
import { SimStream } from "./sim_stream.ts";
import { LONGEST_PAUSE_MS, SimTable } from "./sim_table.ts";
import { touchedBy } from "./touched.ts";
import { WriteLedger } from "./write_ledger.ts";

/** After this many steps without an action, everything must have settled. */
const MAX_STEPS_TO_REST = 20_000;

/** A log of this capacity does not overflow. */
const MANY = 1_000;

/** What the master holds at first where answers are checked row by row. */
const INITIAL: readonly Held[] = ["d", "b", "a", "e", "c"].map((id, index) => ({
  id,
  mark: `i${id}`,
  even: index % 2 === 0,
  n: index % 3,
}));

/** Runs a plan: the same plan gives the same trace, byte for byte, in every runtime. */
export async function simulate(plan: Plan): Promise<Outcome> {
  const { maxEntries, maxChanges } = plan.world;
  const storage = plan.world.storage === "sqlite"
    ? await SqliteCache.open(":memory:", { maxEntries, maxChanges })
    : new MemCache({ maxEntries, maxChanges });
  try {
    return await new Simulation(plan, storage).run();
  } finally {
    if (storage instanceof SqliteCache) await storage.close();
  }
}

class Simulation {
  readonly #plan: Plan;
  readonly #chance: Chance;
  readonly #scene: Scene;
  readonly #tables: readonly SimTable[];
  readonly #storage: Cache;
  readonly #trace: string[] = [];
  /** The reads in flight at the master, by what they read, each with the number of invalidations when it began. */
  readonly #inFlight = new Map<string, Set<{ readonly invalidations: number }>>();
  /** For each table, the last step in which a read of some rows ended, and what had been invalidated when that began. */
  readonly #holesRead = new Map<string, { readonly step: number; readonly invalidations: number }>();
  readonly #failures = new Map<string, number>();
  /** The writes that the shared storage knows of, and the intents of others, with when they are due. */
  readonly #recorded = new Set<string>();
  readonly #intendedBy = new Map<string, number>();
  #lines: string[] = [];
  #invalidations = 0;
  #changes = 0;
  #deaths = 0;
  #steps = 0;
  #calm = false;

  constructor(plan: Plan, storage: Cache) {
    const { world, seed } = plan;
    this.#plan = plan;
    this.#chance = new Chance(seed ^ 0x5eed);
    const chance = this.#chance;
    const verdict = new Verdict();
    const scheduler = new Scheduler(chance, (line) => this.#tell(line));
    const shares = (process: number): boolean => process < world.processes;
    const byRow = world.invalidation === "surgical";
    const ends = { count: 0 };
    this.#storage = storage;
    this.#scene = {
      world,
      scheduler,
      verdict,
      floors: new Floors(scheduler, world.lagMs, shares),
      rowFloors: new RowFloors({
        scheduler,
        lagMs: world.lagMs,
        shares,
        isMove: (id, seq) => this.#scene.master.isMove(id, seq),
      }),
      unsettled: new Map(),
      stream: new SimStream(scheduler, chance, world),
      master: new SimMaster({
        scheduler,
        chance,
        verdict,
        lagMs: world.lagMs + world.untoldLagMs,
        failureRate: world.masterFailureRate,
        initial: byRow ? INITIAL : [],
        world,
        isInOrder: (mark) => this.#scene.ledger.isInOrder(mark),
        isSentByHand: (mark) => this.#scene.ledger.isSentByHand(mark),
        stamps: !byRow,
        ends,
        onWrite: (seq) => {
          if (world.echoes) this.#announce(seq);
        },
        onRead: (owner, key) => this.#startRead(owner, key),
      }),
      caches: [],
      outbox: new MemOutbox({ maxEntries: world.writes?.outboxEntries ?? MANY }),
      ledger: new WriteLedger(verdict, () => this.#scene.master),
      outboxFails: (call) => this.#fails(call, world.writes?.outboxFailureRate ?? 0),
      changes: { count: 0 },
      ends,
      tell: (line) => this.#tell(line),
    };
    for (let process = 0; process < world.processes + world.tables; process++) this.#startProcess(process);
    this.#tables = Array.from({ length: world.tables }, (_, number) => new SimTable(this.#scene, number));
  }

  /**
   * Each process has its own cache object. A nested table is numbered after the processes, and has its own storage too.
   */
  #startProcess(process: number): void {
    const { world, scheduler, floors, caches, changes, ends } = this.#scene;
    const shares = process < world.processes;
    caches[process] = new SimCache({
      scheduler,
      storage: shares ? this.#storage : new MemCache({ maxEntries: world.maxEntries, maxChanges: world.maxChanges }),
      name: `cache ${process}`,
      async: world.asyncCache,
      logs: world.logs,
      fails: (call) => this.#fails(call, world.cacheFailureRate),
      onPut: (rows) => this.#checkStored(rows, process),
      onInvalidation: (_prefix, done) => {
        this.#invalidations++;
        ends.count++;
        if (done) changes.count++;
        if (done && shares) floors.storageDropped(scheduler.tick());
      },
      onLog: (record, done) => {
        if (record.kind === "change" || record.kind === "overdue") {
          this.#invalidations++;
          if (done) changes.count++;
        }
        if (record.kind === "change" && record.change.kind === "changed") ends.count++;
        if (done && shares) this.#logged(record);
      },
    });
  }

  /** What is in the log of the shared storage is known to all. */
  #logged(record: LogRecord): void {
    const { master, rowFloors, world } = this.#scene;
    if (record.kind === "intent") this.#intendedBy.set(record.writeId, record.dueAt);
    if (record.kind === "settled") this.#intendedBy.delete(record.writeId);
    if (record.kind === "intent" && world.maxChanges >= MANY) {
      const { writeId, dueAt } = record;
      rowFloors.storageIntends({ dueMs: dueAt, effect: () => this.#effectIntended(writeId, dueAt) });
    }
    if (record.kind !== "change" || record.change.cause !== "write") return;
    const seq = master.applied.get(record.change.writeId)?.seq;
    if (seq === undefined) return;
    this.#recorded.add(record.change.writeId);
    const from = record.change.outcome === "applied" ? "write" : "unsure write";
    for (const id of master.changedAt(seq)) rowFloors.storageKnows(from, seq, id);
  }

  /** The last intent of a write is the one that counts. */
  #effectIntended(mark: string, dueAt: number): { readonly seq: number; readonly ids: readonly string[] } {
    return this.#intendedBy.get(mark) === dueAt ? this.#effectUntil(mark, dueAt) : { seq: 0, ids: [] };
  }

  #effectUntil(mark: string, ms: number): { readonly seq: number; readonly ids: readonly string[] } {
    const { master } = this.#scene;
    const seq = master.applied.get(mark)?.seq ?? 0;
    const isLate = seq === 0 || (master.states[seq]?.atMs ?? 0) > ms;
    return { seq, ids: isLate ? [] : master.changedAt(seq) };
  }

  async run(): Promise<Outcome> {
    const { scheduler, verdict } = this.#scene;
    const actions = [...this.#plan.actions];
    while (this.#steps < this.#plan.steps && verdict.violations.length === 0) {
      await this.#turn();
      const action = this.#chance.happens(this.#scene.world.haste) ? actions.shift() : undefined;
      if (action?.kind === "time passes") await scheduler.advance(action.ms);
      else if (action !== undefined) this.#act(action);
      else if (!scheduler.runOne() && actions.length === 0 && !await scheduler.wakeNext()) break;
    }
    if (verdict.violations.length === 0) await this.#comeToRest();
    this.#flush();
    return { verdict, violation: verdict.violations[0], trace: this.#trace, steps: this.#steps };
  }

  async #comeToRest(): Promise<void> {
    const { scheduler, master, stream, verdict, unsettled, caches, world } = this.#scene;
    this.#tell("-- nothing fails any more");
    for (const cache of caches) cache.thaw();
    this.#calm = true;
    master.calm = true;
    stream.comeBack();
    for (const table of this.#tables) table.sleep(false);
    await this.#flow();
    for (const table of this.#tables) table.goOn();
    await this.#rest(LONGEST_PAUSE_MS);
    await this.#drainOutbox();
    /** Whether those who watch are told of all changes: of those of another process, by the stream alone. */
    let isTold = false;
    if (world.invalidation === "surgical") {
      await scheduler.advance(Math.max(0, ...this.#intendedBy.values()) + 1 - scheduler.nowMs);
      isTold = world.echoes || (world.processes === 1 && this.#deaths === 0 && !world.nested.includes(true));
      // What a table writes when it is told of that, others need not be told of.
      if (!this.#allIsKnown) { for (const table of this.#tables) table.invalidate(); }
    } // No process may know of the writes of a process that died.
    else for (const table of this.#tables) if (!table.listens || this.#deaths > 0) table.invalidate();
    await this.#rest();
    await this.#readAtRest();
    // Invalidations by others are detected at the first read, and entries are stored only after the lag.
    await scheduler.advance(world.lagMs);
    await this.#readAtRest();
    // An overdue intent is detected at the first read of an entry: one that was stored just now.
    if (this.#intendedBy.size > 0 && (world.lagMs > 0 || this.#deaths > 0)) {
      await this.#readAtRest();
      await scheduler.advance(world.lagMs);
      await this.#readAtRest();
    }
    if (world.whileStale === "serve") await this.#readAtRest();
    await this.#readAtRest(await this.#readAtRest(undefined, true), true);
    if (!isTold && world.watches) {
      for (const table of this.#tables) table.calmDown();
      for (const table of this.#tables) table.invalidate();
      await this.#rest();
    }
    for (const table of this.#tables) table.lookAtRest();
    for (const table of this.#tables) table.close();
    await this.#rest();
    caches.forEach(({ failures }, process) => {
      const counted = this.#tables.reduce((sum, table) => sum + table.cacheFailures(process), 0);
      // A late call has already failed for its caller, so a later failure of it goes unnoticed.
      if (!world.freezes) {
        verdict.check(
          8,
          counted === failures,
          () => `${failures} calls of a cache failed, and ${counted} were counted`,
        );
      }
    });
    this.#checkOutbox();
    verdict.check(5, unsettled.size === 0, () => `never settled: ${[...unsettled.values()].join(", ")}`);
    const { waiting } = scheduler;
    verdict.check(11, waiting.length === 0, () => `all tables are closed, but these wait: ${waiting.join(", ")}`);
    verdict.check(11, stream.subscriberCount === 0, () => `${stream.subscriberCount} subscriptions were left open`);
    const calls = caches.reduce((sum, cache) => sum + cache.calls, 0);
    await this.#rest();
    const later = caches.reduce((sum, cache) => sum + cache.calls, 0);
    verdict.check(11, later === calls, () => "a closed table asked its cache");
  }

  /** Lets a table send what there is of owners who have none now. */
  async #drainOutbox(): Promise<void> {
    const { world: { writes } } = this.#scene;
    const [table] = this.#tables;
    for (const owner of writes?.owners ?? []) {
      if (table === undefined || this.#keptOf(owner).every(({ state }) => state === "failed")) continue;
      table.close();
      await this.#rest();
      table.openFor(owner);
      await this.#rest();
    }
  }

  /** At rest, what is kept has failed, and nothing else. */
  #checkOutbox(): void {
    const { world: { writes }, verdict, ledger } = this.#scene;
    const left = new Set<string>();
    for (const owner of writes?.owners ?? []) {
      for (const { write: { id }, state } of this.#keptOf(owner)) {
        verdict.check(5, state === "failed", () => `${id} is still in the outbox, ${state}`);
        left.add(id);
      }
    }
    if (writes !== undefined) ledger.atRest(left);
  }

  #keptOf(owner: string | undefined): readonly OutboxEntry[] {
    return this.#scene.outbox.load(queueOf(owner), 0, MANY);
  }

  /** Whether nothing is left that a table which is open has to send, or waits for. */
  get #isQuiet(): boolean {
    if (this.#scene.world.writes === undefined) return false;
    const owners = this.#tables.filter(({ isOpen }) => isOpen).map(({ queueOwner }) => queueOwner);
    return this.#tables.every(({ pendingWrites }) => pendingWrites === 0) &&
      owners.every((owner) => this.#keptOf(owner).every(({ state }) => state === "failed"));
  }

  /** Whether every table was told of every change, or finds it in the log, also of those by a process that died. */
  get #allIsKnown(): boolean {
    const { world, master } = this.#scene;
    if (!this.#tables.every(({ listens }) => listens)) return false;
    if (this.#deaths === 0 || world.echoes) return true;
    return [...master.applied].every(([mark, { seq }]) => {
      if (mark.startsWith("f") || this.#recorded.has(mark) || master.changedAt(seq).length === 0) return true;
      return world.maxChanges >= MANY && this.#effectUntil(mark, this.#intendedBy.get(mark) ?? -1).ids.length > 0;
    });
  }

  /** Reads every view of every table; views that were read before must come from the cache, if it has room for them. */
  async #readAtRest(
    before?: ReadonlyMap<string, Origin | undefined>,
    isLast: boolean = false,
  ): Promise<ReadonlyMap<string, Origin | undefined>> {
    const { verdict, master, world, changes } = this.#scene;
    const { rowReads: reads, listReads } = master;
    const { count } = changes;
    const mayKeepAll = before !== undefined && hasRoomAtRest(world);
    const heard = new Map<string, Origin | undefined>();
    for (const table of this.#tables) {
      for (const view of viewsAtRest(world)) {
        const place = `${view} of table ${table.number}`;
        table.readAtRest(view, isLast, (origin) => {
          heard.set(place, origin);
          if (!mayKeepAll || origin === undefined) return;
          if (view === "count even") return;
          const kept = origin === before.get(place) || world.staleTimeMs !== Infinity;
          verdict.check(8, kept, () => `at rest, ${place} is not served from the cache`);
        });
      }
    }
    await this.#rest();
    // An asynchronous cache may have answered that there is nothing just before there is.
    const isHeldWhole = !world.narrows && world.lagMs === 0 && world.maxEntries >= MANY && !world.asyncCache &&
      world.staleTimeMs === Infinity;
    if (isHeldWhole && changes.count === count) {
      const lists = master.listReads - listReads;
      const most = this.#tables.length;
      verdict.check(3, lists <= most, () => `at rest, ${lists} lists were read of sets that are held whole`);
    }
    if (mayKeepAll && world.invalidation === "surgical" && world.staleTimeMs === Infinity) {
      const more = master.rowReads - reads;
      verdict.check(8, more === 0, () => `at rest, ${more} reads were not served from the cache`);
    }
    return heard;
  }

  /** Runs until all that is under way has arrived. */
  async #flow(): Promise<void> {
    do await this.#turn(); while (this.#scene.world.writes !== undefined && this.#scene.scheduler.runOne());
  }

  /**
   * Runs until nothing more can happen. Where tables look into an outbox again and again, that is when nothing is left to
   * send for `quietMs`.
   */
  async #rest(quietMs: number = 0): Promise<void> {
    const { scheduler, verdict } = this.#scene;
    let busyMs = scheduler.nowMs;
    for (let step = 0; step < MAX_STEPS_TO_REST; step++) {
      await this.#turn();
      if (!this.#isQuiet) busyMs = scheduler.nowMs;
      const isOver = scheduler.nowMs > busyMs + quietMs || (quietMs === 0 && this.#isQuiet);
      if (!scheduler.runOne() && !await scheduler.wakeNext(!isOver)) return;
      if (verdict.violations.length > 0) return;
    }
    verdict.check(10, false, () => `no rest after ${MAX_STEPS_TO_REST} steps`);
  }

  async #turn(): Promise<void> {
    this.#flush();
    await this.#scene.scheduler.drain();
    for (const table of this.#tables) table.look();
    this.#flush();
    this.#steps++;
  }

  #act(action: Exclude<Action, { readonly kind: "time passes" }>): void {
    const { stream } = this.#scene;
    const table = "table" in action ? this.#tables[action.table] : undefined;
    switch (action.kind) {
      case "read":
        return table?.read(action.view, action.aborted, action.isPatient);
      case "refresh":
        return table?.refresh(action.view);
      case "watch":
        return table?.watch(action.view);
      case "leave":
        return table?.leave(action.view);
      case "write":
        return table?.write(action);
      case "invalidate":
        return table?.invalidate();
      case "listen":
        return table?.listen(action.writes);
      case "close":
        return table?.close();
      case "open":
        return table?.open();
      case "cache freezes":
        return this.#cachesOf(action.process).forEach((cache) => cache.freeze());
      case "cache thaws":
        return this.#cachesOf(action.process).forEach((cache) => cache.thaw());
      case "network":
        return table?.setOnline(action.isOnline);
      case "sign in":
        return table?.signIn();
      case "retry":
      case "discard":
        return table?.settleFailed(action.kind);
      case "sleeps":
      case "wakes":
        return this.#sleep(action.process, action.kind === "sleeps");
      case "dies":
        return this.#die(action.process, action.startsAgain);
      case "foreign write":
        return this.#writeFromElsewhere(action);
      case "stream drops":
        this.#tell(`the stream ${action.fails ? "fails" : "ends"}`);
        return stream.drop(action.fails);
      case "stream is back":
        this.#tell("the stream is back");
        return stream.comeBack();
      default:
        return action satisfies never;
    }
  }

  #writeFromElsewhere(action: Extract<Action, { readonly kind: "foreign write" }>): void {
    const { world, master, stream } = this.#scene;
    const { id, even, n = 0, gone } = action;
    const mark = `f${++this.#changes}`;
    this.#tell(`somebody else ${gone ? "deletes" : "writes"} ${id} as ${mark}`);
    master.change(mark, (rows) => {
      const old = rows.get(id);
      if (gone) rows.delete(id);
      else if (old === undefined || world.invalidation === "all") rows.set(id, { id, mark, even, n });
      else rows.set(id, { ...old, mark, ...touchedBy(action) });
    });
    // Where rows have no versions, events say by the mark which change they tell of.
    if (world.invalidation === "all") stream.announce({ kind: "updated", id: mark }, master.seq);
    else this.#announce(master.seq);
  }

  /** The stream tells of a change of the master. */
  #announce(seq: number): void {
    const { world, master, stream } = this.#scene;
    for (const id of master.changedAt(seq)) {
      stream.announce(eventOf(id, master.stateAt(seq - 1), master.stateAt(seq), world.events), seq);
    }
  }

  /** The caches of a process, including those of its nested tables. */
  #cachesOf(host: number): readonly SimCache[] {
    const { world: { processes }, caches } = this.#scene;
    return caches.filter((_, process) =>
      process === host || (process >= processes && (process - processes) % processes === host)
    );
  }

  /** A process stops in the middle of what it does, for any time, and goes on. */
  #sleep(host: number, isAsleep: boolean): void {
    this.#tell(`process ${host} ${isAsleep ? "sleeps" : "wakes"}`);
    for (const table of this.#tables) if (table.host === host) table.sleep(isAsleep);
  }

  #die(host: number, startsAgain: boolean): void {
    const { floors, rowFloors, caches } = this.#scene;
    this.#deaths++;
    const tables = this.#tables.filter((table) => table.host === host);
    for (const table of tables) table.die();
    for (const process of new Set([host, ...tables.map((table) => table.process)])) {
      caches[process]?.die();
      floors.forget(process);
      rowFloors.forget(process);
      this.#startProcess(process);
    }
    if (startsAgain) { for (const table of tables) table.open(); }
  }

  /**
   * At most one read at a time for each table and key, unless something was invalidated: reads without a fence are not
   * shared, a master without pages is asked for all rows by each view, and for one row by each view that lacks it. An asynchronous cache is asked for its fence some time before the master is read, so the count since the
   * start of the run decides there.
   */
  #startRead(owner: string, key: string): () => void {
    const { verdict, world, caches, ends } = this.#scene;
    const place = `${owner} ${key}`;
    // With a log, only what ends all entries lets another read begin beside one.
    const changes = world.invalidation === "surgical" && world.logs ? ends.count : this.#invalidations;
    const fenced = caches.every((cache) => cache.fenceFailures === 0);
    const mayBeHole = key.includes("id ") || (world.asksFor === "rows" && key.startsWith("get "));
    const began = mayBeHole ? changes : Math.min(changes, this.#beganInVain(owner));
    // After some rows were read in vain, all are: by then, others may have begun to.
    const most = world.asksFor === "nothing" ? 0 : 1;
    const reads = this.#inFlight.get(place) ?? new Set();
    this.#inFlight.set(place, reads);
    if (world.lagMs === 0 && fenced && !world.freezes && world.pages && !mayBeHole && began >= changes) {
      const others = [...reads].filter(({ invalidations }) => invalidations >= changes).length;
      verdict.check(3, others <= most, () => `${others + 1} reads of ${place} at once`);
    }
    const read = { invalidations: world.asyncCache ? 0 : began };
    reads.add(read);
    return () => {
      reads.delete(read);
      if (!mayBeHole) return;
      this.#holesRead.set(owner, { step: this.#steps, invalidations: Math.min(began, this.#beganInVain(owner)) });
    };
  }

  /** What had been invalidated when the reads of some rows began that have ended in this step, and may have been in vain. */
  #beganInVain(owner: string): number {
    const last = this.#holesRead.get(owner);
    return last?.step === this.#steps ? last.invalidations : Infinity;
  }

  /** No process stores an entry that it knows to be older than the last invalidation. */
  #checkStored(rows: Rows, process: number): (stored: boolean) => void {
    const { verdict, master, floors } = this.#scene;
    const known = floors.knownTick(process);
    const [row] = rows.values();
    const origin = master.origins[Number(row?.read)];
    return (stored) => {
      const abandoned = stored && origin?.abandoned === true;
      verdict.check(11, !abandoned, () => `process ${process} kept what nobody waited for any more`);
      const old = stored && origin !== undefined && origin.startTick <= known;
      verdict.check(
        2,
        !old,
        () => `process ${process} kept what it read at tick ${origin?.startTick}, but knew of tick ${known}`,
      );
    };
  }

  /** Depends on the operation and its count, not on the order of calls. */
  #fails(call: string, rate: number): boolean {
    if (rate === 0 || this.#calm) return false;
    const count = (this.#failures.get(call) ?? 0) + 1;
    this.#failures.set(call, count);
    return hash(`${this.#plan.seed} ${call} ${count}`) < rate / 2;
  }

  /** The consequences of a step are sorted, since runtimes may differ in the order of independent ones. */
  #tell(line: string): void {
    this.#lines.push(line);
  }

  #flush(): void {
    const { nowMs } = this.#scene.scheduler;
    for (const line of this.#lines.sort()) this.#trace.push(`${this.#steps} @${Math.floor(nowMs)} ms: ${line}`);
    this.#lines = [];
  }
}

/** The name of an owner's queue in the outbox. */
function queueOf(owner: string | undefined): string {
  return `${owner ?? ""}/t`;
}
