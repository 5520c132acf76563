import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Clock,
  ClosedError,
  defineTable,
  type FailedWrite,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemOutbox,
  MemTable,
  NotFoundError,
  type Outbox,
  OutboxError,
  RejectedError,
  type StoredWrite,
  UnavailableError,
  type WaitOptions,
  type WriteOp,
} from "@vantage/live";
import { FakeClock, FaultyCache, FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY } from "./fixture.ts";

/** The same outbox, whose every call answers later. */
function slowly(inner: Outbox): Outbox {
  return new Proxy(inner, {
    get: (_, name) => {
      const member: unknown = Reflect.get(inner, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        await Promise.resolve();
        return member.apply(inner, args);
      };
    },
  });
}

/** The same outbox or clock, with other members. */
function having<T extends object>(inner: T, members: Partial<T>): T {
  return new Proxy(inner, {
    get: (_, name) => {
      const member: unknown = Reflect.get(members, name) ?? Reflect.get(inner, name);
      return typeof member === "function" ? member.bind(inner) : member;
    },
  });
}

/** The same outbox, as processes share it. */
function shared(inner: Outbox): Outbox {
  return having(inner, { shared: true });
}

/** The calls of one name, which can be held. */
class Hold {
  #isHeld = false;
  #reached = (): void => {};
  #release = (): void => {};
  #released = Promise.resolve();

  /** Holds the calls from now on; resolves when there is one. */
  begin(): Promise<void> {
    this.#isHeld = true;
    this.#released = new Promise((resolve) => this.#release = resolve);
    return new Promise((resolve) => this.#reached = resolve);
  }

  end(): void {
    this.#isHeld = false;
    this.#release();
  }

  /** Resolves when the calls are not held. */
  async pass(): Promise<void> {
    if (!this.#isHeld) return;
    this.#reached();
    await this.#released;
  }
}

interface World {
  readonly clock: FakeClock;
  readonly master: FaultyTable;
  readonly outbox: Outbox;
  /** A table as one more process has it. */
  open(options?: LiveTableOptions): LiveTable;
}

function world(make: (inner: Outbox) => Outbox = shared, options: LiveTableOptions = {}): World {
  const clock = new FakeClock();
  const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
  const outbox = make(new MemOutbox());
  const open = (more: LiveTableOptions = {}): LiveTable =>
    new LiveTable(master, "products", new MemCache(), { clock, outbox, ...options, ...more });
  return { clock, master, outbox, open };
}

const QUEUE = "/products";

/** Lets seconds pass, one after the other. */
async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds * 4; second++) await clock.advance(250);
}

describe("LiveTable with an outbox, its loads", () => {
  it("loads together what is written one after the other", async () => {
    let loads = 0;
    const it = world((inner) => having(inner, { load: (...args) => (loads++, inner.load(...args)) }));
    // Looks at the clock take time: what is loaded does not wait for ever.
    let ms = 0;
    const wait = (ms: number, options?: WaitOptions): Promise<void> => ms === 0 ? settle() : it.clock.wait(ms, options);
    const table = it.open({ clock: having<Clock>(it.clock, { monotonic: () => ms += 0.05, wait }) });
    table.setOnline(false);
    const accept = (price: number): Promise<void> =>
      table.enqueue({ kind: "patch", id: "a", partial: { price } }).accepted;
    await accept(0);
    await settle();
    loads = 0;
    for (let price = 1; price <= 200; price++) await Promise.all([accept(price)]);
    await settle();
    assert(loads > 0 && loads < 80, `${loads} loads`);
    for (const write of table.pendingWrites()) write.cancel();
    await table.close();
  });
});

describe("LiveTable.outboxQueue", () => {
  it("LiveTable.outboxQueue is where its writes are in the outbox, one for each owner", async () => {
    const it = world(shared);
    const table = it.open({ owner: "marty/doc" });
    table.setOnline(false);
    const write = table.enqueue({ kind: "delete", id: "a" });
    await write.accepted;
    const [entry] = await it.outbox.load(table.outboxQueue ?? "", 0, 10);
    assert.equal(entry !== undefined && "write" in entry && entry.write.id, write.id);
    assert.notEqual(it.open().outboxQueue, table.outboxQueue);
    assert.equal(new LiveTable(it.master, "products", new MemCache()).outboxQueue, undefined);
    await table.close();
  });
});

