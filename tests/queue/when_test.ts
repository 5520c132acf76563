import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConflictError, defineTable, LiveTable, MemCache, RejectedError, type Row, type Write } from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { fixture } from "../live/fixture.ts";

type When = Write["when"];

describe("Write.when()", () => {
  it("resolves for `failed` once the write has failed", async () => {
    const gate = Promise.withResolvers<Row>();
    const master = defineTable({ name: "t", list: () => [], patch: () => gate.promise });
    const table = new LiveTable(master, "t", new MemCache(), { clock: new FakeClock() });
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    await settle();
    let isOver = false;
    const failed = write.when("failed").then(() => isOver = true);
    await settle();
    assert.equal(isOver, false);
    gate.reject(new RejectedError("no"));
    await failed;
    await write.when("failed", { timeoutMs: 5 });
    table.setOnline(false);
    const cancelled = table.enqueue({ kind: "patch", id: "b", partial: { price: 3 } });
    assert(cancelled.cancel());
    await cancelled.when("failed");
    await table.close();
  });

  it("rejects for `failed` if the write was applied, or the time is up", async () => {
    const { table, master, clock } = fixture();
    const gate = master.plan.hold("patchValue", "before");
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const late = assert.rejects(write.when("failed", { timeoutMs: 50 }), { name: "TimeoutError" });
    const applied = assert.rejects(write.when("failed"), ConflictError);
    const refused = assert.rejects(write.when("failed", { timeoutMs: NaN }), RangeError);
    await clock.advance(50);
    await late;
    gate.release();
    await Promise.all([applied, assert.rejects(write.when("failed"), /patch row "a": it was applied/)]);
    await refused;
    await table.close();
  });

  it("refuses states that are none, or cannot be waited for", async () => {
    const { table } = fixture();
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    for (const state of ["done", "waiting", "", undefined, 7, null]) {
      await assert.rejects(write.when(state as Parameters<When>[0]), {
        name: "TypeError",
        message: /^Cannot wait for the state .* of a write; accepted are accepted, sent, applied, observed, failed$/,
      });
    }
    await table.close();
  });

  it("refuses times that are no number of at least 0", async () => {
    const { table } = fixture();
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    for (const timeoutMs of [NaN, -1, -Infinity]) {
      await assert.rejects(write.when("applied", { timeoutMs }), {
        name: "RangeError",
        message: /timeoutMs.* got number/,
      });
    }
    for (const timeoutMs of ["5", null, {}] as unknown as number[]) {
      await assert.rejects(write.when("applied", { timeoutMs }), { name: "TypeError", message: /timeoutMs must be/ });
    }
    await write.when("applied", { timeoutMs: Infinity });
    await write.when("applied", { timeoutMs: undefined });
    await table.close();
  });
});
