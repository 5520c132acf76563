/** A command: its name, and its arguments. */
export type RedisCommand = readonly (string | Uint8Array)[];

/**
 * A connection of your own to a server or a cluster, such as one that wraps a client which is not known here. It may
 * reconnect, and may have several connections.
 */
export interface RedisHandle {
  /**
   * Sends a command. Of its answer, texts are returned as bytes, integers as numbers, lists as arrays, and nil as `null`.
   * An error rejects, with a message that begins with Redis's code, such as `NOSCRIPT`.
   */
  send(command: RedisCommand): PromiseLike<unknown>;
}

/** `createClient()` of the package `redis`, from version 5. */
export interface NodeRedisClient {
  /** Whether it was connected, though the connection may be lost now. */
  readonly isOpen: boolean;
  /** The options it was made with. */
  readonly options?: object | undefined;
  /** Sends a command. */
  sendCommand(command: RedisCommand, options?: object): Promise<unknown>;
  /** Another client for the same server. */
  duplicate(): NodeRedisClient;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Disconnects. */
  destroy(): void;
  /** Listens. */
  on(event: string, listener: () => void): unknown;
  /** Stops listening. */
  off(event: string, listener: () => void): unknown;
}

/** `createClientPool()` of the package `redis`. */
export interface NodeRedisPool {
  /** Distinguishes a pool. */
  readonly totalClients: number;
  /** Sends a command through one of its clients. */
  sendCommand(command: RedisCommand, options?: object): Promise<unknown>;
}

/** `createCluster()` of the package `redis`. */
export interface NodeRedisCluster {
  /** The masters. */
  readonly masters: readonly object[];
  /** The client of one of them. */
  nodeClient(node: never): Promise<NodeRedisClient> | NodeRedisClient;
  /** Sends a command to the node that has a key. */
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    command: RedisCommand,
    options?: object,
  ): Promise<unknown>;
}

/** `new Redis()` of the package `ioredis`, or of `iovalkey`. */
export interface IoRedisClient {
  /** The options it was made with. */
  readonly options: object;
  /** Sends a command whose answer is bytes. */
  callBuffer(command: string, ...args: (string | number | Uint8Array)[]): Promise<unknown>;
  /** Another client for the same server. */
  duplicate(): IoRedisClient;
  /** Disconnects. */
  disconnect(): void;
  /** Listens. */
  on(event: string, listener: () => void): unknown;
  /** Stops listening. */
  off(event: string, listener: () => void): unknown;
}

/** `new Redis.Cluster()` of the package `ioredis`, or of `iovalkey`. */
export interface IoRedisCluster {
  /** The options it was made with. */
  readonly options: object;
  /** Sends a command whose answer is bytes to the node that has its keys. */
  callBuffer(command: string, ...args: (string | number | Uint8Array)[]): Promise<unknown>;
  /** The clients of its nodes. */
  nodes(role: "master"): readonly IoRedisClient[];
}

/** A connected client of any of these packages. It is recognised by its functions. */
export type RedisClient =
  | RedisHandle
  | NodeRedisClient
  | NodeRedisPool
  | NodeRedisCluster
  | IoRedisClient
  | IoRedisCluster;
