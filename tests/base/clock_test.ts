import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { systemClock } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";

describe("systemClock", () => {
  it("now() and random() are those of the system", () => {
    const before = Date.now();
    const now = systemClock.now();
    assert(now >= before && now <= Date.now());
    const drawn = Array.from({ length: 20 }, () => systemClock.random());
    assert(drawn.every((number) => number >= 0 && number < 1));
    assert(new Set(drawn).size > 1);
  });

  it("wait() resolves when the time is over, and leaves nothing on its signal", async () => {
    const control = new AbortController();
    await systemClock.wait(0);
    await systemClock.wait(1, { signal: control.signal });
    control.abort();
  });

  it("wait() and monotonic() take no notice of a wall clock that is set back", async (t) => {
    const wall = Date.now;
    t.after(() => void (Date.now = wall));
    const before = systemClock.monotonic();
    const waiting = systemClock.wait(5);
    Date.now = () => wall() - 3_600_000;
    await waiting;
    assert(systemClock.monotonic() > before);
    assert(systemClock.now() < wall() - 3_000_000);
  });

  it("wait() rejects with the signal's reason, before or while it waits", async () => {
    const control = new AbortController();
    const waiting = systemClock.wait(2 ** 40, { signal: control.signal });
    control.abort("enough");
    await assert.rejects(waiting, (thrown) => thrown === "enough");
    await assert.rejects(systemClock.wait(0, { signal: control.signal }), (thrown) => thrown === "enough");
  });
});

describe("FakeClock", () => {
  it("set() moves the time, forward or back, and nothing else", async () => {
    const clock = new FakeClock({ now: 5_000_000 });
    let woken = false;
    void clock.wait(10).then(() => woken = true);
    clock.set(1_000_000);
    assert.deepEqual([clock.now(), clock.monotonic()], [1_000_000, 0]);
    await clock.advance(9);
    assert.equal(woken, false);
    clock.set(9_000_000);
    await clock.advance(1);
    assert.equal(woken, true);
    assert.deepEqual([clock.now(), clock.monotonic()], [9_000_001, 10]);
  });

  it("advance() wakes who is due, in order, each at its time, with all that follows", async () => {
    const clock = new FakeClock({ now: 100 });
    const woken: string[] = [];
    const sleep = (name: string, ms: number): Promise<void> =>
      clock.wait(ms).then(() => void woken.push(`${name}@${clock.now()}`));
    void sleep("late", 30);
    void sleep("early", 10).then(() => sleep("after early", 10));
    void sleep("never", 500);
    await clock.advance(30);
    assert.deepEqual(woken, ["early@110", "after early@120", "late@130"]);
    assert.equal(clock.waiting, 1);
    assert.equal(clock.now(), 130);
  });

  it("random() follows from the seed", () => {
    const draw = (seed: number): number[] => {
      const clock = new FakeClock({ seed });
      return [clock.random(), clock.random()];
    };
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
  });

  it("wait() can be aborted", async () => {
    const clock = new FakeClock();
    const control = new AbortController();
    const waiting = clock.wait(10, { signal: control.signal });
    control.abort("enough");
    await assert.rejects(waiting, (thrown) => thrown === "enough");
    await assert.rejects(clock.wait(10, { signal: control.signal }), (thrown) => thrown === "enough");
    assert.equal(clock.waiting, 0);
  });
});
