import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isUnreadable, MemOutbox, type OutboxMark, type StoredWrite } from "@vantage/live";

const QUEUE = "marty/clients";

function newWrite(id: string): StoredWrite {
  return { id, op: { kind: "delete", id }, within: {}, rowId: id, acceptedAt: 1, acceptedBy: "a" };
}

function idsIn(outbox: MemOutbox, queue = QUEUE): unknown[] {
  return outbox.load(queue, 0, 1_000_000).map((entry) => isUnreadable(entry) ? "unreadable" : entry.write.id);
}

describe("MemOutbox", () => {
  it("refuses options that are none, and bounds that are no whole numbers of at least 1", () => {
    for (const bound of ["maxEntries", "maxAnswers", "maxAnswerAgeMs"]) {
      for (const value of [0, 1.5, NaN]) {
        assert.throws(() => new MemOutbox({ [bound]: value }), { name: "RangeError", message: new RegExp(bound) });
      }
    }
    assert.throws(() => Reflect.construct(MemOutbox, [{ maxEntrys: 5 }]), { name: "TypeError", message: /maxEntrys/ });
  });

  it("works behind a Proxy", () => {
    const outbox = new Proxy(new MemOutbox(), {});
    outbox.append(QUEUE, [newWrite("a")]);
    const term = outbox.lease(QUEUE, "a", 1, 10) ?? -1;
    assert.equal(outbox.lease(QUEUE, "b", 10, 10), undefined);
    assert.equal(outbox.mark(QUEUE, term, [{ kind: "sent", id: "a" }], 1), true);
  });

  it("loads page after page, whatever was removed in between", () => {
    const outbox = new MemOutbox();
    const ids = Array.from({ length: 1_000 }, (_, at) => `w${at}`);
    outbox.append(QUEUE, ids.map(newWrite));
    const term = outbox.lease(QUEUE, "a", 1, 10) ?? -1;
    const loaded: string[] = [];
    for (let after = 0;;) {
      const page = outbox.load(QUEUE, after, 7);
      for (const { position, write } of page) {
        after = position;
        loaded.push(write.id);
        const marks: OutboxMark[] = [{ kind: "sent", id: write.id }, { kind: "answered", id: write.id }];
        assert(outbox.mark(QUEUE, term, marks, 1));
      }
      if (page.length === 0) break;
    }
    assert.deepEqual(loaded, ids);
    assert.deepEqual(idsIn(outbox), []);
  });

  it("has room again for what leaves, and shares its room among all queues", () => {
    const outbox = new MemOutbox({ maxEntries: 3 });
    outbox.append("a", [newWrite("w1"), newWrite("w2")]);
    outbox.append("b", [newWrite("w1")]);
    assert.throws(() => outbox.append("c", [newWrite("w1")]), { name: "OutboxError", retriable: true });
    assert.throws(() => outbox.append("a", [newWrite("w1")]), { name: "OutboxError" });
    outbox.remove("b", "w1");
    outbox.append("c", [newWrite("w1")]);
    assert.deepEqual(["a", "b", "c"].map((queue) => idsIn(outbox, queue).length), [2, 0, 1]);
  });
});
