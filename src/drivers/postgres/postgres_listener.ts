import { describe } from "../../base/describe.ts";
import type { PostgresClient } from "./postgres_client.ts";
import { handleLine } from "./postgres_handle_line.ts";
import type { ChannelEvents, Line } from "./postgres_line.ts";
import { PgLine } from "./postgres_pg_line.ts";
import { tagLine } from "./postgres_tag_line.ts";

const listeners = new WeakMap<object, PostgresListener>();

/**
 * The listener of a client: all streams over one client share one connection that listens.
 *
 * @throws {TypeError} if it is none of the known clients, or cannot listen.
 */
export function listenerOf(client: PostgresClient): PostgresListener {
  const known = listeners.get(client);
  if (known !== undefined) return known;
  const listener = new PostgresListener(lineOf(client));
  listeners.set(client, listener);
  return listener;
}

/** Listens to channels on one connection. */
export class PostgresListener {
  readonly #line: Line;
  /** What is listened to, with what ends that. */
  readonly #open = new Map<ChannelEvents, Promise<() => Promise<void>>>();

  constructor(line: Line) {
    this.#line = line;
  }

  /**
   * Listens to a channel; the returned function ends that, and never rejects. If it cannot, everyone on the connection has to
   * listen anew.
   */
  async listen(channel: string, events: ChannelEvents): Promise<() => Promise<void>> {
    const opening = this.#line.open(channel, {
      onNotify: (payload) => this.#open.has(events) && events.onNotify(payload),
      onAgain: () => this.#open.has(events) && events.onAgain(),
      onLost: () => this.#open.delete(events) && events.onLost(),
    });
    this.#open.set(events, opening);
    try {
      await opening;
    } catch (error) {
      if (this.#open.delete(events)) this.lose();
      throw error;
    }
    return async () => {
      // What was lost is closed.
      if (this.#open.delete(events)) await closed(opening);
    };
  }

  /** Makes everyone listen anew, on another connection, since this one does not receive what it should. */
  lose(): void {
    const lost = [...this.#open];
    this.#open.clear();
    this.#line.drop();
    for (const [events, opening] of lost) {
      void closed(opening);
      events.onLost();
    }
  }
}

async function closed(opening: Promise<() => Promise<void>>): Promise<void> {
  try {
    await (await opening)();
  } catch {
    // On a connection that is lost nothing is listened to.
  }
}

function lineOf(client: PostgresClient): Line {
  if ("unsafe" in client) {
    const { listen } = client;
    if (listen !== undefined) return tagLine(client as typeof client & { listen: typeof listen });
  } else if ("transaction" in client) {
    const { listen } = client;
    if (listen !== undefined) return handleLine(client as typeof client & { listen: typeof listen });
  } else if ("totalCount" in client || client.on !== undefined) return new PgLine(client);
  throw new TypeError(
    `Notifications come through a client that can listen: postgres.js, pg, PGlite, or an object with listen; got ${
      describe(client)
    }`,
  );
}
