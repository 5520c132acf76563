import type { Clock } from "../../base/clock.ts";
import { followPage } from "../../base/page_life.ts";
import { rememberSelf } from "../../base/self.ts";
import type { Cache } from "../../cache/cache.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import type { LiveStream, StreamCursor, SubscribeOptions } from "../../stream/live_stream.ts";
import { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import type { Trace } from "../../trace/tracer.ts";
import type { IdbCacheStore } from "./indexeddb_cache_store.ts";
import type { TabChannel, TabMessage } from "./indexeddb_channel.ts";
import { IdbFeed } from "./indexeddb_feed.ts";
import { IdbFollower } from "./indexeddb_follower.ts";

/** Options of `IndexedDbCache.stream`. */
export interface IndexedDbStreamOptions {
  /** Where changes by others come from. One tab at a time subscribes to it, and logs what it emits for all. */
  readonly source?: LiveStream | undefined;
  /** How long a tab that is frozen, but not closed, keeps the source from the others, in milliseconds; default 10 000. */
  readonly leaseMs?: number | undefined;
  /** The most events buffered for one subscriber; default 256. A subscriber that lags further receives `changed`. */
  readonly bufferCapacity?: number | undefined;
}

/** What an {@linkcode IdbLogStream} works with. */
export interface IdbLogStreamOptions extends IndexedDbStreamOptions {
  readonly cache: Cache;
  readonly store: IdbCacheStore;
  readonly scope: string;
  readonly channel: TabChannel;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly trace: Trace | undefined;
}

/** What is logged in a scope by all tabs, one of which logs what the source emits. */
export class IdbLogStream implements LiveStream {
  readonly logOf: Cache;
  /** With a source, so that subscribers wait until the log has caught up with it. Each subscription begins at the log's end. */
  readonly resumes: string | undefined;
  readonly #options: IdbLogStreamOptions;
  readonly #events: ManualLiveStream;
  /** Of the subscribers that wait. */
  readonly #cursors = new Set<StreamCursor>();
  #follower: IdbFollower | undefined;
  #feed: IdbFeed | undefined;
  #leave: (() => void)[] = [];

  constructor(options: IdbLogStreamOptions) {
    rememberSelf(this, IdbLogStream);
    const { cache, source, scope, bufferCapacity } = options;
    this.logOf = cache;
    this.resumes = source && scope;
    this.#options = options;
    this.#events = new ManualLiveStream({ bufferCapacity, onUnused: () => this.#stop() });
  }

  /** How many subscriptions are open. */
  get subscriberCount(): number {
    return this.#events.subscriberCount;
  }

  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const subscription = this.#events.subscribe(options);
    if (this.subscriberCount === 0) return subscription;
    if (this.#follower === undefined) this.#start();
    if (options.cursor !== undefined) {
      this.#cursors.add(options.cursor);
      this.#post("ask");
    }
    return subscription;
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#events.close();
  }

  #start(): void {
    const { channel } = this.#options;
    const follower = this.#follower = new IdbFollower({ ...this.#options, events: this.#events });
    const onWake = (): void => void follower.look();
    this.#leave = [
      channel.listen((message) => this.#receive(message, follower)),
      followPage({ onHide: () => this.#stopFeed(), onShow: () => this.#startFeed(), onWake }),
    ];
    void follower.look();
    this.#startFeed();
  }

  #stop(): void {
    for (const leave of this.#leave.splice(0)) leave();
    this.#follower?.stop();
    this.#follower = undefined;
    this.#cursors.clear();
    this.#stopFeed();
  }

  #startFeed(): void {
    const { source } = this.#options;
    if (source === undefined) return;
    this.#feed ??= new IdbFeed({
      ...this.#options,
      source,
      // A message may have been lost, as while the tab was frozen.
      onLooked: () => void this.#follower?.look(),
      onLogged: () => this.#post("changed"),
      onCaughtUp: () => this.#post("live"),
    });
  }

  #stopFeed(): void {
    this.#feed?.stop();
    this.#feed = undefined;
  }

  #post(kind: TabMessage["kind"]): void {
    const { channel, scope } = this.#options;
    channel.post({ kind, scope });
  }

  #receive({ kind, scope }: TabMessage, follower: IdbFollower): void {
    // It may be the beginning of several.
    if (!this.#options.scope.startsWith(scope)) return;
    if (kind === "changed") void follower.look();
    else if (kind === "live") void this.#caughtUp(follower);
    else void this.#answer();
  }

  /** Says that the log has caught up, if this tab knows. */
  async #answer(): Promise<void> {
    if (await this.#feed?.isLive().catch(() => false)) this.#post("live");
  }

  /** The log has all that happened before; so have the subscribers once they have what it has. */
  async #caughtUp(follower: IdbFollower): Promise<void> {
    const cursors = [...this.#cursors];
    await follower.look();
    for (const cursor of cursors) if (this.#cursors.delete(cursor)) cursor.onCaughtUp();
  }
}
