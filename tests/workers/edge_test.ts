import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import {
  defineTable,
  type LiveEvent,
  type LiveStats,
  LiveTable,
  MemTable,
  NoCache,
  type Row,
  type TableLike,
  UnavailableError,
} from "@vantage/live";
import { type TableHandler, tableHandler } from "@vantage/live/server";
import { SseLiveStream } from "@vantage/live/rest";
import { RestTable } from "@vantage/live/rest";
import { tableConformance, type TableHarness } from "@vantage/live/testing";
import { runSuite } from "../conformance/run_suite.ts";
import { type HeldAnswer, type Origin, serveOrigin } from "./origin.ts";
import { sendRudely } from "./rude_client.ts";
import { type RunningWorker, runWorker } from "./run_worker.ts";

/** What the origin serves: each table under its path. */
const handlers = new Map<string, TableHandler>();
let origin: Origin;
let edge: RunningWorker;
let objects: RunningWorker;
let tables = 0;

before(async () => {
  origin = await serveOrigin((request) => {
    const [, name = ""] = new URL(request.url).pathname.split("/");
    return handlers.get(`/${name}`)?.(request) ?? new Response(null, { status: 404 });
  });
  const bindings = { ORIGIN: origin.url };
  [edge, objects] = await Promise.all([
    runWorker("edge_worker.ts", { bindings }),
    runWorker("edge_object_worker.ts", { bindings, durableObjects: { TABLES: "TableObject" } }),
  ]);
});
after(async () => {
  for (const running of [edge, objects, origin]) await running[Symbol.asyncDispose]();
});

/** Puts a table behind the origin's address; answers its path there, which is that in the worker, too. */
function add(table: TableLike, path = `/table-${++tables}`): string {
  handlers.set(path, tableHandler(table, { path, writable: true }));
  return path;
}

function bakery(): MemTable {
  return new MemTable("products", { rows: [["a", { name: "Bun" }]] });
}

/** The table at a path of a worker, as its clients see it. */
function openAt(worker: RunningWorker, path: string): ReturnType<typeof RestTable.open> {
  return RestTable.open(new URL(path, worker.url));
}

for (const [title, getWorker] of [["a worker", () => edge], ["a Durable Object", () => objects]] as const) {
  describe(`A LiveTable in ${title}, before an origin`, () => {
    it("asks once for what is read twice, and puts what is written in place", async () => {
      const path = add(bakery());
      const table = await openAt(getWorker(), path);
      for (const _time of ["a miss", "a hit"]) assert.deepEqual((await table.listValues()).get("a"), { name: "Bun" });
      assert.equal(origin.count(`GET ${path}/rows`), 1);

      await table.patchValue("a", { name: "Brioche" });
      assert.deepEqual((await table.listValues()).get("a"), { name: "Brioche" });
      assert.equal(origin.count(`GET ${path}/rows`), 1);
    });

    it("finishes a write whose client left, and shows it from then on", async () => {
      const path = add(bakery());
      const table = await openAt(getWorker(), path);
      await table.listValues();

      const write = origin.hold(`PATCH ${path}/row`);
      const url = new URL(`${path}/row?id=a`, getWorker().url);
      const rude = sendRudely(url, { method: "PATCH", body: JSON.stringify({ row: { name: "Brioche" } }) });
      const unwanted = await write.ready;
      rude.hangUp();
      await aClientLeft(getWorker());
      assert(!unwanted.aborted);
      assert.deepEqual((await table.listValues()).get("a"), { name: "Bun" }, "nobody has told yet");
      write.release();
      await shown(table, { name: "Brioche" });
    });

    it("answers with problems as the origin does", async () => {
      const path = add(bakery());
      const busy = add(defineTable({ name: "busy", list: fail, patch: fail }));
      const asked: readonly [string, RequestInit?][] = [
        [`${path}/row?id=nobody`, { ...PATCH, body: '{"row":{}}' }],
        [`${path}/row?id=a`, { ...PATCH, body: "{" }],
        [`${path}/rows?where=junk`],
        [`${path}/nowhere`],
        [`${path}/rows`, { method: "PUT" }],
        [`${busy}/rows`],
        [`${busy}/row?id=a`, { ...PATCH, body: '{"row":{}}' }],
      ];
      for (const [at, init] of asked) {
        const there = await problemAt(new URL(at, origin.url), init);
        assert.deepEqual(await problemAt(new URL(at, getWorker().url), init), there);
      }
    });

    it("answers 304 to whoever has the rows", async () => {
      const url = new URL(`${add(bakery())}/rows`, getWorker().url);
      const { headers } = await fetch(url);
      const again = await fetch(url, { headers: { "if-none-match": headers.get("etag") ?? "" } });
      assert.equal(again.status, 304);
    });
  });
}

