import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "../../databases/server_process.ts";

interface Pair {
  readonly sockets: readonly Socket[];
  isListening: boolean;
  isFrozen: boolean;
}

/** Connections to a server, of which a test lets some die in silence: nothing passes, and nothing is closed. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(port: number, target: number) {
    this.port = port;
    this.#server = createServer((client) => this.#accept(client, target));
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), target);
    await new Promise<void>((resolve) => proxy.#server.listen(proxy.port, "127.0.0.1", resolve));
    return proxy;
  }

  /** Lets those connections die that have sent LISTEN, and returns how many there are. */
  freezeListening(): number {
    const listening = [...this.#pairs].filter(({ isListening, isFrozen }) => isListening && !isFrozen);
    for (const pair of listening) pair.isFrozen = true;
    return listening.length;
  }

  async stop(): Promise<void> {
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket, target: number): void {
    const server = connect(target, "127.0.0.1");
    const pair: Pair = { sockets: [client, server], isListening: false, isFrozen: false };
    this.#pairs.add(pair);
    for (const [from, to] of [[client, server], [server, client]] as const) {
      from.on("data", (data) => {
        if (pair.isFrozen) return;
        if (from === client && /listen/i.test(data.toString("latin1"))) pair.isListening = true;
        to.write(data);
      });
      from.on("error", () => {});
      from.on("close", () => {
        if (!pair.isFrozen) to.destroy();
      });
    }
  }
}
