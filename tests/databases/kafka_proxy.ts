import { connect, createServer, type Socket } from "node:net";

/** The numbers of the requests whose answers are changed: https://kafka.apache.org/protocol#protocol_api_keys */
const [LIST_OFFSETS, METADATA, FIND_COORDINATOR, API_VERSIONS] = [2, 3, 10, 18];

/** A way to a cluster that goes past what it cannot do. */
export interface KafkaProxy {
  readonly address: string;
  /** Breaks all connections, and refuses new ones until it leads to a cluster again, the same or another one. */
  leadTo(address: string | undefined): void;
  stop(): Promise<void>;
}

/**
 * Passes everything on to a mock cluster of one broker, except that the cluster seems to know `ListOffsets` up to
 * version 3: its answers to later versions are wrong.
 */
export async function startKafkaProxy(address: string): Promise<KafkaProxy> {
  let target: string | undefined = address;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    if (target === undefined) {
      client.destroy();
      return;
    }
    const [host = "", port = ""] = target.split(":");
    const broker = connect(Number(port), host);
    const asked = new Map<number, number>();
    for (const socket of [client, broker]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => {
        open.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    client.on(
      "data",
      frames((frame) => {
        asked.set(frame.readInt32BE(8), frame.readInt16BE(4));
        broker.write(frame);
      }),
    );
    broker.on(
      "data",
      frames((frame) => {
        const api = asked.get(frame.readInt32BE(4));
        if (api === API_VERSIONS) replace(frame, int16(LIST_OFFSETS, 0, 5), int16(LIST_OFFSETS, 0, 3));
        if (api === METADATA || api === FIND_COORDINATOR) replace(frame, int32(Number(port)), int32(proxyPort()));
        client.write(frame);
      }),
    );
  });
  const proxyPort = (): number => Number(Object(server.address()).port);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    leadTo: (to) => {
      target = to;
      cut();
    },
    address: `127.0.0.1:${proxyPort()}`,
    stop: () => {
      cut();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** Cuts what arrives into requests or answers, each with its length in front. */
function frames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

function replace(frame: Buffer, old: Buffer, by: Buffer): void {
  const at = frame.indexOf(old, 8);
  if (at !== -1) by.copy(frame, at);
}

function int16(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeInt16BE(number, 2 * index);
  return bytes;
}

function int32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return bytes;
}