describe("A LiveTable in a Durable Object", () => {
  it("asks once for twenty readers at once", async () => {
    const path = add(bakery());
    const table = await openAt(objects, path);
    const held = origin.hold(`GET ${path}/rows`);
    const reads = Array.from({ length: 20 }, () => table.listValues());
    while ((await statsAt(path)).sharedReads < 19);
    held.release();
    for (const rows of await Promise.all(reads)) assert.deepEqual(rows.get("a"), { name: "Bun" });
    assert.equal(origin.count(`GET ${path}/rows`), 1);
  });

  it("serves what it held before it was evicted", async () => {
    const path = add(bakery());
    const table = await openAt(objects, path);
    await table.listValues();
    await assert.rejects(objects.ask(`${path}/abort`));
    assert.deepEqual((await table.listValues()).get("a"), { name: "Bun" });
    assert.equal((await statsAt(path)).misses, 0);
    assert.equal(origin.count(`GET ${path}/rows`), 1);
  });

  it("hears what others change at the origin, and tells its own clients, after it was evicted, too", async () => {
    await using products = new LiveTable(bakery(), "products", new NoCache());
    const path = add(products, "/live-products");
    const listening = origin.hold(`GET ${path}/events`);
    const table = await openAt(objects, path);
    await listened(listening);
    const events = new SseLiveStream(new URL(`${path}/events`, objects.url)).subscribe().getReader();
    assert.deepEqual((await events.read()).value, { kind: "changed" });
    await table.listValues();
    await products.patchValue("a", { name: "Brioche" });
    await heard(events, { kind: "updated", id: "a" });
    for (const _time of ["the row is new", "a hit"]) {
      assert.deepEqual((await table.listValues()).get("a"), { name: "Brioche" });
    }
    assert.equal(origin.count(`GET ${path}/rows`), 1);

    const listeningAgain = origin.hold(`GET ${path}/events`);
    await assert.rejects(objects.ask(`${path}/abort`));
    await heard(events, { kind: "changed" });
    await listened(listeningAgain);
    await products.patchValue("a", { name: "Baguette" });
    await heard(events, { kind: "updated", id: "a" });
    assert.deepEqual((await table.listValues()).get("a"), { name: "Baguette" });
    await events.cancel();
  });
});

const HARNESS: TableHarness = {
  // A `tableHandler` remembers the keys of writes.
  capabilities: { ...new MemTable("empty").capabilities, idempotencyKeys: true },
  idField: undefined,
  knowsColumns: false,
  keepsOrder: true,
  foldsAllLetters: true,
  open: async (rows) => ({ table: await openAt(edge, add(new MemTable("bakery", { rows }))), close: () => {} }),
};

runSuite("A table served from workerd keeps the promises of TableLike", tableConformance, () => HARNESS);

const PATCH: RequestInit = { method: "PATCH", headers: { "content-type": "application/json" } };

function fail(): never {
  throw new UnavailableError("busy", { retryAfterMs: 7000 });
}

/** What is answered to a request that cannot be fulfilled. */
async function problemAt(url: URL, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  const { headers, status } = response;
  return [status, headers.get("content-type"), headers.get("retry-after"), headers.get("allow"), await response.json()];
}

/** Resolves when workerd has noticed that a client, who left just now, is gone. */
async function aClientLeft({ url }: RunningWorker): Promise<void> {
  const held = origin.hold("GET /unwaited");
  const client = sendRudely(new URL("/unwaited", url));
  await held.ready;
  client.hangUp();
  await held.left();
}

/** Resolves when a table shows this row. */
async function shown(table: TableLike, row: Row): Promise<void> {
  while (!isDeepStrictEqual((await table.listValues()).get("a"), row));
}

/** Resolves when an origin tells its events to whoever asked for them. */
async function listened({ ready, release }: HeldAnswer): Promise<void> {
  await ready;
  release();
}

/** Resolves when this event is heard. */
async function heard(events: ReadableStreamDefaultReader<LiveEvent>, event: LiveEvent): Promise<void> {
  for (;;) {
    const { done, value } = await events.read();
    assert(!done);
    if (isDeepStrictEqual(value, event)) return;
  }
}

/** What the object of a path has counted. */
async function statsAt(path: string): Promise<LiveStats> {
  return JSON.parse(await objects.ask(`${path}/stats`));
}
