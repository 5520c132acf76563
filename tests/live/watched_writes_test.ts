import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { MemOutbox, RejectedError } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { type Fixture, fixture } from "./fixture.ts";

/** What the writes of a table are, at each call of a listener. */
function said({ table }: Fixture): string[] {
  const { subscribe, getSnapshot } = table.observeWrites();
  const said: string[] = [];
  subscribe(() => {
    const { pending, failed } = getSnapshot();
    said.push(`${pending.map(({ rowId }) => rowId).join()} | ${failed.map(({ rowId }) => rowId).join()}`);
  });
  return said;
}

describe("LiveTable.observeWrites()", () => {
  it("shows writes from their call until they have settled, with one call for several", async () => {
    const subject = fixture();
    const writes = said(subject);
    await settle();
    const gate = subject.master.plan.hold("patchValue");
    const all = [subject.table.patchValue("a", { price: 3 }), subject.table.patchValue("b", { price: 3 })];
    await gate.reached;
    gate.release();
    await Promise.all(all);
    await settle();
    assert.deepEqual([writes[0], writes[1], writes.at(-1)], [" | ", "a,b | ", " | "]);
    await subject.table.close();
  });

  it("is the same object, with the same snapshot, while there are the same writes", async () => {
    const { table } = fixture();
    const { getSnapshot } = table.observeWrites();
    assert.equal(table.observeWrites(), table.observeWrites());
    assert.equal(getSnapshot(), getSnapshot());
    const before = getSnapshot();
    const write = table.patchValue("a", { price: 3 });
    const during = getSnapshot();
    assert.notEqual(during, before);
    assert.equal(getSnapshot(), during);
    assert(Object.isFrozen(during) && Object.isFrozen(during.pending));
    await write;
    await table.close();
  });

  it("shows what has failed, until it is discarded or succeeds", async () => {
    const subject = fixture({ outbox: new MemOutbox() });
    const { table, master } = subject;
    const writes = said(subject);
    for (const id of ["a", "b"]) {
      master.plan.fail("patchValue", new RejectedError("no"));
      await assert.rejects(table.patchValue(id, { price: 3 }));
    }
    await settle();
    assert.equal(writes.at(-1), " | a,b");
    const [first, second] = table.observeWrites().getSnapshot().failed;
    assert(await table.discard(first?.id ?? ""));
    await settle();
    assert.equal(writes.at(-1), " | b");
    assert(await table.retry(second?.id ?? ""));
    await table.idle();
    await settle();
    assert.equal(writes.at(-1), " | ");
    await table.close();
  });

  it("shows what an earlier process has left", async () => {
    const outbox = new MemOutbox();
    const earlier = fixture({ outbox });
    earlier.master.plan.fail("patchValue", new RejectedError("no"));
    await assert.rejects(earlier.table.patchValue("a", { price: 3 }));
    await earlier.table.close();
    const subject = fixture({ outbox });
    const writes = said(subject);
    await settle();
    assert.equal(writes.at(-1), " | a");
    await subject.table.close();
  });

  it("a listener that throws affects no other, and an outbox that fails no reader", async () => {
    const outbox = new MemOutbox();
    outbox.load = () => {
      throw new Error("broken");
    };
    const { table } = fixture({ outbox });
    let calls = 0;
    const { subscribe } = table.observeWrites();
    subscribe(() => {
      throw new Error("listener");
    });
    const leave = subscribe(() => void calls++);
    await settle();
    assert.equal(calls, 1);
    assert.equal(table.stats().listenerFailures, 1);
    assert(table.stats().outboxFailures > 0);
    leave();
    assert.throws(() => subscribe(undefined as unknown as () => void), /A listener must be a function/);
    await table.close();
  });
});
