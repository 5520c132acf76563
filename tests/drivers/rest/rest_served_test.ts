import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import {
  ClosedError,
  ConflictError,
  defineTable,
  type Effect,
  type ErrorCode,
  InvalidAnswerError,
  MemTable,
  NotFoundError,
  type Operator,
  Pagination,
  QueueFullError,
  RejectedError,
  type Row,
  type Table,
  TableError,
  type TableErrorOptions,
  UnavailableError,
  UnsupportedError,
  type Value,
} from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { type RestClientOptions, RestTable, type TableDescription } from "@vantage/live/rest";
import { anyRow, anyText, anyValue } from "../../cache/arbitrary_rows.ts";
import { EVERYTHING } from "../../conformance/abilities.ts";
import { serve, type Served } from "../../server/serve.ts";
import { type Answer, json, nothing, scripted } from "./rest_double.ts";

const DESCRIPTION: TableDescription = {
  protocol: 1,
  name: "products",
  idField: "id",
  columns: [],
  capabilities: EVERYTHING,
};

/** A served table over scripted answers, and what it asks. */
function served(...answers: Answer[]): { readonly table: Table; readonly asked: ReturnType<typeof scripted>["asked"] } {
  const { fetch, asked } = scripted(...answers);
  return { table: RestTable.served("https://example.com/products?key=1", DESCRIPTION, { fetch }), asked };
}

describe("RestTable.open()", () => {
  it("RestTable.open() asks once what the table is, and RestTable.served() never", async () => {
    const { fetch, asked } = scripted(json(DESCRIPTION));
    const opened = await RestTable.open("https://example.com/products", { fetch });
    const kept = RestTable.served("https://example.com/products", DESCRIPTION, { fetch });
    for (const table of [opened, kept]) {
      assert.deepEqual([table.tableName, table.idField, table.columns], ["products", "id", []]);
      assert.deepEqual(table.capabilities, DESCRIPTION.capabilities);
    }
    assert.deepEqual(asked.map(({ method, url }) => [method, url]), [["GET", "https://example.com/products"]]);
  });

  it("RestTable.describe() gives what RestTable.served() takes, also after it was kept as JSON", async () => {
    const handler = tableHandler(new MemTable("products", { columns: [{ name: "id", flags: ["id"] }], idField: "id" }));
    const fetch: typeof globalThis.fetch = (input, init) => handler(new Request(input, init));
    const description = await RestTable.describe("http://localhost/", { fetch });
    const kept: TableDescription = JSON.parse(JSON.stringify(description));
    const table = RestTable.served("http://localhost/", kept, { fetch });
    assert.deepEqual(table.columns, [{ name: "id", flags: ["id"] }]);
    assert.equal((await table.listValues()).size, 0);
  });

  it("RestTable.open() of something else is a typed error", async () => {
    const answers: readonly (readonly [Answer, string])[] = [
      [nothing(404), "NotFoundError"],
      [new Response("<html>"), "InvalidAnswerError"],
      [json([]), "InvalidAnswerError"],
      [json({ protocol: 2 }), "InvalidAnswerError"],
      [nothing(), "InvalidAnswerError"],
      [new TypeError("refused"), "UnavailableError"],
    ];
    for (const [answer, name] of answers) {
      const { fetch } = scripted(answer);
      await assert.rejects(RestTable.open("https://example.com/x?key=s3cret", { fetch }), (error) => {
        assert(error instanceof TableError);
        assert.equal(error.name, name);
        assert.match(error.message, /^GET https:\/\/example\.com\/x /);
        return true;
      });
    }
    assert.throws(() => RestTable.served("https://example.com", { ...DESCRIPTION, name: "" }), TypeError);
    // What a caller without types might pass.
    const mistyped = { header: {} } as RestClientOptions;
    const refusal = { name: "TypeError", message: /"header" of a served table; accepted are clock/ };
    assert.throws(() => RestTable.served("https://example.com", DESCRIPTION, mistyped), refusal);
    await assert.rejects(RestTable.open("https://example.com", mistyped), refusal);
  });

  it("RestTable.open() with an aborted signal rejects with its reason", async () => {
    const { fetch, asked } = scripted();
    const reason = new Error("left");
    const opening = RestTable.open("https://example.com", { fetch, signal: AbortSignal.abort(reason) });
    await assert.rejects(opening, reason);
    assert.equal(asked.length, 0);
  });
});

