import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type LiveStream, LiveTable, ManualLiveStream, MemCache, MemTable, NotFoundError } from "@vantage/live";
import { eventHandler, type TableHandler, tableHandler } from "@vantage/live/server";
import { SseLiveStream } from "@vantage/live/rest";
import { RestTable } from "@vantage/live/rest";
import { FakeClock, settle } from "@vantage/live/testing";
import { listen } from "../drivers/rest/sse_server.ts";
import { EventReader } from "./event_reader.ts";
import { ask, bakery, problemIn } from "./fixture.ts";

function clients(): MemTable {
  return new MemTable("people", { rows: [["marty", { name: "Marty" }], ["doc", { name: "Doc" }]] });
}

/** A handler as a server that the client reaches, whose requests are counted. */
function reach(handler: TableHandler): { readonly fetch: typeof fetch; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: (input, init) => {
      const request = new Request(input, init);
      asked.push(new URL(request.url).pathname);
      return handler(request);
    },
  };
}

async function open(handler: TableHandler, headers: Record<string, string> = {}): Promise<EventReader> {
  return new EventReader(await ask(handler, "/shop/events", { headers }));
}

describe("tableHandler() of several tables", () => {
  it("serves each under its name, with its own rows, writes and description", async () => {
    const tables = { products: bakery(), clients: clients(), "Größe & Co.": clients() };
    await using handler = tableHandler(tables, { path: "/shop", writable: true });
    assert.deepEqual(await (await ask(handler, "/shop")).json(), {
      protocol: 1,
      tables: ["products", "clients", "Größe & Co."],
    });
    assert.deepEqual(await (await ask(handler, "/shop/products/row?id=a")).json(), {
      row: { id: "a", name: "Bun", price: 2 },
    });
    assert.deepEqual(await (await ask(handler, "/shop/clients/count")).json(), { count: 2 });
    assert.equal((await (await ask(handler, "/shop/clients")).json()).name, "people");
    assert.equal((await (await ask(handler, "/shop/Größe%20&%20Co.")).json()).name, "people");
    assert.equal((await (await ask(handler, "/shop/Gr%C3%B6%C3%9Fe%20%26%20Co./")).json()).name, "people");
    await ask(handler, "/shop/clients/row?id=a", { method: "DELETE" });
    assert.deepEqual(await (await ask(handler, "/shop/products/count")).json(), { count: 3 });
    for (
      const path of [
        "/shop/rows",
        "/shop/product",
        "/shop/products/events",
        "/shopproducts",
        "/products",
        "/shop/%FF",
        "/shop//rows",
      ]
    ) {
      const answer = await ask(handler, path);
      assert.deepEqual([answer.status, (await problemIn(answer)).code], [404, "no_such_path"], path);
    }
  });

  it("RestTable.open() reads and writes each of them, and says so where none is named", async () => {
    await using handler = tableHandler({ products: bakery(), clients: clients() }, { path: "/shop", writable: true });
    const { fetch } = reach(handler);
    const people = await RestTable.open("http://localhost/shop/clients", { fetch });
    await people.insertValue("einstein", { name: "Einstein" });
    assert.deepEqual((await people.listValues()).ids(), ["marty", "doc", "einstein"]);
    await assert.rejects(RestTable.open("http://localhost/shop", { fetch }), (error: Error) => {
      return /does not describe a table/.test(error.message) && /append the name of one/.test(String(error.cause));
    });
  });

  it("bounds, rights and authorize are those of all", async () => {
    const asked: string[] = [];
    await using handler = tableHandler({ products: bakery(), clients: clients() }, {
      writable: ["patch"],
      maxRows: 2,
      authorize: ({ url }) => asked.push(new URL(url).pathname) > 0 && !url.includes("clients"),
    });
    assert.equal((await ask(handler, "/products/rows")).status, 422);
    assert.equal((await ask(handler, "/clients/rows")).status, 403);
    assert.equal((await ask(handler, "/products/row?id=a", { method: "DELETE" })).status, 405);
    assert.deepEqual(asked, ["/products/rows", "/clients/rows", "/products/row"]);
  });

  it("tells the events of all on one stream, each with its table's name, resumes, and tells a lagging client `changed`", async () => {
    const streams = { products: new ManualLiveStream(), clients: new ManualLiveStream() };
    const options = { path: "/shop", events: streams, clock: new FakeClock(), replayCapacity: 4 };
    await using handler = tableHandler({ products: bakery(), clients: clients() }, options);
    const reader = await open(handler);
    const hello = await reader.next();
    assert.deepEqual(hello?.data, { heartbeatMs: 15_000, resumed: false, tables: ["products", "clients"] });
    streams.products.push({ kind: "updated", id: "a" });
    await settle();
    streams.clients.push({ kind: "deleted", id: "a" });
    await settle();
    streams.clients.push({ kind: "changed" });
    const messages = await reader.take(3);
    assert.deepEqual(messages.map((message) => message?.data), [
      { table: "products", kind: "updated", id: "a" },
      { table: "clients", kind: "deleted", id: "a" },
      { table: "clients", kind: "changed" },
    ]);
    await reader.cancel();
    const resumed = await open(handler, { "last-event-id": messages[0]?.id ?? "" });
    const again = await resumed.take(3);
    assert.deepEqual(again.slice(1), messages.slice(1));
    for (let n = 0; n < 9; n++) streams.products.push({ kind: "updated", id: `${n}` });
    await settle();
    assert.deepEqual((await resumed.next())?.data, { kind: "changed" }, "of all of them");
    await resumed.cancel();
  });

  it("of a narrowed table it tells that something changed, of the others what", async () => {
    const streams = { cheap: new ManualLiveStream(), clients: new ManualLiveStream() };
    await using handler = tableHandler({ cheap: bakery().where("price", "lt", 10), clients: clients() }, {
      path: "/shop",
      events: streams,
      clock: new FakeClock(),
    });
    const reader = await open(handler);
    await reader.next();
    streams.cheap.push({ kind: "updated", id: "secret" });
    assert.deepEqual((await reader.next())?.data, { table: "cheap", kind: "changed" });
    streams.clients.push({ kind: "updated", id: "doc" });
    assert.deepEqual((await reader.next())?.data, { table: "clients", kind: "updated", id: "doc" });
  });

  it("a table whose stream ends is subscribed to again, and told as changed, while the others go on", async () => {
    const streams = { products: new ManualLiveStream(), clients: new ManualLiveStream() };
    const clock = new FakeClock();
    await using handler = tableHandler({ products: bakery(), clients: clients() }, {
      path: "/shop",
      events: streams,
      clock,
    });
    const reader = await open(handler);
    await reader.next();
    streams.products.disconnect(new Error("lost"));
    await settle();
    streams.clients.push({ kind: "updated", id: "doc" });
    assert.deepEqual((await reader.next())?.data, { table: "clients", kind: "updated", id: "doc" });
    assert.equal(streams.products.subscriberCount, 0);
    await clock.advance(100);
    assert.equal(streams.products.subscriberCount, 1);
    assert.deepEqual((await reader.next())?.data, { table: "products", kind: "changed" });
    for (const stream of Object.values(streams)) stream.disconnect();
    assert.equal(await reader.next(), undefined, "none is left");
  });

  it("a table that is closed does not end the stream of the others, nor is it asked all the time", async () => {
    let asked = 0;
    const closed: LiveStream = {
      subscribe: () => {
        if (asked++ % 2 === 1) throw new Error("closed");
        return new ReadableStream({ start: (controller) => controller.close() });
      },
    };
    const [open_, clock] = [new ManualLiveStream(), new FakeClock()];
    await using handler = tableHandler({ products: bakery(), clients: clients() }, {
      events: { products: closed, clients: open_ },
      clock,
      stallMs: 3_600_000,
    });
    const reader = new EventReader(await ask(handler, "/events"));
    await reader.next();
    await clock.advance(600_000);
    assert(asked <= 60, `asked ${asked} times in ten minutes`);
    open_.push({ kind: "updated", id: "doc" });
    for (let found = false; !found;) found = JSON.stringify((await reader.next())?.data ?? "").includes(`"doc"`);
  });

  it("one that cannot be subscribed to at all leaves no subscription to another behind", async () => {
    const products = new ManualLiveStream();
    const broken: LiveStream = {
      subscribe: () => {
        throw new Error("nats://root:pass@host");
      },
    };
    await using handler = tableHandler({ products: bakery(), clients: clients() }, {
      events: { products, clients: broken },
    });
    assert.equal((await ask(handler, "/events")).status, 500);
    assert.equal(products.subscriberCount, 0);
  });

  it("refuses names that cannot be part of a path, what is no table, and events of none", () => {
    const make = (tables: unknown, events?: unknown) => (): TableHandler =>
      tableHandler(tables as { products: MemTable }, { events: events as { products: LiveStream } });
    for (const name of ["", ".", "..", "a/b", "a\\b", "events", "\ud800"]) {
      assert.throws(make({ [name]: bakery() }), TypeError, name);
    }
    for (const none of [{}, null, 5, [bakery()], { products: {} }, { products: undefined }]) {
      assert.throws(make(none), TypeError);
    }
    const stream = new ManualLiveStream();
    assert.throws(make({ products: bakery() }, stream), /by their names/);
    assert.throws(make({ products: bakery() }, { clients: stream }), /"clients", which no table has/);
    assert.throws(make({ products: bakery() }, { products: 5 }), /must be a LiveStream/);
    assert.throws(make(bakery(), { products: stream }), /must be a LiveStream/);
  });
});

