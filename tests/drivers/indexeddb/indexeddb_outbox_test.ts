import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemCache, MemTable, OutboxError, type StoredWrite, UnsupportedError } from "@vantage/live";
import { IndexedDbOutbox, type IndexedDbOutboxOptions } from "@vantage/live/indexeddb";
import { FakeClock, settle } from "@vantage/live/testing";
import { skippable } from "../../skippable.ts";
import type { IdbHandle } from "../../../src/drivers/indexeddb/indexeddb_api.ts";
import {
  closeByForce,
  fillDisk,
  newName,
  occupy,
  openHandle,
  recordingHandles,
  withIndexedDb,
} from "./fake_database.ts";

const NO_LOCKS = globalThis.navigator?.locks === undefined ? "there are no Web Locks" : undefined;
const QUEUE = "marty/products";

function newWrite(id: string): StoredWrite {
  return { id, op: { kind: "delete", id: "a" }, within: {}, rowId: "a", acceptedAt: 1, acceptedBy: "tab" };
}

async function idsIn(outbox: IndexedDbOutbox): Promise<readonly unknown[]> {
  return (await outbox.load(QUEUE, 0, 100)).map((entry) => "write" in entry ? entry.write.id : entry.id);
}

/** Opens an outbox whose handles are known. */
async function openRecorded(): Promise<{ outbox: IndexedDbOutbox; handles: IdbHandle[] }> {
  const handles: IdbHandle[] = [];
  const name = newName();
  const outbox = await withIndexedDb(recordingHandles(handles), () => IndexedDbOutbox.open(name));
  return { outbox, handles };
}

describe("IndexedDbOutbox.open()", () => {
  it("refuses what is no name, no option or no bound", async () => {
    await assert.rejects(IndexedDbOutbox.open(""), TypeError);
    await assert.rejects(IndexedDbOutbox.open(newName(), { maxBytes: 1 } as IndexedDbOutboxOptions), TypeError);
    await assert.rejects(IndexedDbOutbox.open(newName(), { durability: "lax" as "relaxed" }), TypeError);
    await assert.rejects(IndexedDbOutbox.open(newName(), { maxEntries: 0 }), RangeError);
  });

  it("rejects with an UnsupportedError where there is no IndexedDB", async () => {
    await withIndexedDb(undefined, () => assert.rejects(IndexedDbOutbox.open("shop"), UnsupportedError));
  });

  it("rejects with an OutboxError if the database cannot be opened, or not in time", async () => {
    const forbidden = {
      open: () => {
        throw new DOMException("The operation is insecure", "SecurityError");
      },
    };
    await withIndexedDb(forbidden, () => assert.rejects(IndexedDbOutbox.open("shop"), OutboxError));
    const clock = new FakeClock();
    const silent = { open: () => ({}) as ReturnType<NonNullable<ReturnType<typeof recordingHandles>>["open"]> };
    const opening = withIndexedDb(silent, () => IndexedDbOutbox.open("shop", { timeoutMs: 500, clock }));
    opening.catch(() => {});
    await clock.advance(500);
    await assert.rejects(opening, OutboxError);
  });
});

describe("IndexedDbOutbox", () => {
  it("goes on when the browser has closed its database", async () => {
    const { outbox, handles: [first] } = await openRecorded();
    await outbox.append(QUEUE, [newWrite("w1")]);
    assert(first !== undefined);
    closeByForce(first);
    await outbox.append(QUEUE, [newWrite("w2")]);
    assert.deepEqual(await idsIn(outbox), ["w1", "w2"]);
    await outbox.close();
  });

  it("rejects with a ClosedError once it is closed", async () => {
    const outbox = await IndexedDbOutbox.open(newName());
    await outbox.close();
    await outbox.close();
    await assert.rejects(outbox.append(QUEUE, [newWrite("w1")]), { name: "ClosedError" });
  });

  skippable("shows only the holder of a lease to others", NO_LOCKS, async () => {
    const name = newName();
    const [first, next] = [await IndexedDbOutbox.open(name), await IndexedDbOutbox.open(name)];
    const now = Date.now();
    const shown = async (): Promise<readonly (string | undefined)[]> => {
      await settle(); // A lock is released in a task of its own.
      const { held = [] } = await navigator.locks.query();
      return held.map((lock) => lock.name?.split("/").at(-1)).filter((holder) => holder?.startsWith("shown"));
    };
    const term = await first.lease(QUEUE, "shown first", now, 60_000);
    assert.equal(await next.lease(QUEUE, "shown next", now, 60_000), undefined);
    assert.deepEqual(await shown(), ["shown first"]);
    await first.release(QUEUE, term ?? 0);
    assert.deepEqual(await shown(), []);
    await Promise.all([first.close(), next.close()]);
  });

  it("refuses a write with an OutboxError if the disk is full, and a table sends it all the same", async () => {
    const { outbox, handles: [handle] } = await openRecorded();
    assert(handle !== undefined);
    const master = new MemTable("products", { rows: [["a", { price: 1 }]] });
    const products = new LiveTable(master, "products", new MemCache(), { outbox });
    const empty = fillDisk(handle, "entries");
    try {
      await assert.rejects(outbox.append(QUEUE, [newWrite("w1")]), { name: "OutboxError", retriable: true });
      await products.patchValue("a", { price: 2 });
    } finally {
      empty();
    }
    assert.equal((await master.getValue("a"))?.price, 2);
    assert.deepEqual(await idsIn(outbox), []);
    await products.close();
    await outbox.close();
  });

  it("refuses a step that takes too long, as behind a frozen tab, and that has no effect", async () => {
    const clock = new FakeClock();
    const name = newName();
    const outbox = await IndexedDbOutbox.open(name, { timeoutMs: 500, clock });
    const other = await openHandle(name, "outbox");
    const thaw = await occupy(other, "entries");
    const appending = outbox.append(QUEUE, [newWrite("w1")]);
    appending.catch(() => {});
    await clock.advance(500);
    await assert.rejects(appending, { name: "OutboxError", retriable: true });
    thaw();
    assert.deepEqual(await idsIn(outbox), []);
    await outbox.append(QUEUE, [newWrite("w1")]);
    assert.deepEqual(await idsIn(outbox), ["w1"]);
    other.close();
    await outbox.close();
  });
});
