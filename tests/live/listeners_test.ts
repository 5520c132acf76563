import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import {
  defineTable,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  RejectedError,
  type Row,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";

/** What a caller may pass where a function is expected that answers nothing: one that throws at once, or later. */
const BROKEN = [
  () => {
    throw new Error("listener");
  },
  () => Promise.reject(new Error("listener")),
  // deno-lint-ignore require-await
  async () => {
    throw new Error("listener");
  },
] as const;

/** A table whose next write fails with an error. */
function opened(error: unknown, options: LiveTableOptions): { readonly live: LiveTable; readonly warned: string[] } {
  const warned: string[] = [];
  const patch = (_id: string, partial: Row): Row => {
    if (error === undefined) return partial;
    throw error;
  };
  const tracer = defineTracer({
    enabled: () => true,
    span: () => ({ end: () => {} }),
    event: ({ name, level }) => void (level === "warn" && warned.push(name)),
  });
  const master = defineTable({ name: "t", list: () => [], patch });
  return { live: new LiveTable(master, "t", new MemCache(), { clock: new FakeClock(), tracer, ...options }), warned };
}

/** Runs something, and answers with the rejections that were not handled. */
async function unhandledIn(work: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  await work();
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
  process.off("unhandledRejection", note);
  return unhandled;
}

describe("LiveTable, a function of the caller that fails", () => {
  it("onWriteFailed is counted and traced, and changes nothing for the write", async () => {
    for (const onWriteFailed of BROKEN) {
      const unhandled = await unhandledIn(async () => {
        const { live, warned } = opened(new RejectedError("no"), { onWriteFailed });
        await assert.rejects(live.patchValue("a", { n: 1 }), RejectedError);
        await settle();
        assert.equal(live.stats().listenerFailures, 1);
        assert.deepEqual(warned, ["listener failed"]);
        await live.close();
      });
      assert.deepEqual(unhandled, []);
    }
  });

  it("a policy that answers with a promise stops, and says so", async () => {
    for (const retry of [() => Promise.resolve(5), ...BROKEN]) {
      const unhandled = await unhandledIn(async () => {
        const { live, warned } = opened(new UnavailableError("down"), { retry: retry as unknown as () => number });
        await assert.rejects(live.patchValue("a", { n: 1 }), UnavailableError);
        assert.deepEqual(warned, ["retry policy failed"]);
        await live.close();
      });
      assert.deepEqual(unhandled, []);
    }
  });

  it("onUnsettled of a write is counted, and the write is applied", async () => {
    for (const onUnsettled of BROKEN) {
      const unhandled = await unhandledIn(async () => {
        const master = defineTable({
          name: "t",
          list: () => [],
          patch: (_id, partial, call) => (call.onUnsettled?.(), partial),
        });
        const live = new LiveTable(master, "t", new MemCache(), { clock: new FakeClock() });
        assert.deepEqual(await live.patchValue("a", { n: 1 }, { onUnsettled }), { n: 1 });
        await settle();
        assert.equal(live.stats().listenerFailures, 1);
        await live.close();
      });
      assert.deepEqual(unhandled, []);
    }
  });

  it("a tracer changes nothing", async () => {
    for (const broken of BROKEN) {
      const unhandled = await unhandledIn(async () => {
        const tracer = defineTracer({
          enabled: () => true,
          span: () => ({ end: broken }),
          event: broken,
        });
        const { live } = opened(undefined, { tracer });
        assert.deepEqual(await live.patchValue("a", { n: 1 }), { n: 1 });
        await live.close();
      });
      assert.deepEqual(unhandled, []);
    }
  });
});
