import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ConflictError, LiveTable, MemCache, type Row, type TableLike, UnavailableError } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { type TableHandler, tableHandler, type TableHandlerOptions } from "@vantage/live/server";
import { FakeClock, FaultyTable } from "@vantage/live/testing";
import { ask, bakery, problemIn } from "./fixture.ts";

interface Scene {
  readonly table: FaultyTable;
  readonly handler: TableHandler;
  /** Patches row a under a key. */
  readonly patch: (key: string, row: Row) => Promise<Response>;
}

function scene(options: TableHandlerOptions = {}): Scene {
  const table = new FaultyTable(bakery());
  const handler = tableHandler(table, { writable: true, ...options });
  const patch = (key: string, row: Row): Promise<Response> =>
    ask(handler, "/row?id=a", { method: "PATCH", row, headers: { "idempotency-key": key } });
  return { table, handler, patch };
}

function opened(handler: TableHandler, options: { idempotencyHeader?: string } = {}): Promise<TableLike> {
  return RestTable.open("http://localhost/", { ...options, fetch: (url, init) => handler(new Request(url, init)) });
}

async function canRepeat(handler: TableHandler): Promise<boolean> {
  return (await (await ask(handler, "/")).json()).capabilities.idempotencyKeys;
}

describe("A tableHandler and idempotency keys", () => {
  it("a write that is sent again is answered alike, marked, and not done again", async () => {
    const { table, handler, patch } = scene();
    const [first, second] = [await patch("k", { price: 3 }), await patch("k", { price: 3 })];
    assert.deepEqual(await first.json(), { row: { id: "a", name: "Bun", price: 3 } });
    assert.deepEqual(await second.json(), { row: { id: "a", name: "Bun", price: 3 }, unsettled: true });
    const remove = { method: "DELETE", headers: { "idempotency-key": "d" } };
    assert.equal((await ask(handler, "/row?id=b", remove)).status, 204);
    const again = await ask(handler, "/row?id=b", remove);
    assert.deepEqual([again.status, await again.json()], [200, { unsettled: true }]);
    assert.deepEqual([table.plan.count("patchValue"), table.plan.count("delete")], [1, 1]);
  });

  it("a write that is sent again while it is being done waits for the same answer", async () => {
    const { table, patch } = scene();
    const gate = table.plan.hold("patchValue");
    const both = [patch("k", { price: 3 }), patch("k", { price: 3 })];
    await gate.reached;
    gate.release();
    for (const answer of await Promise.all(both)) assert.equal((await answer.json()).row.price, 3);
    assert.equal(table.plan.count("patchValue"), 1);
  });

  it("another write under a used key is a conflict that changed nothing", async () => {
    const { table, handler, patch } = scene();
    await patch("k", { price: 3 });
    for (const answer of [await patch("k", { price: 4 }), await patch("k", { name: "Bun" })]) {
      const { status, code, effect, retriable } = await problemIn(answer);
      assert.deepEqual([status, code, effect, retriable], [409, "conflict", "none", false]);
    }
    const elsewhere = { method: "DELETE", headers: { "idempotency-key": "k" } };
    assert.equal((await ask(handler, "/row?id=a", elsewhere)).status, 409);
    assert.equal((await table.getValue("a"))?.price, 3);
  });

  it("a clear refusal leaves the key unused: the same write may succeed later", async () => {
    const { table, patch } = scene();
    for (const error of [new ConflictError("no"), new UnavailableError("not sent", { effect: "none" })]) {
      table.plan.fail("patchValue", error);
      assert.notEqual((await patch("k", { price: 3 })).status, 200);
    }
    assert.deepEqual(await (await patch("k", { price: 3 })).json(), { row: { id: "a", name: "Bun", price: 3 } });
  });

  it("a write whose outcome is unknown is not done again, and its sender is told", async () => {
    const { table, patch } = scene();
    table.plan.fail("patchValue", new UnavailableError("lost"), "after");
    assert.equal((await patch("k", { price: 3 })).status, 502);
    for (let time = 0; time < 2; time++) {
      const { status, code, effect, retriable } = await problemIn(await patch("k", { price: 3 }));
      assert.deepEqual([status, code, effect, retriable], [409, "conflict", "unknown", false]);
    }
    assert.equal(table.plan.count("patchValue"), 1);
  });

  it("keys are forgotten after ttlMs, and the oldest first beyond maxKeys and maxBytes", async () => {
    const clock = new FakeClock();
    const { table, patch } = scene({ clock, idempotencyKeys: { maxKeys: 2, maxBytes: 1000, ttlMs: 5_000 } });
    const doneBy = async (key: string, row: Row): Promise<number> => {
      const before = table.plan.count("patchValue");
      assert.equal((await patch(key, row)).status, 200);
      return table.plan.count("patchValue") - before;
    };
    for (const key of ["1", "2", "3"]) assert.equal(await doneBy(key, { price: 1 }), 1);
    assert.deepEqual([await doneBy("3", { price: 1 }), await doneBy("2", { price: 1 })], [0, 0]);
    assert.equal(await doneBy("1", { price: 1 }), 1, "beyond maxKeys");
    const long = { name: "x".repeat(400) };
    assert.deepEqual([await doneBy("4", long), await doneBy("4", long), await doneBy("5", long)], [1, 0, 1]);
    assert.equal(await doneBy("4", long), 1, "beyond maxBytes");
    await clock.advance(5_000);
    assert.equal(await doneBy("4", long), 0);
    await clock.advance(1);
    assert.equal(await doneBy("4", long), 1, "after ttlMs");
  });

  it("keys of different tables have nothing to do with each other", async () => {
    const handler = tableHandler({ here: bakery(), there: bakery() }, { writable: true });
    const write = { method: "PATCH", row: { price: 9 }, headers: { "idempotency-key": "k" } };
    for (const name of ["here", "there"]) {
      assert.deepEqual(await (await ask(handler, `/${name}/row?id=a`, write)).json(), {
        row: { id: "a", name: "Bun", price: 9 },
      });
    }
  });

  it("the capability is what holds: keys are remembered here, or by the table, or by neither", async () => {
    const { table, handler } = scene();
    assert.equal(table.capabilities.idempotencyKeys, false);
    assert.equal(await canRepeat(handler), true);
    assert.equal((await opened(handler)).capabilities.idempotencyKeys, true);
    assert.equal((await opened(handler, { idempotencyHeader: "X-Key" })).capabilities.idempotencyKeys, false);
    assert.equal(await canRepeat(scene({ idempotencyKeys: false }).handler), false);
    const behind = await opened(handler);
    assert.equal(await canRepeat(tableHandler(behind, { idempotencyKeys: false })), true);
  });

  it("a table that honours keys itself is given every write, and its mark is passed on", async () => {
    const { table, handler } = scene();
    const front = tableHandler(await opened(handler), { writable: true });
    const write = { method: "PATCH", row: { price: 9 }, headers: { "idempotency-key": "k" } };
    assert.equal((await (await ask(front, "/row?id=a", write)).json()).unsettled, undefined);
    assert.equal((await (await ask(front, "/row?id=a", write)).json()).unsettled, true);
    assert.equal(table.plan.count("patchValue"), 1);
  });

  it("a LiveTable does not take the answer of a repeated write for the row as it is", async () => {
    const { table, handler } = scene();
    const back = new LiveTable(await opened(handler), "back", new MemCache());
    const front = new LiveTable(back, "front", new MemCache());
    for (const products of [front, back]) await products.listValues();
    await front.patchValue("a", { price: 3 }, { idempotencyKey: "k" });
    await table.patchValue("a", { price: 4 }); // by others, unnoticed
    assert.equal((await front.patchValue("a", { price: 3 }, { idempotencyKey: "k" })).price, 3);
    for (const products of [front, back]) {
      assert.equal((await products.listValues()).get("a")?.price, 4);
      assert.equal((await products.getValue("a"))?.price, 4);
    }
  });

  it("an id that was made for a new row is taken, but not through a narrowed table", async () => {
    const { table, handler } = scene();
    const made = { method: "POST", row: { name: "Pie", price: 9 } };
    assert.deepEqual(await (await ask(handler, "/rows?newId=p", made)).json(), { id: "p" });
    assert.equal((await ask(handler, "/rows?newId=", made)).status, 400);
    assert.equal((await ask(handler, "/rows?newId=x&newId=y", made)).status, 400);
    const narrowed = tableHandler(table.where({ price: 9 }), { writable: true });
    assert.notEqual((await (await ask(narrowed, "/rows?newId=a", made)).json()).id, "a");
    assert.equal((await table.getValue("a"))?.name, "Bun");
  });

  it("invalid bounds are refused by name", () => {
    for (const name of ["maxKeys", "maxBytes", "ttlMs"]) {
      assert.throws(() => scene({ idempotencyKeys: { [name]: 0 } }), {
        name: "RangeError",
        message: new RegExp(`^idempotencyKeys.${name} must be a whole number`),
      });
    }
    const misspelt = { ttl: 5 } as object;
    assert.throws(() => scene({ idempotencyKeys: misspelt }), /Unknown option "ttl" of idempotencyKeys/);
  });
});
