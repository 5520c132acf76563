import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { defineTable, LiveTable, MemCache, type Row } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { serve, type Served } from "../../server/serve.ts";

const CAP = 20;

describe("LiveTable with masterItemsPerPage, over a server that returns 20 rows at once", () => {
  it("sends one request for each page of the server, whatever is read", async () => {
    await using server = await cappedServer(95);
    const master = new RestTable(`${server.url}/products`, {
      rows: "rows",
      count: "total",
      paging: { page: "page", limit: "limit" },
      maxLimit: CAP,
    });
    await using products = new LiveTable(master, "products", new MemCache(), { masterItemsPerPage: CAP });
    assert.deepEqual((await products.page(1).listValues()).ids(), ids(0, 50));
    assert.deepEqual((await products.page(2).listValues()).ids(), ids(50, 95));
    assert.deepEqual((await products.page(3, 7).listValues()).ids(), ids(14, 21));
    assert.deepEqual((await products.page(3).listValues()).ids(), []);
    assert.deepEqual(server.asked.toSorted(), ["1", "2", "3", "4", "5"]);
    const window = await products.window(33, 40);
    assert.deepEqual([window.rows.ids(), window.total], [ids(33, 73), 95]);
  });

  it("reads all rows through a source that does not know of the cap", async () => {
    await using server = await cappedServer(95);
    const master = defineTable({
      name: "products",
      idField: "id",
      capabilities: { page: true },
      list: async ({ query: { pagination: { page = 1, limit = 1_000 } = {} }, signal }) => {
        const answer = await fetch(`${server.url}/products?page=${page}&limit=${limit}`, { signal: signal ?? null });
        return (await answer.json()).rows as Row[];
      },
    });
    await using products = new LiveTable(master, "products", new MemCache(), { masterItemsPerPage: CAP });
    const shown: string[] = [];
    for (let page = 1; page <= 3; page++) shown.push(...(await products.page(page, 40).listValues()).ids());
    assert.deepEqual(shown, ids(0, 95));
  });

  it("ends the requests of a list that was scrolled on", async () => {
    await using server = await cappedServer(10_000);
    const master = new RestTable(`${server.url}/products`, {
      rows: "rows",
      paging: { page: "page", limit: "limit" },
      maxLimit: CAP,
    });
    await using products = new LiveTable(master, "products", new MemCache(), { masterItemsPerPage: CAP });
    server.answers = () => new Promise(() => {});
    for (let offset = 0; offset < 9_000; offset += 1_000) {
      const passed = new AbortController();
      const passing = products.window(offset, 1_000, { signal: passed.signal });
      await setImmediate();
      passed.abort(new Error("scrolled on"));
      await assert.rejects(passing, /scrolled on/);
    }
    server.answers = () => Promise.resolve();
    assert.deepEqual((await products.window(9_500, 30)).rows.ids(), ids(9_500, 9_530));
    // Of 50 pages that each passed window is made of, at most 8 were asked for, and the count.
    assert.ok(products.stats().masterReads <= 9 * 9 + 3, `${products.stats().masterReads}`);
    assert.equal(products.stats().rowsReceived, 40);
  });
});

interface CappedServer extends Served, AsyncDisposable {
  /** The pages that were asked for. */
  readonly asked: string[];
  /** Resolves when a request may be answered. */
  answers: () => Promise<void>;
}

async function cappedServer(size: number): Promise<CappedServer> {
  const asked: string[] = [];
  const served = await serve(async (request) => {
    const { searchParams } = new URL(request.url);
    asked.push(searchParams.get("page") ?? "");
    await server.answers();
    const limit = Math.min(CAP, Number(searchParams.get("limit")));
    const skip = (Number(searchParams.get("page")) - 1) * limit;
    const rows = ids(skip, Math.min(size, skip + limit)).map((id) => ({ id, name: `Product ${id}` }));
    return Response.json({ rows, total: size });
  });
  const server: CappedServer = {
    ...served,
    asked,
    answers: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => served.close(),
  };
  return server;
}

function ids(from: number, to: number): string[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => `p${from + at}`);
}
