import { Redis as Redis5 } from "ioredis";
import { Cluster, Redis } from "ioredis-6";
import { createClient, createClientPool, createCluster } from "redis";
import type { RedisClient } from "@vantage/live/redis";

/** A client that is connected to a Redis. */
export interface OpenRedis {
  readonly client: RedisClient;
  /** Sends a command, and gives its answer as text. */
  run(...command: readonly string[]): Promise<unknown>;
  close(): void;
}

/** A kind of client. */
export interface RedisClientKind {
  readonly name: string;
  open(port: number): Promise<OpenRedis>;
}

/** Opens a client of `redis`. */
export async function openNodeRedis(port: number): Promise<OpenRedis> {
  const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: 20 } });
  client.on("error", () => {});
  await client.connect();
  return { client, run: (...command) => client.sendCommand([...command]), close: () => client.destroy() };
}

/** Opens a client of `ioredis`. */
export function openIoRedis(port: number): Promise<OpenRedis> {
  return connected(new Redis(ioOptions(port)));
}

function openIoRedis5(port: number): Promise<OpenRedis> {
  return connected(new Redis5(ioOptions(port)));
}

function ioOptions(port: number): { readonly host: string; readonly port: number } & typeof IO {
  return { host: "127.0.0.1", port, ...IO };
}

const IO = { retryStrategy: () => 20, lazyConnect: true };

async function connected(client: Redis | Redis5): Promise<OpenRedis> {
  client.on("error", () => {});
  await client.connect();
  return { client, run: (name = "", ...args) => client.call(name, ...args), close: () => client.disconnect() };
}

/** Opens a pool of `redis`. */
export async function openNodePool(port: number): Promise<OpenRedis> {
  const client = createClientPool({ socket: { host: "127.0.0.1", port } }, { minimum: 2, maximum: 4 });
  client.on("error", () => {});
  await client.connect();
  return { client, run: (...command) => client.sendCommand([...command]), close: () => client.destroy() };
}

async function openNodeCluster(port: number): Promise<OpenRedis> {
  const client = createCluster({ rootNodes: [{ socket: { host: "127.0.0.1", port } }] });
  client.on("error", () => {});
  await client.connect();
  return {
    client,
    run: (...command) => client.sendCommand(undefined, false, [...command]),
    close: () => client.destroy(),
  };
}

async function openIoCluster(port: number): Promise<OpenRedis> {
  const client = new Cluster([{ host: "127.0.0.1", port }], { lazyConnect: true });
  client.on("error", () => {});
  await client.connect();
  return { client, run: (name = "", ...args) => client.call(name, ...args), close: () => client.disconnect() };
}

/** The clients that are tried. */
export const REDIS_CLIENTS: readonly RedisClientKind[] = [
  { name: "redis", open: openNodeRedis },
  { name: "ioredis 6", open: openIoRedis },
  { name: "ioredis 5", open: openIoRedis5 },
  { name: "a pool of redis", open: openNodePool },
];

/** The clients that are tried with a cluster. */
export const REDIS_CLUSTER_CLIENTS: readonly RedisClientKind[] = [
  { name: "createCluster of redis", open: openNodeCluster },
  { name: "Cluster of ioredis", open: openIoCluster },
];
