import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RestTable } from "@vantage/live/rest";
import { FakeClock, settle } from "@vantage/live/testing";
import { json, nothing, scripted, scriptedTable } from "./rest_double.ts";

const later = (status: number, after: string): Response => nothing(status, { "retry-after": after });

describe("A RestTable that is asked to try again later", () => {
  for (const status of [429, 503]) {
    it(`sends a read again after the seconds that ${status} asks for`, async () => {
      const clock = new FakeClock();
      const { table, asked } = scriptedTable({ clock }, later(status, "5"), later(status, "7"), json([{ id: 1 }]));
      const listing = table.listValues();
      await clock.advance(4999);
      assert.equal(asked.length, 1);
      await clock.advance(1);
      assert.equal(asked.length, 2);
      await clock.advance(7000);
      assert.deepEqual((await listing).ids(), ["1"]);
      assert.deepEqual([asked.length, clock.waiting], [3, 0]);
    });
  }

  it("takes parts of a second, and passes over what is neither seconds nor a date", async () => {
    const clock = new FakeClock();
    const { table, asked } = scriptedTable({ clock }, later(429, "1.337"), json([]));
    const listing = table.listValues();
    await clock.advance(1336);
    assert.equal(asked.length, 1);
    await clock.advance(1);
    assert.equal((await listing).size, 0);
    for (const after of ["-5", "10, 20", "soon", ""]) {
      const { table, asked } = scriptedTable({ clock }, later(503, after));
      await assert.rejects(table.listValues(), { name: "UnavailableError", retryAfterMs: undefined });
      assert.equal(asked.length, 1, after);
    }
  });

  it("takes a date, and sends at once what may be sent at once", async () => {
    const clock = new FakeClock({ now: Date.parse("2026-05-01T12:00:00Z") });
    const { table, asked } = scriptedTable(
      { clock },
      later(503, "Fri, 01 May 2026 12:00:20 GMT"),
      later(503, "0"),
      json({ id: 1 }),
    );
    const getting = table.getValue("1");
    await clock.advance(19_999);
    assert.equal(asked.length, 1);
    await clock.advance(1);
    assert.deepEqual(await getting, { id: 1 });
  });

  it("sends a read maxRetries times again, and gives its last refusal", async () => {
    for (const [maxRetries, requests] of [[undefined, 4], [1, 2], [0, 1]] as const) {
      const answers = Array.from({ length: 6 }, (_, at) => later(429, String(at)));
      const clock = new FakeClock();
      const { table, asked } = scriptedTable({ clock, maxRetries }, ...answers);
      const failure = assert.rejects(table.listValues(), { name: "RejectedError", retriable: true });
      await clock.advance(100_000);
      await failure;
      assert.equal(asked.length, requests);
    }
  });

  it("begins no pause beyond maxRetryWaitMs, all pauses of a request together", async () => {
    for (const [maxRetryWaitMs, requests] of [[undefined, 3], [29_999, 2], [9999, 1], [0, 1]] as const) {
      const clock = new FakeClock();
      const answers = [later(503, "10"), later(503, "20"), later(503, "1"), json([])];
      const { table, asked } = scriptedTable({ clock, maxRetryWaitMs }, ...answers);
      const failure = assert.rejects(table.listValues(), { name: "UnavailableError" });
      await clock.advance(100_000);
      await failure;
      assert.equal(asked.length, requests);
      assert.equal(clock.waiting, 0);
    }
  });

  it("sends no write again, and no read whose refusal names no time", async () => {
    const clock = new FakeClock();
    const { table, asked } = scriptedTable({ clock }, later(429, "1"), nothing(503), later(404, "1"), json([]));
    await assert.rejects(table.insertReturnIdValue({}), { name: "RejectedError", retryAfterMs: 1000 });
    await assert.rejects(table.listValues(), { name: "UnavailableError" });
    assert.equal(await table.getValue("1"), undefined);
    assert.deepEqual(asked.map(({ method }) => method), ["POST", "GET", "GET", "GET"]);
  });

  it("waits no longer than its caller, and asks for new headers each time", async () => {
    const clock = new FakeClock();
    const aborting = new AbortController();
    const { fetch, asked } = scripted(later(429, "1"), later(429, "5"), json([]));
    let tokens = 0;
    const headers = (): HeadersInit => ({ authorization: `Bearer ${++tokens}` });
    const table = new RestTable("https://example.com/x", { clock, fetch, headers });
    const listing = table.listValues({ signal: aborting.signal });
    await clock.advance(1000);
    const reason = new Error("the reader left");
    aborting.abort(reason);
    await assert.rejects(listing, reason);
    await settle();
    assert.deepEqual([asked.length, clock.waiting], [2, 0]);
    assert.deepEqual(asked.map((request) => request.headers.get("authorization")), ["Bearer 1", "Bearer 2"]);
  });

  it("refuses bounds that are none", () => {
    for (
      const wrong of [{ maxRetries: -1 }, { maxRetries: 0.5 }, { maxRetryWaitMs: -1 }, { maxRetryWaitMs: Infinity }]
    ) {
      assert.throws(() => new RestTable("https://example.com/x", wrong), RangeError);
    }
  });
});
