import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Row } from "@vantage/live";
import { CountedRows } from "../../src/cache/counted_rows.ts";

const RUNS = 1_000;
const IDS = ["", "__proto__", ...Array.from({ length: 40 }, (_, at) => `id ${at}`)];
/** More than the slots that are looked at for one id. */
const COLLIDING = collidingIds(80);
const ROWS = [0, 1].map((state): Row => Object.freeze({ state }));

type Step = readonly [verb: "add" | "remove", id: string, state: number];

const stepsOf = (ids: readonly string[]): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant("add" as const) },
        { weight: 2, arbitrary: fc.constant("remove" as const) },
      ),
      fc.constantFrom(...ids),
      fc.nat(ROWS.length - 1),
    ),
    { maxLength: 400, size: "max" },
  );

/** The same with a map. */
class Model {
  readonly held = new Map<string, { readonly row: Row; readonly count: number }>();

  play([verb, id, state]: Step): void {
    const { row, count = 0 } = this.held.get(id) ?? {};
    const isHeld = row === rowOf(state);
    if (verb === "add") this.held.set(id, { row: rowOf(state), count: isHeld ? count + 1 : 1 });
    else if (isHeld && count === 1) this.held.delete(id);
    else if (isHeld) this.held.set(id, { row: rowOf(state), count: count - 1 });
  }
}

function rowOf(state: number): Row {
  return ROWS[state] ?? {};
}

/** Ids of three units with one hash. */
function collidingIds(count: number): string[] {
  const [offset, prime] = [0x811c9dc5, 0x01000193];
  const hash = (id: readonly number[]): number => id.reduce((known, unit) => Math.imul(known ^ unit, prime), offset);
  const target = Math.imul(hash([1, 1]) ^ 1, prime);
  const inverse = 0x359c449b; // Of the prime, modulo 2 ** 32.
  const before = Math.imul(target, inverse);
  const ids: string[] = [];
  for (let first = 1; ids.length < count; first++) {
    for (let second = 1; second < 0xd800 && ids.length < count; second++) {
      const third = (hash([first, second]) ^ before) >>> 0;
      if (third < 0xd800) ids.push(String.fromCharCode(first, second, third));
    }
  }
  return ids;
}

describe("CountedRows", () => {
  it("have the rows that were added more often than removed, each of them the one added last", () => {
    fc.assert(
      fc.property(stepsOf([...IDS, ...COLLIDING.slice(0, 10)]), (steps) => {
        const rows = new CountedRows();
        const model = new Model();
        for (const step of steps) {
          const [verb, id, state] = step;
          rows[verb](id, rowOf(state));
          model.play(step);
        }
        assert.equal(rows.size, model.held.size);
        for (const id of [...IDS, ...COLLIDING]) assert.equal(rows.get(id), model.held.get(id)?.row);
      }),
      { numRuns: RUNS },
    );
  });

  it("leave out some of many ids with one hash, and no more when these are removed", () => {
    const rows = new CountedRows();
    const ids = [...COLLIDING, ...IDS];
    for (const id of ids) rows.add(id, rowOf(0));
    const found = ids.filter((id) => rows.get(id) === rowOf(0));
    assert.equal(rows.size, found.length);
    assert(found.length < ids.length);
    for (const id of ids) rows.remove(id, rowOf(0));
    assert.equal(rows.size, 0);
    for (const id of IDS) rows.add(id, rowOf(1));
    assert.deepEqual(ids.filter((id) => rows.get(id) === rowOf(1)), IDS);
  });

  it("find each of thousands while they grow and shrink", () => {
    const rows = new CountedRows();
    const ids = Array.from({ length: 5_000 }, (_, at) => `id ${at}`);
    const expectFrom = (first: number): void => {
      assert.equal(rows.size, ids.length - first);
      for (const [at, id] of ids.entries()) assert.equal(rows.get(id), at < first ? undefined : rowOf(1));
    };
    for (const id of ids) rows.add(id, rowOf(1));
    expectFrom(0);
    for (const [at, id] of ids.entries()) {
      if (at % 1_000 === 500) expectFrom(at);
      rows.remove(id, rowOf(1));
    }
    expectFrom(ids.length);
  });
});
