import type { Clock } from "../../base/clock.ts";
import { defer, type Deferred } from "../../base/defer.ts";
import { newId } from "../../base/new_id.ts";
import { onAbort } from "../../base/on_abort.ts";
import { UnavailableError } from "../../table/errors.ts";
import type { Connection } from "./postgres_connections.ts";
import type { Session } from "./postgres_database.ts";
import { type Limit, limited } from "./postgres_limit.ts";
import type { PostgresListener } from "./postgres_listener.ts";
import { echoPayload } from "./postgres_notify_payload.ts";

/** What a {@linkcode NotifySession} works with. */
export interface NotifySessionOptions {
  readonly db: Session;
  readonly listener: PostgresListener;
  /** The name of the table, for messages. */
  readonly table: string;
  /** Finds the channel, and rejects if nothing notifies it. */
  readonly channel: () => Promise<string>;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly onNotify: (payload: string) => void;
  /** Notifications may have been missed until now. */
  readonly onGap: () => void;
}

/**
 * Listens to a channel. That it does is certain only when a notification of its own has come back: a pooler may not keep
 * what it listens to, a client may have lost its connection unnoticed, or have failed to listen again.
 */
export class NotifySession {
  readonly #options: NotifySessionOptions;
  #echo: { readonly nonce: string; readonly heard: Deferred<void> } | undefined;

  constructor(options: NotifySessionOptions) {
    this.#options = options;
  }

  /** A notification of a session has come back. */
  onEcho(nonce: string): void {
    if (this.#echo?.nonce === nonce) this.#echo.heard.resolve();
  }

  /** Listens until it is certain no more. */
  async follow({ signal, onLive, wait }: Connection, review: () => void): Promise<never> {
    const { listener, table, channel, heartbeatMs, clock, timeoutMs: ms, onNotify, onGap } = this.#options;
    const over = new AbortController();
    const stay = onAbort(signal, () => over.abort(signal.reason));
    const limit: Limit = { ms, clock, signal: over.signal, late: "PostgreSQL did not answer" };
    let close = (): Promise<void> => Promise.resolve();
    let isUncertain = true;
    try {
      const name = await limited(channel, limit);
      close = await this.#certain(() =>
        listener.listen(name, {
          onNotify,
          onAgain: () => {
            onGap();
            isUncertain = true;
            review();
          },
          onLost: () => {
            over.abort(new UnavailableError(`The connection that listened to ${table} was lost`));
            review();
          },
        }), limit);
      for (let isFirst = true;; isFirst = false) {
        isUncertain = false;
        await this.#certain(() => this.#hearEcho(name), {
          ...limit,
          late: `No notification of ${table} came back, as behind a pooler that does not keep LISTEN,`,
        });
        if (isFirst) {
          onGap();
          onLive();
        }
        await wait(heartbeatMs, () => over.signal.aborted || isUncertain);
        over.signal.throwIfAborted();
        // The triggers may have been removed.
        await limited(channel, limit);
      }
    } finally {
      stay();
      await close();
    }
  }

  async #certain<T>(begin: () => Promise<T>, limit: Limit): Promise<T> {
    try {
      return await limited(begin, limit);
    } catch (error) {
      // What others listen to on this connection is as uncertain.
      if (!limit.signal.aborted) this.#options.listener.lose();
      throw error;
    }
  }

  async #hearEcho(channel: string): Promise<void> {
    const { db, clock } = this.#options;
    const echo = { nonce: newId(clock), heard: defer<void>() };
    this.#echo = echo;
    await db.query("SELECT pg_notify($1::text, $2::text)::text", [channel, echoPayload(echo.nonce)]);
    await echo.heard.promise;
  }
}
