import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Cache,
  type Clock,
  defineTable,
  LiveTable,
  ManualLiveStream,
  type MaybePromise,
  MemCache,
  RejectedError,
  type Table,
} from "@vantage/live";
import { settle } from "@vantage/live/testing";

/** How often each world is tried; a failure prints its seed, the shrunk actions and the order of the steps. */
const RUNS = 300;

const KINDS = [
  "list",
  "page",
  "get",
  "abort",
  "write",
  "refused",
  "lost",
  "manual",
  "foreign",
  "event",
  "gap",
  "cancel",
] as const;
type Kind = typeof KINDS[number];
type Action = { readonly kind: Kind; readonly table: number };

interface World {
  readonly name: string;
  readonly async: boolean;
  /** Which calls of the cache may fail. */
  readonly failing: readonly string[];
  /** Tables share cache objects by pairs, as in two processes; if drops may fail, all share one. */
  readonly caches: number;
}

const WORLDS: readonly World[] = [false, true].flatMap((async) => [
  { name: "nothing fails", async, failing: [], caches: 2 },
  { name: "reads of the cache fail", async, failing: ["get", "fence", "put"], caches: 2 },
  { name: "everything of the cache may fail", async, failing: ["get", "fence", "put", "invalidatePrefix"], caches: 1 },
]);

/** One row with a version that only grows: what is known of it when a read begins is the least that the read may show. */
class Scene {
  readonly problems: string[] = [];
  readonly tables: readonly LiveTable[];
  readonly #scheduler: fc.Scheduler;
  readonly #world: World;
  readonly #storage = new MemCache();
  readonly #stream = new ManualLiveStream();
  readonly #heard = new Map<string, number>();
  readonly #failures: readonly boolean[];
  #calls = 0;
  #version = 0;
  #known = 0;

  constructor(scheduler: fc.Scheduler, world: World, failures: readonly boolean[]) {
    this.#scheduler = scheduler;
    this.#world = world;
    this.#failures = failures;
    const caches = Array.from({ length: world.caches }, () => this.#cache());
    const clock: Clock = {
      now: () => ++this.#calls,
      monotonic: () => ++this.#calls,
      random: () => 0.5,
      wait: (_, { signal } = {}) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
          this.#step("wait").then(() => resolve());
        }),
    };
    this.tables = [0, 1, 2, 3].map((number) => {
      const cache = caches[number % world.caches] ?? this.#storage;
      const liveStream = number % 2 === 0 ? this.#stream : undefined;
      return new LiveTable(this.#master(), "t", cache, { clock, queueCapacity: 2, liveStream });
    });
  }

  /** Does one action, at a moment that the scheduler chose. */
  async act({ kind, table: number }: Action): Promise<void> {
    const table = this.tables[number % this.tables.length];
    if (table === undefined) return;
    switch (kind) {
      case "list":
        return await this.#read(kind, async () => (await table.listValues()).get("a")?.version);
      case "page":
        return await this.#read(kind, async () => (await table.page(1).listValues()).get("a")?.version);
      case "get":
        return await this.#read(kind, async () => (await table.getValue("a"))?.version);
      case "abort":
        return await this.#abortedRead(table);
      case "write":
      case "refused":
      case "lost":
        return await this.#write(table, kind);
      case "cancel":
        return await this.#cancelledWrite(table);
      case "manual":
        return await this.#change(() => table.invalidate());
      case "foreign":
        if (this.#world.failing.includes("invalidatePrefix")) return;
        return await this.#change(() => this.#storage.invalidatePrefix("t/"));
      case "event":
        return this.#event();
      case "gap":
        return this.#stream.disconnect();
    }
  }

  /** Notes what the tables tell of events, until they are closed. */
  async listen(): Promise<void> {
    await Promise.all(this.tables.map(async (table) => {
      const reader = table.events.subscribe().getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        if ("id" in next.value) this.#know(this.#heard.get(next.value.id));
      }
    }));
  }

  async step(label: string): Promise<void> {
    await this.#step(label);
  }

