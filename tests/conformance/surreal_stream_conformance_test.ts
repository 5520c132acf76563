import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { LiveEvent } from "@vantage/live";
import { SurrealLiveStream } from "@vantage/live/surrealdb";
import { type OpenStream, streamConformance } from "@vantage/live/testing";
import { RecordId, type Surreal } from "surrealdb";
import { SeparateWebSocket } from "../databases/separate_web_socket.ts";
import { run, SurrealServer, WITHOUT_SURREAL } from "../databases/surreal_server.ts";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";

describe("SurrealLiveStream", () => {
  if (WITHOUT_SURREAL !== undefined) {
    skippable("is tried with every case", WITHOUT_SURREAL, () => {});
    return;
  }
  let server: SurrealServer | undefined;
  let db: Surreal | undefined;
  before(async () => {
    server = await SurrealServer.start();
    db = await server.connect({ websocketImpl: SeparateWebSocket });
  });
  after(async () => {
    await db?.close();
    await server?.stop();
  });

  runSuite("keeps the promises of LiveStream", streamConformance, () => ({
    emitsRows: true,
    // What is on its way waits in the client, too.
    bufferCapacity: undefined,
    fails: true,
    ends: false,
    countsSubscribers: true,
    open: () => openStream(db),
  }));
});

let made = 0;

async function openStream(db: Surreal | undefined): Promise<OpenStream> {
  assert(db !== undefined);
  const name = `events_${++made}`;
  await run(db, `DEFINE TABLE ${name}`);
  let [live, lost] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const stream = new SurrealLiveStream(db, name, {
    oneByOne: true,
    onState: (state) => {
      if (state === "live") [live, lost] = [resolved(live), Promise.withResolvers()];
      else [live, lost] = [Promise.withResolvers(), resolved(lost)];
    },
  });
  const emit = async (event: LiveEvent): Promise<void> => {
    // What happens before the query is registered is told as `changed`: true, but not what the cases wait for.
    if (stream.subscriberCount > 0) await live.promise;
    else live = Promise.withResolvers();
    if (event.kind === "changed") await killAll(db, name);
    else {await run(db, CHANGES[event.kind], {
        id: new RecordId(name, /^\d+$/.test(event.id) ? Number(event.id) : event.id),
      });}
  };
  return {
    stream,
    emit,
    fail: async () => {
      await live.promise;
      await run(db, `REMOVE TABLE ${name}`);
      await lost.promise;
      await run(db, `DEFINE TABLE ${name}`);
    },
    subscriberCount: () => stream.subscriberCount,
    close: () => run(db, `REMOVE TABLE ${name}`),
  };
}

function resolved(promise: PromiseWithResolvers<void>): PromiseWithResolvers<void> {
  promise.resolve();
  return promise;
}

/** Statements that make SurrealDB emit an event of this kind. */
const CHANGES = {
  inserted: "DELETE $id; CREATE $id",
  updated: "UPSERT $id; UPDATE $id SET n = rand()",
  deleted: "UPSERT $id; DELETE $id",
};

/** Kills the live queries of a table, so that they have to be registered again. */
async function killAll(db: Surreal, table: string): Promise<void> {
  const [{ lives }] = await db.query<[{ lives: { id: unknown }[] }]>(`INFO FOR TABLE ${table} STRUCTURE`);
  // One that was left meanwhile is gone.
  for (const { id } of lives) await db.query(`KILL u"${id}"`).collect().catch(() => {});
}
