import pg from "pg";
import postgres from "postgres";
import { LayeredCache, LiveTable, MemCache, type Tracer } from "@vantage/live";
import { type PostgresClient, PostgresNotifyLiveStream, PostgresSlot, PostgresTable } from "@vantage/live/postgres";
import { RedisCache } from "@vantage/live/redis";
import { openIoRedis, openNodeRedis } from "../../databases/redis_clients.ts";
import {
  type HostOptions,
  MAX_LAG_MS,
  REDIS_TIMEOUT_MS,
  slotOf,
  WRITE_OUTCOME_MS,
  WRITE_TIMEOUT_MS,
} from "./host_talk.ts";
import { type TableName, TABLES } from "./shop_tables.ts";
import { StoppableCache, stoppableMaster, type Stops } from "./stoppable.ts";

/** The tables of a host. */
export type HostTables = ReadonlyMap<TableName, LiveTable>;

/** How long it may take to connect to PostgreSQL, on a busy machine; in a pool of pg, also to wait for a connection. */
const CONNECT_MS = 8_000;
const PLACE = { host: "127.0.0.1", user: "postgres", database: "postgres" };

/**
 * A client of PostgreSQL. Both let queries wait while they connect: by default postgres.js for up to 20 seconds of pause and
 * 30 of connecting, and a pool of pg for as long as the connection takes.
 */
function openPostgres(port: number, client: "postgres.js" | "pg"): PostgresClient {
  if (client === "postgres.js") {
    return postgres({
      ...PLACE,
      port,
      max: 4,
      backoff: () => 0.1,
      connect_timeout: CONNECT_MS / 1_000,
      onnotice: () => {},
    });
  }
  const pool = new pg.Pool({ ...PLACE, port, max: 4, connectionTimeoutMillis: CONNECT_MS });
  pool.on("error", () => {});
  return pool;
}

/** Opens the tables of a host, over one cache. */
export async function openTables(options: HostOptions, stops: Stops, tracer: Tracer): Promise<HostTables> {
  const { runtime, redis, redisPort, postgresPort, isLayered, follows, source, host } = options;
  const { client } = await (redis === "redis" ? openNodeRedis(redisPort) : openIoRedis(redisPort));
  const sql = openPostgres(postgresPort, source === "slot" || runtime === "bun" ? "pg" : "postgres.js");
  const shared = await RedisCache.open(client, { timeoutMs: REDIS_TIMEOUT_MS, tracer });
  const stoppable = new StoppableCache(shared, stops);
  const cache = isLayered ? new LayeredCache(new MemCache(), stoppable, { maxLagMs: MAX_LAG_MS }) : stoppable;
  const streamOf = async (name: TableName) => {
    if (follows) return shared.stream(name);
    if (source === "notify" && name === "products") {
      return await PostgresNotifyLiveStream.open(sql, name, { heartbeatMs: 1_000, timeoutMs: 2_000, tracer });
    }
    if (source !== "slot" || name !== "orders") return undefined;
    const slot = new PostgresSlot(sql, {
      slot: slotOf(host),
      publication: "shop",
      pollMs: 50,
      timeoutMs: 5_000,
      tracer,
    });
    return slot.of(name);
  };
  const tables = new Map<TableName, LiveTable>();
  for (const name of TABLES) {
    const master = stoppableMaster(await PostgresTable.open(sql, name), stops);
    const table = new LiveTable(master, name, cache, {
      liveStream: await streamOf(name),
      writeOutcomeMs: WRITE_OUTCOME_MS,
      writeTimeoutMs: WRITE_TIMEOUT_MS,
      tracer,
    });
    tables.set(name, table);
  }
  return tables;
}
