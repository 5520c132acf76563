/**
 * A server of SurrealDB: the engine of @surrealdb/node behind a WebSocket, since neither npm nor Debian has the server. Both
 * speak the same CBOR, so requests, answers and notifications are passed on as they are. All connections share one session.
 * Prints its port, and ends with its standard input.
 */
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CborCodec } from "surrealdb";
import { WebSocketServer } from "ws";

/** The native engine, which the package does not export. */
interface NativeEngine {
  execute(request: Uint8Array): Promise<Uint8Array>;
  notifications(): Promise<{ recv(): Promise<Uint8Array | null> }>;
}

const NATIVE = new URL("../node_modules/@surrealdb/node/dist/surrealdb-node.linux-x64-gnu.node", import.meta.url);

const codec = new CborCodec({});
const text = new TextEncoder();

/** `{ result: … }` in CBOR, without the value. */
const RESULT = [0x66, ...text.encode("result")];
const NOTIFICATION = new Uint8Array([0xa1, ...RESULT]);
/** `{ error: … }`, which an answer begins with that is none. */
const ERROR = [0x65, ...text.encode("error")];

/** The engine answers with a result alone, a server with the id of the request. */
function withId(request: Uint8Array, answer: Uint8Array): Uint8Array {
  const id = codec.encode(codec.decode<{ id: string }>(request).id);
  const isError = [0xa1, ...ERROR].every((byte, at) => answer[at] === byte);
  const rest = isError ? answer.slice(1) : [...RESULT, ...answer];
  return new Uint8Array([0xa2, 0x62, ...text.encode("id"), ...id, ...rest]);
}

const { SurrealNodeEngine } = createRequire(import.meta.url)(fileURLToPath(NATIVE));
const engine: NativeEngine = await SurrealNodeEngine.connect(process.argv[2] ?? "mem://", {});
// Before the first request, as the client does.
const receiver = await engine.notifications();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", async (data: Uint8Array) => {
    const request = new Uint8Array(data);
    socket.send(withId(request, await engine.execute(request)));
  });
});
server.on("listening", () => console.log((server.address() as AddressInfo).port)); // It listens on a port.
// With indexes, the engine does not let the process end by itself, or ends it by a segmentation fault.
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume();

for (;;) {
  const notification = await receiver.recv();
  if (notification === null) break;
  const message = new Uint8Array([...NOTIFICATION, ...notification]);
  for (const socket of server.clients) socket.send(message);
}
