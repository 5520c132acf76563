import { serve as serveOnNode } from "@hono/node-server";
import type { Server } from "node:http";

/** What is served: a `tableHandler`, or anything of its shape. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** A server on a free port of this machine. */
export interface Served {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** Ends it, and every connection that is still open. May be called again. */
  close(): Promise<void>;
}

/** The little that is used of `Deno.serve` and `Bun.serve`, so that one file is checked and run everywhere. */
interface Runtimes {
  readonly Deno?: {
    serve(options: object, handler: Handler): {
      readonly addr: { readonly port: number };
      readonly finished: Promise<void>;
    };
  };
  readonly Bun?: {
    serve(options: object): { readonly port: number; stop(closeConnections: boolean): Promise<void> };
  };
}

const HOSTNAME = "127.0.0.1";
const runtimes: Runtimes = globalThis as unknown as Runtimes;

/** Serves a handler over real HTTP, with the server that this runtime's users would take. `port` 0 means any free one. */
export async function serve(handler: Handler, { port = 0 }: { readonly port?: number } = {}): Promise<Served> {
  if (runtimes.Bun !== undefined) return serveOnBun(runtimes.Bun, handler, port);
  if (runtimes.Deno !== undefined) return serveOnDeno(runtimes.Deno, handler, port);
  return await serveThroughHono(handler, port);
}

function serveOnBun(bun: NonNullable<Runtimes["Bun"]>, handler: Handler, port: number): Served {
  // Without `idleTimeout: 0` Bun ends a stream that is silent for ten seconds.
  const server = bun.serve({ port, hostname: HOSTNAME, idleTimeout: 0, fetch: (request: Request) => handler(request) });
  return { url: urlAt(server.port), close: () => server.stop(true) };
}

function serveOnDeno(deno: NonNullable<Runtimes["Deno"]>, handler: Handler, port: number): Served {
  const ending = new AbortController();
  const options = { port, hostname: HOSTNAME, signal: ending.signal, onListen: (): void => {} };
  // Only the request: Deno hands the handler more, which is not its business.
  const server = deno.serve(options, (request) => handler(request));
  return {
    url: urlAt(server.addr.port),
    close: () => {
      ending.abort();
      return server.finished;
    },
  };
}

async function serveThroughHono(handler: Handler, port: number): Promise<Served> {
  const options = {
    fetch: (request: Request) => handler(request),
    port,
    hostname: HOSTNAME,
    overrideGlobalObjects: false,
  };
  const { server, bound } = await new Promise<{ server: Server; bound: number }>((resolve) => {
    const server = serveOnNode(options, (info) => resolve({ server, bound: info.port })) as Server;
  });
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    url: urlAt(bound),
    close: () => {
      server.close();
      server.closeAllConnections();
      return closed;
    },
  };
}

function urlAt(port: number): string {
  return `http://${HOSTNAME}:${port}`;
}
