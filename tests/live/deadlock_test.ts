import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  DeadlockError,
  defineTable,
  LiveTable,
  MemCache,
  MemTable,
  type Row,
  type Table,
  type TableSource,
} from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { newAsyncContext, untilFirstWait } from "../../src/base/async_context.ts";

/** A master of one table that does `patch` itself; what it stores stands in `rows`. */
function master(patch: NonNullable<TableSource["patch"]>): { readonly table: Table; readonly rows: Map<string, Row> } {
  const rows = new Map<string, Row>([["a", { n: 0 }]]);
  const store = (id: string, row: Row): Row => {
    rows.set(id, row);
    return row;
  };
  const table = defineTable({ name: "things", list: () => rows, get: (id) => rows.get(id), replace: store, patch });
  return { table, rows };
}

function live(table: Table, cacheKey = "t"): LiveTable {
  return new LiveTable(table, cacheKey, new MemCache());
}

async function turn(): Promise<void> {
  await settle();
}

const forwarding = { name: "forwarding", list: () => [] };

/** The verbs of a table that writes to another. */
function to(table: () => LiveTable): Pick<TableSource, "get" | "patch" | "replace"> {
  return {
    get: (id) => table().getValue(id),
    patch: (id, partial) => table().patchValue(id, partial),
    replace: async (id, row) => await table().replaceValue(id, row),
  };
}

const DEADLOCK = { name: "DeadlockError", code: "deadlock", effect: "unknown" };