describe("A served table", () => {
  it("each verb is one request", async () => {
    const row = { name: "Bun" };
    const { table, asked } = served(
      json({ rows: [["a", row]] }),
      json({ row }),
      json({ count: 1 }),
      json({ id: "b" }, { status: 201 }),
      ...[1, 2, 3].map(() => json({ row })),
      nothing(),
      nothing(),
    );
    const narrowed = table.where("size", "gt", 5n).search("rye");
    await narrowed.orderBy("name", "desc").page(2, 10).listValues();
    await narrowed.page(2).getValue("a/b");
    await narrowed.page(2).getCount();
    await table.insertReturnIdValue(row, { idempotencyKey: "k1" });
    await table.insertValue("a", row, { idempotencyKey: "k2" });
    await table.replaceValue("a", row, { idempotencyKey: "k3" });
    await narrowed.patchValue("a", row, { idempotencyKey: "k4" });
    await narrowed.delete("a", { idempotencyKey: "k5" });
    await narrowed.deleteAll({ idempotencyKey: "k6" });
    const set = { where: '[["size","gt",{"$bigint":"5"}]]', search: "rye" };
    const lines = asked.map(({ method, url, headers, body }) => {
      const { pathname, searchParams } = new URL(url);
      return [method, pathname, Object.fromEntries(searchParams), headers.get("idempotency-key"), body];
    });
    assert.deepEqual(lines, [
      [
        "GET",
        "/products/rows",
        { key: "1", ...set, orderBy: '[["name","desc"]]', page: "2", limit: "10" },
        null,
        undefined,
      ],
      ["GET", "/products/row", { key: "1", ...set, id: "a/b" }, null, undefined],
      ["GET", "/products/count", { key: "1", ...set }, null, undefined],
      ["POST", "/products/rows", { key: "1" }, "k1", { row }],
      ["POST", "/products/row", { key: "1", id: "a" }, "k2", { row }],
      ["PUT", "/products/row", { key: "1", id: "a" }, "k3", { row }],
      ["PATCH", "/products/row", { key: "1", search: "rye", id: "a" }, "k4", { row, where: JSON.parse(set.where) }],
      ["DELETE", "/products/row", { key: "1", ...set, id: "a" }, "k5", undefined],
      ["DELETE", "/products/rows", { key: "1", ...set }, "k6", undefined],
    ]);
  });

  it("a missing row is null, and a 404 is an error: the path may be wrong", async () => {
    const { table } = served(json({ row: null }), nothing(404), nothing(404));
    assert.equal(await table.getValue("a"), undefined);
    await assert.rejects(table.getValue("a"), NotFoundError);
    await assert.rejects(table.delete("a"), NotFoundError);
  });

  it("an id or a search that no URL can hold is unsupported", async () => {
    const { table, asked } = served();
    await assert.rejects(table.getValue("\ud800"), UnsupportedError);
    await assert.rejects(table.search("\udc00").listValues(), UnsupportedError);
    assert.equal(asked.length, 0);
  });

  it("what cannot be its answer is an InvalidAnswerError", async () => {
    const lists = [
      ...[null, [], {}, { rows: {} }, { rows: null }, { rows: [5] }, { rows: [[]] }, { rows: [["a"]] }],
      ...[{ rows: [[1, {}]] }, { rows: [["a", 5]] }, { rows: [["a", []]] }, { rows: [["a", { x: { $date: "x" } }]] }],
      ...[{ rows: [["a", {}], ["a", {}]] }, { rows: [["a", {}], ["b", {}], ["c", {}]] }],
    ];
    for (const body of lists) await assertInvalid(body, (table) => table.page(1, 2).listValues());
    for (const body of [null, {}, { row: 5 }, { row: [] }, { rows: [] }, { row: { x: { $what: 1 } } }]) {
      await assertInvalid(body, (table) => table.getValue("a"));
      await assertInvalid(body, (table) => table.insertValue("a", {}));
      await assertInvalid(body, (table) => table.replaceValue("a", {}));
      await assertInvalid(body, (table) => table.patchValue("a", {}));
    }
    for (const count of [undefined, null, -1, 1.5, "1", true, 2 ** 53]) {
      await assertInvalid({ count }, (table) => table.getCount());
    }
    for (const id of [undefined, null, 5, {}]) await assertInvalid({ id }, (table) => table.insertReturnIdValue({}));
    await assert.rejects(served(nothing()).table.patchValue("a", {}), InvalidAnswerError);
  });
});

async function assertInvalid(body: unknown, call: (table: Table) => Promise<unknown>): Promise<void> {
  await assert.rejects(call(served(json(body)).table), (error) => {
    assert(error instanceof InvalidAnswerError, `${JSON.stringify(body)}: ${error}`);
    assert.match(
      error.message,
      /^(GET|POST|PUT|PATCH) https:\/\/example\.com\/products\/\w+ was (asked for 2 rows|answered with)/,
    );
    return true;
  });
}

const ERRORS: readonly (new (message: string, options?: TableErrorOptions) => TableError)[] = [
  NotFoundError,
  UnsupportedError,
  ConflictError,
  RejectedError,
  QueueFullError,
  ClosedError,
  UnavailableError,
  InvalidAnswerError,
];

/** An error of a kind that only the table behind the handler knows. */
class QuotaError extends TableError {
  readonly code = "quota" as ErrorCode; // As a later version may have it.
}

