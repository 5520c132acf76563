/** A process that is killed before one of the writes of a large entry, the one with the number that it is given. */
import process from "node:process";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { before, HookedKv, large } from "./deno_kv_fixture.ts";

const [path = "", write = "0"] = process.argv.slice(2);
const kill = (): Promise<never> => {
  process.kill(process.pid, "SIGKILL");
  // The signal ends what waits for this.
  return new Promise(() => {});
};
const cache = await DenoKvCache.open(new HookedKv(await Deno.openKv(path), before("commit", Number(write), kill)));
await cache.put("clients/all", large(2_000_000, "y"));
