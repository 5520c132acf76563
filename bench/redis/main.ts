/**
 * What a shared cache costs: a hit of 100 rows beside a bare `MGET` and decoding, a put, a change, and an invalidation of
 * small and of large scopes, with the client `redis` and a Redis on this machine, in turns on one connection.
 *
 * ```sh
 * deno task bench:redis
 * ```
 */
import { startRedis } from "../../tests/databases/redis_server.ts";
import { redisTimes } from "./redis_times.ts";

await using started = new AsyncDisposableStack();
const server = started.adopt(await startRedis(), (redis) => redis.remove());
console.log(await redisTimes(server.port));
