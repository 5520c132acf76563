import { setImmediate } from "node:timers";
import type { Clock, WaitOptions } from "@vantage/live";
import type { Chance } from "./chance.ts";

interface Pending {
  readonly label: string;
  /** Who goes on once it has happened. */
  readonly receiver?: string | undefined;
  readonly run: () => void;
}

interface Sleeper extends Pending {
  readonly dueAt: number;
  /** Whether nobody waits for it. */
  readonly isBackground: boolean;
}

/** How long a step takes: so no two reads begin at the same time, and the later one is known to be later. */
const STEP_MS = 1 / 1024;

/**
 * External effects wait here until they are picked, and so does time: nothing happens on its own. Effects that become
 * pending in the same turn are sorted, so that the choice does not depend on the order in which a runtime settles
 * promises.
 */
export class Scheduler {
  readonly #chance: Chance;
  readonly #pending: Pending[] = [];
  readonly #sleepers = new Set<Sleeper>();
  readonly #frozen = new Set<string>();
  readonly #tell: (line: string) => void;
  #fresh: Pending[] = [];
  readonly #afterwards: (() => void)[] = [];
  #nowMs = 0;
  #drawn = 1;
  #ticks = 0;

  constructor(chance: Chance, tell: (line: string) => void) {
    this.#chance = chance;
    this.#tell = tell;
  }

  /** The current time, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** What is pending: external effects, and timers. */
  get waiting(): readonly string[] {
    return [...this.#fresh, ...this.#pending, ...this.#sleepers].map(({ label }) => label);
  }

  /** The next tick: later events have larger ticks. */
  tick(): number {
    return ++this.#ticks;
  }

  /** Runs `effect` when it is picked, and settles with its result or error. Nothing is picked whose receiver is frozen. */
  op<T>(label: string, effect: () => T | Promise<T>, receiver?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#fresh.push({
        label,
        receiver,
        run: () => {
          try {
            resolve(effect());
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  /** A clock with this time, for one owner. */
  clock(owner: string): Clock {
    return {
      now: () => this.#nowMs,
      monotonic: () => this.#nowMs,
      random: () => this.#draw(),
      wait: (ms, options) => this.#wait(owner, ms, options),
    };
  }

  /** From now on nothing reaches these receivers, and their waits do not end. */
  freeze(receivers: Iterable<string>): void {
    for (const receiver of receivers) this.#frozen.add(receiver);
  }

  /** What happened meanwhile reaches these receivers from now on. */
  thaw(receivers: Iterable<string>): void {
    for (const receiver of receivers) this.#frozen.delete(receiver);
  }

  /** Numbers that differ, the same in every run. */
  #draw(): number {
    this.#drawn = (this.#drawn * 1_664_525 + 1_013_904_223) >>> 0;
    return this.#drawn / 2 ** 32;
  }

  /** Drops the pending waits with these labels. */
  forget(isDead: (label: string) => boolean): void {
    for (const sleeper of this.#sleepers) if (isDead(sleeper.label)) this.#sleepers.delete(sleeper);
  }

  /** Calls back when all consequences of the current step have settled. */
  afterwards(look: () => void): void {
    this.#afterwards.push(look);
  }

  /** Resolves when everything has settled that can settle by itself. */
  async drain(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const look of this.#afterwards.splice(0)) look();
    this.#fresh.sort((a, b) => a.label < b.label ? -1 : a.label > b.label ? 1 : 0);
    this.#pending.push(...this.#fresh);
    this.#fresh = [];
    this.#nowMs += STEP_MS;
  }

  /** Runs one external effect; `false` if none is pending. */
  runOne(): boolean {
    const movable = this.#frozen.size === 0 ? this.#pending : this.#pending.filter((it) => this.#isAwake(it));
    const picked = movable[this.#chance.below(movable.length)];
    if (picked === undefined) return false;
    this.#pending.splice(this.#pending.indexOf(picked), 1);
    this.#tell(picked.label);
    picked.run();
    return true;
  }

  /**
   * Advances the time to the next timer, and ends the waits that are due; `false` if there is no timer, or only such that
   * do not count.
   */
  async wakeNext(countsBackground: boolean = true): Promise<boolean> {
    const first = this.#nextSleeper(Infinity, countsBackground);
    if (first === undefined) return false;
    await this.advance(first.dueAt - this.#nowMs);
    return true;
  }

  /** Advances the time, and ends the waits that are due, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + Math.max(0, ms);
    for (let next = this.#nextSleeper(end); next !== undefined; next = this.#nextSleeper(end)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueAt);
      this.#tell(`${next.label}: over`);
      next.run();
      await this.drain();
    }
    this.#nowMs = end;
  }

  #isAwake({ receiver }: Pending): boolean {
    return receiver === undefined || !this.#frozen.has(receiver);
  }

  #nextSleeper(until: number, countsBackground: boolean = true): Sleeper | undefined {
    const due = [...this.#sleepers].filter((it) =>
      it.dueAt <= until && (countsBackground || !it.isBackground) && this.#isAwake(it)
    );
    return due.sort((a, b) => a.dueAt - b.dueAt || (a.label < b.label ? -1 : 1))[0];
  }

  #wait(receiver: string, ms: number, { signal, background = false }: WaitOptions = {}): Promise<void> {
    const label = `${receiver} waits ${Math.round(ms)} ms`;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        label,
        receiver,
        isBackground: background,
        dueAt: this.#nowMs + Math.max(0, ms),
        run: () => {
          signal?.removeEventListener("abort", abort);
          this.#sleepers.delete(sleeper);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
