const encoder = new TextEncoder();

/** What kinds of bad clients send, before they send nothing more and read nothing at all. */
const KINDS: readonly ((path: string) => string)[] = [
  // Half of a request.
  (path) => `GET ${path}/rows HTTP/1.1\r\nHost: localhost\r\n`,
  // A body that never comes.
  (path) =>
    `POST ${path}/rows HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
  // Who asks for a large answer.
  (path) => `GET ${path}/rows HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  // Who listens to events.
  (path) => `GET ${path}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`,
];

/** Clients that hold connections, and do with them nothing that is of use. */
export class BadClients implements AsyncDisposable {
  readonly #connections: readonly Deno.Conn[];

  private constructor(connections: readonly Deno.Conn[]) {
    this.#connections = connections;
  }

  /** So many of each kind. */
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

  /** They leave without a word. */
  [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    return Promise.resolve();
  }
}
