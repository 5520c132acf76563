import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Refresh, Refreshed } from "../../src/live/refreshed.ts";

describe("Refreshed", () => {
  it("calls those who listen to a key, each as often as it was added, until it leaves", () => {
    const refreshed = new Refreshed();
    const heard: unknown[] = [];
    const listener = (refresh: Refresh): void => void heard.push(refresh);
    const leave = [refreshed.on("a", listener), refreshed.on("a", listener), refreshed.on("b", listener)];
    refreshed.emit("a", { fetchedAt: 5 });
    assert.deepEqual(heard.splice(0), [{ fetchedAt: 5 }, { fetchedAt: 5 }]);
    leave[0]?.();
    leave[0]?.();
    refreshed.emit("a", { error: 5 });
    assert.deepEqual(heard.splice(0), [{ error: 5 }]);
    for (const end of leave) end();
    refreshed.emit("a", { fetchedAt: 5 });
    refreshed.emit("b", { fetchedAt: 5 });
    assert.deepEqual(heard, []);
  });
});
