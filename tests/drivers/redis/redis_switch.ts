import { connect, createServer, type Socket } from "node:net";

/** An address that leads to one server, and later to another. */
export interface RedisSwitch extends AsyncDisposable {
  readonly port: number;
  /** Leads to another server from now on, and cuts the connections to the one before. */
  to(port: number): void;
}

/** Starts an address that leads to a server. */
export async function startSwitch(port: number): Promise<RedisSwitch> {
  let target = port;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(target, "127.0.0.1");
    for (const [one, other] of [[client, redis], [redis, client]] as const) {
      sockets.add(one);
      one.setNoDelay(true).pipe(other);
      one.on("error", () => {});
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    to: (next) => {
      target = next;
      cut();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}
