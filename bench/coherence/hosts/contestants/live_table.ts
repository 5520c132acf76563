import { LiveTable } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { createClient } from "redis";
import type { Contestant, Subject } from "../../contestant.ts";
import { tableOf } from "../../contestants/live_table.ts";
import type { HostsWorld } from "../hosts_world.ts";

/** How long a write may be in flight. */
const WRITE_OUTCOME_MS = 2_000;

export const LIVE_TABLE: Contestant<HostsWorld> = {
  name: "@vantage/live",
  lacks: {},
  usages: [{ how: "`LiveTable` on a `RedisCache` over `redis`, with its `stream()`", open }],
};

async function open(world: HostsWorld): Promise<Subject> {
  const { port, cut, restore } = await world.line();
  const client = createClient({ socket: { host: "127.0.0.1", port } });
  await client.on("error", () => {}).connect();
  const cache = await RedisCache.open(client);
  const liveStream = cache.stream("rows");
  const table = new LiveTable(tableOf(world.master), "rows", cache, { liveStream, writeOutcomeMs: WRITE_OUTCOME_MS });
  return {
    read: async (signal) => Number((await table.getValue("a", { signal }))?.value),
    write: (value) => table.patchValue("a", { value }),
    invalidate: () => table.invalidate(),
    receive: () => {},
    cut,
    restore,
    close: async () => {
      await table.close();
      await cache.close();
      client.destroy();
    },
  };
}
