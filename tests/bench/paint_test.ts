import { describe } from "node:test";
import assert from "node:assert/strict";
import { ENGINES, paintIn } from "../../bench/paint/run.ts";
import { skippable } from "../skippable.ts";

describe("A hit with 100 000 rows held", () => {
  for (const engine of ENGINES) {
    skippable(`is painted with the next frame after the click in ${engine.name}`, engine.reason, async () => {
      const { held, masterReads, painted } = await paintIn(engine);
      assert.equal(held, 100_000);
      assert.equal(masterReads, 0);
      assert.equal(painted.length, 5);
      for (const { ask, frames } of painted) {
        assert.equal(frames.length, 40);
        assert(frames.every((count) => count === 1), `${ask}: ${frames}`);
      }
    });
  }
});
