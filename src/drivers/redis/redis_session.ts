import { describeClient } from "../../base/describe_client.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type {
  IoRedisClient,
  IoRedisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  RedisClient,
  RedisCommand,
  RedisHandle,
} from "./redis_client.ts";

/** Sends commands through a client, whichever it is. */
export interface RedisSession {
  /** Sends a command; `key` says where to, in a cluster. Answers with bytes, numbers, arrays and `null`. */
  send(command: RedisCommand, key?: string): PromiseLike<unknown>;
  /**
   * How often the connection was made or lost. An answer was given by the connection of a count if that was the count when
   * the command was sent and when the answer arrived. Absent where there are several connections.
   */
  readonly connections?: (() => number) | undefined;
  /** Whether the client was closed, and has not been connected again. */
  readonly hasEnded?: (() => boolean) | undefined;
  /** Calls `listener` when the client is closed. */
  readonly onEnd?: ((listener: () => void) => void) | undefined;
  /** Opens another connection, which may wait for something. */
  readonly open?: (() => RedisConnection) | undefined;
  /** The sessions of all masters. */
  masters(): Promise<readonly RedisSession[]>;
  /** Stops listening to the client. */
  release(): void;
}

/** A connection that was opened here. */
export interface RedisConnection {
  /** Resolves once it is connected. */
  readonly connected: Promise<unknown>;
  /** Sends a command, as a session does. */
  send(command: RedisCommand): PromiseLike<unknown>;
  /** Ends it, also while it is being connected. */
  close(): void;
}

/**
 * The session of a client, whichever it is.
 *
 * @throws {TypeError} if it is none of the known clients, or changes keys.
 * @throws {UnsupportedError} if it is one that cannot be used.
 */
export function sessionOf(client: RedisClient): RedisSession {
  if (has(client, "callBuffer", "nodes")) return overIoCluster(client as IoRedisCluster); // It has its functions.
  if (has(client, "callBuffer", "duplicate", "on")) return overIoRedis(client as IoRedisClient);
  if (has(client, "sendCommand", "nodeClient")) return overNodeCluster(client as NodeRedisCluster);
  if (has(client, "sendCommand", "acquire")) {
    throw new UnsupportedError(
      "createSentinel() of the package redis is not supported: use ioredis with its sentinels",
    );
  }
  if (has(client, "sendCommand", "execute")) return overNodePool(client as NodeRedisPool);
  if (has(client, "sendCommand", "duplicate", "on")) return overNodeRedis(client as NodeRedisClient);
  if (has(client, "send", "getBuffer")) {
    throw new UnsupportedError(
      "Bun.RedisClient is not supported: it answers scripts with text, which destroys bytes. " +
        "The packages redis and ioredis run in Bun",
    );
  }
  if (has(client, "send")) return overHandle(client as RedisHandle);
  throw new TypeError(
    `A RedisCache takes a client of redis or ioredis, or an object with the function send, got ${
      describeClient(client)
    }`,
  );
}

function has(client: unknown, ...functions: readonly string[]): boolean {
  if (typeof client !== "object" || client === null) return false;
  return functions.every((name) => typeof Reflect.get(client, name) === "function");
}

function overHandle(handle: RedisHandle): RedisSession {
  const self: RedisSession = {
    send: (command) => handle.send(command),
    masters: () => Promise.resolve([self]),
    release: () => {},
  };
  return self;
}

function overNodeRedis(client: NodeRedisClient): RedisSession {
  if (!client.isOpen) {
    throw new TypeError("A RedisCache takes a client that is connected: await client.connect() first");
  }
  refuseKeyPrefix(client.options);
  const watched = watch(client);
  const self: RedisSession = {
    send: (command) => client.sendCommand(buffers(command), bytes()),
    ...watched,
    open: () => connectNodeRedis(client.duplicate()),
    masters: () => Promise.resolve([self]),
  };
  return self;
}

function connectNodeRedis(client: NodeRedisClient): RedisConnection {
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
    if (client.isOpen) client.destroy();
  };
  client.on("error", () => {});
  return {
    connected: client.connect().then(() => isClosed ? close() : undefined),
    send: (command) => client.sendCommand(buffers(command), bytes()),
    close,
  };
}

