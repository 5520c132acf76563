import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LazyPromise } from "../../src/base/lazy_promise.ts";
import { settle } from "@vantage/live/testing";

describe("LazyPromise", () => {
  it("settles alike whether it is looked at before or after, and once", async () => {
    const error = new Error("no");
    for (const isBefore of [true, false]) {
      const [good, bad] = [new LazyPromise<number>(), new LazyPromise<number>()];
      const seen = isBefore ? [good.promise, bad.promise] : [];
      good.resolve(1);
      good.resolve(2);
      good.reject(error);
      bad.reject(error);
      bad.resolve(3);
      assert.equal(await good.promise, 1);
      await assert.rejects(bad.promise, error);
      assert.deepEqual(isBefore ? seen : [good.promise, bad.promise], [good.promise, bad.promise]);
    }
  });

  it("is the same promise each time", () => {
    const lazy = new LazyPromise<void>();
    const { promise } = lazy;
    lazy.resolve();
    assert.equal(lazy.promise, promise);
  });

  it("settles what `undefined` settles", async () => {
    const [good, bad] = [new LazyPromise<void>(), new LazyPromise<void>()];
    good.resolve();
    bad.reject(undefined);
    await good.promise;
    await assert.rejects(bad.promise.catch(() => Promise.reject(new Error("rejected"))), /rejected/);
  });

  it("whose rejection nobody handles is no unhandled rejection", async () => {
    const lazy = new LazyPromise<void>();
    void lazy.promise;
    lazy.reject(new Error("unhandled"));
    const late = new LazyPromise<void>();
    late.reject(new Error("unhandled"));
    void late.promise;
    await settle();
  });
});