describe("A master that writes through the LiveTable in front of it", () => {
  for (
    const [how, wait] of [
      ["at once", async () => {}],
      ["after it has waited", turn],
    ] as const
  ) {
    it(`and waits, ${how}: is told so, and the queue goes on`, async () => {
      const { table, rows } = master(async (id, partial) => {
        await wait();
        await front.replaceValue("a", { n: 1 });
        return { id, ...partial };
      });
      const front = live(table);
      const error = await front.patchValue("a", { n: 2 }).catch((error: unknown) => error);
      assert(error instanceof DeadlockError);
      assert.match(
        error.message,
        /^Cannot wait for replace row "a" of "things" .*: "things" has not answered yet to patch row "a"$/,
      );
      await front.idle();
      assert.deepEqual(rows.get("a"), { n: 1 }, "what it did not get to wait for is sent all the same");
      await front.close();
    });

    it(`and does not wait, ${how}: is left alone, however it holds the promise`, async () => {
      const told: unknown[] = [];
      let stored: Promise<Row> | undefined;
      const { table, rows } = master(async (_, partial) => {
        await wait();
        void front.replaceValue("b", { n: 1 });
        stored = front.replaceValue("c", { n: 1 });
        front.enqueue({ kind: "replace", id: "d", row: { n: 1 } });
        front.replaceValue("e", { n: 1 }).catch((error: unknown) => told.push(error));
        void front.replaceValue("f", { n: 1 }).then(() => told.push("done")).finally(() => told.push("settled"));
        return partial;
      });
      const front = live(table);
      await front.patchValue("a", { n: 2 });
      assert.deepEqual(await stored, { n: 1 });
      await front.idle();
      assert.deepEqual([...rows.keys()], ["a", "b", "c", "d", "e", "f"]);
      await settle();
      assert.deepEqual(told, ["done", "settled"]);
      await front.close();
    });

    it(`and waits for a write that it was handed, for idle(), or for close(), ${how}`, async () => {
      for (
        const forbidden of [
          (front: LiveTable) => front.enqueue({ kind: "replace", id: "a", row: {} }).applied,
          (front: LiveTable) => front.idle(),
          (front: LiveTable) => front.close(),
          (front: LiveTable) => front[Symbol.asyncDispose](),
          (front: LiveTable) => Promise.all([front.deleteAll()]),
          (front: LiveTable) => front.where({ n: 1 }).delete("a").finally(() => {}),
          (front: LiveTable) => front.patchValue("a", { n: 3 }).catch(() => "no"),
          (front: LiveTable) => Promise.allSettled([front.idle()]).then(([one]) => Promise.reject(Object(one).reason)),
        ]
      ) {
        const { table } = master(async (_, partial) => {
          await wait();
          await forbidden(front);
          return partial;
        });
        const front = live(table);
        await assert.rejects(front.patchValue("a", { n: 2 }), DEADLOCK);
        await front.close();
      }
    });
  }

  it("may wait for writes to other rows, however few are sent at once", async () => {
    for (const writeConcurrency of [1, 2]) {
      const { table, rows } = master(async (_, partial) => {
        await front.replaceValue("b", { n: 1 });
        await front.enqueue({ kind: "replace", id: "c", row: {} }).when("applied");
        return partial;
      });
      const front = new LiveTable(table, "t", new MemCache(), { writeConcurrency });
      await front.patchValue("a", { n: 2 });
      assert.deepEqual([...rows.keys()], ["a", "b", "c"]);
      await front.close();
    }
  });

  it("may begin to close it, and reads within a write are served", async () => {
    const { table } = master(async (_, partial) => {
      const held = await front.getValue("a");
      void front.close();
      return { ...partial, held: held?.n ?? null };
    });
    const front = live(table);
    assert.deepEqual(await front.patchValue("a", { n: 2 }), { n: 2, held: 0 });
    await assert.rejects(front.listValues(), { code: "closed" });
    await front.close();
  });

  it("may wait for its place in the queue, if there is one", async () => {
    const { table, rows } = master(async (_, partial) => {
      await front.enqueue({ kind: "replace", id: "b", row: {} }).accepted;
      return partial;
    });
    const front = live(table);
    await front.patchValue("a", { n: 2 });
    await front.idle();
    assert(rows.has("b"));
    const full = master(async (_, partial) => {
      await narrow.enqueue({ kind: "replace", id: "b", row: {} }).accepted;
      return partial;
    });
    const narrow = new LiveTable(full.table, "t", new MemCache(), { queueCapacity: 1 });
    await assert.rejects(narrow.patchValue("a", { n: 2 }), DEADLOCK);
    await Promise.all([front.close(), narrow.close()]);
  });

  it("by way of other tables: is told so where the circle closes, and whoever is in it is let go", async () => {
    const { table } = master(async (_, partial) => {
      await turn();
      await outer.replaceValue("a", {});
      return partial;
    });
    const inner = live(table, "inner");
    const middle = live(defineTable({ ...forwarding, ...to(() => inner) }), "middle");
    const outer: LiveTable = new LiveTable(middle, "outer", new MemCache());
    await assert.rejects(outer.patchValue("a", { n: 2 }), DEADLOCK);
    await Promise.all([outer.idle(), inner.idle()]);
    // The circle goes through two queues: the write of the one waits behind another, which waits for the first.
    const first = assert.rejects(inner.patchValue("a", { n: 1 }), DEADLOCK);
    const second = assert.rejects(outer.patchValue("a", { n: 2 }), DEADLOCK);
    await Promise.all([first, second]);
    await Promise.all([outer.close(), middle.close(), inner.close()]);
  });

  it("no others are blamed: who writes meanwhile, who writes later, and who writes to another table", async () => {
    const log = live(master((_, partial) => partial).table, "log");
    let release = (): void => {};
    let later: Promise<unknown> | undefined;
    const { table } = master(async (_, partial) => {
      await log.replaceValue("entry", {});
      // What goes on when the write is done is no part of it any more.
      later = turn().then(turn).then(() => front.replaceValue("later", {}));
      await new Promise<void>((resolve) => release = resolve);
      return partial;
    });
    const front = live(table);
    const write = front.patchValue("a", { n: 2 });
    const meanwhile = front.replaceValue("b", { n: 1 });
    await settle();
    const during = front.replaceValue("c", { n: 1 });
    release();
    assert.deepEqual(await Promise.all([write, meanwhile, during]), [{ n: 2 }, { n: 1 }, { n: 1 }]);
    await later;
    await Promise.all([front.close(), log.close()]);
  });
});

