import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ofWhole, withPart } from "../../src/live/stale_marks.ts";

describe("What is said of a stale answer of several parts", () => {
  it("is as old as the oldest part, in whatever order they are answered", () => {
    const [old, young] = [{ fetchedAt: 1 }, { fetchedAt: 2 }];
    for (const [first, second] of [[old, young], [young, old]] as const) {
      assert.deepEqual(withPart(withPart(undefined, first), second), old);
    }
  });

  it("has the failure of any part", () => {
    const [failed, held] = [{ fetchedAt: 1, error: new Error("no connection") }, { fetchedAt: 2 }];
    for (const [first, second] of [[failed, held], [held, failed]] as const) {
      assert.deepEqual(withPart(first, second), failed);
    }
  });

  it("is as old as the oldest row, also if that is fresh", () => {
    assert.deepEqual(ofWhole({ fetchedAt: 2 }, { fetchedAt: 1 }), { fetchedAt: 1 });
    assert.deepEqual(ofWhole({ fetchedAt: 2 }, { fetchedAt: 3 }), { fetchedAt: 2 });
  });
});
