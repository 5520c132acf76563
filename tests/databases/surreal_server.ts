import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { QueryError, Surreal } from "surrealdb";
import { WebSocket as WebSocketOfWs } from "ws";

/** Why there is no SurrealDB here. */
export const WITHOUT_SURREAL: string | undefined = process.platform === "linux" && process.arch === "x64"
  ? undefined
  : "the engine of SurrealDB is looked for on Linux x64 only";

const CHILD = fileURLToPath(new URL("surreal_child.ts", import.meta.url));
/** How the runtime of the tests runs a file. */
const RUN: readonly string[] = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];

/** Deno's own WebSocket waits 40 ms before it sends the end of a message. */
const NO_DELAY = "Deno" in globalThis ? { websocketImpl: WebSocketOfWs as unknown as typeof WebSocket } : {}; // It is like it.

/** A running SurrealDB, and what may happen on the way to it. */
export class SurrealServer {
  readonly #stop: () => Promise<void>;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #proxy: Server | undefined;
  #port = 0;
  #losesAnswer = false;

  private constructor(target: number, stop: () => Promise<void>) {
    this.#target = target;
    this.#stop = stop;
  }

  /** Starts one in a process of the same runtime, with a database in memory or in a folder. */
  static async start(url = "mem://"): Promise<SurrealServer> {
    const child = spawn(process.execPath, [...RUN, CHILD, url], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const server = new SurrealServer(Number(line), async () => {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    });
    await server.listen();
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/rpc`;
  }

  /** A connected client. */
  async connect(options: ConstructorParameters<typeof Surreal>[0] = NO_DELAY): Promise<Surreal> {
    const db = new Surreal(options);
    const reconnect = { enabled: true, retryDelay: 10, retryDelayMax: 20 };
    await db.connect(this.url, { namespace: "test", database: "test", reconnect });
    return db;
  }

  /** Takes connections, at the same port as before. */
  async listen(): Promise<void> {
    const proxy = createServer((socket) => this.#passOn(socket));
    this.#proxy = proxy;
    proxy.listen(this.#port, "127.0.0.1");
    await once(proxy, "listening");
    this.#port = (proxy.address() as AddressInfo).port; // It listens on a port.
  }

  /** Breaks all connections, and takes no more. */
  async cut(): Promise<void> {
    const proxy = this.#proxy;
    this.#proxy = undefined;
    const closed = new Promise<void>((resolve) => proxy === undefined ? resolve() : proxy.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Breaks the connection on which the next answer comes, in place of it. */
  loseNextAnswer(): void {
    this.#losesAnswer = true;
  }

  async stop(): Promise<void> {
    await this.cut();
    await this.#stop();
  }

  #passOn(socket: Socket): void {
    const target = connect(this.#target, "127.0.0.1");
    const pair = [socket, target];
    for (const one of pair) {
      this.#sockets.add(one);
      one.setNoDelay().on("error", () => {}).on("close", () => {
        this.#sockets.delete(one);
        for (const each of pair) each.destroy();
      });
    }
    socket.on("data", (data) => void target.write(data));
    target.on("data", (data) => {
      if (this.#losesAnswer) socket.destroy();
      else socket.write(data);
      this.#losesAnswer = false;
    });
  }
}

/** Runs statements, again if their transaction conflicts, as with the KILL of a live query that nobody waits for. */
export async function run(db: Surreal, text: string, bindings?: Record<string, unknown>): Promise<void> {
  for (;;) {
    try {
      return void await db.query(text, bindings);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
    }
  }
}
