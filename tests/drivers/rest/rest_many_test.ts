import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  InvalidAnswerError,
  MemTable,
  NotFoundError,
  RejectedError,
  type Table,
  TableError,
  type TableWrite,
  UnauthorizedError,
  UnavailableError,
  type WriteResult,
} from "@vantage/live";
import { type RestClientOptions, RestTable } from "@vantage/live/rest";
import { tableHandler, type TableHandlerOptions } from "@vantage/live/server";

const DESCRIPTION = await RestTable.describe("http://localhost/", {
  fetch: (url, init) => tableHandler(new MemTable("products"), { writable: true })(new Request(url, init)),
});

interface Scene {
  readonly table: Table;
  /** The bodies of the requests. */
  readonly asked: { readonly writes: readonly { readonly key?: string }[] }[];
}

/** A served table whose requests are answered so. */
function answered(answer: (nth: number) => Response | Promise<Response>, options: RestClientOptions = {}): Scene {
  const asked: Scene["asked"] = [];
  const fetch: RestClientOptions["fetch"] = async (_url, init) => {
    asked.push(JSON.parse(String(init?.body)));
    return await answer(asked.length - 1);
  };
  return { asked, table: RestTable.served("http://localhost/", DESCRIPTION, { ...options, fetch }) };
}

/** A served table over a handler. */
function served(options: TableHandlerOptions): Scene & { readonly master: MemTable } {
  const master = new MemTable("products");
  const handler = tableHandler(master, { writable: true, ...options });
  const asked: Scene["asked"] = [];
  const fetch: RestClientOptions["fetch"] = (url, init) => {
    asked.push(JSON.parse(String(init?.body)));
    return handler(new Request(url, init));
  };
  return { master, asked, table: RestTable.served("http://localhost/", DESCRIPTION, { fetch }) };
}

function patches(count: number, length = 1): TableWrite[] {
  return Array.from({ length: count }, (_, at) => ({
    op: { kind: "replace", id: `${at}`, row: { name: "x".repeat(length) } },
    idempotencyKey: `k${at}`,
  }));
}

function failures(results: readonly WriteResult[]): (unknown[] | undefined)[] {
  return results.map((result) => {
    if (!("error" in result)) return undefined;
    assert(result.error instanceof TableError);
    return [result.error.code, result.error.effect, result.error.retriable];
  });
}

const LOST = ["unavailable", "unknown", true];

