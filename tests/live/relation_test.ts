import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  hasMany,
  hasOne,
  type LiveHandle,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemTable,
  NotFoundError,
  RelatedTable,
  type TableLike,
} from "@vantage/live";
import { FaultyTable, settle } from "@vantage/live/testing";
import { LIBRARIES } from "../table/schemas.ts";

/** Two live tables on one cache, over masters that refer to each other. */
function bakery() {
  const cache = new MemCache();
  const liveStream = new ManualLiveStream();
  const clients: FaultyTable = new FaultyTable(
    new MemTable("clients", {
      idField: "id",
      rows: [["doc", { vip: false }], ["marty", { vip: true }]],
      refs: { orders: hasMany(() => orders, "client_id"), all: () => orders },
    }),
  );
  const orders: FaultyTable = new FaultyTable(
    new MemTable("orders", {
      idField: "id",
      rows: [["1", { client_id: "marty", paid: true }], ["2", { client_id: "doc", paid: true }], [
        "3",
        { client_id: "marty", paid: false },
      ]],
      refs: { client: hasOne(() => clients, "client_id") },
    }),
  );
  const liveOrders: LiveTable = new LiveTable(orders, "orders", cache, {
    refs: { client: () => liveClients },
    liveStream,
  });
  const liveClients: LiveTable = new LiveTable(clients, "clients", cache, { refs: { orders: () => liveOrders } });
  const reads = (): number[] => [clients.plan.count("listValues"), orders.plan.count("listValues")];
  const close = async (): Promise<void> => {
    await liveClients.close();
    await liveOrders.close();
  };
  return { clients, orders, liveClients, liveOrders, liveStream, reads, close };
}

async function idsOf(table: TableLike): Promise<string[]> {
  return (await table.listValues()).ids();
}

describe("LiveTable.getRef()", () => {
  it("answers with the declared live tables: two reads the first time, none the second", async () => {
    const { liveClients, liveOrders, reads, close } = bakery();
    const related = (): TableLike => liveClients.where({ vip: true }).getRef("orders");
    assert.deepEqual(reads(), [0, 0]);
    assert.deepEqual(await idsOf(related()), ["1", "3"]);
    assert.deepEqual(reads(), [1, 1]);
    assert.deepEqual(await idsOf(related()), ["1", "3"]);
    assert.deepEqual(await idsOf(liveOrders.where({ client_id: "marty" })), ["1", "3"]);
    assert.deepEqual(reads(), [1, 1]);
    assert.equal(liveClients.getRef("orders"), liveOrders);
    await close();
  });

  it("a related set follows what is written and what others change, on both sides", async () => {
    const { liveClients, liveOrders, orders, liveStream, close } = bakery();
    const related = liveClients.where({ vip: true }).getRef("orders");
    assert.deepEqual(await idsOf(related), ["1", "3"]);
    await liveOrders.patchValue("2", { client_id: "marty" });
    assert.deepEqual(await idsOf(related), ["1", "2", "3"]);
    await orders.delete("3");
    liveStream.push({ kind: "deleted", id: "3" });
    await settle();
    assert.deepEqual(await idsOf(related), ["1", "2"]);
    await liveClients.patchValue("marty", { vip: false });
    assert.deepEqual(await idsOf(related), []);
    await liveClients.patchValue("doc", { vip: true });
    await related.insertValue("4", { client_id: "doc", paid: false });
    assert.deepEqual(await idsOf(related), ["4"]);
    await close();
  });

  it("rows of one id are a live handle, which can be observed; others are once they are followed", async () => {
    const { liveClients, liveOrders, close } = bakery();
    const ofMarty = liveClients.where({ id: "marty" }).getRef("orders");
    const observer = (ofMarty as LiveHandle).observe();
    observer.subscribe(() => {});
    await settle();
    assert.deepEqual(observer.getSnapshot().rows?.ids(), ["1", "3"]);
    await liveOrders.delete("1");
    await settle();
    assert.deepEqual(observer.getSnapshot().rows?.ids(), ["3"]);
    const related = liveOrders.where({ paid: true }).getRef("client");
    assert(related instanceof RelatedTable);
    const followed = await related.follow();
    assert.equal((followed as LiveHandle).cacheKey, "clients");
    assert.equal(await related.follow(), followed);
    await close();
  });

  it("without the option it is the master's table, of rows that the cache is asked for", async () => {
    const { clients, orders, reads } = bakery();
    await using live = new LiveTable(clients, "clients", new MemCache());
    const related = live.where({ vip: true }).getRef("orders");
    await related.listValues();
    await related.listValues();
    assert.deepEqual(reads(), [1, 2]);
    assert.equal(live.getRef("orders"), orders);
    assert.equal(live.where({ vip: true }).getRef("all"), orders);
    assert.throws(() => live.where({ vip: true }).getRef("suppliers"), NotFoundError);
    assert.deepEqual(live.refNames, ["orders", "all"]);
  });

  it("relations may be declared on the live table alone", async () => {
    const parts = new MemTable("parts", { idField: "id", rows: [["p", { of: "a" }], ["q", { of: "b" }]] });
    await using liveParts = new LiveTable(parts, "parts", new MemCache());
    const refs = { parts: hasMany(() => liveParts, "of"), catalogue: () => liveParts };
    const things = new MemTable("things", { idField: "id", rows: [["a", { big: true }], ["b", {}]] });
    await using live = new LiveTable(things, "things", new MemCache(), { refs });
    assert.deepEqual(live.refNames, ["parts", "catalogue"]);
    assert.deepEqual(await idsOf(live.where({ big: true }).getRef("parts")), ["p"]);
    assert.equal(live.where({ big: true }).getRef("catalogue"), liveParts);
    for (const refs of [5, { parts: liveParts }]) {
      assert.throws(
        () => new LiveTable(things, "things", new MemCache(), { refs: refs as never }),
        /refs of a LiveTable must be an object of functions/,
      );
    }
  });

  it("walks on, from live table to live table", async () => {
    const { liveOrders, reads, close } = bakery();
    const walk = (): TableLike => liveOrders.where({ id: "1" }).getRef("client").getRef("orders");
    assert.deepEqual(await idsOf(walk()), ["1", "3"]);
    const after = reads();
    assert.deepEqual(await idsOf(walk()), ["1", "3"]);
    assert.deepEqual(reads(), after);
    await close();
  });

  it("a related set can be typed", async () => {
    const { liveClients, liveOrders, close } = bakery();
    const { loose } = LIBRARIES[0] ?? assert.fail();
    const related = liveClients.where({ vip: true }).getRef("orders") as RelatedTable;
    const notes = related.typed(loose, { onInvalidRow: "drop" });
    assert.equal((await notes.list()).size, 0);
    await liveOrders.patchValue("3", { name: "soon" });
    assert.equal((await notes.list()).get("3")?.name, "soon");
    await notes.patch("3", { name: "late" });
    assert.equal((await liveOrders.getValue("3"))?.["name"], "late");
    await liveOrders.patchValue("2", { shelf: 7 });
    await notes.replace("2", { name: "of another client" });
    assert.equal((await liveOrders.getValue("2"))?.["shelf"], 7);
    await close();
  });
});
