import { openNodeRedis } from "./redis_clients.ts";
import { type RedisProcess, startRedis } from "./redis_server.ts";

/** Starts a cluster of one server. */
export async function startRedisCluster(): Promise<RedisProcess> {
  const server = await startRedis(["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]);
  const { run, close } = await openNodeRedis(server.port);
  await run("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  while (!String(await run("CLUSTER", "INFO")).includes("cluster_state:ok"));
  close();
  return server;
}
