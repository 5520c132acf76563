import type { IoRedisClient, RedisCommand } from "@vantage/live/redis";
import type { Chance } from "../chance.ts";
import type { Scheduler } from "../scheduler.ts";
import type { SimRedis } from "./sim_redis.ts";

/** The way from a host to Redis. */
export interface RedisLinkOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly redis: SimRedis;
  /** The name of the host. */
  readonly name: string;
  /** Whether clients send again, after they have reconnected, what was not answered. */
  readonly resends: boolean;
  /** What is passed to Redis with each command that is sent now. */
  readonly sender: () => unknown;
}

/** The way from a host to Redis, which all its connections take. */
export class RedisLink {
  readonly options: RedisLinkOptions;
  readonly #clients = new Set<SimRedisClient>();
  #made = 0;
  #isCut = false;
  #isDead = false;

  constructor(options: RedisLinkOptions) {
    this.options = options;
  }

  /** A new connection. */
  connect(): SimRedisClient {
    const client = new SimRedisClient(this, `${this.options.name}.${++this.#made}`);
    this.#clients.add(client);
    return client;
  }

  /** What is on its way waits here until the link is healed. */
  get receiver(): string {
    return `way to redis of ${this.options.name}`;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** From now on nothing passes; what is sent arrives late. */
  stall(): void {
    this.options.scheduler.freeze([this.receiver]);
  }

  /** All connections are lost, and none is made until it is healed. */
  cut(): void {
    this.#isCut = true;
    this.loseConnections();
  }

  /** All connections are lost. */
  loseConnections(): void {
    for (const client of this.#clients) client.lose();
  }

  heal(): void {
    this.#isCut = false;
    this.options.scheduler.thaw([this.receiver]);
    for (const client of this.#clients) client.reconnect();
  }

  /** The host has died: what it sent may still arrive. */
  die(): void {
    this.#isDead = true;
    for (const client of this.#clients) client.disconnect();
  }

  forget(client: SimRedisClient): void {
    this.#clients.delete(client);
  }
}

interface Sent {
  readonly command: RedisCommand;
  readonly sender: unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One connection, in the shape of a client of `ioredis`: commands arrive in order, and so do their answers. */
export class SimRedisClient implements IoRedisClient {
  readonly options: object = {};
  readonly #link: RedisLink;
  readonly #name: string;
  readonly #listeners = new Map<string, Set<() => void>>();
  /** What is sent once there is a connection. */
  #offline: Sent[] = [];
  #toServer: Sent[] = [];
  #answers: (() => void)[] = [];
  readonly #unanswered = new Set<Sent>();
  #isOpen = true;
  #hasEnded = false;
  #blocked: (() => void) | undefined;
  readonly #underWay = new Set<"calls" | "answers">();

  constructor(link: RedisLink, name: string) {
    this.#link = link;
    this.#name = name;
    this.#isOpen = !link.isCut;
  }

  callBuffer(name: string, ...args: (string | number | Uint8Array)[]): Promise<unknown> {
    if (this.#link.isDead) return new Promise(() => {});
    if (this.#hasEnded) return Promise.reject(new Error("Connection is closed."));
    const command = [name, ...args.map((arg) => typeof arg === "number" ? String(arg) : arg)];
    return new Promise((resolve, reject) => {
      const sent: Sent = { command, sender: this.#link.options.sender(), resolve, reject };
      if (this.#isOpen) this.#send(sent);
      else this.#offline.push(sent);
    });
  }

  duplicate(): SimRedisClient {
    return this.#link.connect();
  }

  disconnect(): void {
    this.#hasEnded = true;
    this.#isOpen = false;
    this.#link.forget(this);
    this.#breakOff();
    this.#giveUp([...this.#unanswered, ...this.#offline]);
    this.#emit("end");
  }

  on(event: string, listener: () => void): this {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
    return this;
  }

  off(event: string, listener: () => void): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  /** The connection is lost. What is on its way arrives or not; its answer does not. */
  lose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#breakOff();
    const unanswered = [...this.#unanswered];
    this.#unanswered.clear();
    this.#emit("close");
    this.#emit("reconnecting");
    if (this.#link.options.resends) this.#offline = [...unanswered, ...this.#offline];
    else this.#giveUp(unanswered);
    this.reconnect();
  }

  /** Connects again, unless it is connected or cannot be. */
  reconnect(): void {
    const { scheduler } = this.#link.options;
    if (this.#isOpen || this.#hasEnded || this.#link.isCut) return;
    void scheduler.op(`redis: ${this.#name} connects`, () => {
      if (this.#isOpen || this.#hasEnded || this.#link.isCut) return;
      this.#isOpen = true;
      this.#emit("connect");
      for (const sent of this.#offline.splice(0)) this.#send(sent);
    }, this.#link.receiver);
  }

  #send(sent: Sent): void {
    this.#unanswered.add(sent);
    this.#toServer.push(sent);
    this.#move("calls");
  }

  /** Lets some of what is on its way arrive, in order. */
  #move(what: "calls" | "answers"): void {
    const { scheduler, chance } = this.#link.options;
    const left = (): number => what === "calls" ? this.#toServer.length : this.#answers.length;
    if (left() === 0 || this.#underWay.has(what)) return;
    this.#underWay.add(what);
    void scheduler.op(`redis: ${what} of ${this.#name} arrive`, () => {
      this.#underWay.delete(what);
      for (let count = left() === 0 ? 0 : 1 + chance.below(left()); count > 0; count--) {
        if (what === "answers") this.#answers.shift()?.();
        else this.#arrive(this.#toServer.shift());
      }
      this.#move(what);
    }, this.#link.receiver);
  }

  #arrive(sent: Sent | undefined): void {
    if (sent === undefined) return;
    const { command, sender } = sent;
    const { redis } = this.#link.options;
    const answer = (settle: () => void): void => {
      this.#answers.push(() => {
        if (this.#unanswered.delete(sent)) settle();
      });
      this.#move("answers");
    };
    try {
      const found = redis.execute(command, sender);
      if (found === null && command.includes("BLOCK")) this.#block(sent, answer);
      else answer(() => sent.resolve(found));
    } catch (error) {
      answer(() => sent.reject(error));
    }
  }

  /** Answers once there is something to answer with, or the time is over. */
  #block({ command, resolve }: Sent, answer: (settle: () => void) => void): void {
    const { redis, scheduler } = this.#link.options;
    const over = new AbortController();
    const end = (): void => {
      over.abort();
      stop();
      this.#blocked = undefined;
    };
    const stop = redis.onAppended(() => {
      const found = redis.execute(command);
      if (found === null) return;
      end();
      answer(() => resolve(found));
    });
    this.#blocked = end;
    const ms = Number(command[command.indexOf("BLOCK") + 1]);
    scheduler.clock(`redis for ${this.#name}`).wait(ms, { signal: over.signal }).then(() => {
      end();
      answer(() => resolve(null));
    }, () => {});
  }

  #breakOff(): void {
    const { redis, chance } = this.#link.options;
    this.#blocked?.();
    this.#answers = [];
    for (const { command, sender } of this.#toServer.splice(0)) {
      if (command.includes("BLOCK") || chance.happens(0.5)) continue;
      try {
        redis.execute(command, sender);
      } catch {
        // Nobody receives the answer.
      }
    }
  }

  #giveUp(all: readonly Sent[]): void {
    if (this.#link.isDead) return;
    for (const { reject } of all) reject(new Error("Connection is closed."));
  }

  #emit(event: string): void {
    if (this.#link.isDead) return;
    for (const listener of this.#listeners.get(event) ?? []) listener();
  }
}
