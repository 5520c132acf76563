import { setImmediate } from "node:timers";
import type { Clock } from "@vantage/live";
import type { Chance } from "./chance.ts";

interface Pending {
  readonly label: string;
  readonly run: () => void;
}

interface Sleeper extends Pending {
  readonly dueAt: number;
}

/**
 * Everything that happens outside waits here until it is picked, and so does the time: nothing moves unless it is told to.
 * What becomes pending in one turn is sorted, so that the choice does not depend on the order in which a runtime works off
 * its promises.
 */
export class Scheduler {
  readonly #chance: Chance;
  readonly #pending: Pending[] = [];
  readonly #sleepers = new Set<Sleeper>();
  readonly #tell: (line: string) => void;
  #fresh: Pending[] = [];
  readonly #afterwards: (() => void)[] = [];
  #nowMs = 0;
  #ticks = 0;

  constructor(chance: Chance, tell: (line: string) => void) {
    this.#chance = chance;
    this.#tell = tell;
  }

  /** The time, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** What still waits: things outside, and timers. */
  get waiting(): readonly string[] {
    return [...this.#fresh, ...this.#pending, ...this.#sleepers].map(({ label }) => label);
  }

  /** A number for what happens now: of two events the later one has the larger. */
  tick(): number {
    return ++this.#ticks;
  }

  /** Does `effect` when it is picked, and answers with what it gives or throws. */
  op<T>(label: string, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#fresh.push({
        label,
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

  /** A clock on this time, for one owner. */
  clock(owner: string): Clock {
    return {
      now: () => this.#nowMs,
      monotonic: () => this.#nowMs,
      random: () => 0.5,
      wait: (ms, options) => this.#wait(`${owner} waits ${Math.round(ms)} ms`, ms, options?.signal),
    };
  }

  /** Nobody waits any more of those whose labels are told. */
  forget(isDead: (label: string) => boolean): void {
    for (const sleeper of this.#sleepers) if (isDead(sleeper.label)) this.#sleepers.delete(sleeper);
  }

  /** Calls back once all has happened that follows from what happens now. */
  afterwards(look: () => void): void {
    this.#afterwards.push(look);
  }

  /** Resolves when all has happened that can happen by itself. */
  async drain(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const look of this.#afterwards.splice(0)) look();
    this.#fresh.sort((a, b) => a.label < b.label ? -1 : a.label > b.label ? 1 : 0);
    this.#pending.push(...this.#fresh);
    this.#fresh = [];
  }

  /** Lets one thing outside happen; `false` if nothing waits. */
  runOne(): boolean {
    const [picked] = this.#pending.splice(this.#chance.below(this.#pending.length), 1);
    if (picked === undefined) return false;
    this.#tell(picked.label);
    picked.run();
    return true;
  }

  /** Moves the time on to the next timer, and wakes who is due; `false` if there is none. */
  async wakeNext(): Promise<boolean> {
    const first = this.#nextSleeper(Infinity);
    if (first === undefined) return false;
    await this.advance(first.dueAt - this.#nowMs);
    return true;
  }

  /** Moves the time on, and wakes who is due, one after the other. */
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

  #nextSleeper(until: number): Sleeper | undefined {
    const due = [...this.#sleepers].filter(({ dueAt }) => dueAt <= until);
    return due.sort((a, b) => a.dueAt - b.dueAt || (a.label < b.label ? -1 : 1))[0];
  }

  #wait(label: string, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        label,
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
