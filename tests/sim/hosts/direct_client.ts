import type { IoRedisClient, RedisHandle } from "@vantage/live/redis";
import type { SimRedis } from "./sim_redis.ts";

/** A client whose commands are executed at once. It has one connection, so entries are read without a script. */
export function directClient(redis: SimRedis): IoRedisClient {
  const client: IoRedisClient = {
    options: {},
    callBuffer: (name, ...args) =>
      Promise.resolve().then(() =>
        redis.execute([name, ...args.map((arg) => typeof arg === "number" ? String(arg) : arg)])
      ),
    duplicate: () => client,
    disconnect: () => {},
    on: () => client,
    off: () => client,
  };
  return client;
}

/** The same with an unknown number of connections, so that entries are read by a script. */
export function directHandle(redis: SimRedis): RedisHandle {
  return { send: (command) => Promise.resolve().then(() => redis.execute(command)) };
}
