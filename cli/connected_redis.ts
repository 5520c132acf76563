import type { NodeRedisClient } from "@vantage/live/redis";
import { BadInput } from "./bad_input.ts";
import { loadPackage } from "./loaded_package.ts";

/** What is used of the package `redis`. */
interface RedisPackage {
  createClient(options: object): NodeRedisClient;
}

/** How long the first connection may take. */
const CONNECT_MS = 5_000;

/**
 * Connects to Redis with the package `redis`, which is loaded only for this.
 *
 * @throws {BadInput} if the package is not installed, or there is no Redis.
 */
export async function connectRedis(
  { url, host }: { readonly url: string; readonly host: string },
): Promise<NodeRedisClient> {
  const { createClient } = loadPackage("redis", "6", "--cache redis://...") as RedisPackage; // That is its name.
  // One attempt: whoever runs the demo can start Redis and repeat it.
  const client = createClient({ url, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false } });
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (cause) {
    throw new BadInput(`There is no Redis at ${host}, or it refuses the user`, { cause });
  }
}
