import assert from "node:assert/strict";
import { describe, it } from "node:test";
// What reads keys is no entry of the library.
import { scopeOf, traceableKey } from "../../src/cache/cache_key.ts";

/** FNV-1a as its authors write it down, over the code units of a text. */
function fnv1a(text: string): string {
  let hash = 2166136261n;
  for (let at = 0; at < text.length; at++) hash = (hash ^ BigInt(text.charCodeAt(at))) * 16777619n % 2n ** 32n;
  return hash.toString(16).padStart(8, "0");
}

describe("traceableKey()", () => {
  it("tells a number in place of every view, and all else as it is", () => {
    assert.equal(traceableKey("k/all"), "k/all");
    assert.equal(traceableKey("k/id/a"), "k/id/a");
    assert.equal(traceableKey("k/"), "k/");
    assert.equal(traceableKey(""), "");
    for (const view of ["view:", "view:a", "view:;where=1", ...Array.from({ length: 100 }, (_, at) => `view:${at}`)]) {
      assert.equal(traceableKey(`k/${view}/page_1`), `k/view:#${fnv1a(view)}/page_1`);
    }
  });

  it("gives numbers of one length", () => {
    for (let at = 0; at < 1_000; at++) assert.match(traceableKey(`view:${at}`), /^view:#[0-9a-f]{8}$/);
  });
});

describe("scopeOf()", () => {
  it("is what stands before the first slash, with it, if there is one", () => {
    assert.deepEqual(["a/b/c", "a/", "/", "/a", "a", ""].map(scopeOf), ["a/", "a/", "/", "/", undefined, undefined]);
  });
});
