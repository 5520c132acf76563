import { QueryClient } from "@tanstack/query-core";
import { DistantMaster } from "./distant_master.ts";
import { percent } from "./line.ts";
import { NOW, TODAY } from "./modes.ts";
import { SimulatedClock } from "./simulated_clock.ts";
import { ROWS_PER_PAGE, runTraffic, type Traffic, type World } from "./traffic.ts";
import { liveWorld } from "./worlds.ts";

const TRAFFIC: Traffic = { reading: "closed", changesPerSecond: 20, spacing: "even", seconds: 30 };

/** Rows received for each foreign update, in a closed loop: rows of a table. */
export async function receivedRows(): Promise<readonly (readonly string[])[]> {
  const rows = [await rowOf("query-core, invalidate and refetch", await queryCoreWorld())];
  for (const { name, options } of [TODAY, NOW]) {
    await using world = await liveWorld({ view: {}, changing: "ids", options });
    rows.push(await rowOf(`@vantage/live, ${name}`, world));
  }
  return rows;
}

async function rowOf(name: string, world: World): Promise<readonly string[]> {
  console.error(`${name} …`);
  const { rowsSent, changes, hits, asked } = await runTraffic(world, TRAFFIC);
  return [name, (rowsSent / changes).toFixed(1), percent(hits / asked)];
}

/** An invalidation cancels what is being fetched, as the maintainers advise in TanStack/query#8530. */
async function queryCoreWorld(): Promise<World> {
  const clock = new SimulatedClock(1);
  const master = await DistantMaster.open(clock, {});
  const client = new QueryClient({
    defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity, retry: false, networkMode: "always" } },
  });
  return {
    clock,
    master,
    read: (page) =>
      client.fetchQuery({
        queryKey: ["products", page],
        queryFn: () => master.table.page(page, ROWS_PER_PAGE).listValues(),
      }),
    change: async (id) => {
      await master.change(id);
      await client.invalidateQueries({ queryKey: ["products"], refetchType: "none" });
    },
  };
}
