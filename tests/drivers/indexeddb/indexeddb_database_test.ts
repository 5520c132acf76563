import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemTable, Rows, type StoredWrite } from "@vantage/live";
import { IndexedDbCache, IndexedDbOutbox } from "@vantage/live/indexeddb";
import { settle } from "@vantage/live/testing";
import type { IdbHandle, IdbMode, IdbTransaction } from "../../../src/drivers/indexeddb/indexeddb_api.ts";
import { abortByForce, closeByForce, newName, occupy, recordingHandles, withIndexedDb } from "./fake_database.ts";

const KEY = "products/all";
const ENTRY = { rows: Rows.from([["a", { n: 1 }]]), fetchedAt: 1 };
const WRITE: StoredWrite = {
  id: "w1",
  op: { kind: "delete", id: "a" },
  within: {},
  rowId: "a",
  acceptedAt: 1,
  acceptedBy: "tab",
};

/** A transaction that was begun. */
interface Begun {
  readonly mode: IdbMode;
  readonly stores: readonly string[];
  readonly durability: string;
  isOver: boolean;
}

/** Notes the transactions of a handle. */
function noteTransactions(handle: IdbHandle): Begun[] {
  const all: Begun[] = [];
  const begin = handle.transaction.bind(handle);
  handle.transaction = (stores, mode, options) => {
    const transaction = begin(stores, mode, options);
    const begun = { stores, mode, ...options, isOver: false };
    all.push(begun);
    const over = (): boolean => begun.isOver = true;
    const events = transaction as IdbTransaction & EventTarget; // As every transaction is.
    events.addEventListener("complete", over);
    events.addEventListener("abort", over);
    return transaction;
  };
  return all;
}

async function openCache(handles: IdbHandle[]): Promise<IndexedDbCache> {
  return await withIndexedDb(recordingHandles(handles), () => IndexedDbCache.open(newName()));
}

async function openOutbox(handles: IdbHandle[]): Promise<IndexedDbOutbox> {
  return await withIndexedDb(recordingHandles(handles), () => IndexedDbOutbox.open(newName()));
}

describe("A step in a database", () => {
  it("that the browser aborts to close the database is done once more", async () => {
    const handles: IdbHandle[] = [];
    const cache = await openCache(handles);
    const [handle] = handles;
    assert(handle !== undefined);
    const begun = noteTransactions(handle);
    const putting = cache.put(KEY, ENTRY);
    putting.catch(() => {});
    while (begun.every(({ isOver }) => isOver)) await Promise.resolve();
    await abortByForce(handle);
    assert.equal(await putting, true);
    assert.equal((await cache.get(KEY))?.rows.size, 1);
    await cache.close();
  });

  it("is done no more than twice, if the browser closes the database again", async () => {
    let opened = 0;
    const handles: IdbHandle[] = [];
    const factory = recordingHandles(handles);
    const closing = {
      open: (name: string, version: number) => {
        const request = factory?.open(name, version);
        assert(request !== undefined);
        (request as unknown as EventTarget).addEventListener(
          "success",
          () => ++opened > 1 && closeByForce(request.result),
        );
        return request;
      },
    };
    await withIndexedDb(closing, async () => {
      const cache = await IndexedDbCache.open(newName());
      await cache.fence(KEY);
      assert(handles[0] !== undefined);
      closeByForce(handles[0]);
      await assert.rejects(async () => await cache.fence(KEY), { name: "InvalidStateError" });
      // That which the browser has closed while nothing was done, and those of both attempts.
      assert.equal(opened, 3);
      await cache.close();
    });
  });

  it("goes on with the database that was opened again, whatever the handle before it says late", async () => {
    const handles: IdbHandle[] = [];
    await withIndexedDb(recordingHandles(handles), async () => {
      const cache = await IndexedDbCache.open(newName());
      const [first] = handles;
      assert(first !== undefined);
      first.close();
      await cache.put(KEY, ENTRY);
      first.onclose?.();
      await cache.put(KEY, ENTRY);
      assert.equal(handles.length, 2);
      await cache.close();
    });
  });

  it("never lasts while the master is asked", async () => {
    const handles: IdbHandle[] = [];
    const [cache, outbox] = [await openCache(handles), await openOutbox(handles)];
    const begun = handles.map(noteTransactions);
    let asked = 0;
    class Watched extends MemTable {
      override async listValues(...args: Parameters<MemTable["listValues"]>): ReturnType<MemTable["listValues"]> {
        await this.#idle();
        return await super.listValues(...args);
      }
      override async patchValue(...args: Parameters<MemTable["patchValue"]>): ReturnType<MemTable["patchValue"]> {
        await this.#idle();
        return await super.patchValue(...args);
      }
      async #idle(): Promise<void> {
        asked++;
        // What was begun before has ended by then, unless it waits for this answer.
        for (let turn = 0; turn < 20; turn++) await settle();
        assert.deepEqual(begun.flat().filter(({ isOver }) => !isOver), []);
      }
    }
    const master = new Watched("products", { rows: [["a", { price: 1 }]] });
    const products = new LiveTable(master, "products", cache, { outbox });
    await products.listValues();
    await products.patchValue("a", { price: 2 });
    assert(asked >= 2);
    assert(begun.flat().length > 4);
    for (const closed of [products, cache, outbox]) await closed.close();
  });
});

describe("Reads", () => {
  it("of a cache do not wait behind writes to an outbox, nor behind the lease of a log", async () => {
    const handles: IdbHandle[] = [];
    const [cache, outbox] = [await openCache(handles), await openOutbox(handles)];
    await cache.put(KEY, ENTRY);
    const [ofCache, ofOutbox] = handles;
    assert(ofCache !== undefined && ofOutbox !== undefined);
    const free = [await occupy(ofOutbox, "entries"), await occupy(ofCache, "leases")];
    assert.equal((await cache.get(KEY))?.rows.size, 1);
    for (const each of free) each();
    await Promise.all([cache.close(), outbox.close()]);
  });

  it("of a fence do not wait behind entries, and reads of an outbox's writes not behind its leases", async () => {
    const handles: IdbHandle[] = [];
    const [cache, outbox] = [await openCache(handles), await openOutbox(handles)];
    await outbox.append("queue", [WRITE]);
    const [ofCache, ofOutbox] = handles;
    assert(ofCache !== undefined && ofOutbox !== undefined);
    const free = [await occupy(ofCache, "bodies"), await occupy(ofOutbox, "queues")];
    await cache.fence(KEY);
    assert.equal((await outbox.load("queue", 0, 1)).length, 1);
    for (const each of free) each();
    await Promise.all([cache.close(), outbox.close()]);
  });
});

describe("A write", () => {
  it("is accepted by an outbox once its transaction is complete, which is strict; one to a cache is relaxed", async () => {
    const handles: IdbHandle[] = [];
    const [cache, outbox] = [await openCache(handles), await openOutbox(handles)];
    const [ofCache, ofOutbox] = handles.map(noteTransactions);
    const accepted = outbox.append("queue", [WRITE]).then(() => ofOutbox?.map(({ isOver }) => isOver));
    assert.deepEqual(await accepted, [true]);
    await cache.put(KEY, ENTRY);
    assert.deepEqual(ofOutbox?.map(({ durability }) => durability), ["strict"]);
    assert.deepEqual(ofCache?.map(({ durability }) => durability), ["relaxed"]);
    await Promise.all([cache.close(), outbox.close()]);
  });
});