describe("eventHandler()", () => {
  it("tells the events of tables that other handlers serve, over one connection", async () => {
    const products = new LiveTable(bakery(), "products", new MemCache());
    const people = new ManualLiveStream();
    await using handler = eventHandler({ products, people }, {
      path: "/events",
      authorize: ({ url }) => url.endsWith("?key"),
    });
    assert.equal((await ask(handler, "/events")).status, 403);
    assert.equal((await ask(handler, "/events/?key")).status, 200);
    assert.equal((await ask(handler, "/events/products?key")).status, 404);
    const { fetch, asked } = reach(handler);
    const stream = new SseLiveStream("http://localhost/events?key", { fetch });
    const [ofProducts, ofPeople] = [listen(stream.of("products")), listen(stream.of("people"))];
    await settle();
    await products.patchValue("a", { price: 9 });
    people.push({ kind: "inserted", id: "marty" });
    await settle();
    assert.deepEqual([ofProducts.events, ofPeople.events], [["changed", "a"], ["changed", "marty"]]);
    assert.equal(asked.length, 1);
    await ofProducts.cancel();
    await ofPeople.cancel();
    await products.close();
  });

  it("refuses what has no events", () => {
    assert.throws(() => eventHandler({ products: bakery() }), /"products" must be a LiveStream/);
    assert.throws(() => eventHandler({}), TypeError);
  });
});

