import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { type LiveEvent, LiveTable, MemCache, UnavailableError, UnsupportedError } from "@vantage/live";
import { type SurrealLiveHandle, SurrealLiveStream, SurrealTable } from "@vantage/live/surrealdb";
import { FakeClock } from "@vantage/live/testing";
import type { Surreal } from "surrealdb";
import { SeparateWebSocket } from "../../databases/separate_web_socket.ts";
import { run, SurrealServer, WITHOUT_SURREAL } from "../../databases/surreal_server.ts";
import { skippable } from "../../skippable.ts";

const CHANGED: LiveEvent = { kind: "changed" };

function it(name: string, run: () => Promise<void>): void {
  skippable(name, WITHOUT_SURREAL, run);
}

/** Reads until this event comes. */
async function until(reader: ReadableStreamDefaultReader<LiveEvent>, expected: LiveEvent): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    assert(!done, "the subscription is over");
    if (JSON.stringify(value) === JSON.stringify(expected)) return;
  }
}

describe("SurrealDB over a WebSocket", () => {
  let server: SurrealServer;
  let db: Surreal;
  before(async () => {
    if (WITHOUT_SURREAL !== undefined) return;
    server = await SurrealServer.start();
    db = await server.connect({ websocketImpl: SeparateWebSocket });
  });
  after(async () => {
    await db?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    if (WITHOUT_SURREAL === undefined) await run(db, "REMOVE TABLE IF EXISTS t; DEFINE TABLE t");
  });

  /** A client that does not connect again. */
  async function connectOnce(): Promise<Surreal> {
    const { Surreal } = await import("surrealdb");
    const once = new Surreal();
    await once.connect(server.url, { namespace: "test", database: "test", reconnect: false });
    return once;
  }

  it("SurrealTable: a connection that breaks before the answer is an unknown outcome, and then there is none", async () => {
    const once = await connectOnce();
    const table = await SurrealTable.open(once, "t");
    server.loseNextAnswer();
    const unknown: unknown = await table.insertValue("a", { n: 1 }).catch((error: unknown) => error);
    assert(unknown instanceof UnavailableError && unknown.effect === "unknown", String(unknown));
    assert.equal(await (await SurrealTable.open(db, "t")).getCount(), 1, "it was done");
    const none: unknown = await table.insertValue("b", {}).catch((error: unknown) => error);
    assert(none instanceof UnavailableError && none.effect === "none", String(none));
  });

  it("SurrealTable: the client sends a write again when it is connected again, which adds no second row", async () => {
    const again = await server.connect();
    const table = await SurrealTable.open(again, "t");
    server.loseNextAnswer();
    const id = await table.insertReturnIdValue({ n: 1 });
    assert.deepEqual((await table.listValues()).ids(), [id]);
    await again.close();
  });

  it("a client that cannot connect shows no password, and nothing was sent", async () => {
    const { Surreal } = await import("surrealdb");
    const away = new Surreal();
    const error: unknown = await SurrealTable.open(away, "t").catch((error: unknown) => error);
    assert(error instanceof UnavailableError && error.effect === "none", String(error));
    await run(db, "DEFINE USER OVERWRITE marty ON DATABASE PASSWORD 'secret' ROLES VIEWER");
    const guest = await db.forkSession();
    const wrong: unknown = await guest.signin({
      namespace: "test",
      database: "test",
      username: "marty",
      password: "wrong-secret",
    })
      .catch((error: unknown) => error);
    const handle = { query: () => ({ responses: () => Promise.reject(wrong) }) } as unknown as Surreal; // As it would answer.
    const refused: unknown = await SurrealTable.open(handle, "t").catch((error: unknown) => error);
    assert(refused instanceof Error && !refused.message.includes("secret"), String(refused));
    await guest.closeSession();
  });

  it("SurrealLiveStream: a lost connection is a gap, after which all is registered again", async () => {
    const states: string[] = [];
    const again = await server.connect({ websocketImpl: SeparateWebSocket });
    const stream = new SurrealLiveStream(again, "t", { oneByOne: true, onState: (state) => states.push(state) });
    const reader = stream.subscribe().getReader();
    await until(reader, CHANGED);
    await run(db, "CREATE t:1");
    await until(reader, { kind: "inserted", id: "1" });
    await server.cut();
    await server.listen();
    await until(reader, CHANGED);
    await run(db, "UPDATE t:1 SET n = 1");
    await until(reader, { kind: "updated", id: "1" });
    assert.deepEqual(states, ["live", "lost", "live"]);
    await reader.cancel();
    await again.close();
  });

  it("SurrealLiveStream: without a connection its subscriptions fail, and new ones do too", async () => {
    const once = await connectOnce();
    const stream = new SurrealLiveStream(once, "t");
    const reader = stream.subscribe().getReader();
    await until(reader, CHANGED);
    await server.cut();
    await server.listen();
    await assert.rejects(reader.read(), UnavailableError);
    await assert.rejects(stream.subscribe().getReader().read(), UnavailableError);
    assert.equal(stream.subscriberCount, 0);
  });

  it("SurrealLiveStream: where the client loses messages that arrive together, each is changed", async () => {
    const stream = new SurrealLiveStream(db, "t", { oneByOne: false });
    const reader = stream.subscribe().getReader();
    await until(reader, CHANGED);
    for (let time = 0; time < 3; time++) {
      await run(db, "CREATE t:1, t:2, t:3; DELETE t");
      assert.deepEqual((await reader.read()).value, CHANGED);
    }
    await reader.cancel();
  });

  it("SurrealLiveStream: messages out of order do no harm, since rows are read again", async () => {
    const master = await SurrealTable.open(db, "t");
    await run(db, "CREATE t:1 SET n = 0");
    const liveStream = new SurrealLiveStream(db, "t", { oneByOne: true });
    assert.equal(Reflect.get(liveStream, "ordered"), undefined);
    await using table = new LiveTable(master, "t", new MemCache(), { liveStream });
    const reader = liveStream.subscribe().getReader();
    await until(reader, CHANGED);
    const COUNT = 200;
    for (let n = 1; n <= COUNT; n++) await run(db, "UPDATE t:1 SET n = $n", { n });
    let events = 0;
    for (; events < COUNT; events++) await reader.read();
    // The last message may be an old one, but each of them comes after its change.
    assert.equal((await table.getValue("1"))?.["n"], COUNT);
    await reader.cancel();
  });

  it("SurrealLiveStream: an interactive transaction emits nothing: staleTimeMs or revalidateMs cover it", async () => {
    const clock = new FakeClock();
    const master = await SurrealTable.open(db, "t");
    await run(db, "CREATE t:1 SET n = 0; CREATE t:2");
    const stream = new SurrealLiveStream(db, "t", { oneByOne: true, clock, revalidateMs: 60_000 });
    const reader = stream.subscribe().getReader();
    await until(reader, CHANGED);
    await using table = new LiveTable(master, "t", new MemCache(), { clock, staleTimeMs: 30_000 });
    assert.equal((await table.getValue("1"))?.["n"], 0);
    const transaction = await db.beginTransaction();
    await transaction.query("UPDATE t:1 SET n = 1");
    await transaction.commit();
    await run(db, "UPDATE t:2 SET n = 2");
    // Nothing came before it.
    assert.deepEqual((await reader.read()).value, { kind: "updated", id: "2" });
    assert.equal((await table.getValue("1"))?.["n"], 0, "no event said so");
    await clock.advance(30_001);
    assert.equal((await table.getValue("1"))?.["n"], 1, "it is read again when it is stale");
    await clock.advance(30_000);
    assert.deepEqual((await reader.read()).value, CHANGED);
    await reader.cancel();
  });

  it("SurrealLiveStream: a transaction in one query, and a row that leaves by DELETE, are heard of", async () => {
    const reader = new SurrealLiveStream(db, "t", { oneByOne: true }).subscribe().getReader();
    await until(reader, CHANGED);
    await run(db, "BEGIN; CREATE t:a; UPDATE t:a SET n = 1; COMMIT");
    await until(reader, { kind: "updated", id: "a" });
    await run(db, "DELETE t");
    await until(reader, { kind: "deleted", id: "a" });
    await reader.cancel();
  });

  it("SurrealLiveStream: ids are those of the table, also where all keys are texts", async () => {
    await run(db, "DEFINE FIELD id ON t TYPE string");
    const reader = new SurrealLiveStream(db, "t", { oneByOne: true }).subscribe().getReader();
    await until(reader, CHANGED);
    await (await SurrealTable.open(db, "t")).insertValue("5", {});
    await until(reader, { kind: "inserted", id: "5" });
    await reader.cancel();
  });

  it("SurrealLiveStream: no table, no rights, or a connection without live queries fail the subscription, by their kinds", async () => {
    const gone = new SurrealLiveStream(db, "gone").subscribe().getReader();
    await assert.rejects(gone.read(), { name: "NotFoundError" });
    const overHttp: SurrealLiveHandle = {
      query: db.query.bind(db),
      subscribe: () => () => {},
      liveOf: () => Promise.reject(Object.assign(new Error(), { name: "UnsupportedFeatureError" })),
    };
    await assert.rejects(new SurrealLiveStream(overHttp, "t").subscribe().getReader().read(), UnsupportedError);
    const wrong = { query: () => {} } as unknown as SurrealLiveHandle; // A caller without type checks.
    assert.throws(() => new SurrealLiveStream(wrong, "t"), /without liveOf, subscribe/);
    assert.throws(() => new SurrealLiveStream(db, ""), TypeError);
    assert.throws(() => new SurrealLiveStream(db, "t", { revalidateMs: 0 }), RangeError);
  });

  it("LiveTable over SurrealDB hears of changes by others, and keeps what did not change", async () => {
    await run(db, "CREATE t:1 SET n = 1; CREATE t:2 SET n = 2");
    const master = await SurrealTable.open(db, "t");
    const liveStream = new SurrealLiveStream(db, "t", { oneByOne: true });
    await using table = new LiveTable(master, "t", new MemCache(), { liveStream });
    const reader = table.events.subscribe().getReader();
    while (table.stats().invalidations.event === 0) await reader.read();
    const [, before] = [...(await table.listValues()).values()];
    await run(db, "UPDATE t:1 SET n = 3");
    await until(reader, { kind: "updated", id: "1" });
    const [changed, kept] = [...(await table.listValues()).values()];
    assert.deepEqual(changed, { id: 1, n: 3 });
    assert.equal(kept, before, "the same row");
    assert.equal(table.stats().holes, 1, "only the row that changed was read again");
    await reader.cancel();
  });
});