describe("A master that waits for another table", () => {
  for (const [what, wait] of [["a write", false], ["idle()", true]] as const) {
    it(`is not blamed for a wait for ${what} that is over`, async () => {
      let release = (): void => {};
      const inner: LiveTable = live(
        master(async (_, partial) => {
          if (partial.n === 2) await outer.patchValue("a", { n: 3 });
          return partial;
        }).table,
        "inner",
      );
      const outer: LiveTable = live(
        master(async (id, partial) => {
          if (partial.n === 3) return partial;
          await (wait ? inner.idle() : inner.patchValue(id, { n: 1 }));
          await new Promise<void>((resolve) => release = resolve);
          return partial;
        }).table,
        "outer",
      );
      const first = outer.patchValue("a", {});
      await settle();
      const second = inner.patchValue("a", { n: 2 });
      await settle();
      release();
      assert.deepEqual(await Promise.all([first, second]), [{}, { n: 2 }]);
      await Promise.all([outer.close(), inner.close()]);
    });
  }

  it("is not blamed for a wait that is over since a turn, however many look on", async () => {
    const tracer = defineTracer({ enabled: () => true, span: () => ({ end: () => {} }), event: () => {} });
    const traced = (table: MemTable | Table, key: string): LiveTable =>
      new LiveTable(table, key, new MemCache(), { tracer });
    let outer: LiveTable;
    /** It writes and waits in the very turn in which it is called: an `await` would look one turn later. */
    class AtOnce extends MemTable {
      override patchValue(id: string, partial: Row): Promise<Row> {
        const patch = (): Promise<Row> => super.patchValue(id, partial);
        return partial.n === 2 ? outer.replaceValue("a", {}).then(patch, (error) => Promise.reject(error)) : patch();
      }
    }
    const inner: LiveTable = traced(new AtOnce("inner", { rows: [["a", { n: 0 }]] }), "inner");
    const middle = traced(defineTable({ ...forwarding, ...to(() => inner) }), "middle");
    for (const next of [inner, middle]) {
      outer = traced(
        master(async (id, partial) => {
          await next.patchValue(id, { n: 1 });
          return partial;
        }).table,
        "outer",
      );
      const one = outer.patchValue("a", {});
      await undefined;
      const two = next.patchValue("a", { n: 2 });
      assert.deepEqual(await Promise.all([one, two]), [{}, { n: 2 }]);
      await outer.close();
    }
    await Promise.all([middle.close(), inner.close()]);
  });

  it("is not blamed for what goes on after it has answered", async () => {
    let later: Promise<unknown> | undefined;
    const table: LiveTable = live(
      master((_, partial) => {
        later = (async () => {
          await turn();
          await table.idle();
          await table.replaceValue("b", {});
        })();
        return partial;
      }).table,
    );
    await table.patchValue("a", {});
    await later;
    await table.close();
  });
});

describe("AsyncContext", () => {
  it("lasts beyond a wait where the runtime can do that, and else until the first", async () => {
    for (const context of [newAsyncContext<string>(), untilFirstWait<string>()]) {
      const seen: unknown[] = [];
      await context.run("outer", async () => {
        seen.push(context.get(), context.run("inner", () => context.get()), context.get());
        await turn();
        seen.push(context.get());
      });
      assert.deepEqual(seen, ["outer", "inner", "outer", context.outlivesWaits ? "outer" : undefined]);
      assert.throws(() => context.run("failing", () => assert.fail("no")), /no/);
      assert.equal(context.get(), undefined);
    }
    assert.equal(newAsyncContext().outlivesWaits, true);
  });

  it("lasts until the first wait where there is no process, or none that knows of modules", () => {
    const there = Object.getOwnPropertyDescriptor(globalThis, "process");
    assert(there !== undefined);
    try {
      for (const value of [undefined, {}, { getBuiltinModule: () => undefined }, { getBuiltinModule: () => ({}) }]) {
        Object.defineProperty(globalThis, "process", { value, configurable: true, writable: true });
        const context = newAsyncContext<number>();
        assert.equal(context.outlivesWaits, false);
        assert.equal(context.run(1, () => context.get()), 1);
      }
    } finally {
      Object.defineProperty(globalThis, "process", there);
    }
  });
});
