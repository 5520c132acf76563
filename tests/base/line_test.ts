import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Line } from "../../src/base/line.ts";

describe("Line", () => {
  it("behaves as a Set that is only asked for its first, whoever leaves", () => {
    const step = fc.tuple(fc.constantFrom("add", "delete"), fc.nat(9));
    fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const [line, set] = [new Line<number>(), new Set<number>()];
      for (const [what, item] of steps) {
        if (what === "add") {
          line.add(item);
          set.add(item);
        } else assert.equal(line.delete(item), set.delete(item));
        assert.equal(line.size, set.size);
        assert.equal(line.first, [...set][0]);
      }
    }));
  });
});
