import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import type { NodeRedisClient } from "@vantage/live/redis";
import { BadInput } from "./bad_input.ts";

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
  const { createClient } = loadRedis();
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

/** Looks where the demo is run, and where it is. */
function loadRedis(): RedisPackage {
  for (const place of [join(process.cwd(), "demo.js"), import.meta.url]) {
    try {
      return createRequire(place)("redis") as RedisPackage; // It is a package of this name.
    } catch {
      // It may be in the other place.
    }
  }
  throw new BadInput("--cache redis://<host> needs the package redis: run npm install redis, and try again");
}
