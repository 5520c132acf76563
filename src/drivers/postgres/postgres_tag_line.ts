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
      // A connection that has died in silence would be used again. Without one, postgres.js makes another.
      const kept: Kept = client.listen as object; // A function, to which postgres.js adds them.
      const { sql } = kept;
      if (sql === undefined) return;
      kept.channels = {};
      kept.sql = undefined;
      sql.end?.({ timeout: 0 }).then(undefined, () => {});
    },
  };
}
