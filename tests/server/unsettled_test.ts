import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { defineTable, LiveTable, MemCache, type Row } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { RestTable } from "@vantage/live/rest";
import { FakeClock } from "@vantage/live/testing";
import { ask } from "./fixture.ts";

const LAG_MS = 500;

/** A table over replicas that lag, as a handler serves it and as a client sees it. */
async function served(): Promise<{
  readonly clock: FakeClock;
  readonly handler: ReturnType<typeof tableHandler>;
  readonly inner: LiveTable;
  readonly client: LiveTable;
}> {
  const clock = new FakeClock();
  let [stored, changedAt]: [Row, number] = [{ n: 0 }, -Infinity];
  let before = stored;
  const seen = (): Row => changedAt + LAG_MS <= clock.monotonic() ? stored : before;
  const master = defineTable({
    name: "things",
    list: () => [["a", seen()]] as const,
    get: (id) => id === "a" ? seen() : undefined,
    count: () => 1,
    replace: (_, row) => {
      [before, stored, changedAt] = [stored, row, clock.monotonic()];
      return row;
    },
  });
  // A row that was written would be put in place, and be settled.
  const inner = new LiveTable(master, "inner", new MemCache(), { clock, masterLagMs: LAG_MS, invalidation: "all" });
  const handler = tableHandler(inner, { writable: true });
  const fetch: typeof globalThis.fetch = (input, init) => handler(new Request(input, init));
  const table = await RestTable.open("http://localhost/", { fetch });
  return { clock, handler, inner, client: new LiveTable(table, "client", new MemCache(), { clock }) };
}

describe("A served table whose master lags", () => {
  it("its client keeps nothing that was read within the lag", async () => {
    const { clock, inner, client } = await served();
    await client.replaceValue("a", { n: 1 });
    assert.deepEqual((await client.listValues()).get("a"), { n: 0 });
    assert.deepEqual(await client.getValue("a"), { n: 0 });
    await clock.advance(LAG_MS);
    assert.deepEqual((await client.listValues()).get("a"), { n: 1 });
    assert.deepEqual(await client.getValue("a"), { n: 1 });
    await client.listValues();
    assert.equal(client.stats().hits, 1);
    await Promise.all([client.close(), inner.close()]);
  });

  it("says so in its answers, of which no cache on the way may keep or confirm one", async () => {
    const { clock, handler, inner } = await served();
    await inner.listValues();
    await clock.advance(LAG_MS);
    const settled = await ask(handler, "/rows");
    const etag = settled.headers.get("etag") ?? "";
    assert.deepEqual(await settled.json(), { rows: [["a", { n: 0 }]] });
    assert.equal((await ask(handler, "/rows", { headers: { "if-none-match": etag } })).status, 304);
    await inner.replaceValue("a", { n: 1 });
    const unsettled = await ask(handler, "/rows", { headers: { "if-none-match": etag } });
    assert.equal(unsettled.status, 200);
    assert.equal(unsettled.headers.get("cache-control"), "no-store");
    assert.equal(unsettled.headers.get("etag"), null);
    assert.deepEqual(await unsettled.json(), { rows: [["a", { n: 0 }]], unsettled: true });
    assert.deepEqual(await (await ask(handler, "/row?id=a")).json(), { row: { n: 0 }, unsettled: true });
    assert.deepEqual(await (await ask(handler, "/row?id=z")).json(), { row: null, unsettled: true });
    assert.deepEqual(await (await ask(handler, "/count")).json(), { count: 1, unsettled: true });
    await clock.advance(LAG_MS);
    assert.deepEqual(await (await ask(handler, "/count")).json(), { count: 1 });
    await inner.close();
  });

  it("bounds an answer that is not to be kept like any other", async () => {
    const { inner } = await served();
    await inner.replaceValue("a", { n: 1 });
    const narrow = tableHandler(inner, { maxAnswerBytes: 20 });
    assert.equal((await ask(narrow, "/rows")).status, 422);
    await inner.close();
  });
});
