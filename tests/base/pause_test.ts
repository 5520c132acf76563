import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock, settle } from "@vantage/live/testing";
import { Pause } from "../../src/base/pause.ts";

describe("Pause", () => {
  it("lasts as long as it is to last, however often it is looked at, and no longer", async () => {
    const clock = new FakeClock();
    const pause = new Pause(clock, () => true);
    let over = false;
    void pause.wait(100, () => false).then(() => over = true);
    for (const ms of [40, 59.5]) {
      await clock.advance(ms);
      pause.review();
      await settle();
      assert.equal(over, false);
      assert.equal(clock.waiting, 1);
    }
    await clock.advance(0.5);
    assert(over);
    assert.equal(clock.waiting, 0);
  });

  it("ends at a look that finds it over, and does not begin if it is", async () => {
    const clock = new FakeClock();
    const pause = new Pause(clock, () => true);
    let over = false;
    const waiting = pause.wait(100, () => over);
    over = true;
    pause.review();
    await waiting;
    assert.equal(clock.waiting, 0);
    await pause.wait(100, () => true);
    await pause.wait(0, () => false);
  });
});
