import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  ConflictError,
  defineTable,
  LiveTable,
  MemCache,
  RejectedError,
  type Row,
  type TableLike,
} from "@vantage/live";
import { type TableHandler, tableHandler, type TableHandlerOptions } from "@vantage/live/server";
import { FaultyTable, settle } from "@vantage/live/testing";
import { ask, bakery, contentOf, problemIn } from "./fixture.ts";

type Wire = { readonly [name: string]: unknown };

function post(handler: TableHandler, body: unknown, headers: HeadersInit = {}): Promise<Response> {
  return ask(handler, "/writes", {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

async function results(handler: TableHandler, writes: readonly Wire[], headers?: HeadersInit): Promise<Wire[]> {
  const answer = await post(handler, { writes }, headers);
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).results;
}

function serving(table: TableLike, options: TableHandlerOptions = {}): TableHandler {
  return tableHandler(table, { writable: true, ...options });
}

function codeOf({ problem }: Wire): unknown {
  return (problem as Wire | undefined)?.code;
}

describe("tableHandler(), several writes in one request", () => {
  it("does each, and answers each as it would alone, in one call of the table", async () => {
    const table = new FaultyTable(bakery(), { writeMany: true });
    const answers = await results(serving(table), [
      { verb: "insert", id: "d", row: { name: "Roll", price: { $bigint: "7" } } },
      { verb: "patch", id: "a", row: { price: 3 } },
      { verb: "delete", id: "b" },
      { verb: "insertReturnId", row: { name: "Pie" }, newId: "p" },
      { verb: "replace", id: "c", row: { name: "Cake" } },
    ]);
    assert.deepEqual(answers, [
      { row: { id: "d", name: "Roll", price: { $bigint: "7" } } },
      { row: { id: "a", name: "Bun", price: 3 } },
      {},
      { id: "p" },
      { row: { id: "c", name: "Cake" } },
    ]);
    assert.deepEqual([table.plan.count("writeMany"), table.plan.count("patchValue")], [1, 0]);
    assert.deepEqual((await table.listValues()).ids(), ["a", "c", "d", "p"]);
  });

  it("answers 200 with the refusals among the results: each is the problem of its own write", async () => {
    const table = bakery();
    const answers = await results(serving(table), [
      { verb: "patch", id: "z", row: { price: 3 } },
      { verb: "patch", id: "a", row: { price: 3 } },
      { verb: "patch", row: { price: 3 } },
      { verb: "patch", id: "a" },
      { verb: "patch", id: "a", row: { colour: "red" } },
      { verb: "rename", id: "a" },
      { verb: "delete", id: "a", where: "x" },
      { verb: "delete", id: "a", key: 5 },
      { verb: "patch", id: "a", row: [], in: "" },
      5 as unknown as Wire,
    ]);
    assert.deepEqual(answers.map(codeOf), [
      "not_found",
      undefined,
      ...new Array<string>(8).fill("bad_request"),
    ]);
    assert.deepEqual((answers[0]?.problem as Wire)?.effect, "none");
    assert.deepEqual(await table.getValue("a"), { id: "a", name: "Bun", price: 3 });
    assert.equal(await table.getCount(), 3);
  });

  it("tells when to try again", async () => {
    const table = new FaultyTable(defineTable({ name: "t", list: () => [], patch: () => ({}) }));
    table.plan.fail("patchValue", new RejectedError("busy", { retriable: true, retryAfterMs: 2_000 }));
    const [busy] = await results(serving(table), [{ verb: "patch", id: "a", row: {} }]);
    assert.deepEqual([busy?.retryAfterMs, (busy?.problem as Wire).retriable], [2_000, true]);
  });

  it("refuses a body that is no list, is too long, or holds too many, and writes nothing", async () => {
    const table = bakery();
    const before = await contentOf(table);
    const handler = serving(table, { maxWrites: 2, maxBodyBytes: 200 });
    const remove = { verb: "delete", id: "a" };
    const bodies: readonly [unknown, number][] = [
      [{}, 400],
      [[remove], 400],
      [{ writes: remove }, 400],
      ['{"writes":[{"verb":"delete","id":"a"}', 400],
      [{ writes: [remove, remove, remove] }, 413],
      [{ writes: [remove, { verb: "patch", id: "b", row: { name: "x".repeat(200) } }] }, 413],
    ];
    for (const [body, status] of bodies) {
      const answer = await post(handler, body);
      const { effect } = await problemIn(answer);
      assert.deepEqual([answer.status, effect], [status, "none"], JSON.stringify(body));
    }
    assert.equal(await contentOf(table), before);
    assert.equal((await ask(tableHandler(table), "/writes", { method: "POST" })).status, 404);
  });

  it("allows and authorizes each write as if it came alone", async () => {
    const table = bakery();
    const asked: string[] = [];
    const handler = serving(table, {
      writable: ["patch", "delete", "insertReturnId"],
      authorize: ({ method, url, headers }) => {
        asked.push(`${method} ${new URL(url).pathname}${new URL(url).search}`);
        if (headers.get("authorization") !== "Bearer clerk") return new Response(null, { status: 401 });
        return method !== "DELETE";
      },
    });
    const writes = [
      { verb: "patch", id: "a", row: { price: 9 } },
      { verb: "delete", id: "b" },
      { verb: "insert", id: "d", row: {} },
      { verb: "insertReturnId", row: { name: "Pie" } },
    ];
    const answers = await results(handler, writes, { authorization: "Bearer clerk" });
    assert.deepEqual(answers.map(codeOf), [undefined, "forbidden", "unsupported", undefined]);
    assert.deepEqual(asked, ["POST /writes", "PATCH /row?id=a", "DELETE /row?id=b", "POST /rows"]);
    assert.equal(await table.getCount(), 4);
    assert.equal((await post(handler, { writes })).status, 401);
  });

  it("a narrowed table is written within its set", async () => {
    const table = bakery();
    const handler = serving(table.where("price", "lt", 10));
    const answers = await results(handler, [
      { verb: "patch", id: "c", row: { price: 1 } },
      { verb: "patch", id: "a", row: { price: 11 } },
      { verb: "replace", id: "a", row: { price: 1 } },
      { verb: "patch", id: "a", row: { price: 3 } },
      { verb: "deleteAll", in: `search=tart` },
    ]);
    assert.deepEqual(answers.map((answer) => (answer.problem as Wire | undefined)?.status), [
      404,
      422,
      422,
      undefined,
      undefined,
    ]);
    assert.deepEqual((await table.listValues()).ids(), ["a", "c"]);
  });

  it("a write that comes again is answered alike, alone or with others", async () => {
    const table = new FaultyTable(bakery(), { writeMany: true });
    const handler = serving(table);
    const patch = { verb: "patch", id: "a", row: { price: 3 }, key: "k" };
    const alone = (): Promise<Response> =>
      ask(handler, "/row?id=a", { method: "PATCH", row: patch.row, headers: { "idempotency-key": "k" } });
    assert.deepEqual(await results(handler, [patch]), [{ row: { id: "a", name: "Bun", price: 3 } }]);
    await table.patchValue("a", { price: 4 });
    const again = { row: { id: "a", name: "Bun", price: 3 }, unsettled: true };
    assert.deepEqual(await (await alone()).json(), again);
    const other = { ...patch, row: { price: 5 } };
    const [first, second, third] = await results(handler, [patch, other, { ...patch, key: "new" }]);
    assert.deepEqual([first, codeOf(second ?? {})], [again, "conflict"]);
    assert.deepEqual(third, { row: { id: "a", name: "Bun", price: 3 } });
    assert.equal(table.plan.count("writeMany"), 2);
    const twice = { verb: "insertReturnId", row: { name: "Pie" }, key: "once" };
    const [one, two] = await results(handler, [twice, twice]);
    assert.deepEqual(two, { ...one, unsettled: true });
  });

  it("over a table that does one write in a call, rows are independent, and each is in order", async () => {
    const order: string[] = [];
    const waiting: (() => void)[] = [];
    const table = defineTable({
      name: "t",
      list: () => [],
      patch: (id, partial) => {
        order.push(`${id}${partial["n"]}`);
        return new Promise<Row>((resolve) => waiting.push(() => resolve(partial)));
      },
      deleteAll: () => void order.push("all"),
    });
    const patches = ["a", "b", "a"].map((id, n) => ({ verb: "patch", id, row: { n } }));
    const answer = results(serving(table), [...patches, { verb: "deleteAll" }, ...patches.slice(0, 1)]);
    await settle();
    assert.deepEqual(order, ["a0", "b1"]);
    while (waiting.length > 0) {
      waiting.shift()?.();
      await settle();
    }
    assert.deepEqual(order, ["a0", "b1", "a2", "all", "a0"]);
    assert.deepEqual((await answer).map(({ row }) => (row as Wire | undefined)?.n), [0, 1, 2, undefined, 0]);
  });

  it("over a LiveTable, who has the answers reads what was written", async () => {
    const live = new LiveTable(bakery(), "products", new MemCache());
    const handler = serving(live);
    await live.listValues();
    const writes = ["a", "b", "c"].map((id) => ({ verb: "patch", id, row: { price: 1 } }));
    assert.equal((await results(handler, writes)).length, 3);
    assert.deepEqual([...(await live.listValues()).values()].map(({ price }) => price), [1, 1, 1]);
  });

  it("a call of the table that fails as a whole is the failure of each write", async () => {
    const table = new FaultyTable(bakery(), { writeMany: true });
    const handler = serving(table);
    const writes = ["a", "b"].map((id) => ({ verb: "patch", id, row: { price: 1 }, key: id }));
    table.plan.fail("writeMany", new ConflictError("no"));
    assert.deepEqual((await results(handler, writes)).map(codeOf), ["conflict", "conflict"]);
    table.plan.fail("writeMany", new Error("connection to 10.0.0.1 lost"), "after");
    const lost = await results(handler, writes);
    assert.deepEqual(lost.map(({ problem }) => (problem as Wire).effect), ["unknown", "unknown"]);
    assert.doesNotMatch(JSON.stringify(lost), /10\.0/);
    const again = await results(handler, writes);
    assert.deepEqual(again.map(({ problem }) => [(problem as Wire).code, (problem as Wire).effect]), [
      ["conflict", "unknown"],
      ["conflict", "unknown"],
    ]);
  });

  it("answers that are too long together are left out, to be asked for again", async () => {
    const handler = serving(bakery(), { maxAnswerBytes: 300 });
    const long = { price: 1, name: "x".repeat(150) };
    const writes = ["a", "b", "c"].map((id) => ({ verb: "patch", id, row: long, key: id }));
    const answers = await results(handler, writes);
    assert.deepEqual(answers.map(codeOf), [undefined, "unavailable", "unavailable"]);
    assert.deepEqual([(answers[2]?.problem as Wire).effect, (answers[2]?.problem as Wire).retriable], [
      "unknown",
      true,
    ]);
    const [again] = await results(handler, writes.slice(2));
    assert.deepEqual([(again?.row as Wire).price, again?.unsettled], [1, true]);
  });
});
