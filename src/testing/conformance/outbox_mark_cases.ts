import type { Outbox, OutboxMark } from "../../outbox/outbox.ts";
import type { WriteFailure } from "../../outbox/outbox.ts";
import { expect, expectEqual } from "./expect.ts";
import {
  entriesOf,
  entryOf,
  expectIds,
  fail,
  LEASE_MS,
  leaseOf,
  newWrite,
  NOW,
  type OutboxCase,
  outboxCase,
  QUEUE,
  reopeningOutbox,
} from "./outbox_harness.ts";

const FAILURE: WriteFailure = {
  code: "rejected",
  message: 'Cannot patch row "a": \ud800 no',
  effect: "none",
  retriable: false,
  at: NOW + 0.5,
};

const insertion = { op: { kind: "insertReturnId", row: { name: "Bun" } }, rowId: "made" } as const;
const toMade = { op: { kind: "patch", id: "made", partial: { name: "Roll" } }, rowId: "made" } as const;

/** The promises about what happens to writes that are sent. */
export const outboxMarkCases: readonly OutboxCase[] = [
  outboxCase("Outbox.mark() of a write that is sent counts its attempts", async (outbox, other) => {
    await outbox.append(QUEUE, [newWrite("a"), newWrite("b")]);
    const term = await leaseOf(outbox);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expectEqual(await outbox.mark(QUEUE, term, [{ kind: "sent", id: "a" }], NOW), true, "the answer of mark");
      const { state, attempts } = await entryOf(other, "a");
      expectEqual([state, attempts], ["sent", attempt], "the entry that is sent");
    }
    const { state, attempts } = await entryOf(other, "b");
    expectEqual([state, attempts], ["accepted", 0], "the other entry");
  }),
  outboxCase(
    "Outbox.mark() of a write that is returned makes it one that can be removed, with its attempts",
    async (outbox, other) => {
      await outbox.append(QUEUE, [newWrite("a"), newWrite("b")]);
      const term = await leaseOf(outbox);
      await outbox.mark(QUEUE, term, [sent("a"), sent("b"), failed("b")], NOW);
      expectEqual(await other.remove(QUEUE, "a"), false, "remove of a write that is sent");
      const marks: OutboxMark[] = [{ kind: "returned", id: "a" }, { kind: "returned", id: "b" }, {
        kind: "returned",
        id: "x",
      }];
      expectEqual(await outbox.mark(QUEUE, term, marks, NOW), true, "the answer of mark");
      const [a, b] = await Promise.all(["a", "b"].map((id) => entryOf(other, id)));
      expectEqual([a?.state, a?.attempts, b?.state], ["accepted", 1, "failed"], "the entries");
      expectEqual(await other.remove(QUEUE, "a"), true, "remove of one that is returned");
    },
  ),
  outboxCase("Outbox.mark() of a write that is answered removes it", async (outbox, other) => {
    await outbox.append(QUEUE, ["a", "b", "c"].map((id) => newWrite(id)));
    const term = await leaseOf(outbox);
    expectEqual(await outbox.mark(QUEUE, term, [sent("b"), { kind: "answered", id: "b" }], NOW), true, "the answer");
    await expectIds(other, ["a", "c"]);
    await other.append(QUEUE, [newWrite("b")]);
    await expectIds(outbox, ["a", "c", "b"]);
  }),
  outboxCase("Outbox.mark() of a write that failed sets it aside with its failure", async (outbox, other) => {
    await outbox.append(QUEUE, ["a", "b"].map((id) => newWrite(id)));
    const term = await leaseOf(outbox);
    await outbox.mark(QUEUE, term, [sent("a")], NOW);
    expectEqual(await outbox.mark(QUEUE, term, [failed("a")], NOW), true, "the answer of mark");
    const { state, failure, attempts } = await entryOf(other, "a");
    expectEqual([state, attempts], ["failed", 1], "the entry");
    expectEqual(failure, FAILURE, "the failure");
    await expectIds(other, ["a", "b"]);
  }),
  outboxCase("Outbox.mark() takes a whole batch in one step", async (outbox, other) => {
    const ids = Array.from({ length: 100 }, (_, at) => `w${at}`);
    await outbox.append(QUEUE, ids.map((id) => newWrite(id)));
    const term = await leaseOf(outbox);
    expectEqual(await outbox.mark(QUEUE, term, ids.map(sent), NOW), true, "the answer of mark");
    expect((await entriesOf(other)).every(({ state }) => state === "sent"), "all entries are sent");
    const marks = ids.map((id): OutboxMark => ({ kind: "answered", id, answer: { name: id } }));
    expectEqual(await outbox.mark(QUEUE, term, marks, NOW), true, "the answer of mark");
    await expectIds(other, []);
  }),
  outboxCase("Outbox.mark() of a term that is not the current one has no effect", async (outbox, other) => {
    await outbox.append(QUEUE, ["a", "b"].map((id) => newWrite(id)));
    const frozen = await leaseOf(outbox, "a");
    await outbox.mark(QUEUE, frozen, [sent("a")], NOW);
    const term = await other.lease(QUEUE, "b", NOW + LEASE_MS, LEASE_MS);
    expect(term !== undefined, "the lease has expired");
    for (const mark of [sent("b"), failed("a"), { kind: "answered", id: "a" } as const]) {
      for (const stale of [frozen, term + 1, -1]) {
        expectEqual(await outbox.mark(QUEUE, stale, [mark], NOW + LEASE_MS), false, "the answer of mark");
      }
    }
    const entries = await entriesOf(other);
    expectEqual(entries.map(({ state, attempts }) => `${state} ${attempts}`), ["sent 1", "accepted 0"], "the entries");
    expectEqual(await other.mark(QUEUE, term, [sent("b")], NOW + LEASE_MS), true, "the answer to the next holder");
  }),
  outboxCase("Outbox.mark() of another queue's term has no effect", async (outbox) => {
    await outbox.append(QUEUE, [newWrite("a")]);
    const term = await leaseOf(outbox, "a", "marty/orders");
    expectEqual(await outbox.mark(QUEUE, term, [sent("a")], NOW), false, "the answer of mark");
    expectEqual((await entryOf(outbox, "a")).state, "accepted", "the state");
  }),
  outboxCase(
    "Outbox.mark() as sent of a write that was taken back has no effect, on others too",
    async (outbox, other) => {
      await outbox.append(QUEUE, ["a", "b", "c"].map((id) => newWrite(id)));
      const term = await leaseOf(outbox);
      expectEqual(await other.remove(QUEUE, "b"), true, "the answer of remove");
      expectEqual(await outbox.mark(QUEUE, term, [sent("a"), sent("b")], NOW), false, "the answer for a removed write");
      await fail(outbox, term, "c");
      expectEqual(await outbox.mark(QUEUE, term, [sent("a"), sent("c")], NOW), false, "the answer for a failed write");
      expectEqual((await entryOf(other, "a")).state, "accepted", "the state of the first");
    },
  ),
  outboxCase("Outbox.mark() and remove() of one write at once: one of them succeeds", async (outbox, other) => {
    const term = await leaseOf(outbox);
    for (let round = 0; round < 5; round++) {
      const id = `w${round}`;
      await outbox.append(QUEUE, [newWrite(id)]);
      const done = await Promise.all([outbox.mark(QUEUE, term, [sent(id)], NOW), other.remove(QUEUE, id)]);
      expectEqual(done.filter((each) => each).length, 1, "how many succeeded");
    }
  }),
  outboxCase("Outbox.mark() of an answer for a write that is not there does nothing", async (outbox) => {
    await outbox.append(QUEUE, [newWrite("a")]);
    const term = await leaseOf(outbox, "b");
    const marks: OutboxMark[] = [{ kind: "answered", id: "x" }, failed("y"), sent("a")];
    expectEqual(await outbox.mark(QUEUE, term, marks, NOW), true, "the answer of mark");
    expectEqual((await entryOf(outbox, "a")).state, "sent", "the state");
    expectEqual(await outbox.answers(QUEUE, "a"), [], "the answers");
  }),

  outboxCase(
    "Outbox.mark() with a real id gives it to all writes to that row, also to later ones",
    async (outbox, other) => {
      await outbox.append(QUEUE, [newWrite("w1", insertion), newWrite("w2", toMade), newWrite("w3")]);
      await outbox.append("marty/orders", [newWrite("w2", toMade)]);
      const term = await leaseOf(outbox);
      const marks: OutboxMark[] = [sent("w1"), { kind: "answered", id: "w1", answer: "42", realId: "42" }];
      expectEqual(await outbox.mark(QUEUE, term, marks, NOW), true, "the answer of mark");
      await other.append(QUEUE, [newWrite("w4", toMade), newWrite("w5")]);
      const entries = await entriesOf(other);
      expectEqual(entries.map(({ realId }) => realId), ["42", undefined, "42", undefined], "the real ids");
      expectEqual(entries.map(({ write }) => write.rowId), ["made", "row-of-w3", "made", "row-of-w5"], "the made ids");
      expectEqual((await entryOf(other, "w2", "marty/orders")).realId, undefined, "the real id in another queue");
    },
  ),
  outboxCase("Outbox.retry() keeps the real id of a failed write", async (outbox) => {
    await outbox.append(QUEUE, [newWrite("w1", insertion), newWrite("w2", toMade)]);
    const term = await leaseOf(outbox);
    await fail(outbox, term, "w2");
    await outbox.mark(QUEUE, term, [sent("w1"), { kind: "answered", id: "w1", realId: "42" }], NOW);
    await outbox.retry(QUEUE, "w2");
    expectEqual((await entryOf(outbox, "w2")).realId, "42", "the real id");
  }),

  outboxCase("Outbox.answers() tells the holder that accepted a write, once", async (outbox, other) => {
    await outbox.append(QUEUE, ["a", "b", "c", "d"].map((id) => newWrite(id, { acceptedBy: "a" })));
    await outbox.append(QUEUE, [newWrite("mine", { acceptedBy: "b" })]);
    const term = await leaseOf(other, "b");
    const answer = { at: new Date(5), bytes: new Uint8Array([1]), n: 2n ** 70n };
    await other.mark(QUEUE, term, ["a", "b", "c", "d", "mine"].map(sent), NOW);
    await other.mark(QUEUE, term, [
      { kind: "answered", id: "b", answer },
      { kind: "answered", id: "a" },
      { kind: "answered", id: "c", answer: "42", realId: "42" },
      failed("d"),
      { kind: "answered", id: "mine", answer },
    ], NOW);
    expectEqual(await outbox.answers(QUEUE, "b"), [], "the answers for the holder that sent them");
    expectEqual(await outbox.answers(QUEUE, "c"), [], "the answers for a third holder");
    expectEqual(await outbox.answers("marty/orders", "a"), [], "the answers of another queue");
    const told = await outbox.answers(QUEUE, "a");
    expectEqual(told, [
      { id: "b", answer },
      { id: "a" },
      { id: "c", answer: "42", realId: "42" },
      { id: "d", failure: FAILURE },
    ], "the answers");
    expectEqual(await other.answers(QUEUE, "a"), [], "the answers, once more");
    expectEqual((await entryOf(outbox, "d")).state, "failed", "the state of the failed one");
  }),
  outboxCase("Outbox.answers() are bounded in number, the oldest dropped first", async (outbox, other, { bounds }) => {
    const term = await leaseOf(other, "b");
    const ids = Array.from({ length: bounds.maxAnswers + 3 }, (_, at) => `w${at}`);
    for (const id of ids) await answer(outbox, other, { id, term, now: NOW });
    expectEqual((await outbox.answers(QUEUE, "a")).map(({ id }) => id), ids.slice(3), "the answers");
  }),
  outboxCase("Outbox.answers() are bounded in age", async (outbox, other, { bounds }) => {
    const term = await leaseOf(other, "b");
    await answer(outbox, other, { id: "old", term, now: NOW });
    await answer(outbox, other, { id: "newer", term, now: NOW + 2 });
    await answer(outbox, other, { id: "new", term, now: NOW + bounds.maxAnswerAgeMs + 1 });
    expectEqual((await outbox.answers(QUEUE, "a")).map(({ id }) => id), ["newer", "new"], "the answers");
  }),

  outboxCase("Outbox.remove() removes a write that was never sent, and one that failed", async (outbox, other) => {
    await outbox.append(QUEUE, ["a", "b", "c"].map((id) => newWrite(id)));
    const term = await leaseOf(outbox);
    await fail(outbox, term, "b");
    await outbox.mark(QUEUE, term, [sent("c")], NOW);
    for (const [id, expected] of [["a", true], ["b", true], ["c", false], ["a", false], ["x", false]] as const) {
      expectEqual(await other.remove(QUEUE, id), expected, `the answer for ${id}`);
    }
    await expectIds(outbox, ["c"]);
  }),
  outboxCase("Outbox.retry() puts a failed write at the end, with its id and its attempts", async (outbox, other) => {
    const [first = 0] = await outbox.append(QUEUE, ["a", "b", "c"].map((id) => newWrite(id)));
    const term = await leaseOf(outbox);
    await fail(outbox, term, "a");
    await outbox.mark(QUEUE, term, [sent("b")], NOW);
    for (const [id, expected] of [["b", false], ["c", false], ["x", false], ["a", true], ["a", false]] as const) {
      expectEqual(await other.retry(QUEUE, id), expected, `the answer for ${id}`);
    }
    await expectIds(other, ["b", "c", "a"]);
    const { write, state, attempts, failure, position } = await entryOf(outbox, "a");
    expectEqual(write, newWrite("a"), "the write");
    expectEqual([state, attempts, failure], ["accepted", 1, undefined], "the entry");
    expect(position > first, "the position grows");
    const [next = 0] = await other.append(QUEUE, [newWrite("d")]);
    expect(next > position, "the next position grows");
    expectEqual(await outbox.mark(QUEUE, term, [sent("a")], NOW), true, "the answer of mark");
    expectEqual((await entryOf(other, "a")).attempts, 2, "the attempts");
  }),
  reopeningOutbox("Outbox.mark() keeps what it records when every outbox is closed", async (use) => {
    let term = 0;
    await use(async (outbox) => {
      await outbox.append(QUEUE, [newWrite("w1", insertion), newWrite("w2", toMade), newWrite("w3"), newWrite("w4")]);
      term = await leaseOf(outbox, "b");
      const marks: OutboxMark[] = [sent("w1"), { kind: "answered", id: "w1", realId: "42" }, sent("w3"), failed("w4")];
      await outbox.mark(QUEUE, term, marks, NOW);
    });
    await use(async (outbox) => {
      expectEqual(await outbox.lease(QUEUE, "a", NOW, LEASE_MS), undefined, "the lease, which b still has");
      expectEqual(await outbox.lease(QUEUE, "b", NOW, LEASE_MS), term, "the term");
      const entries = await entriesOf(outbox);
      expectEqual(entries.map(({ state }) => state), ["accepted", "sent", "failed"], "the states");
      expectEqual(entries[0]?.realId, "42", "the real id");
      expectEqual(entries[2]?.failure, FAILURE, "the failure");
      await outbox.append(QUEUE, [newWrite("w5", toMade)]);
      expectEqual((await entryOf(outbox, "w5")).realId, "42", "the real id of a later write");
      expectEqual((await outbox.answers(QUEUE, "a")).map(({ id }) => id), ["w1", "w4"], "the answers");
    });
  }),
];

function sent(id: string): OutboxMark {
  return { kind: "sent", id };
}

function failed(id: string): OutboxMark {
  return { kind: "failed", id, failure: FAILURE };
}

interface Answered {
  readonly id: string;
  readonly term: number;
  readonly now: number;
}

/** One outbox appends a write, and the other marks it as answered. */
async function answer(outbox: Outbox, other: Outbox, { id, term, now }: Answered): Promise<void> {
  await outbox.append(QUEUE, [newWrite(id)]);
  const marks: OutboxMark[] = [{ kind: "sent", id }, { kind: "answered", id }];
  expectEqual(await other.mark(QUEUE, term, marks, now), true, "the answer of mark");
}
