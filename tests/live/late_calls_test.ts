import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineTable, LiveTable, type LiveTableOptions, MemCache, type Row, type TableSource } from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";

interface Subject {
  readonly live: LiveTable;
  readonly rows: Map<string, Row>;
  readonly clock: FakeClock;
  readonly sent: string[];
  /** Ends the first call for row `a`, which hangs. */
  readonly gate: PromiseWithResolvers<void>;
}

/** A master whose first calls for some rows hang, also after their signals are aborted. */
function opened(options: LiveTableOptions = {}, honoursSignal = false, hanging: Set<string> = new Set(["a"])): Subject {
  const rows = new Map<string, Row>([["a", { n: 1 }], ["b", { n: 1 }], ["c", { n: 1 }]]);
  const [sent, clock, gate] = [new Array<string>(), new FakeClock(), Promise.withResolvers<void>()];
  const hang = (signal: AbortSignal | undefined): Promise<void> => {
    if (honoursSignal) signal?.addEventListener("abort", () => gate.reject(signal.reason));
    return gate.promise;
  };
  const patch: TableSource["patch"] = async (id, partial, { signal }) => {
    sent.push(`${id}${JSON.stringify(partial)}`);
    if (hanging.delete(id)) await hang(signal);
    rows.set(id, { ...rows.get(id), ...partial });
    return { ...rows.get(id) };
  };
  const master = defineTable({ name: "t", list: () => rows, get: (id) => rows.get(id), patch });
  const live = new LiveTable(master, "t", new MemCache(), { clock, retry: {}, writeTimeoutMs: 5_000, ...options });
  return { live, rows, clock, sent, gate };
}

async function timedOut({ live, clock }: Subject): Promise<readonly ReturnType<LiveTable["enqueue"]>[]> {
  await live.listValues();
  const writes = [2, 3].map((n) => live.enqueue({ kind: "patch", id: "a", partial: { n } }));
  await settle();
  await clock.advance(5_000);
  return writes;
}

describe("LiveTable, a call that took too long and has not settled", () => {
  it("is waited for before the write is sent again, and before those that follow it", async () => {
    for (const isApplied of [true, false]) {
      const subject = opened();
      const { live, rows, clock, sent, gate } = subject;
      const [first, second] = await timedOut(subject);
      for (let time = 0; time < 5; time++) await clock.advance(60_000);
      assert.deepEqual([sent, first?.state, second?.state], [[`a{"n":2}`], "sent", "accepted"]);
      assert((first?.attempts ?? 0) > 3, "it is looked for again");
      await live.patchValue("b", { n: 2 });
      if (isApplied) gate.resolve();
      else gate.reject(new Error("reset"));
      for (let time = 0; time < 3; time++) await clock.advance(60_000);
      await Promise.all([first?.applied, second?.applied]);
      assert.deepEqual(rows.get("a"), { n: 3 });
      assert.equal(sent.filter((it) => it === `a{"n":2}`).length, isApplied ? 1 : 2);
      await live.close();
    }
  });

  it("is not waited for longer than the policy says: then the outcome is unknown", async () => {
    const subject = opened({ retry: { attempts: 4 } });
    const [first, second] = await timedOut(subject);
    const failed = assert.rejects(first?.applied ?? Promise.resolve(), { code: "unavailable", effect: "unknown" });
    for (let time = 0; time < 4; time++) await subject.clock.advance(60_000);
    await failed;
    assert.deepEqual(await second?.applied, { n: 3 });
    subject.gate.resolve();
    await subject.live.close();
  });

  it("holds up its own row, and no other", async () => {
    const subject = opened({ writeConcurrency: 2 }, false, new Set(["a", "c"]));
    const { live, clock, gate } = subject;
    await live.listValues();
    const writes = ["a", "c"].map((id) => live.enqueue({ kind: "patch", id, partial: { n: 2 } }));
    await settle();
    await clock.advance(5_000);
    for (let time = 0; time < 6; time++) {
      await clock.advance(10_000);
      assert.deepEqual(await live.patchValue("b", { n: time }), { n: time });
    }
    gate.resolve();
    await clock.advance(60_000);
    await Promise.all(writes.map(({ applied }) => applied));
    await live.close();
  });

  it("is over at once if the master ends it when its signal is aborted", async () => {
    const subject = opened({}, true);
    const [first, second] = await timedOut(subject);
    await subject.clock.advance(1_000);
    await Promise.all([first?.applied, second?.applied]);
    assert.deepEqual(subject.sent, [`a{"n":2}`, `a{"n":2}`, `a{"n":3}`]);
    await subject.live.close();
  });
});