describe("RestTable, several writes in one request", () => {
  it("a 200 with a list of refusals is not success: each write is settled by its own result", async () => {
    const refusal = (status: number, code: string, more: object = {}): object => ({
      problem: { title: "No", status, code, retriable: false, effect: "none", detail: "no" },
      ...more,
    });
    const results = [
      { row: { name: "Bun" } },
      refusal(404, "not_found"),
      refusal(401, "unauthorized"),
      refusal(429, "busy", { retryAfterMs: 2_000 }),
      { row: { name: "Roll" }, unsettled: true },
      {},
      { problem: {} },
    ];
    const { table } = answered(() => Response.json({ results }));
    const [first, missing, unknown, busy, repeated, empty, odd] = await table.writeMany(patches(7));
    assert.deepEqual(first, { answer: { name: "Bun" } });
    assert(missing !== undefined && "error" in missing && missing.error instanceof NotFoundError);
    assert(unknown !== undefined && "error" in unknown && unknown.error instanceof UnauthorizedError);
    assert(busy !== undefined && "error" in busy && busy.error instanceof RejectedError);
    assert.deepEqual([busy.error.retriable, busy.error.retryAfterMs], [true, 2_000]);
    assert.deepEqual(repeated, { answer: { name: "Roll" }, unsettled: true });
    for (const result of [empty, odd]) {
      assert(result !== undefined && "error" in result && result.error instanceof InvalidAnswerError);
      assert.equal(result.error.effect, "unknown");
    }
  });

  it("an answer that breaks off leaves the outcome of all unknown", async () => {
    const broken = (): Response => {
      const text = new TextEncoder().encode('{"results":[{"row":{"name":"Bun"}},');
      let sent = false;
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull: (controller) => {
          if (sent) return controller.error(new Error("connection reset"));
          sent = true;
          controller.enqueue(text);
        },
      });
      return new Response(body, { headers: { "content-type": "application/json" } });
    };
    assert.deepEqual(failures(await answered(broken).table.writeMany(patches(3))), [LOST, LOST, LOST]);
  });

  it("an answer that is no list of results, or too short, leaves the outcome of all unknown", async () => {
    for (const body of [{}, { results: {} }, { results: [] }, { results: [{ row: {} }] }, [], null]) {
      const results = await answered(() => Response.json(body)).table.writeMany(patches(2));
      const invalid = ["invalid_answer", "unknown", false];
      assert.deepEqual(failures(results), [invalid, invalid], JSON.stringify(body));
    }
  });

  it("are sent in parts: no more after one whose outcome is unknown, or that may succeed later", async () => {
    const done = Response.json({ results: new Array(1000).fill({ row: {} }) });
    const { table, asked } = answered((nth) => nth === 0 ? done : Promise.reject(new TypeError("no connection")));
    const results = failures(await table.writeMany(patches(2_500)));
    assert.deepEqual(asked.map(({ writes }) => writes.length), [1000, 1000]);
    assert.deepEqual([results[0], results[1000], results[2499]], [undefined, LOST, ["unavailable", "none", true]]);
  });

  it("are sent on after a part that is refused for good", async () => {
    const { table, asked } = answered((nth) =>
      nth === 0 ? new Response(null, { status: 401 }) : Response.json({ results: [{ row: {} }] })
    );
    const results = failures(await table.writeMany(patches(1001)));
    assert.deepEqual([asked.length, results[0], results[1000]], [2, ["unauthorized", "none", false], undefined]);
  });

  it("are sent in smaller parts to a server that takes fewer, or fewer bytes", async () => {
    const { table, master, asked } = served({ maxWrites: 3, maxBodyBytes: 2_000 });
    const results = await table.writeMany([...patches(10), ...patches(1, 3_000)]);
    assert.deepEqual(failures(results), [...new Array(10).fill(undefined), ["rejected", "none", false]]);
    assert.equal(await master.getCount(), 10);
    assert(asked.length > 4);
  });

  it("long ones go into several requests", async () => {
    const { table, master, asked } = served({});
    await table.writeMany(patches(10, 100_000));
    assert.deepEqual([await master.getCount(), asked.length], [10, 5]);
  });

  it("carry their keys, unless the server cannot read them", async () => {
    const results = [{ row: {} }];
    const { table, asked } = answered(() => Response.json({ results }));
    await table.writeMany(patches(1));
    assert.equal(asked[0]?.writes[0]?.key, "k0");
    const none = answered(() => Response.json({ results }), { idempotencyHeader: false });
    await none.table.writeMany(patches(1));
    assert.equal(none.asked[0]?.writes[0]?.key, undefined);
  });

  it("have the same keys as alone, also those that no header can hold", async () => {
    const master = new MemTable("products");
    const handler = tableHandler(master, { writable: true });
    const fetch: RestClientOptions["fetch"] = (url, init) => handler(new Request(url, init));
    const table = RestTable.served("http://localhost/", DESCRIPTION, { fetch });
    for (const idempotencyKey of ["a key with spaces", "100 %", "ключ", "k"]) {
      const row = { name: idempotencyKey };
      const [first] = await table.writeMany([{ op: { kind: "insertReturnId", row }, idempotencyKey }]);
      const id = await table.insertReturnIdValue(row, { idempotencyKey });
      assert.deepEqual(first, { answer: id }, idempotencyKey);
    }
    assert.equal(await master.getCount(), 4);
  });

  it("reject with the signal's reason once it is aborted", async () => {
    const control = new AbortController();
    const { table } = answered(() => {
      control.abort(new Error("the writer left"));
      return new Promise<Response>(() => {});
    });
    await assert.rejects(table.writeMany(patches(1), { signal: control.signal }), /the writer left/);
  });

  it("of which none can be sent ask nothing", async () => {
    const { table, asked } = answered(() => Response.json({}));
    const wrong = { op: { kind: "patch", id: 5, partial: {} } } as unknown as TableWrite;
    const [result] = await table.writeMany([wrong]);
    assert(result !== undefined && "error" in result && result.error instanceof TypeError);
    assert.equal(asked.length, 0);
  });

  it("to a server that is overloaded say when to try again", async () => {
    const { table } = answered(() => new Response(null, { status: 503, headers: { "retry-after": "2" } }));
    const [result] = await table.writeMany(patches(1));
    assert(result !== undefined && "error" in result && result.error instanceof UnavailableError);
    assert.equal(result.error.retryAfterMs, 2_000);
  });
});
