import { expect, expectEqual } from "./expect.ts";
import { LEASE_MS, leaseOf, newWrite, NOW, type OutboxCase, outboxCase, QUEUE } from "./outbox_harness.ts";

/** The promises about the lease of a queue. */
export const outboxLeaseCases: readonly OutboxCase[] = [
  outboxCase("Outbox.lease() gives a queue to one holder at a time", async (outbox, other) => {
    const term = await outbox.lease(QUEUE, "a", NOW, LEASE_MS);
    expectEqual(typeof term, "number", "the kind of the term");
    expectEqual(await other.lease(QUEUE, "b", NOW + 1, LEASE_MS), undefined, "the term for another holder");
    expectEqual(await other.lease(QUEUE, "b", NOW + LEASE_MS - 1, LEASE_MS), undefined, "the term just before it ends");
    expect(await other.lease("marty/orders", "b", NOW, LEASE_MS) !== undefined, "another queue is free");
  }),
  outboxCase("Outbox.lease() extends a holder's lease under the same term", async (outbox, other) => {
    const term = await leaseOf(outbox);
    for (let renewal = 1; renewal < 4; renewal++) {
      const now = NOW + renewal * LEASE_MS / 2;
      expectEqual(await other.lease(QUEUE, "a", now, LEASE_MS), term, "the term of an extended lease");
    }
    const last = NOW + 1.5 * LEASE_MS;
    expectEqual(await other.lease(QUEUE, "b", last + LEASE_MS - 1, LEASE_MS), undefined, "the term for another holder");
  }),
  outboxCase("Outbox.lease() passes to another holder once it has expired, under a new term", async (outbox, other) => {
    const terms = new Set<number>();
    let now = NOW;
    for (const holder of ["a", "b", "a", "c"]) {
      const term = await (holder === "b" ? other : outbox).lease(QUEUE, holder, now, LEASE_MS);
      expect(term !== undefined && !terms.has(term), `${holder} must get a new term, got ${term}`);
      terms.add(term);
      now += LEASE_MS;
    }
  }),
  outboxCase("Outbox.lease() that expired goes on under its term if no other took it", async (outbox) => {
    const term = await leaseOf(outbox);
    await outbox.append(QUEUE, [newWrite("w")]);
    const late = NOW + 10 * LEASE_MS;
    expectEqual(await outbox.mark(QUEUE, term, [{ kind: "sent", id: "w" }], late), true, "the answer of mark");
    expectEqual(await outbox.lease(QUEUE, "a", late, LEASE_MS), term, "the term");
  }),
  outboxCase(
    "Outbox.lease() that was taken under a clock a year ahead is not kept for a year",
    async (outbox, other) => {
      const year = 365 * 86_400_000;
      const term = await outbox.lease(QUEUE, "a", NOW + year, LEASE_MS);
      const next = await other.lease(QUEUE, "b", NOW, LEASE_MS);
      expect(next !== undefined && next !== term, "another holder must get a new term");
    },
  ),
  outboxCase("Outbox.release() lets another holder have the queue at once, under a new term", async (outbox, other) => {
    const terms = new Set<number>();
    for (const holder of ["a", "b", "b", "a"]) {
      const term = await leaseOf(other, holder);
      expect(!terms.has(term), `the term ${term} is new`);
      terms.add(term);
      await outbox.release(QUEUE, term);
      await outbox.append(QUEUE, [newWrite(`w${term}`)]);
      expectEqual(await other.mark(QUEUE, term, [{ kind: "sent", id: `w${term}` }], NOW), false, "mark after release");
    }
  }),
  outboxCase("Outbox.release() of an older term changes nothing", async (outbox, other) => {
    const older = await leaseOf(outbox, "a");
    await outbox.release(QUEUE, older);
    await leaseOf(other, "b");
    await outbox.release(QUEUE, older);
    expectEqual(await outbox.lease(QUEUE, "a", NOW, LEASE_MS), undefined, "the term while b has the lease");
  }),
  outboxCase("Outbox.lease() of two at once goes to one of them", async (outbox, other) => {
    for (let round = 0; round < 5; round++) {
      const queue = `queue ${round}`;
      const taken = await Promise.all([
        outbox.lease(queue, "a", NOW, LEASE_MS),
        other.lease(queue, "b", NOW, LEASE_MS),
      ]);
      expectEqual(taken.filter((term) => term === undefined).length, 1, "how many have to wait");
    }
  }),
];
