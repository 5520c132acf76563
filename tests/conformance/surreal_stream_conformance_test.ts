import { after, before, describe } from "node:test";
import type { LiveEvent } from "@vantage/live";
import { SurrealLiveStream } from "@vantage/live/surrealdb";
import { type OpenStream, streamConformance } from "@vantage/live/testing";
import { RecordId, Surreal } from "surrealdb";
import { SeparateWebSocket } from "../databases/separate_web_socket.ts";
import { closeSurreal, openSurreal } from "../databases/surreal_engine.ts";
import { SurrealRelay, WITHOUT_RELAY } from "../databases/surreal_relay.ts";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";

const ABILITIES = {
  emitsRows: true,
  // What is on its way waits in the client, too.
  bufferCapacity: undefined,
  fails: true,
  ends: false,
  countsSubscribers: true,
};

describe("SurrealLiveStream", () => {
  let embedded: Surreal | undefined;
  before(async () => void (embedded = await openSurreal()));
  after(() => embedded && closeSurreal(embedded));

  runSuite("over the embedded engine keeps the promises of LiveStream", streamConformance, () => ({
    ...ABILITIES,
    open: () => openStream(embedded as Surreal), // It is opened before.
  }));

  if (WITHOUT_RELAY !== undefined) {
    skippable("over a WebSocket is tried with every case", WITHOUT_RELAY, () => {});
    return;
  }
  describe("over a WebSocket", () => {
    let relay: SurrealRelay | undefined;
    const remote = new Surreal({ websocketImpl: SeparateWebSocket });
    before(async () => {
      relay = await SurrealRelay.start();
      await remote.connect(relay.url, { namespace: "test", database: "test" });
    });
    after(async () => {
      await remote.close();
      await relay?.stop();
    });

    runSuite("keeps the promises of LiveStream", streamConformance, () => ({
      ...ABILITIES,
      open: () => openStream(remote),
    }));
  });
});

let made = 0;

async function openStream(db: Surreal): Promise<OpenStream> {
  const name = `events_${++made}`;
  await db.query(`DEFINE TABLE ${name}`);
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
    else {await db.query(CHANGES[event.kind], {
        id: new RecordId(name, /^\d+$/.test(event.id) ? Number(event.id) : event.id),
      });}
  };
  return {
    stream,
    emit,
    fail: async () => {
      await live.promise;
      await db.query(`REMOVE TABLE ${name}`);
      await lost.promise;
      await db.query(`DEFINE TABLE ${name}`);
    },
    subscriberCount: () => stream.subscriberCount,
    close: async () => void await db.query(`REMOVE TABLE ${name}`),
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
