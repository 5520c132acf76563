import type { PostgresClient } from "@vantage/live/postgres";
import type { RedisClient } from "@vantage/live/redis";
import { Redis } from "ioredis";
import pg from "pg";
import postgresJs from "postgres";
import { createClient } from "redis";

/** A client, and how it is closed. */
export interface Opened<Client> {
  readonly client: Client;
  close(): unknown;
}

const [host, user, database] = ["127.0.0.1", "postgres", "postgres"];
const CONNECTIONS = 4;

/** Opens PostgreSQL, in turns with each of the clients. */
export function openPostgres(port: number, turn: number): Opened<PostgresClient> {
  const options = { host, port, user, database, max: CONNECTIONS };
  if (turn % 2 === 0) {
    const client = postgresJs({ ...options, onnotice: () => {} });
    return { client, close: () => client.end({ timeout: 1 }) };
  }
  const client = new pg.Pool(options);
  client.on("error", () => {});
  return { client, close: () => client.end() };
}

/** Opens Redis, in turns with each of the clients. */
export async function openRedis(port: number, turn: number): Promise<Opened<RedisClient>> {
  if (turn % 2 === 0) {
    const client = createClient({ socket: { host, port } });
    await client.on("error", () => {}).connect();
    return { client, close: () => client.destroy() };
  }
  const client = new Redis({ host, port, lazyConnect: true });
  await client.on("error", () => {}).connect();
  return { client, close: () => client.disconnect() };
}
