import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CborCodec } from "surrealdb";
import { WebSocketServer } from "ws";

/** The engine in @surrealdb/node, which speaks the same CBOR as the server does over a WebSocket. */
interface NativeEngine {
  execute(request: Uint8Array): Promise<Uint8Array>;
  notifications(): Promise<{ recv(): Promise<Uint8Array | null> }>;
  free(): void;
}

/** Why there is no relay here. */
export const WITHOUT_RELAY: string | undefined = process.platform === "linux" && process.arch === "x64"
  ? undefined
  : "the native engine is looked for on Linux x64 only";

/** The package does not export it. */
const NATIVE_ENGINE = fileURLToPath(
  new URL("../node_modules/@surrealdb/node/dist/surrealdb-node.linux-x64-gnu.node", import.meta.url),
);

const codec = new CborCodec({});

/** `{ result: … }` in CBOR, without the value. */
const RESULT = [0x66, ...new TextEncoder().encode("result")];
const NOTIFICATION = new Uint8Array([0xa1, ...RESULT]);
/** `{ error: … }`, which an answer begins with that is none. */
const ERROR = [0x65, ...new TextEncoder().encode("error")];

function idIn(request: Uint8Array): Uint8Array {
  return codec.encode(codec.decode<{ id: string }>(request).id);
}

/** The engine answers with a result alone, a server with the id of the request. */
function withId(id: Uint8Array, answer: Uint8Array): Uint8Array {
  const isError = [0xa1, ...ERROR].every((byte, at) => answer[at] === byte);
  const rest = isError ? answer.slice(1) : [...RESULT, ...answer];
  return new Uint8Array([0xa2, 0x62, ...new TextEncoder().encode("id"), ...id, ...rest]);
}

/**
 * A WebSocket in front of the embedded engine: neither npm nor Debian has a server of SurrealDB. Requests and answers are
 * passed on as they are, so the client's own WebSocket engine is tested with answers of SurrealDB itself. All connections
 * share one session.
 */
export class SurrealRelay {
  readonly #engine: NativeEngine;
  #server: WebSocketServer | undefined;
  #port = 0;
  /** Called before each answer is sent; an answer that is to be lost is not sent. */
  loses: (request: Uint8Array) => boolean = () => false;

  private constructor(engine: NativeEngine) {
    this.#engine = engine;
  }

  static async start(): Promise<SurrealRelay> {
    const require = createRequire(import.meta.url);
    const { SurrealNodeEngine } = require(NATIVE_ENGINE);
    const relay = new SurrealRelay(await SurrealNodeEngine.connect("mem://", {}));
    void relay.#passOn();
    await relay.listen();
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/rpc`;
  }

  /** Takes connections, at the same port as before. */
  async listen(): Promise<void> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: this.#port });
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.on("message", async (data: Uint8Array) => {
        const request = new Uint8Array(data);
        const answer = await this.#engine.execute(request);
        if (this.loses(request)) socket.terminate();
        else socket.send(withId(idIn(request), answer));
      });
    });
    await new Promise<void>((resolve) => server.once("listening", resolve));
    this.#port = (server.address() as AddressInfo).port; // It listens on a port.
  }

  /** Breaks all connections, and takes no more. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of server?.clients ?? []) socket.terminate();
    await new Promise<void>((resolve) => server === undefined ? resolve() : server.close(() => resolve()));
  }

  async stop(): Promise<void> {
    await this.cut();
    this.#engine.free();
  }

  async #passOn(): Promise<void> {
    const receiver = await this.#engine.notifications();
    for (;;) {
      const notification = await receiver.recv().catch(() => null);
      if (notification === null) return;
      const message = new Uint8Array([...NOTIFICATION, ...notification]);
      for (const socket of this.#server?.clients ?? []) socket.send(message);
    }
  }
}
