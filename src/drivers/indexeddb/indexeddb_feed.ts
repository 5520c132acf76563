import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { newId } from "../../base/new_id.ts";
import { onAbort } from "../../base/on_abort.ts";
import { isPageHidden } from "../../base/page_life.ts";
import type { Lease } from "../../outbox/lease.ts";
import { type LiveEvent, toLiveEvent } from "../../stream/live_event.ts";
import type { LiveStream } from "../../stream/live_stream.ts";
import type { Trace } from "../../trace/tracer.ts";
import type { IdbCacheStore } from "./indexeddb_cache_store.ts";
import { IdbPosition } from "./indexeddb_position.ts";
import { appear, depart, isGone, whenGone } from "./indexeddb_presence.ts";

/** What an {@linkcode IdbFeed} works with. */
export interface IdbFeedOptions {
  readonly store: IdbCacheStore;
  /** The scope whose log is fed. */
  readonly scope: string;
  /** What is logged. */
  readonly source: LiveStream;
  /** How long a tab has the right to feed after it last renewed it, in milliseconds. */
  readonly leaseMs: number;
  /** Called after each record. */
  readonly onLogged: () => void;
  /** Called whenever this tab looks at the lease: at least as often as that lasts. */
  readonly onLooked: () => void;
  /** Called once the log has all that happened before. */
  readonly onCaughtUp: () => void;
  readonly clock: Clock;
  readonly trace: Trace | undefined;
}

/** How long a source that resumes may take to catch up. After that, it counts as one that does not. */
const CATCH_UP_MS = 4_000;

/**
 * Logs what a source emits, in one tab at a time: the one that has the lease of the scope. Its term is checked in the step that
 * logs, so that a tab that was frozen logs nothing once another one has taken over. That one begins with a gap, or goes on
 * where the log is, if the source can.
 */
export class IdbFeed {
  readonly #options: IdbFeedOptions;
  readonly #holder: string;
  readonly #stopping = new AbortController();
  #isLive = false;

  /** Begins at once. */
  constructor(options: IdbFeedOptions) {
    this.#options = options;
    this.#holder = `vantage_live/feed/${newId(options.clock)}`;
    void this.#run();
  }

  /** Whether this tab feeds the log, and has caught up. One that was frozen may have lost that right meanwhile. */
  async isLive(): Promise<boolean> {
    const { store, scope, clock } = this.#options;
    if (!this.#isLive) return false;
    const held = await store.leaseOf(scope);
    return this.#isLive && held?.holder === this.#holder && held.until > clock.now();
  }

  /** Gives the lease up. */
  stop(): void {
    this.#stopping.abort();
  }

  async #run(): Promise<void> {
    const { store, scope, clock } = this.#options;
    const { signal } = this.#stopping;
    const backoff = new Backoff(clock);
    await appear(this.#holder);
    while (!signal.aborted) {
      backoff.begin();
      const isOver = await this.#until(signal, (over) => this.#turn(over));
      this.#isLive = false;
      if (!isOver) await backoff.pause({ signal, background: true }).catch(() => {});
    }
    // The next tab that looks sees that this holder is gone, should this be too late.
    await store.release(scope, this.#holder).catch(() => {});
    depart(this.#holder);
  }

  /** Feeds the log while that is this tab's turn, or waits until it may be. */
  async #turn(over: AbortSignal): Promise<void> {
    const { clock, leaseMs } = this.#options;
    const { holder, term, until } = await this.#lease();
    if (holder === this.#holder) return await Promise.race([this.#renew(term, over), this.#feed(term, over)]);
    const ms = Math.min(Math.max(until - clock.now(), leaseMs / 10), leaseMs);
    await Promise.race([clock.wait(ms, { signal: over, background: true }), whenGone(holder, over)]);
  }

  /** The lease, of this tab or another one. A tab that cannot be seen leaves it to one that lives. */
  async #lease(): Promise<Lease> {
    const { store, scope, leaseMs, clock, onLooked } = this.#options;
    onLooked();
    const held = await store.leaseOf(scope);
    const isOthers = held !== undefined && held.holder !== this.#holder;
    const ended = isOthers && await isGone(held.holder) ? held.term : undefined;
    if (isOthers && ended === undefined && isPageHidden()) return held;
    return await store.lease(scope, { holder: this.#holder, now: clock.now(), forMs: leaseMs }, ended);
  }

  /** Extends the lease, and ends with it. */
  async #renew(term: number, signal: AbortSignal): Promise<void> {
    const { clock, leaseMs } = this.#options;
    do await clock.wait(leaseMs / 3, { signal, background: true }); while ((await this.#lease()).term === term);
  }

  /** Follows the source; fails if something cannot be logged, so that the next turn begins with a gap. */
  async #feed(term: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const backoff = new Backoff(clock);
    while (!signal.aborted) {
      backoff.begin();
      await this.#until(signal, (over) => this.#follow(term, over));
      this.#isLive = false;
      await this.#gap(term, "begins");
      await backoff.pause({ signal, background: true });
    }
  }

  /** Logs one subscription. */
  async #follow(term: number, signal: AbortSignal): Promise<void> {
    const { store, scope, source: { resumes }, source, clock } = this.#options;
    const onCaughtUp = (): void => this.#caughtUp(signal);
    const cursor = resumes === undefined
      ? undefined
      : new IdbPosition({ store, scope, resumes, term, onCaughtUp, clock });
    const reader = source.subscribe({ signal, background: true, cursor }).getReader();
    if (cursor === undefined) await this.#begin(term, signal);
    else clock.wait(CATCH_UP_MS, { signal, background: true }).then(() => this.#begin(term, signal)).catch(() => {});
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      await this.#log(term, value);
    }
  }

  /** What happened before is unknown, if the source has not caught up. */
  async #begin(term: number, signal: AbortSignal): Promise<void> {
    if (this.#isLive || signal.aborted) return;
    await this.#gap(term, "ends");
    this.#caughtUp(signal);
  }

  #caughtUp(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#isLive = true;
    this.#options.onCaughtUp();
  }

  async #log(term: number, event: LiveEvent): Promise<void> {
    const { store, scope, onLogged, clock } = this.#options;
    const change = { ...this.#understood(event), at: clock.now(), cause: "event" } as const;
    await store.feed(scope, { kind: "change", change }, term);
    onLogged();
  }

  async #gap(term: number, gap: "begins" | "ends"): Promise<void> {
    const { store, scope, onLogged, clock } = this.#options;
    const change = { kind: "changed", at: clock.now(), cause: "gap", gap } as const;
    await store.feed(scope, { kind: "change", change }, term);
    onLogged();
  }

  /** An event that makes no sense still means that something changed. */
  #understood(event: LiveEvent): LiveEvent {
    try {
      return toLiveEvent(event);
    } catch (error) {
      this.#report("event not understood", error);
      return { kind: "changed" };
    }
  }

  /** Does something whose signal is aborted when it is over, or `signal` is. A failure is reported, and answered with `false`. */
  async #until(signal: AbortSignal, work: (over: AbortSignal) => Promise<void>): Promise<boolean> {
    const over = new AbortController();
    const remove = onAbort(signal, () => over.abort());
    try {
      await work(over.signal);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#report("stream lost", error);
      return false;
    } finally {
      remove();
      over.abort();
    }
  }

  #report(name: string, error: unknown): void {
    this.#options.trace?.event({ target: "vantage_live::stream", level: "warn", name, error });
  }
}
