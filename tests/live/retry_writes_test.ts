import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ConflictError,
  defineTable,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemTable,
  type Query,
  RejectedError,
  type Row,
  type TableLike,
  UnauthorizedError,
  UnavailableError,
  type Write,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { BAKERY, type Fixture, fixture } from "./fixture.ts";

/** Pauses without chance: 1, 2, 4… s up to 60. */
const RETRY = { retry: {} } as const;

const down = (effect: "none" | "unknown" = "none"): UnavailableError => new UnavailableError("down", { effect });

const price = async ({ master }: Fixture, id = "a"): Promise<unknown> => (await master.getValue(id))?.price;

/** A clock that always draws the same. */
class SameDraws extends FakeClock {
  readonly #drawn: number;

  constructor(drawn: number) {
    super();
    this.#drawn = drawn;
  }

  override random(): number {
    return this.#drawn;
  }
}

/** A fixture whose clock draws the longest pauses. */
function patient(options: LiveTableOptions = {}): Fixture {
  return fixture({ ...RETRY, clock: new SameDraws(1 - Number.EPSILON), ...options });
}

describe("LiveTable, writes that are tried again", () => {
  it("powersync-native#15: one failure, and no further write: it is sent again all the same", async () => {
    const subject = patient();
    const { table, master, clock } = subject;
    master.plan.fail("patchValue", down());
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await settle();
    assert.deepEqual([write.state, write.attempts], ["sent", 1]);
    await clock.advance(1_000);
    assert.deepEqual(await write.applied, { name: "Bun", price: 3 });
    assert.deepEqual([write.attempts, table.stats().retries, table.stats().failedWrites], [2, 1, 0]);
    const keys = master.writeOptions.map(({ idempotencyKey }) => idempotencyKey);
    assert.deepEqual(keys, [write.id, write.id], "the key is the same each time");
    await table.close();
  });

  it("are not tried again if the master has refused them for good, or by default", async () => {
    for (
      const [error, options] of [[new RejectedError("no"), RETRY], [down(), {}], [new Error("bug"), RETRY]] as const
    ) {
      const { table, master } = fixture(options);
      master.plan.fail("patchValue", error);
      await assert.rejects(table.patchValue("a", { price: 3 }), (thrown) => thrown === error);
      assert.equal(table.stats().masterWrites, 1);
      await table.close();
    }
  });

  it("TanStack/db#1767: an error of this module's own code, or of the tracer, is no reason to send again", async () => {
    const thrower = (): never => {
      throw new Error("tracer");
    };
    for (const error of [new TypeError("ours"), new Error("ours")]) {
      let isBroken = false;
      const clock = new FakeClock();
      const now = (): number => {
        if (isBroken) throw error;
        return FakeClock.prototype.now.call(clock);
      };
      const master = defineTable({
        name: "products",
        capabilities: { idempotencyKeys: true },
        list: () => BAKERY,
        patch: (_id, partial) => (isBroken = true, partial),
      });
      const tracer = defineTracer({ enabled: () => true, span: thrower, event: thrower });
      const options = { ...RETRY, tracer, clock: Object.assign(clock, { now }) };
      const table = new LiveTable(master, "products", new MemCache(), options);
      const written = assert.rejects(table.patchValue("a", { price: 3 }), (thrown) => thrown === error);
      await settle();
      isBroken = false;
      await written;
      assert.deepEqual([table.stats().masterWrites, table.stats().failedWrites], [1, 1]);
      await table.close();
    }
  });

  it("stacks#2298: wait for what the master asks for, whoever wakes them, and a random time after that", async () => {
    for (const [drawn, ms] of [[0, 5_000], [0.5, 5_500]] as const) {
      const clock = new SameDraws(drawn);
      const { table, master } = fixture({ ...RETRY, clock });
      master.plan.fail("patchValue", new UnavailableError("busy", { retryAfterMs: 5_000, effect: "none" }));
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await clock.advance(ms - 1);
      assert.equal(write.attempts, 1);
      await clock.advance(1);
      await write.applied;
      master.plan.fail("patchValue", new UnavailableError("busy", { retryAfterMs: 5_000, effect: "none" }));
      const woken = table.enqueue({ kind: "patch", id: "a", partial: { price: 4 } });
      await clock.advance(4_999);
      table.setOnline(false);
      table.setOnline(true);
      await settle();
      assert.equal(woken.attempts, 1);
      await clock.advance(1);
      await woken.applied;
      await table.close();
    }
  });

  it("give up after so many attempts, or so much time, with the last error", async () => {
    for (const retry of [{ attempts: 3 }, { forMs: 2_500 }]) {
      const subject = patient({ retry });
      const { table, master, clock } = subject;
      const errors = [down(), down(), down(), down()];
      for (const error of errors) master.plan.fail("patchValue", error);
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      for (let second = 0; second < 8; second++) await clock.advance(1_000);
      await assert.rejects(write.applied, (thrown) => thrown === errors[2]);
      assert.deepEqual([write.state, write.attempts, table.stats().failedWrites], ["failed", 3, 1]);
      await table.close();
    }
  });

  it("take a policy of one's own, which stops if it throws or answers with no pause", async () => {
    const asked: unknown[] = [];
    const warned: string[] = [];
    const tracer = defineTracer({
      enabled: () => true,
      span: () => ({ end: () => {} }),
      event: ({ name, level }) => void (level === "warn" && warned.push(name)),
    });
    for (
      const answer of [() => NaN, () => -1, () => Infinity, () => "1" as unknown as number, () => {
        throw new Error("policy");
      }]
    ) {
      const { table, master } = fixture({ tracer, retry: (failed) => (asked.push(failed.attempts), answer()) });
      master.plan.fail("patchValue", down());
      await assert.rejects(table.patchValue("a", {}), UnavailableError);
      await table.close();
    }
    assert.deepEqual(asked, [1, 1, 1, 1, 1]);
    assert.deepEqual(warned.filter((name) => name === "retry policy failed").length, 5);
    const { table, master, clock } = fixture({ retry: ({ attempts }) => attempts < 2 ? 70 : undefined });
    master.plan.fail("patchValue", down());
    const written = table.patchValue("a", { price: 3 });
    await clock.advance(70);
    assert.equal((await written).price, 3);
    await table.close();
  });

  it("block their own row, and no other", async () => {
    const subject = patient();
    const { table, master, clock } = subject;
    for (let time = 0; time < 3; time++) master.plan.fail("patchValue", down());
    const poisoned = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const behind = table.enqueue({ kind: "patch", id: "a", partial: { name: "Bap" } });
    await settle();
    for (const id of ["b", "c"]) await table.delete(id);
    assert.deepEqual([poisoned.attempts, behind.attempts], [1, 0]);
    for (let second = 0; second < 7; second++) await clock.advance(1_000);
    assert.deepEqual(await behind.applied, { name: "Bap", price: 3 });
    assert.equal(poisoned.attempts, 4);
    await table.close();
  });

  it("hold up no other row, however few are sent at once, if one never succeeds (@tanstack/offline-transactions)", async () => {
    for (const writeConcurrency of [1, 2]) {
      const { table, master, clock } = patient({ writeConcurrency });
      for (let time = 0; time < 10; time++) master.plan.fail("patchValue", down());
      const poisoned = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      for (let round = 0; round < 5; round++) {
        await clock.advance(2 ** round * 1_000);
        await table.replaceValue("b", { round }); // No time passes.
      }
      assert(poisoned.attempts > 4);
      await table.close();
    }
  });

  it("look for a master that is away one at a time", async () => {
    const subject = patient({ writeConcurrency: 4 });
    const { table, master, clock } = subject;
    for (let time = 0; time < 20; time++) master.plan.fail("replaceValue", down());
    const writes = Array.from({ length: 100 }, (_, n) => table.enqueue({ kind: "replace", id: `n${n}`, row: { n } }));
    await settle();
    assert.equal(table.stats().masterWrites, 7, "four at once, until four have found no master");
    for (let second = 0; second < 10; second++) await clock.advance(1_000);
    const inOutage = table.stats().masterWrites;
    assert(inOutage <= 20, `${inOutage} attempts in 10 s`);
    for (let second = 0; second < 60; second++) await clock.advance(1_000);
    await Promise.all(writes.map(({ applied }) => applied));
    await table.close();
  });

  it("PackRat#2685: a hundred events of an outage cost no attempt, and coming back wakes at once", async () => {
    const subject = patient();
    const { table, master, clock } = subject;
    for (let time = 0; time < 2; time++) master.plan.fail("patchValue", down());
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await settle();
    for (let time = 0; time < 100; time++) table.setOnline(true);
    await settle();
    assert.equal(write.attempts, 1);
    table.setOnline(false);
    await clock.advance(60_000);
    assert.equal(write.attempts, 1, "nothing is sent while it is offline");
    table.setOnline(true);
    await settle();
    assert.equal(write.attempts, 2);
    await clock.advance(2_000);
    await write.applied;
    await table.close();
  });

  it("wait until the user has signed in, if they may, without an attempt that counts", async () => {
    const subject = patient({ onUnauthorized: "wait", retry: { attempts: 2 } });
    const { table, master } = subject;
    for (let time = 0; time < 2; time++) master.plan.fail("patchValue", new UnauthorizedError("sign in"));
    const [first, other] = ["a", "b"].map((id) => table.enqueue({ kind: "patch", id, partial: { price: 3 } }));
    await settle();
    const third = table.enqueue({ kind: "patch", id: "c", partial: { price: 3 } });
    await settle();
    assert.deepEqual([first?.state, other?.state, third.state], ["sent", "sent", "accepted"]);
    table.resumeWrites();
    await Promise.all([first?.applied, other?.applied, third.applied]);
    await table.close();
    const strict = patient();
    strict.master.plan.fail("patchValue", new UnauthorizedError("sign in"));
    await assert.rejects(strict.table.patchValue("a", {}), UnauthorizedError);
    await strict.table.close();
  });

  it("fail with their last error when the table is closed meanwhile", async () => {
    const subject = patient();
    const { table, master, clock } = subject;
    const error = down();
    master.plan.fail("patchValue", error);
    const resting = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const behind = table.enqueue({ kind: "patch", id: "a", partial: { price: 4 } });
    await settle();
    await table.close();
    await assert.rejects(resting.applied, (thrown) => thrown === error);
    assert.equal((await behind.applied as { price: number }).price, 4, "what was not tried is");
    assert.equal(clock.waiting, 0);
  });
});

