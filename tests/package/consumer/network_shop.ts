import { SseLiveStream } from "@vantage/live/rest";
import { RestTable } from "@vantage/live/rest";
import type { Shop } from "./first_steps.ts";

/** A shop across the network, at the address of a table that `tableHandler` serves. */
export async function networkShop(url: string): Promise<Shop> {
  const master = await RestTable.open(url);
  const liveStream = new SseLiveStream(`${url}/events`);
  return { master, liveStream, gaps: 2, rename: (name) => master.patchValue("a", { name }) };
}
