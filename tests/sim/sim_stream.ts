import { type LiveEvent, type LiveStream, ManualLiveStream } from "@vantage/live";
import type { Chance } from "./chance.ts";
import type { World } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";

/** Small enough that a subscriber soon lags. */
const BUFFER_CAPACITY = 2;

/** The last that an event which has been handled told, with the state of the master that it tells of. */
export interface Told {
  readonly event: LiveEvent;
  /** `undefined`: events were missed. */
  readonly seq: number | undefined;
}

/** How one table subscribes. */
export interface Listener {
  /** Called when a subscription begins, and when the stream drops it. */
  readonly onGap: (what: "begins" | "drops") => void;
  /** Called when an event is handed over; what it answers with is called when the next is asked for: it was handled. */
  readonly onEvent?: ((told: Told) => () => void) | undefined;
  readonly death: AbortSignal;
}

/** A stream that delays events, overflows, ends, fails, and reconnects. Unless it is ordered, it also duplicates and reorders. */
export class SimStream {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #ordered: boolean;
  readonly #steps: number;
  readonly #manual = new ManualLiveStream({ bufferCapacity: BUFFER_CAPACITY });
  readonly #onDrop = new Set<() => void>();
  /** What each subscription has yet to receive, unless it is missed. */
  readonly #expected = new Set<Told[]>();
  /** Those that have not arrived once. */
  readonly #onTheWay = new Set<Told>();
  #down = false;

  constructor(scheduler: Scheduler, chance: Chance, { ordered, streamSteps }: Pick<World, "ordered" | "streamSteps">) {
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.#ordered = ordered;
    this.#steps = streamSteps;
  }

  /** The number of subscribers. */
  get subscriberCount(): number {
    return this.#manual.subscriberCount;
  }

  /** The stream as seen by one table. */
  for({ onGap, onEvent, death }: Listener): LiveStream {
    const subscribe: LiveStream["subscribe"] = (options) => {
      if (this.#down) throw new Error("the stream is down");
      if (death.aborted) return new ReadableStream();
      const signal = options?.signal === undefined ? death : AbortSignal.any([options.signal, death]);
      const subscription = this.#manual.subscribe({ signal });
      const expected: Told[] = [];
      this.#expected.add(expected);
      onGap("begins");
      const onDrop = (): void => onGap("drops");
      this.#onDrop.add(onDrop);
      const end = (): void => {
        this.#onDrop.delete(onDrop);
        this.#expected.delete(expected);
      };
      signal.addEventListener("abort", end, { once: true });
      return onEvent === undefined ? subscription : followed(subscription, (event) => onEvent(tellOf(event, expected)));
    };
    return this.#ordered ? { ordered: true, subscribe } : { subscribe };
  }

  /**
   * Emits an event that tells of a state. From an ordered stream it arrives at once: before every answer that may be of that
   * state. From another one it arrives some time later, and perhaps twice.
   */
  announce(event: LiveEvent, seq: number): void {
    const told: Told = { event: this.#withoutDoubt(event), seq };
    if (this.#ordered) return this.#push(told);
    const times = this.#chance.happens(0.2) ? 2 : 1;
    const what = "id" in event ? event.id : event.kind;
    this.#onTheWay.add(told);
    for (let time = 0; time < times; time++) void this.#deliver(`${what} @${seq}`, () => this.#push(told));
  }

  /** What changed is not known while an event of the same row may arrive later. */
  #withoutDoubt(event: LiveEvent): LiveEvent {
    if (event.kind === "changed" || event.columns === undefined) return event;
    const { columns, ...others } = event;
    const isSure = [...this.#onTheWay].every(({ event: other }) => other.kind !== "changed" && other.id !== event.id);
    return isSure ? { ...others, columns } : others;
  }

  async #deliver(what: string, push: () => void): Promise<void> {
    for (let step = 1; step < this.#steps; step++) await this.#scheduler.op(`stream: ${what} is on its way`, () => {});
    await this.#scheduler.op(`stream: ${what} arrives`, push);
  }

  #push(told: Told): void {
    this.#onTheWay.delete(told);
    for (const expected of this.#expected) expected.push(told);
    this.#manual.push(told.event);
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

/** The same stream. `onEvent` is called with each event, and what it answers with when the next one is asked for. */
export function followed(
  stream: ReadableStream<LiveEvent>,
  onEvent: (event: LiveEvent) => () => void,
): ReadableStream<LiveEvent> {
  const reader = stream.getReader();
  let handled = (): void => {};
  return new ReadableStream<LiveEvent>({
    async pull(controller) {
      handled();
      handled = () => {};
      const { done, value } = await reader.read();
      if (done) return controller.close();
      handled = onEvent(value);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Finds what an event tells. What was expected before it has been missed. */
function tellOf(event: LiveEvent, expected: Told[]): Told {
  if (event.kind === "changed") return { event, seq: undefined };
  const index = expected.findIndex(({ event: other }) => other.kind === event.kind && other.id === event.id);
  return expected.splice(0, index + 1).at(-1) ?? { event, seq: undefined };
}
