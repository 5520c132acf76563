import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  defineTable,
  hasMany,
  hasOne,
  MemTable,
  NotFoundError,
  RelatedTable,
  type Row,
  type SourceCall,
  type Table,
  type TableLike,
  UnsupportedError,
  type Value,
} from "@vantage/live";
import { settle } from "@vantage/live/testing";

const CLIENTS = ["ann", "doc", "marty"].map((id, at): Row => ({ id, vip: at === 2, city: at === 0 ? "Riga" : null }));
const ORDERS: readonly Row[] = [
  { id: "1", client_id: "marty", product_id: 7, paid: true },
  { id: "2", client_id: "doc", product_id: 8, paid: false },
  { id: "3", client_id: "marty", product_id: 8, paid: false },
  { id: "4", client_id: null, product_id: 9, paid: true },
  { id: "5", client_id: "gone", product_id: 7, paid: true },
];
const PRODUCTS: readonly Row[] = [{ id: 7, name: "Bun" }, { id: 8, name: "Roll" }, { id: 9, name: "Tart" }];

/** Three tables that refer to each other, and what their sources were asked, in order. */
function bakery(): { clients: Table; orders: Table; products: Table; asked: [string, SourceCall["query"]][] } {
  const asked: [string, SourceCall["query"]][] = [];
  const make = (name: string, rows: readonly Row[], refs: Record<string, () => TableLike>): Table =>
    defineTable({
      name,
      idField: "id",
      refs,
      capabilities: { where: ["eq", "in"] },
      list: ({ query }) => {
        asked.push([name, query]);
        const inMemory = new MemTable(name, { idField: "id", rows: rows.map((row) => [String(row["id"]), row]) });
        return inMemory.withQuery(query).listValues();
      },
      delete: (id) => void asked.push([`delete ${id}`, {}]),
      insert: (id, row) => (asked.push([`insert ${id}`, {}]), row),
      replace: (id, row) => (asked.push([`replace ${id}`, {}]), row),
      patch: (id, row) => (asked.push([`patch ${id}`, {}]), { ...row, id }),
      insertReturnId: () => (asked.push(["insert", {}]), "6"),
    });
  const products: Table = make("products", PRODUCTS, { orders: hasMany(() => orders, "product_id") });
  const clients: Table = make("clients", CLIENTS, { orders: hasMany(() => orders, "client_id") });
  const orders: Table = make("orders", ORDERS, {
    client: hasOne(() => clients, "client_id"),
    product: hasOne(() => products, "product_id"),
    catalogue: () => products,
  });
  return { clients, orders, products, asked };
}

async function idsOf(table: TableLike): Promise<string[]> {
  return (await table.listValues()).ids();
}

