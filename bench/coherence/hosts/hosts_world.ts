import { systemClock } from "@vantage/live";
import { Redis } from "ioredis";
import { setImmediate } from "node:timers/promises";
import { type RedisProcess, startRedis } from "../../../tests/databases/redis_server.ts";
import { type RedisSwitch, startSwitch } from "../../../tests/drivers/redis/redis_switch.ts";
import { Master, type StageWorld } from "../world.ts";

/** By then all that was under way between hosts and Redis has arrived, and hosts have asked for what follows from it. */
const TURNS = 8;
const TURN_MS = 5;
/** How long a call may take while Redis does not answer. */
const AWAY_MS = 3_000;
/** How long hosts may take to find out that Redis is back, and what they have missed. */
const HEAL_MS = 5_000;
/** How long what others have changed may be missing, after nothing has failed. */
const LAG_MS = 300;
/** Nothing listens at this port. */
const NOWHERE = 1;

/** The value that all begin with: not 0, which some libraries take for none. */
export const FIRST = 1;

/** The way from one host to Redis. */
export interface HostLine {
  readonly port: number;
  cut(): void;
  restore(): void;
}

/** One master and one Redis, and a way to it for each host. */
export class HostsWorld implements StageWorld, AsyncDisposable {
  readonly master: Master = new Master();
  readonly masterLagMs = 0;
  readonly #redis: RedisProcess;
  readonly #lines: RedisSwitch[] = [];
  #isAway = false;
  #hasFailed = false;

  private constructor(redis: RedisProcess) {
    this.#redis = redis;
    this.master.value = FIRST;
  }

  /** Starts a Redis that is empty. */
  static async start(): Promise<HostsWorld> {
    return new HostsWorld(await startRedis());
  }

  /** A way for one more host. */
  async line(): Promise<HostLine> {
    const line = await startSwitch(this.#redis.port);
    this.#lines.push(line);
    const lead = (port: number): void => {
      this.#hasFailed = true;
      line.to(port);
    };
    return { port: line.port, cut: () => lead(NOWHERE), restore: () => lead(this.#redis.port) };
  }

  /** Redis takes no more memory. */
  fill(): Promise<void> {
    return this.#command("CONFIG", "SET", "maxmemory", "1");
  }

  /** Redis writes its dump. */
  save(): Promise<void> {
    return this.#command("SAVE");
  }

  /** Redis answers nothing, and breaks no connection. */
  freeze(): void {
    this.#away();
    this.#redis.signal("SIGSTOP");
  }

  /** Redis goes on. */
  async thaw(): Promise<void> {
    this.#redis.signal("SIGCONT");
    await this.#back();
  }

  /** Redis is gone. */
  async kill(): Promise<void> {
    this.#away();
    await this.#redis.kill();
  }

  /** Redis is started again, with the dump if there is one. */
  async restart(): Promise<void> {
    await this.#redis.start();
    await this.#back();
  }

  async rest(): Promise<void> {
    if (this.#isAway) await systemClock.wait(AWAY_MS);
    for (let turn = 0; turn < TURNS; turn++) {
      if (!this.#isAway) await this.#command("PING");
      await systemClock.wait(TURN_MS);
      await setImmediate();
    }
  }

  async pass(ms: number): Promise<void> {
    await systemClock.wait(Math.min(ms, this.#hasFailed ? HEAL_MS : LAG_MS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) await line[Symbol.asyncDispose]();
    await this.#redis.remove();
  }

  #away(): void {
    this.#hasFailed = true;
    this.#isAway = true;
  }

  /** Clients connect again by themselves. */
  async #back(): Promise<void> {
    this.#isAway = false;
    await systemClock.wait(HEAL_MS);
  }

  async #command(name: string, ...args: readonly string[]): Promise<void> {
    const client = new Redis({ host: "127.0.0.1", port: this.#redis.port, lazyConnect: true });
    await client.on("error", () => {}).connect();
    await client.call(name, ...args);
    client.disconnect();
  }
}
