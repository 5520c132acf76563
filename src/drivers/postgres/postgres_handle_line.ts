import type { PostgresHandle } from "./postgres_client.ts";
import type { Line } from "./postgres_line.ts";

/** Notifications of PGlite, which has no connection to lose, or of a handle. */
export function handleLine(client: Required<PostgresHandle>): Line {
  return {
    open: async (channel, { onNotify }) => {
      const end = await client.listen(channel, onNotify);
      return async () => void await end();
    },
    drop: () => {},
  };
}
