import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { LiveTable, MemCache, type Row } from "@vantage/live";
import {
  installNotify,
  type PostgresClient,
  PostgresNotifyLiveStream,
  type PostgresNotifyLiveStreamOptions,
  PostgresTable,
} from "@vantage/live/postgres";
import { FakeClock } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { CLIENTS, type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { errorOf } from "./error_of.ts";
import { eventsOf } from "./received_events.ts";
import { StreamStates } from "./stream_states.ts";
import { TcpProxy } from "./tcp_proxy.ts";

let server: DatabaseServer | undefined;
let pool: OpenClient | undefined;

function admin(): OpenClient {
  assert(pool !== undefined);
  return pool;
}

const KILL = "SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity WHERE query ILIKE 'listen%'";

function run(sql: string): Promise<unknown> {
  return admin().run(sql);
}

async function make({ client, run }: OpenClient): Promise<void> {
  await run("DROP TABLE IF EXISTS t");
  await run("CREATE TABLE t (id INT PRIMARY KEY, n INT)");
  await installNotify(client, "t");
}

/** Quick enough for tests, and slow enough for servers that are being restarted beside others. */
const QUICK: PostgresNotifyLiveStreamOptions = { heartbeatMs: 200, timeoutMs: 5_000 };

describe("A PostgresNotifyLiveStream", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    pool = await openPool(server.port);
  });
  after(async () => {
    await pool?.close();
    await server?.stop();
  });

  for (const kind of CLIENTS) {
    const missing = kind.missing ?? (kind.isEmbedded ? undefined : WITHOUT_POSTGRES);
    const isOne = kind.isEmbedded || kind.name === "a Client of pg";
    const cannotReturn = isOne ? "its only connection does not come back" : missing;

    skippable(`through ${kind.name} reports a gap when its connection is killed`, cannotReturn, async () => {
      await make(admin());
      const opened = await kind.open(server?.port ?? 0);
      const states = new StreamStates();
      const stream = await PostgresNotifyLiveStream.open(opened.client, "t", { ...QUICK, onState: states.onState });
      const events = await eventsOf(stream);
      await run("INSERT INTO t VALUES (1)");
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
      await run(KILL);
      assert.deepEqual(await events.take(1), [{ kind: "changed" }]);
      await states.live();
      await run("INSERT INTO t VALUES (2)");
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "2" }]);
      await events.end();
      await opened.close();
    });

    skippable(`through ${kind.name} comes back after the server was away`, cannotReturn, async () => {
      await make(admin());
      const opened = await kind.open(server?.port ?? 0);
      const states = new StreamStates();
      const stream = await PostgresNotifyLiveStream.open(opened.client, "t", { ...QUICK, onState: states.onState });
      const events = await eventsOf(stream);
      await server?.halt();
      await states.times("lost unavailable", 2);
      await server?.restart();
      await states.live();
      await run("SELECT").catch(() => {}); // The pool learns that its connections are gone.
      await run("INSERT INTO t VALUES (1)");
      const [first, second] = await events.take(2);
      assert.deepEqual([first, second], [{ kind: "changed" }, { kind: "inserted", id: "1" }]);
      await events.end();
      await opened.close();
    });

    skippable(`through ${kind.name} notices that its connection has died in silence`, cannotReturn, async () => {
      await make(admin());
      const proxy = await TcpProxy.start(server?.port ?? 0);
      const opened = await kind.open(proxy.port);
      const options = { heartbeatMs: 100, timeoutMs: 400 };
      const events = await eventsOf(await PostgresNotifyLiveStream.open(opened.client, "t", options));
      assert.equal(proxy.freezeListening(), 1);
      await run("INSERT INTO t VALUES (1)");
      assert.deepEqual(await events.take(1), [{ kind: "changed" }]);
      await run("INSERT INTO t VALUES (2)");
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "2" }]);
      await events.end();
      await opened.close();
      await proxy.stop();
    });

    skippable(`through ${kind.name} leaves nothing that listens behind`, missing, async () => {
      const opened = await kind.open(server?.port ?? 0);
      const { run } = opened;
      await make(opened);
      const streams = [1, 2].map(() => PostgresNotifyLiveStream.open(opened.client, "t", QUICK));
      const events = [];
      for (const stream of streams) events.push(await eventsOf(await stream));
      await run("INSERT INTO t VALUES (1)");
      for (const { take } of events) assert.deepEqual(await take(1), [{ kind: "inserted", id: "1" }]);
      await events[0]?.end();
      await run("INSERT INTO t VALUES (2)");
      assert.deepEqual(await events[1]?.take(1), [{ kind: "inserted", id: "2" }]);
      await events[1]?.end();
      await opened.close(); // A pool waits for what was taken out of it.
    });
  }

  skippable("fails its subscribers where the only connection is gone", WITHOUT_POSTGRES, async () => {
    await make(admin());
    const kind = CLIENTS.find(({ name }) => name === "a Client of pg");
    assert(kind !== undefined);
    const opened = await kind.open(server?.port ?? 0);
    const states = new StreamStates();
    const stream = await PostgresNotifyLiveStream.open(opened.client, "t", { ...QUICK, onState: states.onState });
    const events = await eventsOf(stream);
    await run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%pg_notify%'",
    );
    await states.times("lost unavailable", 2);
    await events.end();
  });

  skippable("is heard of by a LiveTable: what is read after an event is no older", WITHOUT_POSTGRES, async () => {
    await make(admin());
    const master = await PostgresTable.open<Row & { id: number; n: number }>(admin().client, "t");
    const liveStream = await PostgresNotifyLiveStream.open(admin().client, "t");
    await using table = new LiveTable(master, "t", new MemCache(), { liveStream });
    const events = table.events.subscribe().getReader();
    for (let gap = 0; gap < 2; gap++) assert.deepEqual((await events.read()).value, { kind: "changed" });
    await run("INSERT INTO t VALUES (1, 0)");
    await events.read();
    for (let n = 1; n <= 50; n++) {
      await table.listValues();
      await run(`UPDATE t SET n = ${n}`);
      assert.deepEqual((await events.read()).value, { kind: "updated", id: "1" });
      assert.equal((await table.listValues()).get("1")?.n, n);
    }
    assert(table.stats().holes > 0);
    await events.cancel();
  });

  skippable("takes what it cannot read for a change, and traces that", WITHOUT_POSTGRES, async () => {
    await make(admin());
    const names: string[] = [];
    const tracer = defineTracer({
      enabled: () => true,
      span: () => ({ end: () => {} }),
      event: ({ name }) => void names.push(name),
    });
    const stream = await PostgresNotifyLiveStream.open(admin().client, "t", { tracer });
    const events = await eventsOf(stream);
    const channel = "(SELECT min(proname) FROM pg_proc WHERE proname LIKE 'vantage_live_%')::text";
    const payloads = [
      "",
      "no JSON",
      "null",
      '{"kind":"updated","keys":[["1","2"]]}',
      '{"kind":"updated","keys":[[1]]}',
      '{"kind":"updated"}',
      '{"kind":"moved","keys":[["1"]]}',
    ];
    for (const payload of payloads) {
      await run(`SELECT pg_notify(${channel}, '${payload}')::text`);
      assert.deepEqual(await events.take(1), [{ kind: "changed" }], payload);
    }
    await run(`SELECT pg_notify(${channel}, '{"kind":"echo","nonce":"of another"}')::text`);
    await run("INSERT INTO t VALUES (1)");
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
    assert.equal(names.filter((name) => name === "notification not understood").length, payloads.length);
    await events.end();
  });

  skippable("is lost where its own notification does not come back, as behind a pooler", undefined, async () => {
    const clock = new FakeClock();
    const states = new StreamStates();
    const deaf: PostgresClient = {
      query: (text) => {
        if (text.includes("pg_notify")) return Promise.resolve([]);
        return Promise.resolve([{ found: JSON.stringify(text.includes("folding") ? SCHEMA : STATE) }]);
      },
      transaction: () => assert.fail("not used"),
      listen: () => Promise.resolve(() => Promise.resolve()),
    };
    const options = { clock, heartbeatMs: 1_000, timeoutMs: 100, onState: states.onState };
    const stream = await PostgresNotifyLiveStream.open(deaf, "t", options);
    const subscription = stream.subscribe();
    await clock.advance(100);
    await states.lost();
    assert.deepEqual(states.seen, ["connecting", "lost unavailable"]);
    await subscription.cancel();
  });

  skippable("refuses a client that cannot listen, and options that make no sense", undefined, async () => {
    const mute: PostgresClient = { query: () => Promise.resolve([]), transaction: () => assert.fail("not used") };
    await assert.rejects(PostgresNotifyLiveStream.open(mute, "t"), errorOf(TypeError, "listen"));
    await assert.rejects(PostgresNotifyLiveStream.open({} as PostgresClient, "t"), TypeError);
    const able: PostgresClient = { ...mute, listen: () => Promise.resolve(() => Promise.resolve()) };
    await assert.rejects(
      PostgresNotifyLiveStream.open(able, "t", { heartbeatMs: 0 }),
      errorOf(RangeError, "heartbeatMs"),
    );
    await assert.rejects(
      PostgresNotifyLiveStream.open(able, "t", { timeoutMs: 0.5 }),
      errorOf(RangeError, "timeoutMs"),
    );
    const misspelt = { heartBeat: 1 } as PostgresNotifyLiveStreamOptions;
    await assert.rejects(PostgresNotifyLiveStream.open(able, "t", misspelt), errorOf(TypeError, "heartBeat"));
  });
});

/** What the queries for the schema and for the triggers answer with. */
const [SCHEMA, STATE] = [
  {
    ...{ schema: "public", name: "t", kind: "r", visible: true, readable: true, triggers: true, folding: null },
    columns: [{
      ...{ name: "id", type: "int4", cast: "int4", declared: "integer", notNull: true },
      ...{ hasDefault: false, identity: "", generated: false, deterministic: true },
    }],
    indexes: [{ primary: true, immediate: true, columns: ["id"] }],
  },
  {
    ...{ schema: "public", channel: "c", relations: ["public.t"], mayInstall: true, body: "", mayRemove: true },
    triggers: ["insert", "update", "delete", "truncate"].map((event) => ({
      ...{ relation: "public.t", name: `c_${event}`, args: ["1", "id"] },
    })),
  },
];
