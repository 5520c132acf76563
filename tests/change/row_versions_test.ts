import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { RowVersions } from "../../src/change/row_versions.ts";

describe("RowVersions.compare()", () => {
  it("reports what versionOf throws, and versions that have no order, each time", () => {
    const errors: Error[] = [];
    const versions = new RowVersions(({ at = null }) => {
      if (at === "no") throw new RangeError("no version");
      return at;
    }, (error) => errors.push(error as Error)); // What versionOf throws here, and what is made of it.
    assert.equal(versions.compare({ at: 2 }, { at: 1n }), "newer");
    assert.equal(versions.compare({ at: new Date(1) }, { at: new Date(2) }), "older");
    assert.equal(versions.compare({ at: null }, { at: 1 }), undefined);
    assert.deepEqual(errors, []);
    for (const at of ["no", NaN, [1], true, new Date(NaN)]) {
      assert.equal(versions.compare({ at }, { at: 1 }), undefined);
    }
    for (const at of ["1", new Date(1)]) assert.equal(versions.compare({ at }, { at: 1 }), undefined);
    assert.deepEqual(errors.map(({ name }) => name), [
      "RangeError",
      ...Array.from({ length: 6 }, () => "TypeError"),
    ]);
    assert.match(String(errors.at(-2)), /one kind.*got "1" and number 1/);
  });
});