describe("A RestTable and a tableHandler, with HTTP between them", () => {
  const stored = new MemTable("stored");
  let failure: unknown;
  const fail = (): never => {
    throw failure;
  };
  const failing = defineTable({
    name: "failing",
    list: fail,
    get: fail,
    count: fail,
    insert: fail,
    patch: fail,
    delete: fail,
  });
  const servers: Served[] = [];
  let throughHttp: Table;
  let failingOverHttp: Table;

  before(async () => {
    const handlers = [
      tableHandler(stored, { writable: true, maxUrlLength: 100_000 }),
      tableHandler(failing, { writable: true }),
    ];
    for (const handler of handlers) servers.push(await serve(handler));
    throughHttp = await RestTable.open(servers[0]?.url ?? "");
    failingOverHttp = await RestTable.open(servers[1]?.url ?? "", { maxRetries: 0 });
  });

  after(async () => {
    for (const server of servers) await server.close();
  });

  for (const Kind of ERRORS) {
    it(`${Kind.name} comes out as it went in`, async () => {
      const options: readonly TableErrorOptions[] = [
        {},
        { retriable: true },
        { retryAfterMs: 7000 },
        { retriable: true, retryAfterMs: 0 },
        { effect: "none" },
        { effect: "unknown" },
      ];
      for (const given of options) {
        const thrown = failure = new Kind("SELECT secret", given);
        for (const call of calls()) {
          const error = await failureOf(call(failingOverHttp));
          assert(error instanceof Kind, String(error));
          assert.deepEqual([error.code, error.retriable, error.effect], [thrown.code, thrown.retriable, thrown.effect]);
          // A table that is busy or closed is asked again after a while.
          if (given.retryAfterMs !== undefined) assert.equal(error.retryAfterMs, given.retryAfterMs);
          assert.doesNotMatch(error.message, /secret/);
        }
      }
    });
  }

  it("an error of the table's own kind comes out as rejected, and keeps what it says of itself", async () => {
    for (const effect of ["none", "unknown"] satisfies Effect[]) {
      failure = new QuotaError("secret", { retriable: true, effect });
      const error = await failureOf(failingOverHttp.patchValue("a", {}));
      assert(error instanceof RejectedError, String(error));
      assert.deepEqual([error.retriable, error.effect], [true, effect]);
    }
  });

  it("whatever else a table throws is Unavailable, and may have been applied", async () => {
    for (const thrown of [new Error("secret"), "text", undefined, new DOMException("secret", "AbortError")]) {
      failure = thrown;
      for (const call of calls()) {
        const error = await failureOf(call(failingOverHttp));
        assert(error instanceof UnavailableError, String(error));
        assert.deepEqual([error.retriable, error.effect], [true, "unknown"]);
      }
    }
  });

  it("a TypeError of a write is Rejected, but nobody knows what it changed", async () => {
    failure = new TypeError("secret");
    const error = await failureOf(failingOverHttp.patchValue("a", {}));
    assert(error instanceof RejectedError, String(error));
    assert.equal(error.effect, "unknown");
  });

  it("every row arrives as it was, written and read", async () => {
    const anyId = anyText.filter((id) => id.isWellFormed());
    await fc.assert(
      fc.asyncProperty(anyId, anyRow, anyRow, async (id, row, partial) => {
        await stored.deleteAll();
        const mem = new MemTable("expected");
        const expected = [await mem.replaceValue(id, row), await mem.patchValue(id, partial)];
        const answers = [await throughHttp.replaceValue(id, row), await throughHttp.patchValue(id, partial)];
        assert.deepEqual(answers, expected);
        assert.deepEqual(await stored.getValue(id), expected[1]);
        assert.deepEqual([...await throughHttp.listValues()], [[id, expected[1]]]);
        assert.deepEqual(await throughHttp.getValue(id), expected[1]);
      }),
      { numRuns: 60 },
    );
  });

  it("every condition, order and search means the same on both sides", async () => {
    const values: readonly Value[] = [
      null,
      1,
      1n,
      "1",
      true,
      "b",
      new Date(0),
      new Uint8Array([1]),
      [1],
      { $date: 0 },
      NaN,
    ];
    await stored.deleteAll();
    for (const [at, x] of values.entries()) await stored.insertValue(`${at}`, { x, y: at % 3, z: `row ${at % 2}` });
    const operator = fc.constantFrom<Operator>("eq", "ne", "gt", "gte", "lt", "lte");
    const operand = fc.oneof(fc.constantFrom(...values), anyValue).filter((value) => value !== null);
    await fc.assert(
      fc.asyncProperty(
        operator,
        operand,
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        async (op, value, desc, page) => {
          const query = {
            where: [["x", op, value], ["y", "in", [0, 1, { a: value }]]],
            orderBy: [["y", desc ? "desc" : "asc"]],
            search: "row",
            pagination: new Pagination(page, 3),
          } as const;
          const [here, there] = [stored.withQuery(query), throughHttp.withQuery(query)];
          assert.deepEqual((await there.listValues()).ids(), (await here.listValues()).ids());
          assert.equal(await there.getCount(), await here.getCount());
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** A call of each kind that can fail: reads and writes. */
function calls(): readonly ((table: Table) => Promise<unknown>)[] {
  return [
    (table) => table.listValues(),
    (table) => table.getValue("a"),
    (table) => table.getCount(),
    (table) => table.insertValue("a", {} satisfies Row),
    (table) => table.patchValue("a", {}),
    (table) => table.delete("a"),
  ];
}

async function failureOf(call: Promise<unknown>): Promise<TableError> {
  return await call.then(() => assert.fail("nothing was refused"), (error) => error);
}
