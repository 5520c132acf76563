import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BadInput } from "./bad_input.ts";

/** Answers requests. */
export type HttpHandler = (request: Request) => Promise<Response>;

/** A running server. */
export interface HttpServer extends AsyncDisposable {
  /** Its address, which ends in a slash. */
  readonly url: string;
}

/** The parts of `Bun.serve` and `Deno.serve` that are used, so that one file is checked and runs everywhere. */
interface Runtimes {
  readonly Bun?: { serve(options: object): { readonly port: number; stop(closeConnections: boolean): Promise<void> } };
  readonly Deno?: {
    serve(options: object, handler: HttpHandler): {
      readonly addr: { readonly port: number };
      readonly finished: Promise<void>;
    };
  };
}

/** Accepts connections from this machine only. */
const HOSTNAME = "127.0.0.1";

/**
 * Serves a handler to this machine with the runtime's server; in Node, through an adapter. Port 0 means any free one.
 *
 * @throws {BadInput} if the port is taken or not allowed.
 */
export async function serveHttp(handler: HttpHandler, port: number): Promise<HttpServer> {
  const { Bun: bun, Deno: deno } = globalThis as Runtimes;
  try {
    if (bun !== undefined) return serveInBun(bun, handler, port);
    return deno === undefined ? await serveInNode(handler, port) : serveInDeno(deno, handler, port);
  } catch (cause) {
    const code: unknown = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "EADDRINUSE") throw new BadInput(`Port ${port} is taken; --port 0 takes any free one`, { cause });
    if (code === "EACCES") {
      throw new BadInput(`Port ${port} needs privileges; accepted are ports from 1024 on`, { cause });
    }
    throw cause;
  }
}

function serveInDeno(deno: NonNullable<Runtimes["Deno"]>, handler: HttpHandler, port: number): HttpServer {
  const ending = new AbortController();
  const options = { hostname: HOSTNAME, port, signal: ending.signal, onListen: (): void => {} };
  const server = deno.serve(options, (request) => handler(request));
  return serverAt(server.addr.port, () => {
    ending.abort();
    return server.finished;
  });
}

function serveInBun(bun: NonNullable<Runtimes["Bun"]>, handler: HttpHandler, port: number): HttpServer {
  // Event streams may be silent for longer than ordinary requests.
  const server = bun.serve({ hostname: HOSTNAME, port, idleTimeout: 0, fetch: (request: Request) => handler(request) });
  return serverAt(server.port, () => server.stop(true));
}

async function serveInNode(handler: HttpHandler, port: number): Promise<HttpServer> {
  const { createAdaptorServer } = await import("@hono/node-server");
  // Without HTTP/2 in its options, it is a server of node:http.
  const server = createAdaptorServer({ fetch: (request) => handler(request), overrideGlobalObjects: false }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, HOSTNAME, resolve);
  });
  // It listens on a port, not on a pipe.
  return serverAt((server.address() as AddressInfo).port, () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    return closed;
  });
}

function serverAt(port: number, close: () => Promise<void>): HttpServer {
  return { url: `http://${HOSTNAME}:${port}/`, [Symbol.asyncDispose]: close };
}
