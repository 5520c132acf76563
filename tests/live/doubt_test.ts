import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  defineTable,
  type ErrorCode,
  type FailedWrite,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemOutbox,
  type Outbox,
  OutboxError,
  RejectedError,
  type Row,
  type SourceCall,
  type StoredWrite,
  type Table,
  type TableError,
  UnauthorizedError,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";

/** A master that is away from the second attempt on; the answer to the first was lost, though that was applied. */
function master(then: TableError, idempotencyKeys: boolean): { readonly table: Table; readonly calls: SourceCall[] } {
  const rows = new Map<string, Row>([["a", { price: 2 }]]);
  const calls: SourceCall[] = [];
  let attempts = 0;
  const write = (id: string, row: Row): never => {
    if (attempts++ > 0) throw then;
    rows.set(id, row);
    throw new UnavailableError("the connection was cut off");
  };
  const table = defineTable({
    name: "products",
    capabilities: { idempotencyKeys },
    list: () => rows,
    get: (_id, call) => {
      calls.push(call);
      return new Promise((_, reject) => call.signal?.addEventListener("abort", () => reject(call.signal?.reason)));
    },
    insert: write,
    patch: write,
  });
  return { table, calls };
}

function open(
  table: Table,
  options: LiveTableOptions = {},
  clock: FakeClock = new FakeClock(),
): { readonly live: LiveTable; readonly clock: FakeClock } {
  const live = new LiveTable(table, "products", new MemCache(), { clock, retry: { attempts: 2 }, ...options });
  return { live, clock };
}

/** The same outbox, as processes share it, or as the tables of one process do. */
function shared(
  inner: MemOutbox,
  answered: (name: string | symbol) => unknown = () => {},
  byProcesses = true,
): Outbox {
  return new Proxy(inner, {
    get: (_, name) => {
      const member: unknown = name === "shared" ? byProcesses : Reflect.get(inner, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const answer: unknown = member.apply(inner, args);
        const wait = answered(name);
        return wait instanceof Promise ? wait.then(() => answer) : answer;
      };
    },
  });
}

const PATCH: StoredWrite = {
  id: "w1",
  op: { kind: "patch", id: "a", partial: { price: 3 } },
  within: {},
  rowId: "a",
  acceptedAt: 0,
  acceptedBy: "a process that died",
};

describe("A write that has failed", () => {
  /** A master that refuses, and an outbox that waits for `noting` before it marks a write as failed. */
  function refused(noting: () => Promise<void>): ReturnType<typeof open> & { readonly inner: MemOutbox } {
    const inner = new MemOutbox();
    const outbox = new Proxy<Outbox>(inner, {
      get: (_, name) => {
        if (name !== "mark") return Reflect.get(inner, name);
        return async (...call: Parameters<Outbox["mark"]>) => {
          if (call[2].some((mark) => mark.kind === "failed")) await noting();
          return inner.mark(...call);
        };
      },
    });
    const patch = (): never => {
      throw new RejectedError("no");
    };
    return { ...open(defineTable({ name: "products", list: () => [], patch }), { outbox }), inner };
  }
  const stateIn = (inner: MemOutbox): unknown[] =>
    inner.load("/products", 0, 10).map((entry) => "state" in entry && entry.state);

  it("is reported once that is stored", async () => {
    const gate = Promise.withResolvers<void>();
    const { live, inner } = refused(() => gate.promise);
    let reported = false;
    const written = live.patchValue("a", { price: 3 });
    written.catch(() => void (reported = true));
    await settle();
    assert.equal(reported, false);
    assert.equal(live.pendingWrites().length, 1);
    gate.resolve();
    await assert.rejects(written, { code: "rejected", effect: "none" });
    assert.deepEqual(stateIn(inner), ["failed"]);
    await live.close();
  });

  it("has the effect that the process says which has sent it, also if it is discarded before that is known here", async () => {
    const outbox = shared(new MemOutbox());
    const patch = (): never => {
      throw new UnavailableError("the connection was cut off");
    };
    const table = defineTable({ name: "products", list: () => [], patch });
    const sender = open(table, { outbox, retry: { attempts: 1 } });
    await assert.rejects(sender.live.patchValue("b", { price: 1 }));
    const other = open(table, { outbox }, new FakeClock({ seed: 2 }));
    other.live.setOnline(false);
    const write = other.live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await settle();
    await sender.clock.advance(10_000);
    assert.equal(await other.live.discard(write.id), true);
    await assert.rejects(write.applied, { code: "unavailable", effect: "unknown" });
    await Promise.all([sender.live.close(), other.live.close()]);
  });

  it("has an unknown effect if that cannot be stored, which is tried again before the lease is released", async () => {
    let attempts = 0;
    const { live, inner, clock } = refused(async () => {
      if (attempts++ === 0) throw await Promise.resolve(new OutboxError("it is locked"));
    });
    await assert.rejects(live.patchValue("a", { price: 3 }), { code: "rejected", effect: "unknown" });
    assert.deepEqual(stateIn(inner), ["sent"]);
    for (let time = 0; time < 80; time++) await clock.advance(250);
    assert.deepEqual(stateIn(inner), ["failed"]);
    await live.close();
  });
});

