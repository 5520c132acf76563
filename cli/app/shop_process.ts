import { ChildServer } from "../child_server.ts";

/** The server of the tables, in a process that can be killed and started again. */
export class ShopProcess implements AsyncDisposable {
  readonly #path: string;
  #server: Promise<ChildServer> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  /** Starts it, unless it runs. */
  async start(): Promise<void> {
    this.#server ??= ChildServer.start({ path: this.#path, latencyMs: 0 });
    await this.#server;
  }

  /** Kills it: what it was doing is lost. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    (await server)?.kill();
  }

  /** Passes a request on to it. Rejects if it does not answer. */
  async answer(request: Request): Promise<Response> {
    const server = await this.#server;
    if (server === undefined) throw new Error("The server does not run");
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of ["host", "origin", "connection", "accept-encoding", "content-length"]) headers.delete(name);
    const { method, signal } = request;
    const body = method === "GET" ? null : await request.arrayBuffer();
    const { status, headers: answered, body: content } = await fetch(new URL(pathname + search, server.url), {
      method,
      headers,
      signal,
      body,
    });
    const kept = new Headers(answered);
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) kept.delete(name);
    return new Response(content, { status, headers: kept });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await (await server)?.[Symbol.asyncDispose]();
  }
}