describe("hasOne() and hasMany()", () => {
  it("a relation is followed for a whole set with one query", async () => {
    const { orders, asked } = bakery();
    const clients = orders.where({ paid: false }).getRef("client");
    assert.deepEqual(asked, []);
    assert.deepEqual(await idsOf(clients), ["doc", "marty"]);
    assert.deepEqual(asked, [
      ["orders", { where: [["paid", "eq", false]] }],
      ["clients", { where: [["id", "in", ["doc", "marty"]]] }],
    ]);
  });

  it("goes both ways, and on from there", async () => {
    const { clients, asked } = bakery();
    const orders = clients.where({ vip: true }).getRef("orders");
    assert.deepEqual(await idsOf(orders), ["1", "3"]);
    assert.deepEqual(await idsOf(orders.getRef("product")), ["7", "8"]);
    assert.deepEqual(asked.slice(-1), [["products", { where: [["id", "in", [7, 8]]] }]]);
    assert.deepEqual(await idsOf(clients.where({ vip: true }).getRef("orders").getRef("product").getRef("orders")), [
      "1",
      "2",
      "3",
      "5",
    ]);
  });

  it("of a set that is not narrowed it is the whole table, without a query for keys", () => {
    const { clients, orders, asked } = bakery();
    assert.equal(clients.getRef("orders"), orders);
    assert.equal(clients.orderBy("city").getRef("orders"), orders);
    assert.deepEqual(asked, []);
  });

  it("of a page it is what the rows of that page are linked with", async () => {
    const { orders } = bakery();
    assert.deepEqual(await idsOf(orders.page(1, 1).getRef("client")), ["marty"]);
    assert.deepEqual(await idsOf(orders.page(4, 1).getRef("client")), []);
  });

  it("keys that are in the set's condition are not read", async () => {
    const { clients, asked } = bakery();
    const orders = clients.where({ id: "marty" }).getRef("orders");
    assert(!(orders instanceof RelatedTable));
    assert.deepEqual(await idsOf(orders), ["1", "3"]);
    assert.deepEqual(asked, [["orders", { where: [["client_id", "eq", "marty"]] }]]);
    assert.deepEqual(await idsOf(clients.where("id", "in", ["marty", "doc", "marty"]).getRef("orders")), [
      "1",
      "2",
      "3",
    ]);
    assert.deepEqual(asked.slice(1), [["orders", { where: [["client_id", "in", ["doc", "marty"]]] }]]);
    for (
      const set of [
        clients.where({ id: "marty" }).where({ vip: false }),
        clients.where({ id: "marty" }).page(2, 1),
        clients.where({ id: "marty" }).search("riga"),
        clients.where("id", "ne", "marty").where({ city: "Oslo" }),
      ]
    ) assert.deepEqual(await idsOf(set.getRef("orders")), []);
  });

  it("rows without a key, and keys without a row, lead nowhere", async () => {
    const { orders } = bakery();
    assert.deepEqual(await idsOf(orders.where({ id: "4" }).getRef("client")), []);
    assert.deepEqual(await idsOf(orders.where({ id: "5" }).getRef("client")), []);
    assert.deepEqual(await idsOf(orders.where({ paid: true }).getRef("client")), ["marty"]);
  });

  it("related rows are narrowed, ordered, paged, counted and found like others", async () => {
    const { clients } = bakery();
    const orders = clients.where({ vip: true }).getRef("orders") as RelatedTable;
    assert.deepEqual(await idsOf(orders.where({ paid: false })), ["3"]);
    assert.deepEqual(await idsOf(orders.orderBy("product_id", "desc")), ["3", "1"]);
    assert.deepEqual(await idsOf(orders.page(2, 1)), ["3"]);
    assert.deepEqual(orders.page(2, 1).query.pagination?.page, 2);
    assert.equal(await orders.getCount(), 2);
    assert.equal((await orders.getValue("1"))?.["product_id"], 7);
    assert.equal(await orders.getValue("2"), undefined);
    assert.equal((await orders.getSomeValue())?.[0], "1");
    assert.deepEqual(await Array.fromAsync(orders.streamValues(), ([id]) => id), ["1", "3"]);
    assert.deepEqual(orders.tableName, "orders");
    assert.equal(orders.idField, "id");
    assert.deepEqual(orders.refNames, ["client", "product", "catalogue"]);
  });

  it("writes touch no row outside of the related ones", async () => {
    const { clients, asked } = bakery();
    const orders = clients.where({ vip: true }).getRef("orders");
    await assert.rejects(orders.patchValue("2", { paid: true }), NotFoundError);
    await orders.delete("2");
    await orders.patchValue("1", { paid: false });
    await orders.insertValue("9", { id: "9" });
    await orders.replaceValue("1", { id: "1" });
    assert.equal(await orders.insertReturnIdValue({}), "6");
    await orders.deleteAll();
    const writes = asked.map(([what]) => what).filter((what) => /insert|patch|delete|replace/.test(what));
    assert.deepEqual(writes, ["patch 1", "insert 9", "replace 1", "insert", "delete 1", "delete 3"]);
    const record = await orders.getValueRecord("1");
    assert(record);
    record.data["paid"] = false;
    await record.save();
    assert.equal(orders.capabilities.writeMany, false);
  });

  it("an unknown name is a NotFoundError, without I/O", () => {
    const { clients, asked } = bakery();
    for (const name of ["products", "constructor", ""]) {
      assert.throws(() => clients.where({ vip: true }).getRef(name), NotFoundError);
      assert.throws(() => clients.where({ vip: true }).getRef("orders").getRef(name), NotFoundError);
    }
    assert.deepEqual(asked, []);
  });

  it("a relation without a link is the whole table, whatever the set", () => {
    const { orders, products } = bakery();
    assert.equal(orders.where({ paid: true }).getRef("catalogue"), products);
  });

  it("keys are the ids where no column has them, and rows are found by ids only where a column has them", async () => {
    const notes = new MemTable("notes", { rows: [["n", { about: "a" }], ["m", { about: "b" }]] });
    const things = new MemTable("things", {
      rows: [["a", { big: true }], ["b", { big: false }]],
      refs: { notes: hasMany(() => notes, "about"), note: hasOne(() => notes, "big") },
    });
    assert.deepEqual(await idsOf(things.where({ big: true }).getRef("notes")), ["n"]);
    assert.throws(() => things.where({ big: true }).getRef("note"), UnsupportedError);
  });

  it("a mistyped column is refused, where columns are declared", async () => {
    const columns = [{ name: "client_id" }, { name: "on" }];
    const clients = new MemTable("clients", { idField: "id", columns: [{ name: "id" }] });
    const refs = { client: hasOne(() => clients, "cleint_id"), parts: hasMany(() => clients, "order") };
    const orders = new MemTable("orders", { columns, refs, rows: [["1", { client_id: "a", on: true }]] });
    assert.throws(() => orders.where({ on: true }).getRef("client"), {
      name: "TypeError",
      message: 'Unknown column "cleint_id" in a reference of "orders"; accepted are client_id, on',
    });
    await assert.rejects(orders.where({ on: true }).getRef("parts").listValues(), /Unknown column "order"/);
  });

  it("more keys than can be asked for at once are refused", async () => {
    const rows = Array.from({ length: 1001 }, (_, at) => [String(at), { of: String(at), on: true }] as const);
    const parts = new MemTable("parts", { rows, refs: { whole: hasOne(() => wholes, "of") } });
    const wholes = new MemTable("wholes", { rows: [["1", {}]], idField: "id" });
    await assert.rejects(
      parts.where({ on: true }).getRef("whole").listValues(),
      /from 1001 rows; accepted are 1000, as a page has/,
    );
    assert.deepEqual(await idsOf(parts.where({ on: true }).page(1).getRef("whole")), ["1"]);
  });

  it("each key is asked for once, whatever it is, and the same keys in the same order", async () => {
    const keys = ["b", new Date(5), 1n, null, new Date(5), new Uint8Array([1]), "a", 1, new Uint8Array([1]), "b"];
    const asked: SourceCall["query"][] = [];
    const clients = defineTable({
      name: "clients",
      idField: "id",
      capabilities: { where: ["in"] },
      list: ({ query }) => (asked.push(query), []),
    });
    const rows = keys.map((key, at) => [String(at), { key, on: true }] as const);
    for (const ordered of [rows, rows.toReversed()]) {
      const refs = { client: hasOne(() => clients, "key") };
      const set = new MemTable("orders", { rows: ordered, refs }).where({ on: true }).getRef("client");
      await set.listValues();
      await set.listValues();
    }
    const values = asked.map(({ where }) => where?.[0]?.[2]);
    assert.equal(values.length, 4);
    for (const value of values) {
      assert.deepEqual((value as Value[]).map(String), ["1", String(new Date(5)), "a", "b", "1"]);
    }
  });

  it("an aborted signal ends the wait", async () => {
    const orders = defineTable({
      name: "orders",
      list: ({ signal }) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
      refs: { client: hasOne(() => new MemTable("clients", { idField: "id" }), "client_id") },
    });
    const aborter = new AbortController();
    const listing = orders.where({ paid: true }).getRef("client").listValues({ signal: aborter.signal });
    await settle();
    aborter.abort(new Error("enough"));
    await assert.rejects(listing, /enough/);
  });

  it("what is no relation is refused where it is declared", () => {
    const table = () => new MemTable("clients");
    assert.throws(() => hasOne(table() as never, "client_id"), /hasOne\(\) takes a function that returns a table/);
    assert.throws(() => hasMany(table, ""), /hasMany\(\) takes the name of a column, got ""/);
    assert.throws(
      () => new MemTable("orders", { refs: { client: table() } as never }),
      /must be an object of functions/,
    );
  });
});
