const encoder = new TextEncoder();

/** What each kind of bad client sends. Afterwards it sends nothing more, and it never reads. */
const KINDS: readonly ((path: string) => string)[] = [
  // Half of a request.
  (path) => `GET ${path}/rows HTTP/1.1\r\nHost: localhost\r\n`,
  // A request whose body never arrives.
  (path) =>
    `POST ${path}/rows HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
  // A request for a large answer.
  (path) => `GET ${path}/rows HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  // A subscription to events.
  (path) => `GET ${path}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`,
];

/** Clients that keep connections open without using them. */
export class BadClients implements AsyncDisposable {
  readonly #connections: readonly Deno.Conn[];

  private constructor(connections: readonly Deno.Conn[]) {
    this.#connections = connections;
  }

  /** Opens `count` clients of each kind. */
  static async open({ hostname, port, pathname }: URL, count: number): Promise<BadClients> {
    const connections: Deno.Conn[] = [];
    for (const request of KINDS) {
      for (let number = 0; number < count; number++) {
        const connection = await Deno.connect({ hostname, port: Number(port) });
        await connection.write(encoder.encode(request(pathname)));
        connections.push(connection);
      }
    }
    return new BadClients(connections);
  }

  /** Closes all connections. */
  [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    return Promise.resolve();
  }
}