const left = async ({ outbox }: World): Promise<readonly unknown[]> =>
  (await outbox.load(QUEUE, 0, 1_000)).map((entry) => "write" in entry ? [entry.write.op.kind, entry.state] : "?");

for (const [kind, make] of [["at once", shared], ["later", (inner: Outbox) => slowly(shared(inner))]] as const) {
  describe(`LiveTable with an outbox that answers ${kind}`, () => {
    it("keeps a write until the master has answered, and accepts it before (workbox#3237, #2640)", async () => {
      const it = world(make);
      const table = it.open();
      const gate = it.master.plan.hold("patchValue", "before");
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      assert.equal(write.state, "waiting");
      await write.accepted;
      await gate.reached;
      assert.deepEqual(await left(it), [["patch", "sent"]]);
      gate.release();
      assert.deepEqual(await write.applied, { name: "Bun", price: 3 });
      await settle();
      assert.deepEqual(await left(it), []);
      await table.close();
      assert.equal(it.clock.waiting, 0);
    });

    it("sends what an earlier process has left, in order, each write once", async () => {
      const it = world(make);
      const first = it.open();
      first.setOnline(false);
      const writes = [
        first.enqueue({ kind: "insert", id: "d", row: { n: 0 } }),
        first.enqueue({ kind: "patch", id: "d", partial: { n: 1 } }),
        first.enqueue({ kind: "delete", id: "a" }),
        first.enqueue({ kind: "replace", id: "d", row: { n: 2 } }),
      ];
      await Promise.all(writes.map(({ accepted }) => accepted));
      await first.close();
      for (const { applied } of writes) await assert.rejects(applied, { name: "ClosedError", retriable: true });
      assert.equal(it.master.writeOptions.length, 0);
      const next = it.open();
      await settle();
      await next.close();
      assert.deepEqual((await it.master.listValues()).get("d"), { n: 2 });
      assert.equal(await it.master.getValue("a"), undefined);
      assert.deepEqual(
        it.master.writeOptions.map(({ idempotencyKey }) => idempotencyKey).sort(),
        writes.map(({ id }) => id).sort(),
      );
      assert.deepEqual(await left(it), []);
    });

    it("closes in every state of a retry without losing a write (rxdb#8285, #7259)", async () => {
      for (const passed of [0, 1, 2, 5]) {
        const it = world(make);
        const table = it.open();
        for (let time = 0; time < 5; time++) {
          it.master.plan.fail("patchValue", new UnavailableError("down", { effect: "none" }));
        }
        const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
        await settle();
        await pass(it.clock, passed);
        const attempts = write.attempts;
        await table.close();
        await assert.rejects(write.applied, ClosedError);
        assert.equal((await left(it)).length, 1);
        const next = it.open();
        await pass(it.clock, 60);
        await next.close();
        assert.equal((await it.master.getValue("a"))?.price, 3);
        assert(it.master.writeOptions.length > attempts);
      }
    });

    it("leaves with a write what follows it when it is closed, so that they are sent in order", async () => {
      const it = world(make);
      const table = it.open();
      it.master.plan.fail("patchValue", new UnavailableError("down", { effect: "none" }));
      const writes = [3, 4].map((price) => table.enqueue({ kind: "patch", id: "a", partial: { price } }));
      await settle();
      await table.close();
      for (const { applied } of writes) await assert.rejects(applied, ClosedError);
      assert.equal(it.master.writeOptions.length, 1);
      assert.equal((await left(it)).length, 2);
      const next = it.open();
      await pass(it.clock, 1);
      await next.close();
      assert.equal((await it.master.getValue("a"))?.price, 4);
    });

    it("lets one of two processes send, and answers to the other what that was answered", async () => {
      const it = world(make);
      const [one, two] = [it.open(), it.open()];
      const first = one.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await first.applied;
      const gate = it.master.plan.hold("patchValue", "before");
      const second = two.enqueue({ kind: "patch", id: "b", partial: { price: 4 } });
      const third = two.enqueue({ kind: "insertReturnId", row: { name: "Pie" } });
      await second.accepted;
      it.master.plan.fail("delete", new RejectedError("not that one"));
      const refused = two.enqueue({ kind: "delete", id: "c" });
      await settle();
      assert.equal(second.state, "accepted");
      await pass(it.clock, 1);
      await gate.reached;
      gate.release();
      await pass(it.clock, 1);
      assert.deepEqual(await second.applied, { name: "Roll", price: 4 });
      assert((await it.master.listValues()).has(String(await third.applied)));
      await assert.rejects(refused.applied, { name: "RejectedError", message: /not that one/ });
      assert.equal(two.stats().masterWrites, 0);
      assert.deepEqual(await two.getValue("b"), { name: "Roll", price: 4 });
      await Promise.all([one.close(), two.close()]);
      assert.equal(it.clock.waiting, 0);
    });

    it("takes over from a process that does not answer any more, which sends nothing when it wakes up", async () => {
      const it = world(make);
      const frozen = new FakeClock({ seed: 2 });
      const [one, two] = [it.open({ clock: frozen }), it.open()];
      const gate = it.master.plan.hold("patchValue", "after");
      const lost = one.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      const behind = one.enqueue({ kind: "patch", id: "a", partial: { stock: 1 } });
      await gate.reached;
      const next = two.enqueue({ kind: "patch", id: "a", partial: { name: "Bap" } });
      await next.accepted;
      await pass(it.clock, 4);
      assert.equal(next.state, "accepted");
      await pass(it.clock, 3);
      assert.deepEqual(await next.applied, { name: "Bap", price: 3, stock: 1 });
      const sent = it.master.writeOptions.length;
      assert.equal(sent, 3, "what it had sent was looked for, and not sent again");
      gate.release();
      await pass(frozen, 20);
      assert.deepEqual(await lost.applied, { name: "Bun", price: 3 });
      assert.deepEqual(await behind.applied, { name: "Bun", price: 3, stock: 1 });
      assert.equal(it.master.writeOptions.length, sent);
      await Promise.all([one.close(), two.close()]);
      assert.deepEqual(await left(it), []);
    });

    it("sends what it had loaded before another process sent, once it may send again", async () => {
      const it = world(make);
      const frozen = new FakeClock({ seed: 2 });
      const [one, two] = [it.open({ clock: frozen }), it.open()];
      for (const table of [one, two]) table.setOnline(false);
      const first = one.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await first.accepted;
      await settle();
      const second = two.enqueue({ kind: "patch", id: "b", partial: { price: 4 } });
      await second.accepted;
      await pass(it.clock, 10);
      await pass(frozen, 6);
      await two.close();
      one.setOnline(true);
      await pass(frozen, 6);
      assert.deepEqual([first.state, await left(it)], ["applied", []]);
      assert.deepEqual(it.master.writeOptions.map(({ idempotencyKey }) => idempotencyKey), [first.id, second.id]);
      await one.close();
    });

    it("sets aside what has failed, for retry() and discard(), and what follows goes on", async () => {
      const told: FailedWrite[] = [];
      const it = world(make, { onWriteFailed: (failed) => void told.push(failed) });
      const table = it.open();
      for (const verb of ["patchValue", "delete"] as const) it.master.plan.fail(verb, new RejectedError("no"));
      const patch = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      const remove = table.enqueue({ kind: "delete", id: "b" });
      await assert.rejects(patch.applied, RejectedError);
      await assert.rejects(remove.applied, RejectedError);
      assert.equal((await table.patchValue("a", { price: 4 })).price, 4);
      const failed = await table.failedWrites();
      assert.deepEqual(
        failed.map(({ op, attempts, failure: { code, message } }) => [op.kind, attempts, code, message]),
        [
          ["patch", 1, "rejected", "no"],
          ["delete", 1, "rejected", "no"],
        ],
      );
      assert.deepEqual(told.map(({ id }) => id), [patch.id, remove.id]);
      await table.close();
      const next = it.open();
      assert.equal(
        (await next.failedWrites()).length,
        2,
        "nothing is dropped by count, or with the process (breeze#4252)",
      );
      assert.equal(await next.discard(remove.id), true);
      assert.equal(await next.discard(remove.id), false);
      assert.equal(await next.retry(patch.id), true);
      await settle();
      await pass(it.clock, 1);
      assert.equal((await it.master.getValue("a"))?.price, 3);
      assert.deepEqual(await next.failedWrites(), []);
      assert.equal(await next.retry("nobody"), false);
      await next.close();
    });

    it("asks the master all the same if it cannot keep a write, and says so (firebase-js-sdk#5031, Eventra#10758)", async () => {
      const it = world((inner) => {
        const full = make(inner);
        return new Proxy(full, {
          get: (_, name) => {
            if (name === "append") return () => Promise.reject(new OutboxError("full", { retriable: true }));
            const member: unknown = Reflect.get(full, name);
            return typeof member === "function" ? member.bind(full) : member;
          },
        });
      });
      const table = it.open();
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await assert.rejects(write.accepted, OutboxError);
      assert.deepEqual(await write.applied, { name: "Bun", price: 3 });
      assert.equal(table.stats().outboxFailures, 1);
      await table.close();
    });

    it("refuses a write that the outbox could never hold, reports it, and does not send it", async () => {
      const it = world((inner) => {
        const small = make(inner);
        const append = (queue: string, writes: readonly StoredWrite[]): unknown => {
          const large = writes.find(({ op }) => op.kind === "patch" && op.partial["price"] === 2);
          if (large !== undefined) throw new RangeError(`Cannot keep ${large.id}: it has 9 bytes of at most 8`);
          return small.append(queue, writes);
        };
        return new Proxy(small, {
          get: (_, name) => {
            if (name === "append") return append;
            const member: unknown = Reflect.get(small, name);
            return typeof member === "function" ? member.bind(small) : member;
          },
        });
      });
      const failed: FailedWrite[] = [];
      const table = it.open({ onWriteFailed: (write) => void failed.push(write), optimistic: true });
      const writes = [1, 2, 3].map((price) => table.enqueue({ kind: "patch", id: "a", partial: { price } }));
      const [before, large, after] = writes;
      await assert.rejects(large?.accepted ?? assert.fail(), RangeError);
      await assert.rejects(large?.applied ?? assert.fail(), RangeError);
      assert.deepEqual(
        await Promise.all([before?.applied, after?.applied]),
        [1, 3].map((price) => ({ name: "Bun", price })),
      );
      assert.equal((await table.getValue("a"))?.price, 3);
      assert.equal(it.master.writeOptions.length, 2);
      assert.deepEqual(failed.map(({ id, attempts }) => [id, attempts]), [[large?.id, 0]]);
      assert.deepEqual([table.stats().failedWrites, table.stats().outboxFailures], [1, 0]);
      await table.close();
      assert.deepEqual(await left(it), []);
    });

    it("refuses an operation without an id, a row or columns before it is accepted", async () => {
      const it = world(make);
      const table = it.open();
      const missing: readonly [op: object, message: RegExp][] = [
        [{ kind: "patch", partial: { price: 2 } }, /An id must be a string, got undefined/],
        [{ kind: "insert", id: 7, row: {} }, /An id must be a string, got number 7/],
        [{ kind: "delete" }, /An id must be a string, got undefined/],
        [{ kind: "replace", id: null, row: {} }, /An id must be a string, got null/],
        [{ kind: "patch", id: "a" }, /row.*got undefined/i],
        [{ kind: "patch", id: "a", partial: {} }, /Cannot patch row "a" with nothing/],
        [{ kind: "insertReturnId" }, /row.*got undefined/i],
        [{ kind: "upsert", id: "a", row: {} }, /Unknown operation "upsert"/],
        [{}, /Unknown operation undefined/],
      ];
      for (const [op, message] of missing) {
        assert.throws(() => table.enqueue(op as WriteOp), { name: "TypeError", message });
      }
      await assert.rejects(table.patchValue(undefined as unknown as string, { price: 2 }), TypeError);
      assert.deepEqual([table.pendingWrites(), await left(it), it.master.writeOptions], [[], [], []]);
      assert.equal(table.stats().failedWrites, 1);
      await table.close();
    });

    it("takes a patch of no columns like any other: it changes nothing and answers with the row", async () => {
      const it = world(make);
      const table = it.open({ optimistic: true });
      assert.deepEqual(await table.patchValue("a", {}), { name: "Bun", price: 2 });
      await assert.rejects(table.patchValue("nobody", {}), { name: "NotFoundError" });
      await table.close();
      assert.deepEqual(await left(it), [["patch", "failed"]]);
    });

    it("follows the real id of a row whose insertion was waiting, also in the next process (offix#374, #748, TREK#1175)", async () => {
      for (const restartsAfter of [0, 1]) {
        const given = "server-1";
        // This master gives ids of its own.
        const it = world(make);
        const rows = new MemTable("products");
        const master = defineTable({
          name: "products",
          list: () => rows.listValues(),
          get: (id) => rows.getValue(id),
          patch: (id, partial) => rows.patchValue(id, partial),
          insertReturnId: async (row) => {
            await rows.insertValue(given, row);
            return given;
          },
        });
        const faulty = new FaultyTable(master);
        const open = (): LiveTable =>
          new LiveTable(faulty, "products", new MemCache(), { clock: it.clock, outbox: it.outbox });
        const first = open();
        first.setOnline(false);
        const insert = first.enqueue({ kind: "insertReturnId", row: { name: "Pie" } });
        const made = String(insert.rowId);
        const patch = first.enqueue({ kind: "patch", id: made, partial: { price: 7 } });
        await patch.accepted;
        if (restartsAfter === 1) {
          faulty.plan.fail("patchValue", new UnavailableError("down", { effect: "none" }));
          first.setOnline(true);
          await settle();
        }
        await first.close();
        const next = open();
        await pass(it.clock, 60);
        await next.close();
        assert.deepEqual(await rows.getValue(given), { name: "Pie", price: 7 });
        assert.deepEqual(await left(it), []);
      }
    });

    it("cancels what depends on an insertion that fails (figbird#85)", async () => {
      const it = world(make);
      const table = it.open();
      it.master.plan.fail("insertReturnIdValue", new RejectedError("no"));
      const insert = table.enqueue({ kind: "insertReturnId", row: {} });
      const patch = table.enqueue({ kind: "patch", id: String(insert.rowId), partial: { n: 1 } });
      const remove = table.enqueue({ kind: "delete", id: String(insert.rowId) });
      await assert.rejects(insert.applied, RejectedError);
      await assert.rejects(patch.applied, { name: "NotFoundError" });
      await assert.rejects(remove.applied, { name: "NotFoundError" });
      assert.equal((await table.failedWrites()).length, 3);
      await table.close();
    });

    it("fails what follows an insertion that cannot be stored, is not sent and is given up at close()", async () => {
      let isFull = true;
      const it = world((inner) => {
        const outbox = make(inner);
        return having(outbox, {
          append: (...args) => {
            if (isFull) throw new OutboxError("full");
            return outbox.append(...args);
          },
        });
      });
      const failed: unknown[] = [];
      const table = it.open({ onWriteFailed: ({ op }) => void failed.push(op.kind) });
      table.setOnline(false);
      const insert = table.enqueue({ kind: "insertReturnId", row: { name: "Roll" } });
      assert(insert.rowId !== undefined);
      await assert.rejects(insert.accepted, OutboxError);
      isFull = false;
      const patch = table.enqueue({ kind: "patch", id: insert.rowId, partial: { price: 1 } });
      await patch.accepted;
      await settle();
      await table.close();
      await assert.rejects(insert.applied, ClosedError);
      await assert.rejects(patch.applied, NotFoundError);
      assert.deepEqual([await left(it), failed], [[["patch", "failed"]], ["insertReturnId", "patch"]]);
      assert.deepEqual(it.master.writeOptions, []);
    });

    it("neither sends nor removes what belongs to another owner, or to none (Eventra#2749, Eventra#2478, securedrop-client#1453)", async () => {
      const it = world(make);
      const marty = it.open({ owner: "marty" });
      marty.setOnline(false);
      await marty.enqueue({ kind: "delete", id: "a" }).accepted;
      await marty.close();
      for (const owner of ["doc", undefined]) {
        const other = it.open({ owner });
        await pass(it.clock, 30);
        assert.deepEqual([other.pendingWrites(), await other.failedWrites()], [[], []]);
        await other.close();
      }
      assert.equal(await it.master.getCount(), 3);
      const back = it.open({ owner: "marty" });
      await pass(it.clock, 10);
      await back.close();
      assert.equal(await it.master.getCount(), 2);
    });

    it("takes over no more writes of others once it is closed, whenever they are loaded", async () => {
      for (let turns = 0; turns < 25; turns++) {
        const hold = new Hold();
        const it = world((inner) => {
          const outbox = make(inner);
          return having(outbox, {
            load: async (...args) => {
              await hold.pass();
              return await outbox.load(...args);
            },
          });
        });
        const [table, other] = [it.open(), it.open()];
        other.setOnline(false);
        const gate = it.master.plan.hold("delete", "before");
        const write = table.enqueue({ kind: "delete", id: "a" });
        await gate.reached;
        const loading = hold.begin();
        const closed = table.close();
        await pass(it.clock, 1);
        await loading;
        await other.enqueue({ kind: "delete", id: "b" }).accepted;
        gate.release();
        for (let turn = 0; turn < turns; turn++) await undefined;
        hold.end();
        await closed;
        assert.deepEqual(table.pendingWrites(), [], `${turns} turns`);
        assert.equal(write.state, "applied");
        other.setOnline(true);
        await pass(it.clock, 1);
        await other.close();
        assert.equal(await it.master.getCount(), 1);
        assert.deepEqual(await left(it), []);
      }
    });

    it("takes back a write while it is being stored, and sends it from no process", async () => {
      const hold = new Hold();
      const it = world((inner) => {
        const outbox = make(inner);
        return having(outbox, {
          append: async (...args) => {
            await hold.pass();
            return await outbox.append(...args);
          },
        });
      });
      const appending = hold.begin();
      const table = it.open();
      const write = table.enqueue({ kind: "delete", id: "a" });
      await appending;
      assert.equal(write.cancel(), true);
      hold.end();
      await assert.rejects(write.applied, { name: "AbortError" });
      await pass(it.clock, 1);
      assert.deepEqual([await left(it), it.master.writeOptions], [[], []]);
      await table.close();
    });

    describe("does not take up again what it loads when it has", () => {
      const loadingSlowly = (): { readonly it: World; readonly hold: Hold } => {
        const hold = new Hold();
        const it = world((inner) => {
          const outbox = make(inner);
          return having(outbox, {
            load: async (queue, after, limit) => {
              const entries = await outbox.load(queue, after, limit);
              if (after === 0) await hold.pass();
              return entries;
            },
          });
        }, { outboxLeaseMs: 1_000 });
        return { it, hold };
      };

      it("taken it back meanwhile", async () => {
        const { it, hold } = loadingSlowly();
        const table = it.open();
        table.setOnline(false);
        await pass(it.clock, 1);
        const loaded = hold.begin();
        const write = table.enqueue({ kind: "delete", id: "a" });
        await loaded;
        assert.equal(write.cancel(), true);
        await assert.rejects(write.applied, { name: "AbortError" });
        hold.end();
        await settle();
        assert.deepEqual([table.pendingWrites(), await left(it)], [[], []]);
        await table.close();
      });

      it("been answered meanwhile, after another had the lease", async () => {
        const { it, hold } = loadingSlowly();
        const table = it.open();
        await pass(it.clock, 1);
        const gate = it.master.plan.hold("delete");
        const write = table.enqueue({ kind: "delete", id: "a" });
        await gate.reached;
        const term = await it.outbox.lease(QUEUE, "another", it.clock.now() + 10_000, 1_000);
        assert(term !== undefined);
        await it.outbox.release(QUEUE, term);
        const loaded = hold.begin();
        await pass(it.clock, 3);
        await loaded;
        gate.release();
        await write.applied;
        table.setOnline(false);
        hold.end();
        await settle();
        assert.deepEqual(table.pendingWrites(), []);
        table.setOnline(true);
        await pass(it.clock, 5);
        assert.deepEqual([table.pendingWrites(), await left(it)], [[], []]);
        assert.equal(it.master.writeOptions.length, 1);
        await table.close();
      });
    });

    it("does not take back a write that another process has sent while it was appended", async () => {
      const appending = new Hold();
      const it = world(make);
      const one = it.open();
      const outbox = having(it.outbox, {
        append: async (...args) => {
          const positions = await it.outbox.append(...args);
          await appending.pass();
          return positions;
        },
      });
      const cache = new FaultyCache(new MemCache());
      const two = new LiveTable(it.master, "products", cache, { clock: it.clock, outbox });
      await one.enqueue({ kind: "patch", id: "b", partial: { price: 3 } }).applied; // It has the lease.
      const gate = cache.plan.hold("log", "before");
      const appended = appending.begin();
      const write = two.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await appended;
      assert.equal(write.cancel(), true);
      await pass(it.clock, 12); // It looks for answers, though its own call has none.
      await gate.reached;
      appending.end();
      await settle();
      gate.release();
      assert.deepEqual(await write.applied, { name: "Bun", price: 3 });
      await Promise.all([one.close(), two.close()]);
    });

    describe("while an insertion is being taken back", () => {
      /** An insertion that is out of the outbox, and not yet taken back, or still in it; and a patch of its row, loaded by then. */
      const takingBack = async (isRemoved: boolean) => {
        const [loading, removing] = [new Hold(), new Hold()];
        const it = world((inner) => {
          const outbox = make(inner);
          return having(outbox, {
            load: async (...args) => {
              await loading.pass();
              return await outbox.load(...args);
            },
            remove: async (...args) => {
              const removed = isRemoved && await outbox.remove(...args);
              await removing.pass();
              return removed;
            },
          });
        });
        const table = it.open();
        await settle();
        void loading.begin();
        const made = table.enqueue({ kind: "insertReturnId", row: { name: "Pie" } });
        const patch = table.enqueue({ kind: "patch", id: made.rowId ?? "", partial: { price: 3 } });
        await patch.accepted;
        const leaving = removing.begin();
        made.cancel();
        await leaving;
        loading.end();
        await settle();
        return { it, table, made, patch, removing };
      };

      it("sends nothing that follows it, which fails with it", async () => {
        const { it, table, made, patch, removing } = await takingBack(true);
        assert.deepEqual(it.master.writeOptions, []);
        removing.end();
        await assert.rejects(made.applied, { name: "AbortError" });
        await assert.rejects(patch.applied, {
          name: "NotFoundError",
          message: /its insertion has failed, or was taken back/,
        });
        assert.deepEqual([it.master.writeOptions, table.pendingWrites()], [[], []]);
        assert.deepEqual((await table.failedWrites()).map(({ id }) => id), [patch.id]);
        await table.close();
      });

      it("sends what follows it after it, if it could not be taken back", async () => {
        const { it, table, made, patch, removing } = await takingBack(false);
        removing.end();
        const id = String(await made.applied);
        assert.deepEqual(await patch.applied, { name: "Pie", price: 3 });
        assert.deepEqual(await it.master.getValue(id), { name: "Pie", price: 3 });
        await table.close();
      });

      const closing = async (isRemoved: boolean) => {
        const parts = await takingBack(isRemoved);
        parts.table.setOnline(false);
        const closed = parts.table.close();
        await settle();
        parts.removing.end();
        await closed;
        const next = parts.it.open();
        await pass(parts.it.clock, 1);
        await next.idle();
        return { ...parts, next };
      };

      it("fails what follows it where the table is closed meanwhile", async () => {
        const { it, made, patch, next } = await closing(true);
        await assert.rejects(made.applied, { name: "AbortError" });
        await assert.rejects(patch.applied, { name: "NotFoundError" });
        assert.deepEqual((await next.failedWrites()).map(({ id }) => id), [patch.id]);
        assert.deepEqual(it.master.writeOptions, []);
        await next.close();
      });

      it("leaves what follows it with it where the table is closed meanwhile, and it could not be taken back", async () => {
        const { it, made, patch, next } = await closing(false);
        await assert.rejects(made.applied, { name: "ClosedError" });
        await assert.rejects(patch.applied, { name: "ClosedError" });
        const rows = await it.master.listValues();
        assert.deepEqual([...rows.values()].filter(({ name }) => name === "Pie"), [{ name: "Pie", price: 3 }]);
        await next.close();
      });
    });

    it("takes back a write that was never sent, in the outbox too", async () => {
      const it = world(make);
      const table = it.open();
      table.setOnline(false);
      const write = table.enqueue({ kind: "delete", id: "a" });
      await write.accepted;
      await settle();
      assert.equal(write.cancel(), true);
      await assert.rejects(write.applied, { name: "AbortError" });
      assert.deepEqual(await left(it), []);
      await table.close();
      assert.equal(await it.master.getCount(), 3);
    });
  });
}
