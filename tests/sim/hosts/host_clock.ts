import type { Clock } from "@vantage/live";
import type { Scheduler } from "../scheduler.ts";
import type { HostClocks } from "./plan_of_hosts.ts";

/** When a run begins, by a clock that is right. */
export const EPOCH_MS = 1_700_000_000_000;

/** No timer ends before its time. */
const TIMER_STEPS_PER_MS = 1_024;

/** The clocks of a host: its own time of day, its own count of milliseconds, and both run at its own speed. */
export class HostClock {
  #aheadMs: number;
  readonly #clocks: HostClocks;

  constructor(clocks: HostClocks) {
    this.#clocks = clocks;
    this.#aheadMs = clocks.aheadMs;
  }

  /** Sets the wall clock. */
  set(byMs: number): void {
    this.#aheadMs += byMs;
  }

  /** A time of this host, in milliseconds of the simulation. */
  trueMs(ms: number): number {
    return ms / (1 + this.#clocks.drift);
  }

  /** The clock for an owner, whose waits do not end once it has died. */
  of(owner: string, scheduler: Scheduler, death: AbortSignal): Clock {
    const { drift, originMs } = this.#clocks;
    const clock = scheduler.clock(owner);
    const passed = (): number => scheduler.nowMs * (1 + drift);
    return {
      now: () => EPOCH_MS + this.#aheadMs + passed(),
      monotonic: () => originMs + passed(),
      random: () => clock.random(),
      wait: (ms, options) => {
        if (death.aborted) return new Promise(() => {});
        return clock.wait(Math.ceil(this.trueMs(ms) * TIMER_STEPS_PER_MS) / TIMER_STEPS_PER_MS, options);
      },
    };
  }
}
