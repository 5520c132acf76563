import { type Change, type LogRecord, Rows } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { Chance } from "../chance.ts";
import { eventOf } from "../event_of.ts";
import { Verdict } from "../laws.ts";
import { RowFloors } from "../row_floors.ts";
import { Scheduler } from "../scheduler.ts";
import type { Outcome } from "../shrink.ts";
import { type Held, SimMaster } from "../sim_master.ts";
import { SimStream } from "../sim_stream.ts";
import { touchedBy } from "../touched.ts";
import { directClient } from "./direct_client.ts";
import { EPOCH_MS } from "./host_clock.ts";
import type { HostScene } from "./host_scene.ts";
import type { HostsAction, HostsPlan } from "./plan_of_hosts.ts";
import { type Sender, SimHost } from "./sim_host.ts";
import { type Dump, SimRedis } from "./sim_redis.ts";
import { rowAndWriteIn } from "./sim_scripts.ts";

/** What the master holds at first. */
const INITIAL: readonly Held[] = ["a", "b", "c", "d", "e"].map((id, index) => ({
  id,
  mark: `i${id}`,
  even: index % 2 === 0,
  n: index % 3,
}));

/** How late, or early, it may be noticed that an intent is overdue: hosts do not know the clock of Redis more exactly. */
const SLACK_MS = 700;
/** After an outage, a host tries again within twice its length, and a stream looks for what it missed within this time. */
const HEALED_MS = 2_500;
/** How much of its lag a master has at most, since hosts wait for it by clocks that may be fast. */
const LAG_KEPT = 0.99;
/** A log of this capacity does not overflow. */
const MANY = 1_000;
/** The most steps at rest, and as many for each host. */
const MAX_STEPS = 20_000;

/**
 * Runs a plan of many hosts: the same plan gives the same trace, byte for byte, on Deno and on Node. Bun may take one of its
 * turns later, which is another order of steps.
 */
export async function simulateHosts(plan: HostsPlan): Promise<Outcome> {
  await (allHashed ??= hashAll());
  return await new HostsSimulation(plan).run();
}

let allHashed: Promise<void> | undefined;

/** Runs each script once: how long a runtime takes to hash one must make no difference. */
async function hashAll(): Promise<void> {
  await using cache = await RedisCache.open(directClient(new SimRedis({ now: () => EPOCH_MS })));
  const change: Change = { kind: "changed", at: 0, cause: "manual" };
  await cache.put("t/all", { rows: Rows.from([]), fetchedAt: 0 }, await cache.fence("t/all"));
  const records: readonly LogRecord[] = [
    { kind: "change", change },
    { kind: "intent", writeId: "w", change, dueAt: 0 },
    { kind: "settled", writeId: "w" },
    { kind: "overdue", now: 0, spanMs: 0 },
  ];
  for (const record of records) await cache.log("t/", record);
  await cache.invalidatePrefix("t/");
}

interface Intent {
  readonly dueMs: number;
  /** Whether it is in Redis; it may also have been ended there, by whichever host. */
  state: "there" | "ended" | "lost";
}

class HostsSimulation {
  readonly #plan: HostsPlan;
  readonly #scene: HostScene;
  readonly #hosts: readonly SimHost[];
  readonly #trace: string[] = [];
  readonly #recorded = new Set<string>();
  /** The intents that were logged: those that Redis has lost tell nobody of their writes. */
  readonly #intents = new Map<string, Intent>();
  #lines: string[] = [];
  #steps = 0;
  #foreign = 0;
  #dump: Dump = new Map();
  #intentsKey = "";
  #appendedMs = -Infinity;

