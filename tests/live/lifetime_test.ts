import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { FakeClock } from "@vantage/live/testing";
import { Lifetime } from "../../src/live/lifetime.ts";

function lifetime(): { readonly lifetime: Lifetime; readonly happened: string[]; readonly clock: FakeClock } {
  const happened: string[] = [];
  const note = (what: string) => (): void => void happened.push(what);
  const clock = new FakeClock();
  const hold = (): () => void => (happened.push("hold"), note("release"));
  return { lifetime: new Lifetime({ onBegin: note("begin"), onEnd: note("end"), hold, clock }), happened, clock };
}

describe("A Lifetime", () => {
  it("begins with its first user, and ends a moment after the last has left", async () => {
    const { lifetime: subject, happened, clock } = lifetime();
    const leave = [subject.enter(), subject.enter()];
    leave[0]?.();
    await clock.advance(1_000);
    assert.deepEqual(happened.splice(0), ["hold", "begin"]);
    leave[1]?.();
    assert.deepEqual(happened.splice(0), ["release"]);
    await clock.advance(49);
    assert.equal(subject.isOn, true);
    await clock.advance(1);
    assert.equal(subject.isOn, false);
    assert.deepEqual(happened.splice(0), ["end"]);
    subject.enter();
    assert.deepEqual(happened, ["hold", "begin"]);
  });

  it("goes on for a user that comes within the moment, however often", async () => {
    const { lifetime: subject, happened, clock } = lifetime();
    for (let times = 0; times < 3; times++) {
      subject.enter()();
      await clock.advance(30);
    }
    assert.deepEqual(happened, ["hold", "begin", "release", "hold", "release", "hold", "release"]);
    await clock.advance(20);
    assert.equal(happened.at(-1), "end");
    assert.equal(clock.waiting, 0);
  });

  it("can be ended for all its users at once, and before it has begun", () => {
    const { lifetime: subject, happened, clock } = lifetime();
    subject.end();
    assert.deepEqual(happened, []);
    const leave = subject.enter();
    subject.end();
    leave();
    subject.end();
    assert.deepEqual(happened, ["hold", "begin", "release", "end"]);
    assert.equal(clock.waiting, 0);
  });
});
