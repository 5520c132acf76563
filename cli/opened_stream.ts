import type { LiveStream, Tracer } from "@vantage/live";
import { PostgresNotifyLiveStream } from "@vantage/live/postgres";
import { SseLiveStream } from "@vantage/live/rest";
import { SurrealLiveStream } from "@vantage/live/surrealdb";
import { opening } from "./bad_input.ts";
import { connectSurreal } from "./connected_surreal.ts";
import { FileChanges } from "./file_changes.ts";
import type { Notes } from "./notes.ts";
import { eventsUrl, type MasterPlace, type PostgresMaster } from "./places.ts";
import { PostgresClient } from "./postgres_client.ts";

/** The changes that others make, closed by disposing it. */
export class OpenedStream implements AsyncDisposable {
  readonly stream: LiveStream;
  readonly #close: () => Promise<void>;

  /** A stream, and what closes the client that it listens with, if it has one of its own. */
  constructor(stream: LiveStream, close: () => Promise<void> = () => Promise.resolve()) {
    this.stream = stream;
    this.#close = close;
  }

  /**
   * The changes of a table in any kind of master.
   *
   * @throws {BadInput} if the master does not tell of them.
   * @throws {UnavailableError} if it does not answer.
   */
  static async open(master: MasterPlace, entity: string, options: StreamOptions): Promise<OpenedStream> {
    const { notes, tracer } = options;
    switch (master.kind) {
      case "server":
        return new OpenedStream(
          new SseLiveStream(eventsUrl(entity, master), { onState: (state) => notes.state(state), tracer }),
        );
      case "postgres":
        return await openNotifying(master, entity, options);
      case "surreal": {
        const client = await connectSurreal(master);
        const stream = new SurrealLiveStream(client, entity, { onState: (state) => notes.state(state) });
        return new OpenedStream(stream, async () => void await client.close());
      }
      case "file":
        notes.state("live");
        return new OpenedStream(new FileChanges(master.path));
      default:
        return master satisfies never;
    }
  }

  /** Ends the connections of its client. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** A lost connection is to be shown soon. */
const HEARTBEAT_MS = 1_000;

/** What a stream reports to. */
export interface StreamOptions {
  readonly notes: Notes;
  readonly tracer: Tracer | undefined;
}

async function openNotifying(
  master: PostgresMaster,
  entity: string,
  { notes, tracer }: StreamOptions,
): Promise<OpenedStream> {
  const client = PostgresClient.open(master);
  try {
    const stream = await opening(
      `the changes of ${JSON.stringify(entity)}`,
      () =>
        PostgresNotifyLiveStream.open(client.client, entity, {
          heartbeatMs: HEARTBEAT_MS,
          onState: (state) => notes.state(state),
          tracer,
        }),
    );
    return new OpenedStream(stream, () => client[Symbol.asyncDispose]());
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}
