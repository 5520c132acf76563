import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Lanes } from "../../src/queue/lanes.ts";

/** Numbers from 0 up to but not including 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("Lanes", () => {
  it("give the items of one row one after the other, and rows independently", () => {
    const lanes = new Lanes<string>();
    lanes.add("a1", "a");
    lanes.add("a2", "a");
    lanes.add("b1", "b");
    assert.deepEqual([lanes.take(), lanes.take(), lanes.take()], ["a1", "b1", undefined]);
    assert(lanes.precedes("a1", "a2") && !lanes.precedes("b1", "a2") && !lanes.precedes("a2", "a1"));
    lanes.delete("a1");
    assert.equal(lanes.take(), "a2");
  });

  it("hold what follows an item for the whole set until that is over, which waits for all before it", () => {
    const lanes = new Lanes<string>();
    lanes.add("a1", "a");
    lanes.add("all", undefined);
    lanes.add("a2", "a");
    lanes.add("b1", "b");
    assert.deepEqual([lanes.take(), lanes.take()], ["a1", undefined]);
    assert(lanes.precedes("a1", "b1"));
    lanes.delete("a1");
    assert.deepEqual([lanes.take(), lanes.take()], ["all", undefined]);
    lanes.delete("all");
    assert.deepEqual([lanes.take(), lanes.take()], ["a2", "b1"]);
  });

  it("give an item that was put back again, before what follows it", () => {
    const lanes = new Lanes<string>();
    lanes.add("a1", "a");
    lanes.add("a2", "a");
    lanes.take();
    lanes.putBack("a1");
    assert.deepEqual([lanes.take(), lanes.take()], ["a1", undefined]);
  });

  it("keep the order whatever is added, taken, put back and deleted", () => {
    const seed = Date.now() % 1e6;
    const chance = random(seed);
    const lanes = new Lanes<number>();
    const waiting: { readonly number: number; readonly row: string | undefined }[] = [];
    const taken = new Set<number>();
    const blocked = (number: number, row: string | undefined): boolean =>
      waiting.some((it) => it.number < number && (it.row === row || it.row === undefined || row === undefined));
    for (let number = 0; number < 20_000; number++) {
      const row = chance() < 0.05 ? undefined : `r${Math.floor(chance() * 8)}`;
      waiting.push({ number, row });
      lanes.add(number, row);
      for (let time = 0; chance() < 0.6 && time < 3; time++) {
        const next = lanes.take();
        const expected = waiting.filter((it) => !taken.has(it.number) && !blocked(it.number, it.row));
        if (next === undefined) assert(taken.size > 0 || waiting.length === 0, `seed ${seed}: nothing can be taken`);
        else assert(expected.some((it) => it.number === next), `seed ${seed}: ${next} was taken too early`);
        if (next !== undefined) taken.add(next);
      }
      for (const it of [...taken]) {
        const what = chance();
        if (what < 0.2) lanes.putBack(it);
        if (what < 0.6) taken.delete(it);
        if (what < 0.2 || what >= 0.6) continue;
        lanes.delete(it);
        waiting.splice(waiting.findIndex(({ number: of }) => of === it), 1);
      }
      if (waiting.length > 0 && chance() < 0.1) {
        const at = Math.floor(chance() * waiting.length);
        const [gone] = waiting.splice(at, 1);
        if (gone !== undefined) lanes.delete(gone.number);
        if (gone !== undefined) taken.delete(gone.number);
      }
    }
    assert.equal(lanes.size, waiting.length);
  });
});