describe("A write that may have been applied by an attempt before the last", () => {
  const ends: readonly (readonly [TableError, ErrorCode])[] = [
    [new UnavailableError("down", { effect: "none" }), "unavailable"],
    [new UnauthorizedError("signed out"), "unauthorized"],
  ];
  for (const [error, code] of ends) {
    it(`has an unknown effect, though the last attempt had none: ${code}`, async () => {
      const failed: FailedWrite[] = [];
      const { live, clock } = open(master(error, true).table, { onWriteFailed: (it) => void failed.push(it) });
      const written = live.patchValue("a", { price: 3 });
      await settle();
      await clock.advance(1_000);
      await assert.rejects(written, { code, effect: "unknown", message: error.message });
      assert.equal(failed[0]?.failure.effect, "unknown");
      await live.close();
    });
  }

  for (const isKnown of [true, false]) {
    const knows = isKnown ? "knows it by its key" : "does not know it";
    it(`has an unknown effect if a master that ${knows} refuses it: the first attempt may still be on its way`, async () => {
      const { live, clock } = open(master(new RejectedError("too dear"), isKnown).table);
      const written = live.insertValue("b", { price: 3 });
      await settle();
      await clock.advance(1_000);
      await assert.rejects(written, { code: "rejected", effect: "unknown" });
      await live.close();
    });
  }

  it("has an unknown effect when the table is closed during an attempt that has none", async () => {
    const { live, clock } = open(master(new UnavailableError("down", { effect: "none" }), true).table, { retry: {} });
    const written = live.patchValue("a", { price: 3 });
    await settle();
    const later = clock.advance(1_000);
    await Promise.all([later, live.close()]);
    await assert.rejects(written, { code: "unavailable", effect: "unknown" });
  });

  it("has an unknown effect when the table is closed, and is kept: it is going to be sent", async () => {
    const outbox = new MemOutbox();
    const { live } = open(master(new RejectedError("no"), true).table, { outbox });
    const writes = [3, 4].map((price) => live.enqueue({ kind: "patch", id: "a", partial: { price } }));
    await settle();
    await live.close();
    const effects = await Promise.all(
      writes.map(({ applied }) => applied.catch((error) => [error.code, error.effect])),
    );
    assert.deepEqual(effects, [["closed", "unknown"], ["closed", "unknown"]]);
    assert.equal(outbox.load("/products", 0, 10).length, 2);
  });

  it("fails if it is not in the outbox any more, also if the first load of a term fails", async () => {
    const inner = new MemOutbox();
    inner.lease("/products", "another process", 0, 1_000);
    let [hasLoaded, hasFailed] = [false, false];
    const outbox = shared(inner, (name) => {
      hasLoaded ||= name === "load";
      if (name !== "answers" || !hasLoaded || hasFailed) return;
      hasFailed = true;
      throw new OutboxError("it is locked");
    });
    const { live, clock } = open(master(new RejectedError("no"), true).table, { outbox });
    const others = [{ ...PATCH, id: "w2", op: { kind: "patch", id: "b", partial: { price: 3 } }, rowId: "b" } as const];
    inner.append("/products", others); // So that something is loaded.
    const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await write.accepted;
    inner.remove("/products", write.id);
    const rejected = assert.rejects(write.applied, { code: "outbox", effect: "unknown" });
    for (let time = 0; time < 20; time++) await clock.advance(250);
    await rejected;
    assert.equal(hasFailed, true);
    await Promise.all([live.close(), clock.advance(60_000)]);
  });

  it("is in doubt also after a lease that ended before it could be sent again", async () => {
    const inner = new MemOutbox();
    inner.append("/products", [PATCH]);
    inner.mark(
      "/products",
      inner.lease("/products", "a process that died", 0, 1) ?? 0,
      [{ kind: "sent", id: "w1" }],
      0,
    );
    const gate = Promise.withResolvers<void>();
    const outbox = shared(inner, (name) => name === "mark" ? gate.promise : undefined);
    const { table } = master(new RejectedError("no"), false);
    const { live, clock } = open(table, { outbox });
    await clock.advance(10_000);
    gate.resolve();
    await settle();
    assert.deepEqual(inner.load("/products", 0, 10).map((entry) => "state" in entry && entry.state), ["sent"]);
    await Promise.all([live.close(), clock.advance(30_000)]);
  });

  it("is in no doubt if its lease ended before it was sent, and no other process has had it", async () => {
    const inner = new MemOutbox();
    const gate = Promise.withResolvers<void>();
    const marks: string[] = [];
    const outbox = shared(inner, (name) => name === "mark" ? gate.promise : undefined);
    const noted = new Proxy<Outbox>(outbox, {
      get: (_, name) => {
        if (name !== "mark") return Reflect.get(outbox, name);
        return (...call: Parameters<Outbox["mark"]>) => {
          marks.push(...call[2].map(({ kind }) => kind));
          return outbox.mark(...call);
        };
      },
    });
    const table = defineTable({ name: "products", list: () => [], patch: (_, partial) => partial });
    const { live, clock } = open(table, { outbox: noted });
    const write = live.patchValue("a", { price: 3 });
    await settle();
    await clock.advance(10_000);
    gate.resolve();
    for (let time = 0; time < 80; time++) await clock.advance(250);
    assert.deepEqual(await write, { price: 3 });
    assert.deepEqual(marks, ["sent", "returned", "sent", "answered"]);
    await live.close();
  });

  it("stays in doubt if another process has sent it since its return could not be stored", async () => {
    const inner = new MemOutbox();
    let isLocked = true;
    const outbox = new Proxy<Outbox>(inner, {
      get: (_, name) => {
        if (name !== "mark") return Reflect.get(inner, name);
        return (...call: Parameters<Outbox["mark"]>) => {
          if (isLocked && call[2].some(({ kind }) => kind === "returned")) throw new OutboxError("it is locked");
          return inner.mark(...call);
        };
      },
    });
    const patch = (): never => {
      throw new UnavailableError("busy", { effect: "none", retryAfterMs: 3_600_000 });
    };
    const { live, clock } = open(defineTable({ name: "products", list: () => [], patch }), { outbox, retry: {} });
    const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await settle();
    const other = inner.lease("/products", "another process", clock.now() + 60_000, 100) ?? 0;
    inner.mark("/products", other, [{ kind: "sent", id: write.id }], 0);
    inner.release("/products", other);
    isLocked = false;
    for (let time = 0; time < 80; time++) await clock.advance(250);
    assert.deepEqual(inner.load("/products", 0, 10).map((entry) => "state" in entry && entry.state), ["sent"]);
    await live.close();
  });

  it("fails as unknown, and holds up no other, where it waited for a sign-in before another process sent it", async () => {
    const inner = new MemOutbox();
    const rows = new Map<string, Row>([["a", { price: 9 }], ["b", {}]]);
    const calls: string[] = [];
    const table = defineTable({
      name: "products",
      list: () => rows,
      get: (id) => rows.get(id),
      patch: (id, partial) => {
        calls.push(id);
        if (calls.length === 1) throw new UnauthorizedError("signed out");
        return partial;
      },
    });
    const { live, clock } = open(table, { outbox: shared(inner), onUnauthorized: "wait" });
    const written = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } }, { idempotencyKey: "w1" });
    await settle();
    const other = inner.lease("/products", "another process", clock.now() + 60_000, 100) ?? 0;
    inner.mark("/products", other, [{ kind: "sent", id: "w1" }], 0);
    inner.release("/products", other);
    for (let time = 0; time < 30; time++) await clock.advance(250);
    live.resumeWrites();
    await assert.rejects(written.applied, { code: "unavailable", effect: "unknown" });
    await live.patchValue("b", { price: 1 });
    assert.deepEqual(calls, ["a", "b"]);
    await live.close();
  });

  for (const other of ["process", "table of its process"]) {
    it(`fails with why it failed, though it was about to be taken back when another ${other} sent it`, async () => {
      const inner = new MemOutbox();
      const outbox = shared(inner, (name) => {
        if (name === "append") {
          const term = inner.lease("/products", "another process", 0, 60_000) ?? 0;
          const failure = { code: "unknown", message: "lost", effect: "unknown", retriable: false, at: 0 } as const;
          inner.mark("/products", term, [{ kind: "failed", id: "w2", failure }], 0);
        }
      }, other === "process");
      const { live } = open(master(new RejectedError("no"), true).table, { outbox });
      const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } }, { idempotencyKey: "w2" });
      await write.accepted;
      write.cancel();
      await assert.rejects(write.applied, { message: "lost", effect: "unknown" });
      await live.close();
    });
  }

  it("holds up no other once another process has sent it while it rested here", async () => {
    const inner = new MemOutbox();
    inner.append("/products", [{ ...PATCH, op: { kind: "deleteAll" }, rowId: undefined }]);
    const sent: string[] = [];
    const table = defineTable({
      name: "products",
      list: () => new Map<string, Row>(),
      deleteAll: () => {
        throw new UnavailableError("busy", { effect: "none", retryAfterMs: 3_600_000 });
      },
      patch: (id, partial) => {
        sent.push(id);
        return partial;
      },
    });
    const { live, clock } = open(table, { outbox: shared(inner), retry: {} });
    await settle();
    const other = inner.lease("/products", "another process", clock.now() + 60_000, 100) ?? 0;
    inner.mark("/products", other, [{ kind: "sent", id: "w1" }, { kind: "answered", id: "w1" }], 0);
    inner.append("/products", [{ ...PATCH, id: "w2" }]);
    inner.release("/products", other);
    for (let time = 0; time < 80; time++) await clock.advance(250);
    assert.deepEqual(sent, ["a"]);
    await live.close();
  });

  it("has an unknown effect when it is taken back, and cannot be learned whether another process has sent it", async () => {
    const inner = new MemOutbox();
    inner.lease("/products", "another process", 0, 60_000);
    const outbox = shared(inner, (name) => {
      if (name === "answers") throw new OutboxError("cannot be read");
    });
    const { live, clock } = open(master(new RejectedError("no"), true).table, { outbox });
    const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await write.accepted;
    write.cancel();
    await settle();
    assert.equal(write.state, "failed");
    await assert.rejects(write.applied, { code: "outbox", effect: "unknown" });
    await Promise.all([live.close(), clock.advance(1_000)]);
  });

  it("is taken back, though a lease begins here before the answer to its removal: it is missing then, and not lost", async () => {
    const inner = new MemOutbox();
    inner.lease("/products", "another process", 0, 1_000);
    const gate = Promise.withResolvers<void>();
    const outbox = shared(inner, (name) => name === "remove" ? gate.promise : undefined);
    const { live, clock } = open(master(new RejectedError("no"), true).table, { outbox });
    const write = live.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await write.accepted;
    write.cancel();
    const rejected = assert.rejects(write.applied, { name: "AbortError" });
    for (let time = 0; time < 20; time++) await clock.advance(250);
    gate.resolve();
    await rejected;
    await live.close();
  });

  const places: readonly (readonly [boolean, readonly number[]])[] = [[false, [3, 4]], [true, [4]]];
  for (const [isTakenBack, expected] of places) {
    it(`keeps its place while it is taken back, ${isTakenBack ? "which holds up nothing then" : "in vain"}`, async () => {
      const inner = new MemOutbox();
      const gate = Promise.withResolvers<void>();
      const outbox = shared(inner, (name) => name === "remove" ? gate.promise : undefined);
      const prices: unknown[] = [];
      const table = defineTable({
        name: "products",
        capabilities: { idempotencyKeys: true },
        list: () => new Map<string, Row>(),
        patch: (_id, partial) => {
          prices.push(partial.price);
          return partial;
        },
      });
      const { live, clock } = open(table, { outbox });
      live.setOnline(false);
      const writes = [3, 4].map((price) =>
        live.enqueue({ kind: "patch", id: "a", partial: { price } }, { idempotencyKey: `w${price}` })
      );
      await settle();
      if (!isTakenBack) {
        const other = inner.lease("/products", "another process", clock.now() + 60_000, 100) ?? 0;
        inner.mark("/products", other, [{ kind: "sent", id: "w3" }], 0);
        inner.release("/products", other);
      }
      writes[0]?.cancel();
      live.setOnline(true);
      for (let time = 0; time < 4; time++) await clock.advance(250);
      assert.deepEqual(prices, []);
      gate.resolve();
      for (let time = 0; time < 4; time++) await clock.advance(250);
      assert.deepEqual(prices, expected);
      await live.close();
    });
  }

  it("is looked for until the time of an attempt is over, and no longer", async () => {
    const { table, calls } = master(new RejectedError("no"), false);
    const { live, clock } = open(table, { retry: { firstPauseMs: 100 } });
    const written = live.patchValue("a", { price: 3 });
    await settle();
    await clock.advance(100);
    assert.equal(calls[0]?.signal?.aborted, false);
    await clock.advance(30_000);
    assert.equal(calls[0]?.signal?.aborted, true);
    await Promise.all([assert.rejects(written, { effect: "unknown" }), live.close()]);
  });
});