describe("LiveTable, a write whose outcome is unknown", () => {
  /** A table over a master that loses the answer to the next write, after or before it is applied. */
  function doubtful(lost: "before" | "after", keys: boolean): Fixture {
    const clock = new SameDraws(1 - Number.EPSILON);
    const { master } = fixture();
    const table = new LiveTable(knownByKeys(master, keys), "products", new MemCache(), { ...RETRY, clock });
    for (const verb of ["patchValue", "replaceValue", "delete", "insertReturnIdValue", "deleteAll"] as const) {
      master.plan.fail(verb, down("unknown"), lost);
    }
    return { ...fixture(), table, master, clock };
  }

  /** The same table, which says that it knows writes by their keys, or that it does not. */
  function knownByKeys(table: TableLike, idempotencyKeys: boolean): TableLike {
    return new Proxy(table, {
      get: (_, name) => {
        if (name === "capabilities") return { ...table.capabilities, idempotencyKeys };
        if (name === "withQuery") return (query: Query) => knownByKeys(table.withQuery(query), idempotencyKeys);
        const member: unknown = Reflect.get(table, name);
        return typeof member === "function" ? member.bind(table) : member;
      },
    });
  }

  it("is sent again with its key where the master knows it by that", async () => {
    const subject = doubtful("before", true);
    const written = subject.table.insertReturnIdValue({ name: "Pie" });
    await settle();
    await subject.clock.advance(1_000);
    assert.match(await written, /./);
    await subject.table.close();
  });

  it("stays unknown if it is refused when it is sent again", async () => {
    const refusals = [
      new UnauthorizedError("signed out"),
      new RejectedError("too many", { retriable: true }),
      new RejectedError("no"),
      new ConflictError("taken"),
    ];
    for (const refusal of refusals) {
      const failed: unknown[] = [];
      const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
      const clock = new FakeClock();
      const table = new LiveTable(knownByKeys(master, true), "products", new MemCache(), {
        clock,
        retry: { attempts: 2 },
        onWriteFailed: ({ failure }) => void failed.push([failure.code, failure.effect]),
      });
      master.plan.fail("patchValue", down("unknown"));
      master.plan.fail("patchValue", refusal);
      const written = table.patchValue("a", { price: 3 });
      await settle();
      await clock.advance(1_000);
      await assert.rejects(written, { name: refusal.name, message: refusal.message, effect: "unknown" });
      assert.deepEqual(failed, [[refusal.code, "unknown"]]);
      await table.close();
    }
  });

  it("is looked for where it does not, and sent again only if the row is as before", async () => {
    for (const lost of ["before", "after"] as const) {
      const subject = doubtful(lost, false);
      const { table, clock, master } = subject;
      await table.listValues();
      const patched = table.patchValue("a", { price: 3 });
      const replaced = table.replaceValue("b", { price: 4 });
      const deleted = table.enqueue({ kind: "delete", id: "c" });
      await settle();
      await clock.advance(1_000);
      assert.deepEqual(await patched, { name: "Bun", price: 3 });
      assert.deepEqual(await replaced, { price: 4 });
      await deleted.applied;
      assert.equal(master.plan.count("patchValue"), lost === "before" ? 2 : 1);
      assert.deepEqual(await table.listValues(), await master.listValues());
      await table.close();
    }
  });

  it("is reported as unknown if somebody else has changed the row as well, or it cannot be looked for", async () => {
    const subject = doubtful("before", false);
    const { table, clock, master } = subject;
    await table.listValues();
    const patched = assert.rejects(table.patchValue("a", { price: 3 }), { code: "unavailable", effect: "unknown" });
    await settle();
    await master.replaceValue("a", { name: "Theirs", price: 9 }).catch(() =>
      master.replaceValue("a", { name: "Theirs", price: 9 })
    );
    await clock.advance(1_000);
    await patched;
    assert.equal(await price(subject), 9);
    for (const write of [(it: TableLike) => it.deleteAll(), (it: TableLike) => it.insertReturnIdValue({})]) {
      await assert.rejects(write(table), { effect: "unknown" });
    }
    await table.close();
  });

  it("is not looked for longer than an attempt may take", async () => {
    const subject = doubtful("before", false);
    const { table, clock, master } = subject;
    const written = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await settle();
    const gate = master.plan.hold("getValue");
    await clock.advance(1_000);
    await gate.reached;
    await clock.advance(30_000);
    await clock.advance(60_000);
    await assert.rejects(written.applied, UnavailableError);
    assert.equal(master.plan.count("getValue"), 2);
    gate.release();
    await table.close();
  });

  it("ends after writeTimeoutMs, and its signal tells the master (powersync.dart#307)", async () => {
    const subject = fixture({ writeTimeoutMs: 1_000 });
    const { table, master, clock } = subject;
    const gate = master.plan.hold("patchValue", "before");
    const written = assert.rejects(table.patchValue("a", { price: 3 }), { code: "unavailable", effect: "unknown" });
    await gate.reached;
    await clock.advance(1_000);
    await written;
    assert.equal(master.writeOptions[0]?.signal?.aborted, true);
    assert.equal((await table.patchValue("b", { price: 3 })).price, 3, "the next one is sent");
    gate.release();
    await table.close();
  });
});