describe("SseLiveStream.of()", () => {
  it("seventy tables have one connection, and each hears its own events and no other's", async () => {
    const names = Array.from({ length: 70 }, (_, n) => `table${n}`);
    const streams = Object.fromEntries(names.map((name) => [name, new ManualLiveStream()]));
    const tables = Object.fromEntries(names.map((name) => [name, new MemTable(name)]));
    await using handler = tableHandler(tables, { events: streams });
    const { fetch, asked } = reach(handler);
    const stream = new SseLiveStream("http://localhost/events", { fetch });
    const heard = names.map((name) => listen(stream.of(name)));
    await settle();
    for (const name of names) streams[name]?.push({ kind: "updated", id: name });
    await settle();
    await settle();
    assert.deepEqual(heard.map(({ events }) => events), names.map((name) => ["changed", name]));
    assert.equal(stream.subscriberCount, 70);
    assert.deepEqual(asked, ["/events"]);
    for (const each of heard) await each.cancel();
    assert.equal(stream.subscriberCount, 0);
    await settle();
    assert.equal((await ask(handler, "/events", { method: "HEAD" })).status, 200, "the server has its place back");
  });

  it("a name that the server does not have fails its subscription, early or late, and no other's", async () => {
    const streams = { products: new ManualLiveStream(), clients: new ManualLiveStream() };
    await using handler = tableHandler({ products: bakery(), clients: clients() }, { events: streams });
    const stream = new SseLiveStream("http://localhost/events", { fetch: reach(handler).fetch });
    const early = [listen(stream.of("product")), listen(stream)];
    const right = listen(stream.of("products"));
    await settle();
    const late = listen(stream.of("client"));
    await settle();
    for (const { over } of [...early, late]) {
      assert(over instanceof NotFoundError && /has events of the tables products, clients/.test(over.message));
    }
    streams.products.push({ kind: "updated", id: "a" });
    await settle();
    assert.deepEqual(right.events, ["changed", "a"]);
    assert.equal(right.over, undefined);
    await right.cancel();
  });

  it("of a server of one table hears `changed` for whatever happens: it may be about another", async () => {
    const events = new ManualLiveStream();
    await using handler = tableHandler(bakery(), { events });
    const stream = new SseLiveStream("http://localhost/events", { fetch: reach(handler).fetch });
    const heard = listen(stream.of("clients"));
    await settle();
    events.push({ kind: "updated", id: "a" });
    await settle();
    assert.deepEqual(heard.events, ["changed", "changed"]);
    await heard.cancel();
  });

  it("takes no name for a table that is none", () => {
    const stream = new SseLiveStream("http://localhost/events");
    for (const name of ["", undefined, 5]) assert.throws(() => stream.of(name as string), TypeError);
  });

  it("asks `toEvent` once for each table", async () => {
    const streams = { products: new ManualLiveStream(), clients: new ManualLiveStream() };
    await using handler = tableHandler({ products: bakery(), clients: clients() }, { events: streams });
    const asked: unknown[] = [];
    const stream = new SseLiveStream("http://localhost/events", {
      fetch: reach(handler).fetch,
      toEvent: ({ data }, table) => (asked.push([data, table]), { kind: "changed" }),
    });
    const heard = [listen(stream.of("a")), listen(stream)];
    await settle();
    streams.products.push({ kind: "updated", id: "x" });
    await settle();
    const data = '{"table":"products","kind":"updated","id":"x"}';
    assert.deepEqual(asked, [[data, "a"], [data, undefined]]);
    for (const each of heard) await each.cancel();
  });
});