describe("A write that the outbox could not keep", () => {
  /** The first write is kept, and another process has the lease for a second; the second write is not kept. */
  async function twoWrites() {
    const inner = new MemOutbox();
    inner.lease("/products", "another process", 0, 1_000);
    let appends = 0;
    const outbox = shared(inner, (name) => {
      if (name === "append" && appends++ > 0) {
        for (const id of ["w4", "w5"]) inner.remove("/products", id);
        throw new OutboxError("it is full");
      }
    });
    const prices: unknown[] = [];
    const patch = (_id: string, partial: Row): Row => {
      prices.push(partial.price);
      return partial;
    };
    const table = defineTable({ name: "products", list: () => new Map<string, Row>(), patch });
    const { live, clock } = open(table, { outbox });
    const write = async (id: string, price: number) => {
      const made = live.enqueue({ kind: "patch", id, partial: { price } }, { idempotencyKey: `w${price}` });
      await settle();
      return made;
    };
    return { live, clock, prices, kept: await write("a", 3), unkept: await write("a", 4), other: await write("b", 5) };
  }

  it("does not overtake one of its row that is kept and not sent yet, and waits for no other", async () => {
    const { live, clock, prices, kept, unkept, other } = await twoWrites();
    await other.applied;
    assert.deepEqual(prices, [5]);
    for (let time = 0; time < 8; time++) await clock.advance(250);
    await Promise.all([kept.applied, unkept.applied]);
    assert.deepEqual(prices, [5, 3, 4]);
    await live.close();
  });

  it("is not sent when the table is closed, and one of its row before it is left", async () => {
    const { live, prices, kept, unkept } = await twoWrites();
    await live.close();
    await assert.rejects(kept.applied, { code: "closed", retriable: true });
    await assert.rejects(unkept.applied, { code: "closed", effect: "none", retriable: false });
    assert.deepEqual(prices, [5]);
  });
});
