import {
  type Cache,
  ClosedError,
  defineTable,
  LayeredCache,
  type LiveStream,
  LiveTable,
  MemCache,
  NotFoundError,
  RejectedError,
  type Row,
  type Rows,
  sameRow,
  UnavailableError,
} from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { agesOf, agesSince, faultOfAnswer } from "../read_law.ts";
import type { RowFloor } from "../row_floors.ts";
import { follow } from "../scene.ts";
import { rowOf, viewOf } from "../sim_master.ts";
import type { Told } from "../sim_stream.ts";
import { touchedBy } from "../touched.ts";
import { type Answer, listIn, readView, type ViewName, VIEWS } from "../views.ts";
import { HostClock } from "./host_clock.ts";
import type { HostScene } from "./host_scene.ts";
import { MasterLink } from "./master_link.ts";
import type { HostsAction, HostWorld } from "./plan_of_hosts.ts";
import { RedisLink } from "./sim_redis_client.ts";

type WriteAction = Extract<HostsAction, { readonly kind: "write" }>;

/** After this time, a host that stays connected has found out that Redis is another process. */
const NOTICED_MS = 2_000;

/** What is passed to Redis with a command. */
export interface Sender {
  readonly host: number;
  /** The event of the master that the host is handling. */
  readonly told: Told | undefined;
}

/** A host, from when it starts until it has stopped or died. */
interface Life {
  readonly owner: string;
  readonly death: AbortController;
  readonly link: RedisLink;
  readonly far: RedisCache;
  readonly cache: Cache & Partial<AsyncDisposable>;
  readonly live: LiveTable;
}

/** A host with one `LiveTable`: the actions on it, and the checks of its answers. */
export class SimHost {
  readonly number: number;
  readonly #world: HostWorld;
  readonly #scene: HostScene;
  readonly #clock: HostClock;
  #life: Life | undefined;
  /** The owner that is starting. */
  #starting: string | undefined;
  #lives = 0;
  #writes = 0;
  #links: { readonly redis: RedisLink; readonly master: MasterLink; readonly death: AbortController } | undefined;
  /** The ways to Redis of its earlier lives, on which something may be still. */
  readonly #left: RedisLink[] = [];
  /** The event of the master that is being handled. */
  #told: Told | undefined;
  /** When the cache heard last that something was logged. */
  #heardMs = -Infinity;
  /** Until when it may take Redis for the process that it was before. */
  #blindMs = -Infinity;
  #shown: Rows | undefined;

  constructor(scene: HostScene, number: number, world: HostWorld) {
    this.#scene = scene;
    this.number = number;
    this.#world = world;
    this.#clock = new HostClock(world.clocks);
  }

  get isOpen(): boolean {
    return this.#life !== undefined;
  }

  /** Whether it hears what the master emits. */
  get hearsMaster(): boolean {
    return this.isOpen && this.#world.hears === "master";
  }

  /** Whether one of its lives is this one, and goes on. */
  isAlive(owner: string): boolean {
    return this.#life?.owner === owner;
  }

