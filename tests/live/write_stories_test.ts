/** How others have lost writes, or sent them twice: each story is named after the report that told it. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  defineTable,
  InvalidAnswerError,
  LiveTable,
  MemCache,
  MemOutbox,
  MemTable,
  RejectedError,
  type Row,
  UnavailableError,
} from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { newPath } from "../conformance/temp_folder.ts";
import { BAKERY, fixture } from "./fixture.ts";

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
});
