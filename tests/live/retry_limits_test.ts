import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type FailedAttempt,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemOutbox,
  MemTable,
  UnauthorizedError,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY } from "./fixture.ts";

const down = (): UnavailableError => new UnavailableError("down", { effect: "none" });

interface Subject {
  readonly live: LiveTable;
  readonly master: FaultyTable;
  readonly clock: FakeClock;
}

function opened(options: LiveTableOptions = {}, clock: FakeClock = new FakeClock()): Subject {
  const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
  return { live: new LiveTable(master, "products", new MemCache(), { clock, ...options }), master, clock };
}

function patch({ live }: Subject, id = "a"): ReturnType<LiveTable["enqueue"]> {
  return live.enqueue({ kind: "patch", id, partial: { price: 3 } });
}

/** Lets writes be tried as often as they are. */
async function pass({ clock }: Subject, times = 10): Promise<void> {
  await settle();
  for (let time = 0; time < times; time++) await clock.advance(1_000);
}

describe("LiveTable, retry.forMs", () => {
  const RETRY = { forMs: 60_000, firstPauseMs: 100, longestPauseMs: 100 };
  const DAY_MS = 86_400_000;

  it("begins with the first attempt, and not when the write is accepted", async () => {
    const subject = opened({ retry: RETRY, writeConcurrency: 1 });
    const gate = subject.master.plan.hold("delete", "before");
    const before = subject.live.delete("b");
    const write = patch(subject);
    await subject.clock.advance(29_000);
    gate.release();
    await before;
    subject.live.setOnline(false);
    await subject.clock.advance(DAY_MS);
    subject.master.plan.fail("patchValue", down());
    subject.live.setOnline(true);
    await pass(subject);
    await write.applied;
    await subject.live.close();
  });

  it("leaves out the time without a network, or without a user", async () => {
    for (const reason of ["offline", "signed out"]) {
      const subject = opened({ retry: RETRY, onUnauthorized: "wait" });
      const { master, clock, live } = subject;
      master.plan.fail("patchValue", down());
      if (reason === "signed out") master.plan.fail("patchValue", new UnauthorizedError("sign in"));
      const write = patch(subject);
      await settle();
      if (reason === "offline") live.setOnline(false);
      await clock.advance(1_000);
      await clock.advance(DAY_MS);
      for (let time = 0; time < 3; time++) master.plan.fail("patchValue", down());
      if (reason === "offline") live.setOnline(true);
      else live.resumeWrites();
      await pass(subject);
      await write.applied;
      await live.close();
    }
  });

  it("goes on while the master is away, and ends", async () => {
    const subject = opened({ retry: { ...RETRY, attempts: Infinity } });
    for (let time = 0; time < 5_000; time++) subject.master.plan.fail("patchValue", down());
    const rejected = assert.rejects(patch(subject).applied, UnavailableError);
    await pass(subject, 58);
    assert.equal(subject.live.pendingWrites().length, 1);
    await pass(subject, 3);
    await rejected;
    await subject.live.close();
  });

  it("tells a policy the same", async () => {
    const asked: FailedAttempt[] = [];
    const subject = opened({ retry: (failed) => (asked.push(failed), 1_000) });
    const { live, clock, master } = subject;
    for (let time = 0; time < 3; time++) master.plan.fail("patchValue", down());
    live.setOnline(false);
    const write = patch(subject);
    await clock.advance(5_000);
    live.setOnline(true);
    await settle();
    await clock.advance(500);
    live.setOnline(false);
    await clock.advance(100);
    live.setOnline(true);
    await pass(subject, 5);
    await write.applied;
    assert.deepEqual(asked.map(({ attempts, sinceMs }) => [attempts, sinceMs]), [[1, 0], [1, 500], [2, 1_500]]);
    await live.close();
  });
});

describe("LiveTable, retry.attempts", () => {
  it("begins again with retry(id), while the write says how often it was tried in all", async () => {
    const subject = opened({ retry: { attempts: 3, firstPauseMs: 100 }, outbox: new MemOutbox() });
    for (let time = 0; time < 5; time++) subject.master.plan.fail("patchValue", down());
    const write = patch(subject);
    const rejected = assert.rejects(write.applied, UnavailableError);
    await pass(subject);
    await rejected;
    const [failed] = await subject.live.failedWrites();
    assert.equal(failed?.attempts, 3);
    assert(await subject.live.retry(write.id));
    await settle();
    assert.equal(subject.live.pendingWrites()[0]?.attempts, 4);
    await pass(subject);
    assert.deepEqual([await subject.live.failedWrites(), subject.live.pendingWrites()], [[], []]);
    assert.equal((await subject.master.getValue("a"))?.price, 3);
    await subject.live.close();
  });

  it("does not count what earlier processes have tried", async () => {
    const outbox = new MemOutbox();
    const op = { kind: "patch", id: "a", partial: { price: 3 } } as const;
    outbox.append("/products", [{ id: "w", op, within: {}, rowId: "a", acceptedAt: 0, acceptedBy: "dead" }]);
    for (let time = 0; time < 7; time++) {
      const term = outbox.lease("/products", "dead", 0, 1) ?? 0;
      outbox.mark("/products", term, [{ kind: "sent", id: "w" }, { kind: "returned", id: "w" }], 0);
      outbox.release("/products", term);
    }
    const subject = opened({ retry: { attempts: 3, firstPauseMs: 100 }, outbox });
    for (let time = 0; time < 2; time++) subject.master.plan.fail("patchValue", down());
    await settle();
    assert.equal(subject.live.pendingWrites()[0]?.attempts, 8);
    await pass(subject);
    assert.equal((await subject.master.getValue("a"))?.price, 3);
    await subject.live.close();
  });
});