  /** Starts, unless it has. */
  async start(): Promise<void> {
    if (this.#life !== undefined || this.#starting !== undefined) return;
    const { scheduler, chance, redis, world, tell } = this.#scene;
    const owner = `h${this.number}.${++this.#lives}`;
    this.#starting = owner;
    tell(`${owner} starts`);
    const death = new AbortController();
    const link = new RedisLink({
      ...{ scheduler, chance, redis, name: owner, resends: world.resends },
      sender: (): Sender => ({ host: this.number, told: this.#told }),
    });
    const master = new MasterLink(scheduler, owner);
    if (this.#links !== undefined) this.#left.push(this.#links.redis);
    this.#links = { redis: link, master, death };
    const clock = this.#clock.of(owner, scheduler, death.signal);
    const { ttlMs, maxChanges, maxLogBytes, redisTimeoutMs: timeoutMs } = world;
    const far = await RedisCache.open(link.connect(), { clock, ttlMs, maxChanges, maxLogBytes, timeoutMs });
    if (death.signal.aborted) return;
    const cache = this.#world.isLayered
      ? new LayeredCache(new MemCache(), far, { maxLagMs: world.maxLagMs, clock })
      : far;
    far.onChanged(() => void (this.#heardMs = scheduler.nowMs));
    this.#heardMs = -Infinity;
    const live = new LiveTable(defineTable(master.over(this.#scene.master.source(owner))), "t", cache, {
      clock,
      liveStream: this.#stream(far, death.signal),
      writeTimeoutMs: world.writeTimeoutMs,
      writeOutcomeMs: world.writeOutcomeMs,
      masterLagMs: world.lagMs,
      invalidation: world.invalidation,
      ...(world.versions && { versionOf: ({ mark }: Row) => this.#scene.master.applied.get(String(mark))?.seq ?? 0 }),
    });
    this.#starting = undefined;
    this.#life = { owner, death, link, far, cache, live };
    tell(`${owner} has started`);
    if (this.#world.hears !== "nothing") void this.#watch(live, death.signal);
  }

  /** Stops in good order. */
  stop(): void {
    const life = this.#life;
    if (life === undefined) return;
    const { tell, unsettled, verdict, scheduler } = this.#scene;
    this.#life = undefined;
    tell(`${life.owner} stops`);
    const closing = life.live.close().then(async () => {
      await life.cache[Symbol.asyncDispose]?.();
      await life.far.close();
    });
    follow(this.#scene, `stop of ${life.owner}`, closing, () => {
      tell(`${life.owner} has stopped`);
      life.link.die();
      scheduler.afterwards(() => {
        const left = [
          ...scheduler.waiting.filter((label) => label.startsWith(`${life.owner} waits`)),
          ...[...unsettled.values()].filter((what) => what.endsWith(` by ${life.owner}`)),
        ];
        verdict.check(11, left.length === 0, () => `${life.owner} has stopped, but ${left.join(", ")}`);
      });
    }, (error) => {
      verdict.check(5, false, () => `${life.owner} could not stop: ${String(error)}`);
    });
  }

  /** Dies: all its work stops. What is on its way to Redis may arrive. */
  die(): void {
    const owner = this.#life?.owner ?? this.#starting;
    if (owner === undefined) return;
    const { master, scheduler, unsettled, rowFloors, tell } = this.#scene;
    tell(`${owner} dies`);
    this.#links?.death.abort();
    this.#links?.redis.die();
    master.bury(owner);
    scheduler.forget((label) => label.startsWith(`${owner} `));
    for (const [promise, what] of unsettled) if (what.endsWith(` by ${owner}`)) unsettled.delete(promise);
    rowFloors.forget(this.number);
    this.#life = undefined;
    this.#starting = undefined;
    this.#told = undefined;
  }

  /** Something is wrong with the way from it to Redis, or to the master. */
  fail(from: "redis" | "master", how: "cut" | "stalled"): void {
    if (from === "master") this.#links?.master.fail(how);
    else if (how === "cut") this.#links?.redis.cut();
    else this.#links?.redis.stall();
  }

  heal(): void {
    for (const link of this.#left.splice(0)) link.heal();
    this.#links?.redis.heal();
    this.#links?.master.heal();
  }

  loseConnections(): void {
    this.#links?.redis.loseConnections();
  }

  /** Its connections lead to another process, which it cannot know yet. */
  isMisled(): void {
    this.#blindMs = this.#scene.scheduler.nowMs + this.#clock.trueMs(NOTICED_MS) + this.#lagMs + 1;
  }

  setClock(byMs: number): void {
    this.#clock.set(byMs);
  }

  /** Reads a view, and checks the answer against what had to be known when it was asked for. */
  read(name: ViewName, also?: (answer: Answer) => void): void {
    const life = this.#life;
    if (life === undefined) return;
    const { verdict, tell } = this.#scene;
    const floor = this.#floor(life.owner);
    const { nowMs: askedMs } = this.#scene.scheduler;
    const mayFail = this.#mayFail(life);
    tell(`${life.owner} reads ${name}`);
    follow(this.#scene, `read of ${name} by ${life.owner}`, readView(life.live, name, {}), (answer) => {
      tell(`${life.owner} has read ${name}: ${show(answer)}`);
      // It may have been misled meanwhile.
      const ages = floor === undefined || askedMs < this.#blindMs ? agesSince(0) : agesOf(floor);
      const fault = faultOfAnswer(this.#judged, VIEWS[name], answer, ages, "together");
      verdict.check(
        fault?.law ?? 1,
        fault === undefined,
        () => `${name} of ${life.owner} showed ${show(answer)}: ${fault?.what}`,
      );
      for (const law of [2, 4]) verdict.check(law, true, () => "");
      also?.(answer);
    }, (error) => {
      tell(`${life.owner} could not read ${name}: ${String(error)}`);
      verdict.check(8, mayFail(error), () => `a read of ${name} by ${life.owner} failed: ${String(error)}`);
    });
  }

  /** Reads a view, which must be what the master holds. */
  readAtRest(name: ViewName): void {
    this.read(name, (answer) => {
      const { verdict, master } = this.#scene;
      const isRight = this.#isOf(name, answer, master.seq);
      verdict.check(7, isRight, () => `at rest, host ${this.number} shows in ${name} ${show(answer)}`);
    });
  }

  /** What it shows to those who watch must be what the master holds. */
  lookAtRest(lastAppendedMs: number): void {
    const { verdict, master, world } = this.#scene;
    const { hears } = this.#world;
    // The master may not emit what other hosts write.
    if (this.#life === undefined || hears === "nothing" || (hears === "master" && !world.echoes)) return;
    const isShown = this.#shown !== undefined && this.#isOf("all", this.#shown, master.seq);
    verdict.check(7, isShown, () => `at rest, who watches host ${this.number} is shown ${show(this.#shown)}`);
    if (hears !== "log") return;
    verdict.check(
      7,
      this.#heardMs >= lastAppendedMs,
      () =>
        `at rest, host ${this.number} heard at ${this.#heardMs} ms, and not what was logged at ${lastAppendedMs} ms`,
    );
  }

  /** Invalidates everything. */
  invalidate(): void {
    const life = this.#life;
    if (life === undefined) return;
    const { rowFloors, master, tell, verdict } = this.#scene;
    tell(`${life.owner} invalidates`);
    rowFloors.known(this.number, "stream", master.seq);
    follow(this.#scene, `invalidate by ${life.owner}`, life.live.invalidate(), () => {}, (error) => {
      verdict.check(8, false, () => `invalidate() failed: ${String(error)}`);
    });
  }

  /** Writes, and checks the outcome. */
  write(action: WriteAction): void {
    const life = this.#life;
    if (life === undefined) return;
    const { master, tell, verdict } = this.#scene;
    const mark = `w${life.owner}.${++this.#writes}`;
    master.treat(mark, [action.treatment]);
    tell(`${life.owner} writes ${action.op} ${action.id} as ${mark}, to be ${action.treatment}`);
    const { id, op, even, n } = action;
    const row = { mark, even, n };
    const write = life.live.enqueue(
      op === "delete"
        ? { kind: op, id }
        : op === "patch"
        ? { kind: op, id, partial: { mark, ...touchedBy(action) } }
        : { kind: op, id, row },
      { idempotencyKey: mark },
    );
    follow(this.#scene, `write ${mark} by ${life.owner}`, write.applied, () => {
      tell(`${mark} is applied`);
      verdict.check(5, master.applied.has(mark), () => `${mark} was answered, but never reached the master`);
      this.#knows(mark, "write", action.id);
    }, (error) => {
      tell(`${mark} failed: ${String(error)}`);
      const isNo = error instanceof RejectedError || error instanceof NotFoundError;
      verdict.check(12, !isNo || !master.applied.has(mark), () => `${mark} was applied, and failed: ${String(error)}`);
      const isExpected = isNo || error instanceof UnavailableError || action.treatment === "lost";
      verdict.check(5, isExpected, () => `${mark}, to be ${action.treatment}, failed with ${String(error)}`);
      this.#knows(mark, "unsure write");
    });
  }

  get #lagMs(): number {
    return this.#world.isLayered ? this.#clock.trueMs(this.#scene.world.maxLagMs) : 0;
  }

  get #judged(): Parameters<typeof faultOfAnswer>[0] {
    const { master } = this.#scene;
    return { master, world: { ownOrder: "id", counts: true, cacheFailureRate: 0, masterItemsPerPage: undefined } };
  }

  /** `undefined` while it may take Redis for another process. */
  #floor(owner: string): RowFloor | undefined {
    const { rowFloors, scheduler: { nowMs }, master } = this.#scene;
    if (nowMs < this.#blindMs) return undefined;
    const sharedMs = this.#world.isLayered ? Math.max(nowMs - this.#lagMs, this.#heardMs) : Infinity;
    return rowFloors.of(this.number, master.oldestReadMs(owner), sharedMs);
  }

  #knows(mark: string, from: "write" | "unsure write", id?: string): void {
    const { master, rowFloors } = this.#scene;
    const seq = master.applied.get(mark)?.seq;
    if (seq === undefined) return;
    for (const changed of [...master.changedAt(seq), ...(id === undefined ? [] : [id])]) {
      rowFloors.known(this.number, from, seq, changed);
    }
  }

  #stream(far: RedisCache, death: AbortSignal): LiveStream | undefined {
    const { stream, rowFloors, master } = this.#scene;
    if (this.#world.hears === "nothing") return undefined;
    if (this.#world.hears === "log") return far.stream("t");
    const onGap = (what: "begins" | "drops"): void => {
      if (what === "begins" && !death.aborted) rowFloors.known(this.number, "stream", master.seq);
    };
    const onEvent = (told: Told): () => void => {
      const { event, seq } = told;
      const now = master.seq;
      if (!death.aborted) this.#told = told;
      return () => {
        if (death.aborted) return;
        this.#told = undefined;
        if (event.kind === "changed" || seq === undefined) rowFloors.known(this.number, "stream", now);
        else rowFloors.known(this.number, "stream", seq, event.id);
      };
    };
    return stream.for({ onGap, onEvent, death });
  }

  async #watch(live: LiveTable, death: AbortSignal): Promise<void> {
    this.#shown = undefined;
    for await (const { rows } of live.watch()) {
      if (death.aborted) return;
      this.#shown = rows ?? this.#shown;
    }
  }

  /** Whether a read that begins now may fail with an error. */
  #mayFail(life: Life): (error: unknown) => boolean {
    const { world, master } = this.#scene;
    const link = this.#links?.master;
    const faults = link?.faults ?? 0;
    const isFaulty = link?.isOpen !== true || (world.masterFailureRate > 0 && !master.calm);
    return (error) =>
      error instanceof UnavailableError
        ? isFaulty || (link?.faults ?? 0) > faults
        : error instanceof ClosedError && this.#life !== life;
  }

  #isOf(name: ViewName, answer: Answer, seq: number): boolean {
    const { query, id, how } = VIEWS[name];
    const expected = viewOf(this.#scene.master.stateAt(seq), query, "id", false);
    if (how === "counted" || typeof answer === "number") return answer === expected.length;
    const rows = listIn(answer).map(([, row]) => row);
    const wanted = id === undefined ? expected : expected.filter((held) => held.id === id);
    return rows.length === wanted.length && wanted.every((held, index) => sameRow(rows[index] ?? {}, rowOf(held)));
  }
}

function show(answer: Answer): string {
  if (answer === undefined) return "nothing";
  if (typeof answer === "number") return String(answer);
  return listIn(answer).map(([id, { mark }]) => `${id}=${String(mark)}`).join(" ").trim() || "no rows";
}
