import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { PostgresSlot } from "@vantage/live/postgres";
import { type OpenStream, streamConformance } from "@vantage/live/testing";
import { type ClientKind, CLIENTS, type OpenClient, openPool } from "../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../databases/postgres_server.ts";
import type { DatabaseServer } from "../databases/server_process.ts";
import { StreamStates } from "../drivers/postgres/stream_states.ts";
import { skippable } from "../skippable.ts";
import { statementOf } from "./postgres_events.ts";
import { runSuite } from "./run_suite.ts";
import { untilClosed } from "./until_closed.ts";

describe("PostgresSlot", () => {
  let server: DatabaseServer | undefined;
  let admin: OpenClient | undefined;
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres({ wal_level: "logical" });
    admin = await openPool(server.port);
  });
  after(async () => {
    await admin?.close();
    await server?.stop();
  });

  // PGlite has no logical slots, and one connection that is lost does not come back.
  for (const kind of CLIENTS.filter(({ name, isEmbedded }) => name !== "a Client of pg" && !isEmbedded)) {
    const missing = kind.missing ?? WITHOUT_POSTGRES;
    if (missing === undefined) suiteOf(kind, () => ({ port: server?.port ?? 0, admin }));
    else describe(`through ${kind.name}`, () => skippable("is tried with every case", missing, () => {}));
  }
});

interface Place {
  readonly port: number;
  readonly admin: OpenClient | undefined;
}

function suiteOf(kind: ClientKind, place: () => Place): void {
  describe(`through ${kind.name}`, () => {
    let opened: OpenClient | undefined;
    before(async () => void (opened = await kind.open(place().port)));
    after(() => opened?.close());

    runSuite("keeps the promises of LiveStream", streamConformance, () => ({
      emitsRows: true,
      // What has been committed waits in the slot, too.
      bufferCapacity: undefined,
      ends: false,
      fails: true,
      countsSubscribers: true,
      open: () => open(opened, place().admin),
    }));
  });
}

let made = 0;

async function open(opened: OpenClient | undefined, admin: OpenClient | undefined): Promise<OpenStream> {
  assert(opened !== undefined && admin !== undefined);
  const { run } = admin;
  const name = `t_${++made}`;
  await run(`CREATE TABLE ${name} (id TEXT PRIMARY KEY, n INT); CREATE PUBLICATION ${name} FOR TABLE ${name}`);
  const states = new StreamStates();
  const { onState } = states;
  const slot = new PostgresSlot(opened.client, { slot: name, publication: name, pollMs: 5, onState });
  const closing = new AbortController();
  return {
    stream: untilClosed(slot.of(name), closing.signal),
    emit: async (event) => {
      // What is committed before it begins is told as `changed`: true, but not what the cases wait for.
      if (slot.subscriberCount > 0) await states.live();
      await run(statementOf(event, name));
    },
    fail: async () => {
      await states.live();
      await run(`DROP PUBLICATION ${name}`);
      await run(`INSERT INTO ${name} VALUES ('lost')`);
      while (slot.subscriberCount > 0) await run("SELECT pg_sleep(0.01)");
      await run(`CREATE PUBLICATION ${name} FOR TABLE ${name}`);
    },
    subscriberCount: () => slot.subscriberCount,
    close: async () => {
      closing.abort();
      await dropSlot(slot, admin);
      await run(`DROP TABLE ${name} CASCADE; DROP PUBLICATION ${name}`);
    },
  };
}

/** What has just been stopped may be reading it for a moment. */
async function dropSlot(slot: PostgresSlot, { run }: OpenClient): Promise<void> {
  for (let time = 0;; time++) {
    try {
      return await slot.drop();
    } catch (error) {
      if (time === 100) throw error;
      await run("SELECT pg_sleep(0.01)");
    }
  }
}
