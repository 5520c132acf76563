import { connect, type Socket } from "node:net";

/** How many connections are made at once. */
const AT_ONCE = 200;
/** The beginning of each event, without those that only keep the connection alive. */
const EVENT = "\nid:";

/** Connections to the events of a table, by nothing but sockets: a client that parses would be what is measured. */
export class EventSockets implements AsyncDisposable {
  /** How many bytes all of them have received. */
  bytes = 0;
  readonly #url: URL;
  readonly #sockets: Socket[] = [];
  #missing = 0;
  #onAll: () => void = () => {};

  private constructor(url: URL) {
    this.#url = url;
  }

  /** Connects `count` clients. */
  static async open(url: URL, count: number): Promise<EventSockets> {
    const sockets = new EventSockets(url);
    await sockets.add(count);
    return sockets;
  }

  /** Connects `count` more, and resolves when they are subscribed. */
  async add(count: number): Promise<void> {
    for (let done = 0; done < count; done += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - done) }, () => this.#connect()));
    }
  }

  /** Resolves when each client has received one more event. */
  allReceive(): Promise<void> {
    this.#missing = this.#sockets.length;
    return new Promise((resolve) => {
      this.#onAll = resolve;
    });
  }

  /** Closes all connections. */
  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return Promise.resolve();
  }

  #connect(): Promise<void> {
    const { hostname, port, pathname } = this.#url;
    const socket = connect(Number(port), hostname);
    this.#sockets.push(socket);
    socket.write(`GET ${pathname}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
    return new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        this.bytes += chunk.length;
        const text = chunk.toString("latin1");
        if (text.includes("hello")) resolve();
        else if (text.includes(EVENT)) this.#received();
      });
    });
  }

  #received(): void {
    if (--this.#missing === 0) this.#onAll();
  }
}
