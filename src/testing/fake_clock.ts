import type { Clock, WaitOptions } from "../base/clock.ts";
import { rememberSelf } from "../base/self.ts";

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** Options of a {@linkcode FakeClock}. */
export interface FakeClockOptions {
  /** The initial time, in milliseconds since the epoch; default 0. */
  readonly now?: number | undefined;
  /** The seed of its random numbers; default 1. */
  readonly seed?: number | undefined;
}

/**
 * A clock that a test advances, with random numbers from a seed.
 *
 * @example Wait without waiting
 * ```ts
 * import { FakeClock } from "@vantage/live/testing";
 * import assert from "node:assert/strict";
 *
 * const clock = new FakeClock();
 * let woken = false;
 * clock.wait(60_000).then(() => woken = true);
 *
 * await clock.advance(60_000);
 *
 * assert(woken);
 * ```
 */
export class FakeClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #elapsedMs = 0;
  /** The time at which nothing had elapsed. */
  #epoch: number;
  #state: number;

  /** A clock that stands still. */
  constructor({ now = 0, seed = 1 }: FakeClockOptions = {}) {
    rememberSelf(this, FakeClock);
    this.#epoch = now;
    this.#state = seed;
  }

  /** How many waits are pending. */
  get waiting(): number {
    return this.#sleepers.size;
  }

  now(): number {
    return this.#epoch + this.#elapsedMs;
  }

  /** Milliseconds since the clock was created. */
  monotonic(): number {
    return this.#elapsedMs;
  }

  /** Sets the time forward or back, as a user or a time server would. No time elapses, so no wait ends. */
  set(now: number): void {
    this.#epoch = now - this.#elapsedMs;
  }

  /** The next number from the seed, by Mulberry32 (Tommy Ettinger, public domain): small, and good enough for tests. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Resolves when the clock has advanced by `ms` milliseconds, or rejects when the signal is aborted. */
  wait(ms: number, { signal }: WaitOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        dueAt: this.#elapsedMs + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener("abort", abort);
          this.#sleepers.delete(sleeper);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /**
   * Advances the time, and ends the waits that are due, in order; each wait's consequences settle before the next ends.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueAt);
      next.wake();
      await settle();
    }
    this.#elapsedMs = end;
  }

  #next(end: number): Sleeper | undefined {
    const due = [...this.#sleepers].filter((sleeper) => sleeper.dueAt <= end);
    return due.sort((a, b) => a.dueAt - b.dueAt)[0];
  }
}

/** Resolves when all pending work that needs neither time nor input from outside has settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