function overNodePool(pool: NodeRedisPool): RedisSession {
  const self: RedisSession = {
    send: (command) => pool.sendCommand(buffers(command), bytes()),
    masters: () => Promise.resolve([self]),
    release: () => {},
  };
  return self;
}

function overNodeCluster(cluster: NodeRedisCluster): RedisSession {
  return {
    send: (command, key) => cluster.sendCommand(key, false, buffers(command), bytes()),
    masters: () =>
      Promise.all(cluster.masters.map(async (node) => {
        const client = await cluster.nodeClient(node as never); // It is one of its own.
        return overHandle({ send: (command) => client.sendCommand(buffers(command), bytes()) });
      })),
    release: () => {},
  };
}

function overIoRedis(client: IoRedisClient): RedisSession {
  refuseKeyPrefix(client.options);
  const watched = watch(client);
  const self: RedisSession = {
    send: ([name, ...args]) => client.callBuffer(String(name), ...buffers(args)),
    ...watched,
    open: () => {
      const other = client.duplicate();
      other.on("error", () => {});
      return {
        connected: Promise.resolve(), // It connects by itself.
        send: ([name, ...args]) => other.callBuffer(String(name), ...buffers(args)),
        close: () => other.disconnect(),
      };
    },
    masters: () => Promise.resolve([self]),
  };
  return self;
}

function overIoCluster(cluster: IoRedisCluster): RedisSession {
  refuseKeyPrefix(cluster.options);
  const over = (client: Pick<IoRedisClient, "callBuffer">): RedisSession =>
    overHandle({ send: ([name, ...args]) => client.callBuffer(String(name), ...buffers(args)) });
  return { ...over(cluster), masters: () => Promise.resolve(cluster.nodes("master").map(over)) };
}

/** What a client emits when its connection is made or lost, before anything is sent through another one. */
const CONNECTION_EVENTS = ["connect", "reconnecting", "close", "end"] as const;

interface Watched {
  readonly connections: () => number;
  readonly hasEnded: () => boolean;
  readonly onEnd: (listener: () => void) => void;
  readonly release: () => void;
}

function watch(client: Pick<NodeRedisClient, "on" | "off">): Watched {
  let count = 0;
  let isOver = false;
  const endListeners = new Set<() => void>();
  const listeners = CONNECTION_EVENTS.map((event) => ({
    event,
    listener: (): void => {
      count++;
      isOver = event === "end";
      if (isOver) { for (const listener of endListeners) listener(); }
    },
  }));
  for (const { event, listener } of listeners) client.on(event, listener);
  return {
    connections: () => count,
    hasEnded: () => isOver,
    onEnd: (listener) => void endListeners.add(listener),
    release: () => {
      for (const { event, listener } of listeners) client.off(event, listener);
    },
  };
}

/** A prefix is not added everywhere, and not where keys are searched for. */
function refuseKeyPrefix(options: object | undefined): void {
  const prefix: unknown = options === undefined ? undefined : Reflect.get(options, "keyPrefix");
  if (prefix === undefined || prefix === "") return;
  throw new TypeError("A RedisCache takes a client without a keyPrefix: use its option namespace");
}

interface BufferKind {
  from(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array;
}

/** Both packages accept no other bytes, and exist only where there are buffers. */
function bufferKind(): BufferKind {
  const kind: BufferKind | undefined = Reflect.get(globalThis, "Buffer");
  if (kind === undefined) throw new UnsupportedError("This runtime has no Buffer, which the client needs");
  return kind;
}

function buffers(command: RedisCommand): (string | Uint8Array)[] {
  return command.map((part) =>
    typeof part === "string" ? part : bufferKind().from(part.buffer, part.byteOffset, part.byteLength)
  );
}

/** Texts of the protocol ("$") as bytes, and maps ("%") as arrays. */
let bytesOptions: object | undefined;
function bytes(): object {
  return bytesOptions ??= { typeMapping: { 36: bufferKind(), 37: Array } };
}
