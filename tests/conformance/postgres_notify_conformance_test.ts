import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { installNotify, PostgresNotifyLiveStream, removeNotify } from "@vantage/live/postgres";
import { type OpenStream, streamConformance } from "@vantage/live/testing";
import { type ClientKind, CLIENTS, type OpenClient } from "../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../databases/postgres_server.ts";
import type { DatabaseServer } from "../databases/server_process.ts";
import { StreamStates } from "../drivers/postgres/stream_states.ts";
import { skippable } from "../skippable.ts";
import { statementOf } from "./postgres_events.ts";
import { runSuite } from "./run_suite.ts";
import { untilClosed } from "./until_closed.ts";

describe("PostgresNotifyLiveStream", () => {
  let server: DatabaseServer | undefined;
  before(async () => void (server = WITHOUT_POSTGRES === undefined ? await startPostgres() : undefined));
  after(() => server?.stop());

  // A client of pg listens as one of a pool does, and PGlite takes long to start.
  for (const kind of CLIENTS.filter(({ name, isEmbedded }) => name !== "a Client of pg" && !isEmbedded)) {
    const missing = kind.missing ?? WITHOUT_POSTGRES;
    if (missing === undefined) suiteOf(kind, () => server?.port ?? 0);
    else describe(`through ${kind.name}`, () => skippable("is tried with every case", missing, () => {}));
  }
});

function suiteOf(kind: ClientKind, port: () => number): void {
  describe(`through ${kind.name}`, () => {
    let opened: OpenClient | undefined;
    before(async () => void (opened = await kind.open(port())));
    after(() => opened?.close());

    runSuite("keeps the promises of LiveStream", streamConformance, () => ({
      emitsRows: true,
      // What has been notified waits in the connection, too.
      bufferCapacity: undefined,
      ends: false,
      fails: true,
      countsSubscribers: true,
      open: () => open(opened),
    }));
  });
}

let made = 0;

async function open(opened: OpenClient | undefined): Promise<OpenStream> {
  assert(opened !== undefined);
  const { client, run } = opened;
  const name = `t_${++made}`;
  await run(`CREATE TABLE ${name} (id TEXT PRIMARY KEY, n INT)`);
  await installNotify(client, name);
  const states = new StreamStates();
  const closing = new AbortController();
  const stream = await PostgresNotifyLiveStream.open(client, name, { onState: states.onState });
  return {
    stream: untilClosed(stream, closing.signal),
    emit: async (event) => {
      // What happens before it listens is told as `changed`: true, but not what the cases wait for.
      if (stream.subscriberCount > 0) await states.live();
      await run(statementOf(event, name));
    },
    fail: async () => {
      await states.live();
      await removeNotify(client, name);
      await run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen%'");
      await states.over();
      await installNotify(client, name);
    },
    subscriberCount: () => stream.subscriberCount,
    close: async () => {
      closing.abort();
      await run(`DROP TABLE ${name}`);
    },
  };
}
