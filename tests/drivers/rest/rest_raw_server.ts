import { createServer, type Socket } from "node:net";

/** What is done with a connection once a request has come: any bytes, or none. */
export type Reply = (socket: Socket) => void;

/** A server of no protocol at all, so that it can break every rule of HTTP. */
export interface RawServer {
  readonly url: string;
  /** The first line of each request. */
  readonly requests: string[];
  /** How the next requests are answered. */
  reply: Reply;
  /** Resolves when a connection is gone. */
  gone(): Promise<void>;
  /** Ends it, and all connections. */
  close(): Promise<void>;
}

/** A server on a free port of this machine. */
export async function rawServer(reply: Reply): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const left: (() => void)[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      const [head, body] = received.split("\r\n\r\n");
      const length = Number(/^content-length: *(\d+)/im.exec(head ?? "")?.[1] ?? 0);
      if (head === undefined || body === undefined || body.length < length) return;
      received = "";
      requests.push(head.split("\r\n")[0] ?? "");
      raw.reply(socket);
    });
    // The client may leave at any time.
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      for (const tell of left.splice(0)) tell();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const raw: RawServer = {
    url: `http://127.0.0.1:${port}`,
    requests,
    reply,
    gone: () => new Promise((resolve) => left.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return raw;
}

/** An answer of HTTP that keeps to the rules, after which the connection ends. */
export function answer(body: string | Uint8Array, headers: readonly string[] = [], status = "200 OK"): Reply {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return (socket) => {
    socket.write(head([`Content-Length: ${bytes.length}`, ...headers], status));
    socket.end(bytes);
  };
}

/** An answer of HTTP with these headers and this body, whether they agree or not, after which the connection ends. */
export function unchecked(body: string, headers: readonly string[]): Reply {
  return (socket) => void socket.end(head(headers) + body);
}

/** The head of an answer. */
export function head(headers: readonly string[], status = "200 OK"): string {
  return [`HTTP/1.1 ${status}`, "Content-Type: application/json", "Connection: close", ...headers, "", ""].join("\r\n");
}
