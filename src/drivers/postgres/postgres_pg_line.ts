import type { PgClient, PgEmitter, PgNotification, PgPool } from "./postgres_client.ts";
import { databaseOf } from "./postgres_database.ts";
import type { ChannelEvents, Line } from "./postgres_line.ts";

/** A connection that is in use. */
interface Taken {
  run(statement: string): Promise<unknown>;
  giveBack(): void;
}

/** Notifications of a client of `pg`, or of one that is taken out of a pool for as long as something is listened to. */
export class PgLine implements Line {
  readonly #client: PgClient | PgPool;
  readonly #channels = new Map<string, Set<ChannelEvents>>();
  #taken: Promise<Taken> | undefined;

  constructor(client: PgClient | PgPool) {
    this.#client = client;
  }

  async open(channel: string, events: ChannelEvents): Promise<() => Promise<void>> {
    const listening = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, listening.add(events));
    this.#taken ??= this.#take();
    const { run } = await this.#taken;
    await run(`LISTEN ${channel}`);
    return () => this.#close(channel, events);
  }

  drop(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    this.#channels.clear();
    // If a pool has no client to give now, what it gives later is not needed.
    taken?.then(({ giveBack }) => giveBack(), () => {});
  }

  async #close(channel: string, events: ChannelEvents): Promise<void> {
    const listening = this.#channels.get(channel);
    if (listening?.delete(events) !== true || listening.size > 0) return;
    this.#channels.delete(channel);
    const taken = this.#taken;
    if (this.#channels.size === 0) this.#taken = undefined;
    const { run, giveBack } = await taken ?? {};
    try {
      await run?.(`UNLISTEN ${channel}`);
    } finally {
      if (this.#taken !== taken) giveBack?.();
    }
  }

  async #take(): Promise<Taken> {
    const client = this.#client;
    const onNotify = ({ channel, payload = "" }: PgNotification): void => {
      for (const events of this.#channels.get(channel) ?? []) events.onNotify(payload);
    };
    if (!("totalCount" in client)) {
      const session = databaseOf(client);
      const forget = listenTo(client, onNotify, () => this.#lose());
      return { run: (statement) => session.query(statement, []), giveBack: forget };
    }
    const taken = await client.connect();
    const forget = listenTo(taken, onNotify, () => this.#lose());
    return {
      run: async (statement) => await taken.query(statement, []),
      giveBack: () => {
        forget();
        // Closed, for a connection that may still listen is of no use to others.
        taken.release(true);
      },
    };
  }

  #lose(): void {
    const lost = [...this.#channels.values()].flatMap((listening) => [...listening]);
    this.drop();
    for (const events of lost) events.onLost();
  }
}

/** Listens to a connection; the returned function ends that. */
function listenTo(emitter: PgEmitter, onNotify: (notification: PgNotification) => void, onEnd: () => void): () => void {
  emitter.on?.("notification", onNotify);
  emitter.on?.("error", onEnd);
  emitter.on?.("end", onEnd);
  return () => {
    emitter.removeListener?.("notification", onNotify);
    emitter.removeListener?.("end", onEnd);
    // What an error means is known: without a listener, a late one would end the process.
    emitter.removeListener?.("error", onEnd);
    emitter.on?.("error", () => {});
  };
}
