import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { FakeClock, settle } from "@vantage/live/testing";
import { Deadline } from "../../src/base/deadline.ts";

const TIMEOUT = { name: "TimeoutError", message: /1000 ms/ };

function held<T>(): { readonly work: Promise<T>; readonly done: (value: T) => void } {
  let done: (value: T) => void = () => {};
  return { work: new Promise<T>((resolve) => done = resolve), done: (value) => done(value) };
}

function limited<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
  return deadline.limit(work, (value) => value, (error) => {
    throw error;
  });
}

describe("Deadline", () => {
  it("settles as the work does, if that comes in time, and leaves no timer", async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1_000);
    const { work, done } = held<number>();
    const answer = limited(deadline, work);
    await clock.advance(999);
    done(7);
    assert.equal(await answer, 7);
    const error = new Error("no");
    await assert.rejects(limited(deadline, Promise.reject(error)), (thrown) => thrown === error);
    assert.equal(clock.waiting, 0);
  });

  it("ends each wait at its time, with one timer for all", async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1_000);
    const ended: string[] = [];
    const wait = (name: string): void => {
      limited(deadline, held().work).catch((error: unknown) => ended.push(`${name} ${Object(error).name}`));
    };
    wait("first");
    await clock.advance(400);
    wait("second");
    wait("third");
    await settle();
    assert.equal(clock.waiting, 1);
    await clock.advance(599);
    assert.deepEqual(ended, []);
    await clock.advance(1);
    assert.deepEqual(ended.splice(0), ["first TimeoutError"]);
    await clock.advance(400);
    assert.deepEqual(ended, ["second TimeoutError", "third TimeoutError"]);
    assert.equal(clock.waiting, 0);
    const late = assert.rejects(limited(deadline, held().work), TIMEOUT);
    await clock.advance(1_000);
    await late;
  });

  it("waits for those that are left when the first is answered", async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1_000);
    const first = held();
    void limited(deadline, first.work);
    await clock.advance(500);
    const second = assert.rejects(limited(deadline, held().work), TIMEOUT);
    first.done(undefined);
    await clock.advance(1_000);
    await second;
    assert.equal(clock.waiting, 0);
  });

  it("needs no timer for what is answered in a few turns, and one for what comes later, however it began", async () => {
    const clock = new FakeClock();
    let most = 0;
    const watched: FakeClock = Object.create(clock, {
      wait: {
        value: (...args: Parameters<FakeClock["wait"]>) => {
          most = Math.max(most, clock.waiting + 1);
          return clock.wait(...args);
        },
      },
      monotonic: { value: () => clock.monotonic() },
    });
    const deadline = new Deadline(watched, 1_000);
    for (let round = 0; round < 20; round++) await limited(deadline, Promise.resolve().then(() => {}));
    assert.equal(most, 0);
    const slow = held();
    const waiting = limited(deadline, slow.work);
    for (let round = 0; round < 20; round++) await limited(deadline, Promise.resolve());
    await settle();
    assert.equal(most, 1);
    slow.done(undefined);
    await waiting;
    assert.equal(clock.waiting, 0);
  });

  it("end() ends all waits with its error, and leaves no timer", async () => {
    for (const isBackground of [false, true]) {
      const clock = new FakeClock();
      const deadline = new Deadline(clock, 1_000, { isBackground });
      const error = new Error("closed");
      const waits = [1, 2].map(() => assert.rejects(limited(deadline, held().work), (thrown) => thrown === error));
      await clock.advance(500);
      assert.equal(clock.waiting, 1);
      deadline.end(error);
      await Promise.all(waits);
      await settle();
      assert.equal(clock.waiting, 0);
      assert.equal(await limited(deadline, Promise.resolve(1)), 1);
    }
  });

  it("in the background uses one timer for all calls of its time, which keeps no process alive, and ends by itself", async () => {
    const clock = new FakeClock();
    const waits: unknown[] = [];
    const watched: FakeClock = Object.create(clock, {
      wait: {
        value: (...args: Parameters<FakeClock["wait"]>) => {
          waits.push(args[1]?.background);
          return clock.wait(...args);
        },
      },
      monotonic: { value: () => clock.monotonic() },
    });
    const deadline = new Deadline(watched, 1_000, { isBackground: true });
    for (let calls = 0; calls < 5; calls++) {
      const { work, done } = held<number>();
      const answer = limited(deadline, work);
      await clock.advance(100);
      done(calls);
      assert.equal(await answer, calls);
      await settle();
    }
    assert.deepEqual(waits, [true]);
    await clock.advance(400);
    const late = assert.rejects(limited(deadline, held().work), TIMEOUT);
    await clock.advance(999);
    assert.equal(clock.waiting, 1);
    await clock.advance(1);
    await late;
    assert.deepEqual([clock.waiting, waits], [0, [true, true]]);
    await limited(deadline, Promise.resolve(1));
    await settle();
    assert.equal(clock.waiting, 0);
  });

  it("close() leaves no timer, and what is still answered is answered", async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1_000);
    const { work, done } = held<number>();
    const answer = limited(deadline, work);
    await settle();
    deadline.close();
    await settle();
    assert.equal(clock.waiting, 0);
    done(7);
    assert.equal(await answer, 7);
    assert.equal(await limited(deadline, Promise.resolve(8)), 8);
    assert.equal(clock.waiting, 0);
  });

  it("goes on once, with what came first", async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1_000);
    const seen: string[] = [];
    const { work, done } = held<number>();
    const late = deadline.limit(work, () => seen.push("done"), (error) => seen.push(Object(error).name));
    await clock.advance(1_000);
    done(7);
    await late;
    await deadline.limit(Promise.resolve(8), (value) => seen.push(`${value}`), () => seen.push("failed"));
    const broken = new Error("what follows failed");
    await deadline.limit(Promise.resolve(9), () => {
      throw broken;
    }, (error) => seen.push(Object(error).message));
    assert.deepEqual(seen, ["TimeoutError", "8", broken.message]);
    assert.equal(clock.waiting, 0);
  });

  it("close() before there is a timer leaves none later", async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1_000);
    void limited(deadline, held().work);
    deadline.close();
    await settle();
    assert.equal(clock.waiting, 0);
  });

  it("with Infinity waits for ever, without a timer", () => {
    const clock = new FakeClock();
    void limited(new Deadline(clock, Infinity), held().work);
    assert.equal(clock.waiting, 0);
  });

  it("limits nothing and starts no timer once it is closed", async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 1_000);
    deadline.close();
    const { work, done } = held<number>();
    const answer = limited(deadline, work);
    await clock.advance(10_000);
    assert.equal(clock.waiting, 0);
    done(7);
    assert.equal(await answer, 7);
  });
});
