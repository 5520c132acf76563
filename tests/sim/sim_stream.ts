import { type LiveEvent, type LiveStream, ManualLiveStream } from "@vantage/live";
import type { Chance } from "./chance.ts";
import type { Scheduler } from "./scheduler.ts";

/** Small enough that a subscriber soon lags. */
const BUFFER_CAPACITY = 2;

/** A stream that delays, duplicates and reorders events, overflows, ends, fails, and reconnects. */
export class SimStream {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #manual = new ManualLiveStream({ bufferCapacity: BUFFER_CAPACITY });
  readonly #onDrop = new Set<() => void>();
  #down = false;

  constructor(scheduler: Scheduler, chance: Chance) {
    this.#scheduler = scheduler;
    this.#chance = chance;
  }

  /** The number of subscribers. */
  get subscriberCount(): number {
    return this.#manual.subscriberCount;
  }

  /** The stream as seen by one table; `onGap` is called when a subscription begins, and when the stream drops it. */
  for(onGap: (what: "begins" | "drops") => void, death: AbortSignal): LiveStream {
    return {
      subscribe: (options) => {
        if (this.#down) throw new Error("the stream is down");
        if (death.aborted) return new ReadableStream();
        const signal = options?.signal === undefined ? death : AbortSignal.any([options.signal, death]);
        const subscription = this.#manual.subscribe({ signal });
        onGap("begins");
        const onDrop = (): void => onGap("drops");
        this.#onDrop.add(onDrop);
        signal.addEventListener("abort", () => this.#onDrop.delete(onDrop), { once: true });
        return subscription;
      },
    };
  }

  /** Emits an event, some time later, and perhaps twice. */
  announce(event: LiveEvent): void {
    const times = this.#chance.happens(0.2) ? 2 : 1;
    const what = "id" in event ? event.id : event.kind;
    for (let time = 0; time < times; time++) {
      void this.#scheduler.op(`stream: ${what} arrives`, () => this.#manual.push(event));
    }
  }

  /** Ends or fails every subscription; new ones are refused until the stream is back. */
  drop(fails: boolean): void {
    this.#down = true;
    this.#manual.disconnect(fails ? new Error("the stream failed") : undefined);
    for (const onDrop of this.#onDrop) onDrop();
    this.#onDrop.clear();
  }

  /** Accepts subscriptions again. */
  comeBack(): void {
    this.#down = false;
  }
}
