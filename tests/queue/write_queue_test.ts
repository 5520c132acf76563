import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LiveTable, MemCache, MemTable } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { fixture } from "../live/fixture.ts";

describe("The write queue", () => {
  it("sends writes to one row one at a time", async () => {
    const { table, master } = fixture();
    const gate = master.plan.hold("patchValue", "before");
    void table.patchValue("a", { price: 3 });
    void table.patchValue("a", { price: 4 });
    await gate.reached;
    await settle();
    assert.equal(master.plan.count("patchValue"), 1);
    gate.release();
    await table.idle();
    assert.equal(master.plan.count("patchValue"), 2);
  });

  it("lets a write to the whole set wait for all before it, and hold all after it", async () => {
    const { table, master } = fixture();
    await Promise.all([table.insertValue("d", {}), table.deleteAll(), table.insertValue("e", {})]);
    assert.deepEqual((await master.listValues()).ids(), ["e"]);
  });

  it("resolves `accepted` when there is room, in the order of the calls", async () => {
    const { table, master } = fixture({ queueCapacity: 1 });
    const gate = master.plan.hold("patchValue", "before");
    const accepted: number[] = [];
    const writes = [0, 1, 2].map((price) => {
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price } });
      write.accepted.then(() => accepted.push(price));
      return write;
    });
    await gate.reached;
    await settle();
    assert.deepEqual(accepted, [0]);
    assert.deepEqual(writes.map((write) => write.state), ["sent", "waiting", "waiting"]);
    gate.release();
    await table.idle();
    assert.deepEqual(accepted, [0, 1, 2]);
    assert.deepEqual(writes.map((write) => write.state), ["applied", "applied", "applied"]);
  });

  it("gives the place of a write that was taken back to the next", async () => {
    const { table, master } = fixture({ queueCapacity: 2, waitingCapacity: 1, writeConcurrency: 1 });
    const gate = master.plan.hold("delete", "before");
    const writes = ["a", "b", "c"].map((id) => table.enqueue({ kind: "delete", id }));
    writes[1]?.cancel();
    assert.equal(writes[2]?.state, "accepted");
    writes.push(table.enqueue({ kind: "delete", id: "x" }));
    writes[3]?.cancel();
    gate.release();
    await table.close();
    assert.deepEqual(writes.map((write) => write.state), ["applied", "failed", "applied", "failed"]);
    assert.equal(table.stats().masterWrites, 2);
  });

  it("has room again by the time that the writer is answered", async () => {
    const { table } = fixture({ queueCapacity: 1, waitingCapacity: 0 });
    for (let n = 0; n < 10; n++) await table.insertValue(`n${n}`, {});
    assert.equal(table.stats().queued, 0);
  });

  it("keeps going after a master that throws instead of rejecting", async () => {
    const broken = new MemTable("products");
    Object.defineProperty(broken, "insertValue", {
      value: () => {
        throw new Error("not even a promise");
      },
    });
    const table = new LiveTable(broken, "products", new MemCache());
    await assert.rejects(table.insertValue("a", {}), /not even a promise/);
    await table.replaceValue("a", { name: "Bun" });
    assert.deepEqual(await table.getValue("a"), { name: "Bun" });
  });

  it("accepts 256, has 10 000 more wait, and refuses the next, unless told otherwise", async () => {
    const { table, master } = fixture();
    const gate = master.plan.hold("delete", "before");
    const writes = Array.from({ length: 10_256 }, () => table.enqueue({ kind: "delete", id: "z" }));
    assert.throws(() => table.enqueue({ kind: "delete", id: "z" }), { name: "QueueFullError" });
    assert.equal(writes.filter(({ state }) => state === "waiting").length, 10_000);
    for (const write of writes) write.cancel();
    gate.release();
    await table.close();
    assert.equal(master.plan.count("delete"), 1);
  });

  it("has let go of a write's signal by the time that it has settled, however it ended", async () => {
    const { table, master } = fixture({ writeConcurrency: 1 });
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners.add(args[1]);
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      if (args[0] === "abort") listeners.delete(args[1]);
      remove(...args);
    };
    master.plan.fail("patchValue", new Error("no"));
    const gate = master.plan.hold("insertValue", "before");
    const writes = [
      table.insertValue("d", {}, { signal }),
      table.patchValue("d", {}, { signal }),
      table.delete("d", { signal }),
    ];
    const taken = table.enqueue({ kind: "delete", id: "a" }, { signal });
    await gate.reached;
    assert.equal(taken.cancel(), true);
    gate.release();
    await Promise.allSettled([...writes, taken.applied]);
    assert.equal(listeners.size, 0);
    await table.close();
  });

  it("leaves no unhandled rejection, whoever does not await", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const { table, master } = fixture({ queueCapacity: 1, waitingCapacity: 1 });
    for (let n = 0; n < 3; n++) master.plan.fail("insertValue", new Error("no"));
    void table.insertValue("1", {});
    const taken = table.enqueue({ kind: "insert", id: "2", row: {} });
    void table.insertValue("refused: the queue is full", {});
    taken.cancel();
    await table.close();
    void table.insertValue("refused: closed", {});
    await settle();
    await settle();
    process.off("unhandledRejection", note);
    assert.deepEqual(unhandled, []);
    assert.equal(table.stats().failedWrites, 3);
  });
});