describe("Write.when()", () => {
  it("resolves at each state, and rejects in time, by the signal, or with why the write failed", async () => {
    const { table, master, clock } = fixture();
    const gate = master.plan.hold("patchValue", "before");
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await write.when("accepted");
    await write.when("sent");
    const late = assert.rejects(write.when("applied", { timeoutMs: 50 }), { name: "TimeoutError" });
    const aborted = assert.rejects(
      write.when("applied", { signal: AbortSignal.abort("enough") }),
      (it) => it === "enough",
    );
    await clock.advance(50);
    await Promise.all([late, aborted]);
    gate.release();
    await write.when("applied", { timeoutMs: 50 });
    await write.when("sent");
    await settle();
    assert.equal(clock.waiting, 0);
    master.plan.fail("delete", new ConflictError("no"));
    const failing = table.enqueue({ kind: "delete", id: "a" });
    await assert.rejects(failing.when("applied"), ConflictError);
    await assert.rejects(failing.when("sent"), ConflictError);
    await table.close();
  });

  it("knows the row of a write, also of one whose id the master gives", async () => {
    const { table } = fixture();
    const ids = Array.from({ length: 1_000 }, () => table.enqueue({ kind: "insertReturnId", row: {} }).rowId);
    assert.equal(new Set(ids).size, 1_000, "TREK#1175: ids made in one millisecond differ");
    assert.match(String(ids[0]), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(table.enqueue({ kind: "delete", id: "a" }).rowId, "a");
    assert.equal(table.enqueue({ kind: "deleteAll" }).rowId, undefined);
    assert.equal(table.pendingWrites().length, 1_002);
    await table.close();
    assert.deepEqual(table.pendingWrites(), []);
  });
});

describe("LiveTable refuses", () => {
  it("options of writing that make no sense", () => {
    const refused = (options: object, message: RegExp): void =>
      assert.throws(() => new LiveTable(new MemTable("t"), "t", new MemCache(), options), message);
    refused({ writeConcurrency: 0 }, /writeConcurrency must be .* got number 0/);
    refused({ writeConcurrency: -1 }, /writeConcurrency/);
    refused({ writeTimeoutMs: 0 }, /writeTimeoutMs must be .* got number 0/);
    refused({ writeTimeoutMs: 90_000, writeOutcomeMs: 60_000 }, /writeTimeoutMs must be at most writeOutcomeMs/);
    refused({ retry: { attempts: 0 } }, /retry.attempts must be a number of at least 1, got number 0/);
    refused({ retry: { attemps: 2 } }, /Unknown option "attemps" of retry/);
    refused({ retry: { forMs: NaN } }, /retry.forMs/);
    refused({ retry: { firstPauseMs: Infinity } }, /retry.firstPauseMs must be .* got number Infinity/);
    refused({ retry: 3 }, /retry must be options, a function or false, got number 3/);
    refused({ onUnauthorized: "ask" }, /onUnauthorized must be "fail" or "wait", got "ask"/);
  });
});

describe("LiveTable, rows that the master cannot write", () => {
  const POISONED = 8;
  const LONG_MS = 60_000;

  /** A master that never writes the first rows, and the others at once. */
  function poisoned(): { readonly table: LiveTable; readonly clock: FakeClock; tries(): number } {
    const clock = new SameDraws(1 - Number.EPSILON);
    let tries = 0;
    const replace = (id: string, row: Row): Row => {
      tries++;
      if (Number(id) < POISONED) throw down();
      return row;
    };
    const master = defineTable({ name: "t", list: () => [], replace });
    const retry = { firstPauseMs: LONG_MS, longestPauseMs: LONG_MS, attempts: 1_000 };
    return { table: new LiveTable(master, "t", new MemCache(), { clock, retry }), clock, tries: () => tries };
  }

  it("hold up others for one pause at the most, however many they are", async () => {
    const { table, clock, tries } = poisoned();
    const write = (id: number): Write => table.enqueue({ kind: "replace", id: String(id), row: {} });
    for (let id = 0; id < POISONED; id++) write(id).applied.catch(() => {});
    await settle();
    for (let round = 1; round <= 5; round++) {
      const writes = [write(10), write(11), write(12)];
      await clock.advance(LONG_MS - 1);
      await clock.advance(1);
      await Promise.all(writes.map(({ applied }) => applied));
    }
    assert(tries() <= 6 * POISONED + 5 * 3, String(tries()));
    await table.close();
  });

  it("hold up others for the shortest of their pauses, though the last one to fail has a long one", async () => {
    const clock = new FakeClock();
    const pauses = [90_000, 5_000, 90_000];
    const replace = (id: string, row: Row): Row => {
      if (id !== "healthy") throw down();
      return row;
    };
    const master = defineTable({ name: "t", list: () => [], replace });
    const options = { clock, writeConcurrency: 3, retry: () => pauses.shift() ?? 90_000 };
    const table = new LiveTable(master, "t", new MemCache(), options);
    for (const id of ["a", "b", "c"]) table.replaceValue(id, {}).catch(() => {});
    await settle();
    const write = table.enqueue({ kind: "replace", id: "healthy", row: {} });
    await clock.advance(4_999);
    assert.equal(write.state, "accepted");
    await clock.advance(1);
    await write.applied;
    await table.close();
  });

  it("are not tried again before what was not tried yet, though their turn came first", async () => {
    const clock = new FakeClock();
    const gate = Promise.withResolvers<void>();
    const pauses = [5_000, 5_000, 5_000];
    const replace = async (id: string, row: Row): Promise<Row> => {
      if (id === "c") await gate.promise;
      if (id !== "healthy") throw down();
      return row;
    };
    const master = defineTable({ name: "t", list: () => [], replace });
    const options = { clock, writeConcurrency: 3, retry: () => pauses.shift() ?? 90_000 };
    const table = new LiveTable(master, "t", new MemCache(), options);
    for (const id of ["a", "b", "c"]) table.replaceValue(id, {}).catch(() => {});
    await clock.advance(3_000);
    gate.resolve();
    await settle();
    await clock.advance(3_000);
    const write = table.enqueue({ kind: "replace", id: "healthy", row: {} });
    await clock.advance(2_000);
    await write.applied;
    await table.close();
  });
});
