import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { abortable } from "../../src/base/abortable.ts";

describe("abortable()", () => {
  it("settles as the work does, and leaves no listener on the signal", async () => {
    let listeners = 0;
    const { signal } = new AbortController();
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    assert.equal(await abortable(Promise.resolve(1), signal), 1);
    assert.equal(listeners, 0);
    const error = new Error("no");
    await assert.rejects(abortable(Promise.reject(error), signal), (thrown) => thrown === error);
    assert.equal(listeners, 0);
  });

  it("rejects with the signal's reason if that is aborted first, or was before", async () => {
    const control = new AbortController();
    const waiting = abortable(new Promise(() => {}), control.signal);
    control.abort("enough");
    await assert.rejects(waiting, (thrown) => thrown === "enough");
    await assert.rejects(abortable(new Promise(() => {}), control.signal), (thrown) => thrown === "enough");
  });
});