  #step(label: string): Promise<unknown> {
    return this.#scheduler.schedule(Promise.resolve(), label);
  }

  #know(version: unknown): void {
    if (typeof version === "number") this.#known = Math.max(this.#known, version);
  }

  async #read(kind: Kind, ask: () => Promise<unknown>): Promise<void> {
    const least = this.#known;
    try {
      const shown = Number(await ask());
      if (!(shown >= least)) this.problems.push(`laws 1 and 2: ${kind} showed ${shown}, but ${least} was known before`);
    } catch (error) {
      this.problems.push(`law 8: ${kind} failed: ${String(error)}`);
    }
  }

  async #abortedRead(table: LiveTable): Promise<void> {
    const control = new AbortController();
    const read = table.getValue("a", { signal: control.signal }).catch(() => {});
    await this.#step("abort");
    control.abort();
    await read;
  }

  async #write(table: LiveTable, kind: Kind): Promise<void> {
    const answer = await table.replaceValue("a", { kind }).catch(() => undefined);
    this.#know(answer?.version);
  }

  async #cancelledWrite(table: LiveTable): Promise<void> {
    const write = table.enqueue({ kind: "replace", id: "a", row: {} });
    await this.#step("cancel");
    write.cancel();
    await write.applied.catch(() => {});
  }

  async #change(announce: () => MaybePromise<void>): Promise<void> {
    const version = ++this.#version;
    await this.#step("change");
    await announce();
    this.#know(version);
  }

  #event(): void {
    const id = `event ${++this.#version}`;
    this.#heard.set(id, this.#version);
    this.#stream.push({ kind: "updated", id });
  }

  #master(): Table {
    const read = async <T>(snapshot: () => T): Promise<T> => {
      await this.#step("read starts");
      const rows = snapshot();
      await this.#step("read ends");
      return rows;
    };
    return defineTable({
      name: "t",
      capabilities: { page: true },
      list: () => read(() => [["a", { version: this.#version }]] as const),
      get: () => read(() => ({ version: this.#version })),
      replace: async (_, row) => {
        await this.#step("write starts");
        if (row.kind === "refused") throw new RejectedError("no");
        const version = ++this.#version;
        await this.#step("write ends");
        if (row.kind === "lost") throw new Error("connection lost");
        return { version };
      },
    });
  }

  #cache(): Cache {
    const storage = this.#storage;
    return {
      get: (key) => this.#call("get", () => storage.get(key)),
      fence: (key) => this.#call("fence", () => storage.fence(key)),
      put: (key, rows, fence) => this.#call("put", () => storage.put(key, rows, fence)),
      invalidatePrefix: (prefix) => this.#call("invalidatePrefix", () => storage.invalidatePrefix(prefix)),
    };
  }

  #call<T>(op: string, effect: () => T): MaybePromise<T> {
    const number = this.#calls++;
    const fails = this.#world.failing.includes(op) && this.#failures[number % 61] === true;
    if (this.#world.async) return this.#callLater(op, effect, fails, number % 2 === 0);
    if (fails) throw new Error(`${op} failed`);
    return effect();
  }

  async #callLater<T>(op: string, effect: () => T, fails: boolean, before: boolean): Promise<T> {
    await this.#step(op);
    if (fails && before) throw new Error(`${op} failed, without an effect`);
    const answer = effect();
    await this.#step(`${op} answers`);
    if (fails) throw new Error(`${op} failed, with an effect`);
    return answer;
  }
}

describe("The law, in any order of steps", () => {
  for (const world of WORLDS) {
    it(`holds where ${world.name}, in a cache that answers ${world.async ? "later" : "at once"}`, async () => {
      const action = fc.record({ kind: fc.constantFrom(...KINDS), table: fc.nat(3) });
      const clients = fc.array(fc.array(action, { maxLength: 7 }), { minLength: 2, maxLength: 4 });
      const failures = fc.array(fc.boolean(), { maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), clients, failures, async (scheduler, scripts, failing) => {
          const scene = new Scene(scheduler, world, failing);
          const listening = scene.listen();
          const acting = scripts.map(async (script) => {
            for (const next of script) {
              await scene.step(next.kind);
              await scene.act(next);
            }
          });
          await scheduler.waitFor(Promise.all(acting));
          await scheduler.waitFor(Promise.all(scene.tables.map((table) => table.close())));
          await scheduler.waitFor(listening);
          await settle();
          assert.deepEqual(scene.problems, []);
        }),
        { numRuns: RUNS },
      );
    });
  }
});
