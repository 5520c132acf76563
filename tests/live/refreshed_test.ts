import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Refreshed } from "../../src/live/refreshed.ts";

describe("Refreshed", () => {
  it("calls those who listen to a key, each as often as it was added, until it leaves", () => {
    const refreshed = new Refreshed();
    const heard: unknown[] = [];
    const listener = (failure?: unknown): void => void heard.push(failure);
    const leave = [refreshed.on("a", listener), refreshed.on("a", listener), refreshed.on("b", listener)];
    refreshed.succeeded("a");
    assert.deepEqual(heard.splice(0), [undefined, undefined]);
    leave[0]?.();
    leave[0]?.();
    refreshed.failed("a", 5);
    assert.deepEqual(heard.splice(0), [{ error: 5 }]);
    for (const end of leave) end();
    refreshed.succeeded("a");
    refreshed.succeeded("b");
    assert.deepEqual(heard, []);
  });
});
