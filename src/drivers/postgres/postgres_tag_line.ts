import type { PostgresTagClient } from "./postgres_client.ts";
import type { Line } from "./postgres_line.ts";

/** What postgres.js 3.4 keeps of its connection that listens. */
interface Kept {
  sql?: { end?(options: { readonly timeout: number }): PromiseLike<unknown> } | undefined;
  channels?: unknown;
}

/** Notifications of postgres.js or Bun, which listen on one connection, and listen again after its loss. */
export function tagLine(client: PostgresTagClient & Required<Pick<PostgresTagClient, "listen">>): Line {
  return {
    open: async (channel, { onNotify, onAgain }) => {
      let isOpen = true;
      let isAgain = false;
      const request = await client.listen(
        channel,
        (payload) => {
          if (isOpen) onNotify(payload);
        },
        () => {
          if (isOpen && isAgain) onAgain();
          isAgain = true;
        },
      );
      return async () => {
        isOpen = false;
        await request.unlisten();
      };
    },
    drop: () => {
      // If postgres.js fails to listen once, as when the server is being restarted, it does not try again, and every
      // later call fails like the first. It makes another connection if it has none.
      const kept: Kept = client.listen as object; // A function, to which postgres.js adds them.
      const { sql } = kept;
      if (sql === undefined) return;
      kept.channels = {};
      kept.sql = undefined;
      sql.end?.({ timeout: 0 }).then(undefined, () => {});
    },
  };
}
