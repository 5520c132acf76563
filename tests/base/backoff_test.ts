import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { FakeClock } from "@vantage/live/testing";
import { Backoff } from "../../src/base/backoff.ts";

function upperEnd(clock: FakeClock): Backoff {
  const { now, monotonic, wait } = clock;
  return new Backoff({
    now: now.bind(clock),
    monotonic: monotonic.bind(clock),
    wait: wait.bind(clock),
    random: () => 1,
  });
}

describe("Backoff", () => {
  it("doubles its pauses from a tenth of a second to half a minute", () => {
    const backoff = upperEnd(new FakeClock());
    const pauses = Array.from({ length: 12 }, () => backoff.nextMs());
    assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000]);
    for (let attempt = 0; attempt < 2_000; attempt++) assert.equal(backoff.nextMs(), 30_000);
  });

  it("starts again after an attempt that lasted ten seconds, and only after that one", async () => {
    const clock = new FakeClock();
    const backoff = upperEnd(clock);
    backoff.nextMs();
    backoff.begin();
    await clock.advance(9_999);
    assert.equal(backoff.nextMs(), 200);
    backoff.begin();
    await clock.advance(10_000);
    assert.equal(backoff.nextMs(), 100);
    await clock.advance(60_000);
    assert.equal(backoff.nextMs(), 200, "an attempt that never worked lasted no time");
  });
});
