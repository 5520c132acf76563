/** How others have lost writes, or sent them twice: each story is named after the report that told it. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import {
  defineTable,
  InvalidAnswerError,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemOutbox,
  MemTable,
  RejectedError,
  type Row,
  UnavailableError,
} from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { tableHandler } from "@vantage/live/server";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { newPath } from "../conformance/temp_folder.ts";
import { BAKERY, fixture } from "./fixture.ts";

const ORIGIN = "http://localhost/products";

describe("LiveTable, stories of lost writes", () => {
  it("powersync-kotlin#340: a master that throws, rejects, or answers with nothing has applied nothing", async () => {
    const answers: readonly (readonly [name: string, patch: () => unknown])[] = [
      ["throws", () => {
        throw new RejectedError("thrown");
      }],
      ["rejects", () => Promise.reject(new RejectedError("rejected"))],
      ["answers nothing", () => undefined],
      ["answers later with nothing", () => Promise.resolve(undefined)],
    ];
    for (const [name, patch] of answers) {
      const outbox = new MemOutbox();
      const master = defineTable({
        name: "products",
        list: () => [],
        // What a function of a user's own may do, whatever its type says.
        patch: patch as () => Row,
        insertReturnId: patch as () => string,
      });
      const table = new LiveTable(master, "products", new MemCache(), { clock: new FakeClock(), outbox, retry: false });
      for (const op of [{ kind: "patch", id: "a", partial: { n: 1 } }, { kind: "insertReturnId", row: {} }] as const) {
        const write = table.enqueue(op);
        const isRefused = name === "throws" || name === "rejects";
        await assert.rejects(write.applied, isRefused ? RejectedError : InvalidAnswerError, name);
        assert.equal(write.state, "failed");
      }
      assert.equal((await table.failedWrites()).length, 2, name);
      await table.close();
    }
  });

  it("TREK#1175: a thousand rows that are inserted in the same millisecond have a thousand ids", async () => {
    const { table, master, clock } = fixture({ outbox: new MemOutbox(), queueCapacity: 1_000 });
    table.setOnline(false);
    const writes = Array.from({ length: 1_000 }, (_, n) => table.enqueue({ kind: "insertReturnId", row: { n } }));
    await Promise.all(writes.map(({ accepted }) => accepted));
    assert.equal(clock.monotonic(), 0);
    assert.equal(new Set(writes.map(({ rowId }) => rowId)).size, 1_000);
    table.setOnline(true);
    await Promise.all(writes.map(({ applied }) => applied));
    assert.equal(await master.getCount(), 1_000 + BAKERY.length);
    await table.close();
  });

  it("UltimateHealth#2404: no token is kept with a write, and each request has the one of its time", async () => {
    const path = newPath("outbox.db");
    const outbox = await SqliteOutbox.open(path);
    const tokens: (string | null)[] = [];
    let token = "secret-of-monday";
    const rest = new RestTable("https://example.test/products", {
      headers: () => ({ Authorization: `Bearer ${token}` }),
      fetch: (input: RequestInfo | URL, init?: RequestInit) => {
        tokens.push(new Request(input, init).headers.get("Authorization"));
        return Promise.resolve(Response.json({ id: "a", price: 3 }));
      },
    });
    const table = new LiveTable(rest, "products", new MemCache(), { clock: new FakeClock(), outbox });
    table.setOnline(false);
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await write.accepted;
    const files = [path, `${path}-wal`].filter((file) => existsSync(file));
    const stored = files.map((file) => readFileSync(file, "latin1")).join();
    assert.match(stored, /price/);
    assert.doesNotMatch(stored, /secret|Bearer|Authorization/i);
    token = "secret-of-tuesday";
    table.setOnline(true);
    await write.applied;
    assert.deepEqual([...new Set(tokens)], ["Bearer secret-of-tuesday"]);
    await table.close();
    await outbox.close();
  });

  it("azure-mobile-services#413: an insertion and the deletion after it are both sent, whatever became of the first", async () => {
    const outbox = new MemOutbox();
    const { table, master, clock } = fixture({ outbox });
    master.plan.fail("insertValue", new UnavailableError("lost", { effect: "unknown" }), "after");
    const insert = table.enqueue({ kind: "insert", id: "d", row: { n: 1 } });
    const remove = table.enqueue({ kind: "delete", id: "d" });
    for (let second = 0; second < 60; second++) await clock.advance(1_000);
    await Promise.all([insert.applied, remove.applied]);
    assert.equal(await master.getValue("d"), undefined, "no orphan");
    await table.close();
  });

  it("TanStack/query#4902: several triggers at once send each write once", async () => {
    const { table, master } = fixture({ outbox: new MemOutbox() });
    table.setOnline(false);
    const writes = ["a", "b", "c"].map((id) => table.enqueue({ kind: "patch", id, partial: { n: 1 } }));
    await Promise.all(writes.map(({ accepted }) => accepted));
    for (let time = 0; time < 10; time++) {
      table.setOnline(true);
      table.resumeWrites();
      table.setOnline(true);
    }
    await Promise.all(writes.map(({ applied }) => applied));
    const keys = master.writeOptions.map(({ idempotencyKey }) => idempotencyKey);
    assert.deepEqual(keys.sort(), writes.map(({ id }) => id).sort());
    await table.close();
  });

  it("TanStack/db#921, #1124: a write that a restart sends has its whole row, and is sent once", async () => {
    const row = {
      text: "ä\u0000\ud83e\udd50",
      big: 2n ** 70n,
      at: new Date(86_400_000),
      bytes: new Uint8Array([0, 255]),
      nan: NaN,
      nested: { list: [1, null, { deep: 0.1 }], empty: "" },
    };
    const outbox = await SqliteOutbox.open(newPath("outbox.db"));
    const clock = new FakeClock();
    const master = new FaultyTable(new MemTable("products"));
    const open = (): LiveTable => new LiveTable(master, "products", new MemCache(), { clock, outbox });
    const first = open();
    first.setOnline(false);
    await first.enqueue({ kind: "insert", id: "d", row }).accepted;
    await first.close();
    for (let restart = 0; restart < 3; restart++) {
      const next = open();
      for (let second = 0; second < 20; second++) await clock.advance(1_000);
      await settle();
      await next.close();
    }
    assert.deepEqual(await master.getValue("d"), row);
    assert.equal(master.writeOptions.length, 1);
    await outbox.close();
  });

  it("rxdb#8632: one write can be awaited with a time limit, also offline, and the write goes on", async () => {
    const { table, clock } = fixture({ outbox: new MemOutbox() });
    table.setOnline(false);
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const waited = assert.rejects(write.when("applied", { timeoutMs: 5_000 }), { name: "TimeoutError" });
    await clock.advance(5_000);
    await waited;
    assert.equal(write.state, "accepted");
    table.setOnline(true);
    await write.when("applied", { timeoutMs: 5_000 });
    await table.close();
  });

  it("livestore#744: a write that is discarded settles", async () => {
    const { table, master } = fixture({ outbox: new MemOutbox() });
    table.setOnline(false);
    const write = table.enqueue({ kind: "delete", id: "a" });
    await write.accepted;
    assert.equal(await table.discard(write.id), true);
    await assert.rejects(write.applied, { name: "AbortError" });
    assert.equal(write.state, "failed");
    table.setOnline(true);
    await settle();
    assert.equal(await master.getCount(), BAKERY.length);
    await table.close();
  });

  it("wger/flutter#1341: a batch that is answered with 200 and a list of refusals settles each write by itself", async () => {
    const outbox = new MemOutbox();
    const served = new MemTable("products", { rows: BAKERY });
    const handler = tableHandler(served, { writable: true, path: "/products" });
    const statuses: number[] = [];
    const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const request = new Request(input, init);
      const answer = await handler(request);
      if (request.method === "POST") statuses.push(answer.status);
      return answer;
    };
    const table = new LiveTable(await RestTable.open(ORIGIN, { fetch }), "products", new MemCache(), {
      clock: new FakeClock(),
      outbox,
    });
    table.setOnline(false);
    const ids = ["a", "missing", "b", "nowhere", "c"];
    const writes = ids.map((id) => table.enqueue({ kind: "patch", id, partial: { price: 9 } }));
    await Promise.all(writes.map(({ accepted }) => accepted));
    table.setOnline(true);
    const settled = await Promise.allSettled(writes.map(({ applied }) => applied));
    assert.deepEqual(statuses, [200], "all of them were in one request");
    const [applied, refused] = ["fulfilled", "rejected"];
    assert.deepEqual(settled.map(({ status }) => status), [applied, refused, applied, refused, applied]);
    assert.deepEqual((await served.listValues()).ids(), ["a", "b", "c"]);
    assert.deepEqual([...(await served.listValues()).values()].map(({ price }) => price), [9, 9, 9]);
    const failed = await table.failedWrites();
    assert.deepEqual(
      failed.map(({ id, failure }) => [id, failure.code]),
      [[writes[1]?.id, "not_found"], [writes[3]?.id, "not_found"]],
    );
    assert.deepEqual(table.pendingWrites(), []);
    assert.deepEqual(outbox.load(String(table.outboxQueue), 0, 10).map(({ position }) => position), [2, 4]);
    await table.close();
  });

  it("thunderbolt#944: a batch that is answered with 200, and not with the result of each write, has applied none", async () => {
    const served = new MemTable("products", { rows: BAKERY });
    const handler = tableHandler(served, { writable: true, path: "/products" });
    for (const body of [{ ok: true }, { results: [] }, { results: [{}, {}] }, { rejected: ["a"] }]) {
      const master = await RestTable.open(ORIGIN, {
        fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
          const request = new Request(input, init);
          return request.method === "POST" ? Response.json(body) : await handler(request);
        },
      });
      const table = new LiveTable(master, "products", new MemCache(), { clock: new FakeClock(), retry: false });
      table.setOnline(false);
      const writes = ["a", "b"].map((id) => table.enqueue({ kind: "patch", id, partial: { price: 9 } }));
      table.setOnline(true);
      for (const write of writes) {
        await assert.rejects(write.applied, { name: "InvalidAnswerError", effect: "unknown" }, JSON.stringify(body));
        assert.equal(write.state, "failed");
      }
      assert.equal((await table.getValue("a"))?.price, 2, "the master is asked what is so");
      await table.close();
    }
  });

  it("transaction-outbox#628: an entry that cannot be read stays alone, and what is behind it is sent", async () => {
    const path = newPath("outbox.db");
    const { master, clock } = fixture();
    const outbox = await SqliteOutbox.open(path);
    const open = (): LiveTable => new LiveTable(master, "products", new MemCache(), { clock, outbox });
    const first = open();
    first.setOnline(false);
    const writes = ["a", "b", "c"].map((id) => first.enqueue({ kind: "patch", id, partial: { price: 9 } }));
    await Promise.all(writes.map(({ accepted }) => accepted));
    await first.close();
    {
      using db = new DatabaseSync(path);
      db.prepare("UPDATE vantage_outbox_entry SET body = x'ff' WHERE id = ?").run(writes[0]?.id ?? "");
    }
    const next = open();
    for (let second = 0; second < 20; second++) await clock.advance(1_000);
    const prices = [...(await master.listValues()).values()].map(({ price }) => price);
    assert.deepEqual(prices, [2, 9, 9]);
    assert.equal(next.stats().outboxFailures, 1, "it is reported, once");
    await next.close();
    assert.deepEqual(outbox.load(String(next.outboxQueue), 0, 10).map(({ position }) => position), [1]);
    await outbox.close();
  });

  it("TanStack/query#6238: a write that was in flight when its process died is found applied, or reported as unknown", async () => {
    for (const moment of ["before", "after"] as const) {
      const outbox = await SqliteOutbox.open(newPath("outbox.db"));
      const { table, master, another } = fixture({ outbox });
      const gate = master.plan.hold("patchValue", moment);
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await gate.reached; // It is never released, and the time of this process stands still: so it is dead.
      assert.equal(write.state, "sent");
      const clock = new FakeClock({ seed: 2 });
      const next = another({ clock });
      for (let second = 0; second < 60; second++) await clock.advance(1_000);
      const failed = (await next.failedWrites()).map(({ id, failure }) => [id, failure.effect]);
      // This master does not know writes by their keys: what it does not show may still come.
      assert.deepEqual(failed, moment === "after" ? [] : [[write.id, "unknown"]]);
      if (moment === "before") assert.equal(await next.retry(write.id), true);
      await settle();
      await next.idle();
      assert.equal((await master.getValue("a"))?.price, 3, moment);
      assert.deepEqual([next.pendingWrites(), await next.failedWrites()], [[], []]);
      await next.close();
      await outbox.close();
    }
  });

  it("rocicorp/mono#4608: a write that was applied, and was answered with an error, does not wait for ever", async () => {
    const { table, master, clock } = fixture({ outbox: new MemOutbox() });
    master.plan.fail("patchValue", new UnavailableError("a 500", { effect: "unknown" }), "after");
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const behind = table.enqueue({ kind: "patch", id: "a", partial: { name: "Bap" } });
    for (let second = 0; second < 5; second++) await clock.advance(1_000);
    assert.deepEqual(await write.applied, { name: "Bun", price: 3 });
    assert.deepEqual(await behind.applied, { name: "Bap", price: 3 });
    assert.deepEqual(table.pendingWrites(), []);
    await table.close();
  });

  it("powersync#311, rocicorp/mono#6340: of several writes to one row, each is found by its own id", async () => {
    const { table, master, another } = fixture({ outbox: new MemOutbox() });
    table.setOnline(false);
    const writes = [3, 4, 5, 6].map((price) => table.enqueue({ kind: "patch", id: "a", partial: { price } }));
    await Promise.all(writes.map(({ accepted }) => accepted));
    assert.equal(await table.discard(writes[1]?.id ?? ""), true);
    await table.close();
    master.plan.fail("patchValue", new RejectedError("no"));
    const next = another();
    await settle();
    await next.idle();
    const sent = [writes[0], writes[2], writes[3]].map((write) => write?.id);
    assert.deepEqual(master.writeOptions.map(({ idempotencyKey }) => idempotencyKey), sent);
    assert.deepEqual((await next.failedWrites()).map(({ id }) => id), [writes[0]?.id]);
    assert.equal((await master.getValue("a"))?.price, 6);
    await next.close();
    for (const { applied } of writes) await assert.rejects(applied);
  });

  it("workbox#2386, workbox#3335, brave#25692: what waits is sent though the runtime never tells that it is back", async () => {
    const { table, master, clock } = fixture({ outbox: new MemOutbox() });
    const down = (): UnavailableError => new UnavailableError("down", { effect: "none" });
    for (let attempt = 0; attempt < 4; attempt++) master.plan.fail("patchValue", down());
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 9 } });
    let isApplied = false;
    void write.applied.then(() => isApplied = true);
    for (let minute = 0; minute < 10 && !isApplied; minute++) await clock.advance(60_000);
    await write.applied;
    assert.equal((await master.getValue("a"))?.price, 9);
    await table.close();
  });

  it("livestore#1012: 20 000 stored writes are loaded in batches, and sent", async () => {
    const count = 20_000;
    const outbox = new MemOutbox();
    let loads = 0;
    const load = outbox.load.bind(outbox);
    outbox.load = (...args) => (loads++, load(...args));
    const { table, master, another } = fixture({ outbox, queueCapacity: count });
    table.setOnline(false);
    const writes = Array.from({ length: count }, (_, n) => table.enqueue({ kind: "insert", id: `n${n}`, row: { n } }));
    await Promise.all(writes.map(({ accepted }) => accepted));
    await table.close();
    for (const { applied } of writes) void applied.catch(() => {});
    loads = 0;
    const next = another();
    await next.failedWrites(); // When all has been loaded.
    await next.idle();
    assert.equal(await master.getCount(), count + BAKERY.length);
    assert(loads <= count / 50, `${loads} loads`);
    await next.close();
  });

  it("TanStack/db#1602: the next write to a row does not wait until the last one is observed", async () => {
    const liveStream = new ManualLiveStream();
    const { table, clock } = fixture({ outbox: new MemOutbox(), liveStream, optimistic: true });
    const writes = Array.from({ length: 20 }, (_, n) => table.enqueue({ kind: "patch", id: "a", partial: { n } }));
    await Promise.all(writes.map(({ applied }) => applied));
    assert.equal(clock.monotonic(), 0);
    assert.equal((await table.getValue("a"))?.n, 19);
    await table.close();
  });

  it("@tanstack/offline-transactions: the type of an error decides, not the digits in its text", async () => {
    const { table, master, clock } = fixture({ outbox: new MemOutbox() });
    master.plan.fail("patchValue", new UnavailableError("no answer in 400 ms", { effect: "none" }));
    master.plan.fail("delete", new RejectedError("503: no such thing"));
    const patch = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const remove = table.enqueue({ kind: "delete", id: "b" });
    for (let second = 0; second < 5; second++) await clock.advance(1_000);
    assert.equal((await patch.applied as Row).price, 3);
    await assert.rejects(remove.applied, RejectedError);
    assert.deepEqual([patch.attempts, remove.attempts], [2, 1]);
    await table.close();
  });

  it("breeze#4252: a write that has used up its attempts is kept with their number, and can be sent again", async () => {
    const { table, master, clock, another } = fixture({ outbox: new MemOutbox(), retry: { attempts: 3 } });
    for (let time = 0; time < 3; time++) {
      master.plan.fail("patchValue", new UnavailableError("down", { effect: "none" }));
    }
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const rejected = assert.rejects(write.applied, UnavailableError);
    for (let second = 0; second < 20; second++) await clock.advance(1_000);
    await rejected;
    await table.close();
    const next = another();
    await clock.advance(365 * 24 * 3_600_000);
    assert.deepEqual((await next.failedWrites()).map(({ id, attempts }) => [id, attempts]), [[write.id, 3]]);
    assert.equal((await master.getValue("a"))?.price, 2, "it is not sent by itself");
    assert.equal(await next.retry(write.id), true);
    for (let second = 0; second < 20; second++) await clock.advance(1_000);
    assert.equal((await master.getValue("a"))?.price, 3);
    assert.deepEqual(await next.failedWrites(), []);
    await next.close();
  });
});