  constructor(plan: HostsPlan) {
    const { world, seed } = plan;
    this.#plan = plan;
    const chance = new Chance(seed ^ 0x5eed);
    const verdict = new Verdict();
    const tell = (line: string): void => void this.#lines.push(line);
    const scheduler = new Scheduler(chance, tell);
    const redis = new SimRedis({
      now: () => EPOCH_MS + world.redisAheadMs + scheduler.nowMs,
      onChange: (command, sender) => this.#changed(command, sender as Sender | undefined),
    });
    const master: SimMaster = new SimMaster({
      ...{
        scheduler,
        chance,
        verdict,
        lagMs: LAG_KEPT * world.lagMs,
        failureRate: world.masterFailureRate,
        initial: INITIAL,
        stamps: false,
      },
      world: {
        ...{
          ownOrder: "id",
          pages: true,
          exact: true,
          asksFor: "ids",
          narrows: true,
          counts: true,
          echoes: world.echoes,
        },
        ...{ masterItemsPerPage: undefined, writes: undefined },
      },
      isInOrder: () => true,
      isSentByHand: () => false,
      ends: { count: 0 },
      onWrite: (seq) => {
        if (world.echoes) this.#announce(seq);
      },
      onRead: () => () => {},
    });
    this.#scene = {
      ...{ world, scheduler, chance, verdict, redis, master, tell },
      stream: new SimStream(scheduler, chance, { ordered: false, streamSteps: world.streamSteps }),
      rowFloors: new RowFloors({
        scheduler,
        lagMs: world.lagMs,
        shares: () => true,
        isMove: (id, seq) => master.isMove(id, seq),
      }),
      unsettled: new Map(),
    };
    this.#hosts = world.hosts.map((host, number) => new SimHost(this.#scene, number, host));
  }

  async run(): Promise<Outcome> {
    const { scheduler, verdict, world } = this.#scene;
    const actions = [...this.#plan.actions];
    for (const host of this.#hosts) if (world.hosts[host.number]?.isThere === true) this.#start(host);
    await this.#until(() => this.#hosts.every(({ isOpen, number }) => isOpen || world.hosts[number]?.isThere !== true));
    for (let step = 0; step < this.#plan.steps && verdict.violations.length === 0; step++) {
      await this.#turn();
      const action = this.#scene.chance.happens(world.haste) ? actions.shift() : undefined;
      if (action?.kind === "time passes") await scheduler.advance(action.ms);
      else if (action !== undefined) this.#act(action);
      else if (!scheduler.runOne() && actions.length === 0) await scheduler.wakeNext();
    }
    if (verdict.violations.length === 0) await this.#comeToRest();
    this.#flush();
    return { verdict, violation: verdict.violations[0], trace: this.#trace, steps: this.#steps };
  }

  async #comeToRest(): Promise<void> {
    const { scheduler, master, stream, verdict, unsettled, world, tell } = this.#scene;
    tell("-- nothing fails any more");
    master.calm = true;
    stream.comeBack();
    for (const host of this.#hosts) host.heal();
    if (!this.#hosts.some(({ hearsMaster }) => hearsMaster)) this.#start(this.#hosts[0]);
    const outageMs = scheduler.nowMs;
    await this.#elapse(2 * outageMs + HEALED_MS);
    await this.#elapse(world.writeOutcomeMs + SLACK_MS + world.maxLagMs);
    const isLost = [...master.applied.keys()].some((mark) => mark.startsWith("w") && this.#isLost(mark));
    if (isLost) {
      tell("-- nobody knows of a write");
      this.#hosts.find(({ isOpen }) => isOpen)?.invalidate();
      await this.#elapse(HEALED_MS);
    }
    await this.#elapse(world.maxLagMs + HEALED_MS);
    await this.#readAtRest();
    await this.#elapse(HEALED_MS + world.maxLagMs);
    await this.#readAtRest();
    // Those who watch read what they have heard of; what a master answers that lags is kept only later.
    await this.#elapse(HEALED_MS);
    // That an intent is overdue is seen in an entry, which there may not be before.
    for (let more = world.lagMs > 0 ? 2 : 0; more > 0; more--) {
      await this.#readAtRest();
      await this.#elapse(HEALED_MS);
    }
    const { rowReads } = master;
    await this.#readAtRest();
    const more = master.rowReads - rowReads;
    verdict.check(
      8,
      more === 0 || world.ttlMs < HEALED_MS,
      () => `at rest, ${more} reads were not served from the cache`,
    );
    for (const host of this.#hosts) host.lookAtRest(this.#appendedMs);
    for (const host of this.#hosts) host.stop();
    await this.#until(() => unsettled.size === 0 && scheduler.waiting.length === 0);
    verdict.check(5, unsettled.size === 0, () => `never settled: ${[...unsettled.values()].join(", ")}`);
    const { waiting } = scheduler;
    verdict.check(11, waiting.length === 0, () => `all hosts have stopped, but these wait: ${waiting.join(", ")}`);
    verdict.check(11, stream.subscriberCount === 0, () => `${stream.subscriberCount} subscriptions were left open`);
  }

  /** Whether a host has died before it could tell of a write, of which nothing else tells either. */
  #isLost(mark: string): boolean {
    const { world } = this.#scene;
    const isIntended = world.maxChanges >= MANY && this.#intents.has(mark) && this.#intents.get(mark)?.state !== "lost";
    return !this.#recorded.has(mark) && !isIntended &&
      !this.#hosts.some((host) => host.isAlive(mark.slice(1, mark.lastIndexOf("."))));
  }

  async #readAtRest(): Promise<void> {
    const { world, unsettled } = this.#scene;
    for (const view of new Set(world.views)) {
      for (const host of this.#hosts) host.readAtRest(view);
      await this.#until(() => ![...unsettled.values()].some((what) => what.startsWith("read ")));
    }
  }

  /** Runs for some time. */
  async #elapse(ms: number): Promise<void> {
    const { scheduler } = this.#scene;
    const end = scheduler.nowMs + ms;
    await this.#until(() => scheduler.nowMs >= end);
    await scheduler.advance(end - scheduler.nowMs);
  }

  /** Runs until something is so, if it ever is. */
  async #until(isOver: () => boolean): Promise<void> {
    const { scheduler, verdict } = this.#scene;
    const most = MAX_STEPS * (1 + this.#hosts.length);
    for (let step = 0; step < most; step++) {
      await this.#turn();
      if (isOver() || verdict.violations.length > 0) return;
      if (!scheduler.runOne() && !await scheduler.wakeNext()) return;
    }
    verdict.check(10, false, () => `no rest after ${most} steps`);
  }

  async #turn(): Promise<void> {
    this.#flush();
    await this.#scene.scheduler.drain();
    this.#flush();
    this.#steps++;
  }

  #act(action: Exclude<HostsAction, { readonly kind: "time passes" }>): void {
    const { stream, redis, chance, tell } = this.#scene;
    const host = "host" in action ? this.#hosts[action.host] : undefined;
    if (action.kind !== "read" && action.kind !== "write") tell(`-- ${JSON.stringify(action)}`);
    switch (action.kind) {
      case "read":
        return host?.read(action.view);
      case "write":
        return host?.write(action);
      case "foreign write":
        return this.#writeFromElsewhere(action);
      case "invalidate":
        return host?.invalidate();
      case "joins":
        return this.#start(host);
      case "closes":
        return host?.stop();
      case "dies":
        host?.die();
        return action.startsAgain ? this.#start(host) : undefined;
      case "cut":
      case "stalled":
        return host?.fail(action.from, action.kind);
      case "healed":
        return host?.heal();
      case "connection lost":
        return host?.loseConnections();
      case "clock is set":
        return host?.setClock(action.byMs);
      case "stream drops":
        return stream.drop(false);
      case "stream is back":
        return stream.comeBack();
      case "redis dumps":
        return void (this.#dump = redis.dump());
      case "redis evicts":
        redis.evict(chance);
        return this.#forgetLost();
      case "redis restarts":
        return this.#replaceRedis(action.from === "dump" ? this.#dump : new Map(), false, true);
      case "redis is replaced":
        return this.#replaceRedis(this.#dump, true, action.isSeen);
      default:
        return action satisfies never;
    }
  }

  #start(host: SimHost | undefined): void {
    host?.start().catch((error: unknown) => {
      this.#scene.verdict.check(8, false, () => `a host could not start: ${String(error)}`);
    });
  }

  #replaceRedis(dump: Dump, isPromoted: boolean, isSeen: boolean): void {
    for (const host of this.#hosts) {
      if (isSeen) host.loseConnections();
      else host.isMisled();
    }
    this.#scene.redis.restart(dump, isPromoted);
    this.#forgetLost();
  }

  #writeFromElsewhere(action: Extract<HostsAction, { readonly kind: "foreign write" }>): void {
    const { master } = this.#scene;
    const { id, even, n, gone } = action;
    const mark = `f${++this.#foreign}`;
    master.change(mark, (rows) => {
      const old = rows.get(id);
      if (gone) rows.delete(id);
      else rows.set(id, old === undefined ? { id, mark, even, n } : { ...old, mark, ...touchedBy(action) });
    });
    this.#announce(master.seq);
  }

  /** The master emits a change. */
  #announce(seq: number): void {
    const { world, master, stream } = this.#scene;
    for (const id of master.changedAt(seq)) {
      stream.announce(eventOf(id, master.stateAt(seq - 1), master.stateAt(seq), world.events), seq);
    }
  }

  /** What Redis has taken is known to all hosts. */
  #changed(command: readonly string[], sender: Sender | undefined): void {
    const [name, key = "", id = ""] = command;
    if (name === "XADD" && key.endsWith(":c")) this.#logged(command[4] ?? "", sender);
    if (name === "HSET") this.#intended(key, id.slice(1));
    const ended = name === "HDEL" ? this.#intents.get(id.slice(1)) : undefined;
    if (ended !== undefined) ended.state = "ended";
    if (name === "DEL" || name === "UNLINK") this.#forgetLost();
  }

  #logged(record: string, sender: Sender | undefined): void {
    const { rowFloors, master, scheduler } = this.#scene;
    const [row, write] = rowAndWriteIn(record).map((text) => text.slice(1));
    this.#appendedMs = scheduler.nowMs;
    const kind = record[16];
    if (kind === "p") return;
    if (kind === "k" || row === "") return rowFloors.storageKnows("stream", master.seq);
    if (write === undefined || write === "") {
      const told = sender?.told;
      if (told?.seq === undefined || told.event.kind === "changed" || told.event.id !== row) return;
      return rowFloors.storageKnows("stream", told.seq, row);
    }
    const seq = master.applied.get(write)?.seq;
    if (seq === undefined) return;
    this.#recorded.add(write);
    for (const changed of master.changedAt(seq)) rowFloors.storageKnows("unsure write", seq, changed);
  }

  #intended(key: string, mark: string): void {
    const { rowFloors, master, scheduler, world } = this.#scene;
    const dueMs = scheduler.nowMs + world.writeOutcomeMs;
    this.#intentsKey = key;
    const intent: Intent = { dueMs, state: "there" };
    this.#intents.set(mark, intent);
    // Beyond a number of intents, the first ones count as overdue.
    if (world.maxChanges < MANY) return;
    rowFloors.storageIntends({
      dueMs: dueMs + SLACK_MS,
      effect: () => {
        const seq = master.applied.get(mark)?.seq ?? 0;
        const isInTime = seq > 0 && (master.states[seq]?.atMs ?? 0) <= dueMs - SLACK_MS;
        return { seq, ids: isInTime && intent.state !== "lost" ? master.changedAt(seq) : [] };
      },
    });
  }

  #forgetLost(): void {
    const { redis } = this.#scene;
    for (const [mark, intent] of this.#intents) {
      if (intent.state === "there" && !redis.hasField(this.#intentsKey, `=${mark}`)) intent.state = "lost";
    }
  }

  #flush(): void {
    const { nowMs } = this.#scene.scheduler;
    for (const line of this.#lines.sort()) this.#trace.push(`${this.#steps} @${Math.floor(nowMs)} ms: ${line}`);
    this.#lines = [];
  }
}
