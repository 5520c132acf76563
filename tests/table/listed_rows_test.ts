import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Row, Rows } from "@vantage/live";
import { isLazy, lazyRows, replaceRows, reuseRows, shareRows } from "../../src/table/rows.ts";

const RUNS = 2_000;
const IDS = Array.from({ length: 12 }, (_, at) => `id ${at}`);
const UNKNOWN = ["", "id 12", "constructor", "__proto__"];

/** What a row has in its column for the id. */
type IdColumn = "the id" | "the id of another row" | "nothing";

interface Plan {
  readonly ids: readonly (readonly [id: string, idColumn: IdColumn])[];
  readonly isDated: boolean;
  readonly replaced: readonly (readonly [id: string, idColumn: IdColumn])[];
  readonly held: readonly string[];
  /** The order in which they are looked at. */
  readonly order: readonly number[];
}

const idColumns = fc.oneof(
  { weight: 30, arbitrary: fc.constant<IdColumn>("the id") },
  { weight: 1, arbitrary: fc.constantFrom<IdColumn>("the id of another row", "nothing") },
);
const plans: fc.Arbitrary<Plan> = fc.record({
  ids: fc.uniqueArray(fc.tuple(fc.constantFrom(...IDS), idColumns), { selector: ([id]) => id }),
  isDated: fc.boolean(),
  replaced: fc.array(fc.tuple(fc.constantFrom(...IDS), idColumns), { maxLength: 3 }),
  held: fc.subarray(IDS),
  order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
});

function rowOf(id: string, state: number, idColumn: IdColumn, isDated: boolean): Row {
  const column = idColumn === "nothing" ? {} : { id: idColumn === "the id" ? id : `${id}0` };
  return { state, ...column, ...(isDated && { at: new Date(state) }) };
}

const LOOKS: readonly ((rows: Rows, expected: ReadonlyMap<string, Row>) => void)[] = [
  (rows, expected) => {
    for (const id of [...IDS, ...UNKNOWN]) {
      assert.deepEqual(rows.get(id), expected.get(id));
      assert.equal(rows.has(id), expected.has(id));
      assert.equal(rows.get(id), rows.get(id));
    }
  },
  (rows, expected) => {
    assert.deepEqual([...rows], [...expected]);
    assert.deepEqual(rows.first(), [...expected][0]);
  },
  (rows, expected) => {
    assert.deepEqual([...rows.keys()], [...expected.keys()]);
    assert.deepEqual(rows.ids(), [...expected.keys()]);
  },
  (rows, expected) => {
    const visited: [string, Row][] = [];
    rows.forEach((row, id) => visited.push([id, row]));
    assert.deepEqual(visited, [...expected]);
    assert.deepEqual([...rows.values()], [...expected.values()]);
    assert.equal(rows.size, expected.size);
  },
];

describe("Rows", () => {
  it("are what a map of them would be, with ids in a column or not, made at once or later, shared or not", () => {
    fc.assert(
      fc.property(plans, ({ ids, isDated, replaced, held, order }) => {
        const expected = new Map(ids.map(([id, column]) => [id, rowOf(id, 0, column, isDated)]));
        const others = new Map(replaced.map(([id, column]) => [id, rowOf(id, 1, column, true)]));
        const inPlace = new Map([...expected].map(([id, row]) => [id, others.get(id) ?? row]));
        const eager = (): Rows => Rows.from(expected);
        const later = (): Rows =>
          lazyRows([...expected.keys()], isDated, (place) => Rows.from([...expected].slice(place)).first()?.[1] ?? {});
        const look = (rows: Rows, as: ReadonlyMap<string, Row>): void => order.forEach((at) => LOOKS[at]?.(rows, as));
        for (const make of [eager, later, () => shareRows(eager()), () => shareRows(later())]) {
          const rows = make();
          look(replaceRows(rows, others), inPlace);
          look(shareRows(replaceRows(rows, others)), inPlace);
          look(rows, expected);
          look(replaceRows(rows, others), inPlace);
          const known = new Map(held.map((id) => [id, rowOf(id, Number(id === "id 3"), "the id", isDated)]));
          look(reuseRows(make(), known), expected);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("have the row that is held where it equals theirs", () => {
    const rows = Rows.from(IDS.map((id, at) => [id, { at }]));
    const held = new Map(Rows.from([["id 3", { at: 3 }], ["id 4", { at: 5 }], ["id 5", { at: 5, more: 1 }]]));
    const reused = reuseRows(rows, held);
    assert(reused.equals(rows));
    assert.deepEqual(IDS.filter((id) => reused.get(id) !== rows.get(id)), ["id 3"]);
    assert.equal(reused.get("id 3"), held.get("id 3"));
  });

  it("that are made later stay so when some are replaced, and are made once", () => {
    const made: number[] = [];
    const rows = lazyRows(["a", "b"], false, (place) => (made.push(place), { place }));
    const others = replaceRows(rows, new Map([["a", { place: 7 }]]));
    assert.equal(isLazy(others), true);
    assert.deepEqual([...others.values(), ...others.values()], [{ place: 7 }, { place: 1 }, { place: 7 }, {
      place: 1,
    }]);
    assert.deepEqual(made, [1]);
  });

  it("keep dates apart for each reader, also of those that were replaced", () => {
    const undated = Rows.from([["a", { n: 1 }], ["b", { n: 1 }]]);
    const dated = Rows.from([["a", { at: new Date(1) }], ["b", { at: new Date(1) }]]);
    const others = new Map(Rows.from([["b", { at: new Date(1) }]]));
    const ways = [() => shareRows(dated), () => shareRows(replaceRows(undated, others))];
    for (const read of [...ways, () => replaceRows(shareRows(dated), others)]) {
      const one = read();
      for (const row of one.values()) (row.at as Date | undefined)?.setTime(2); // As they were given.
      assert.deepEqual(one.get("b"), { at: new Date(2) });
      assert.deepEqual(read().get("b"), { at: new Date(1) });
    }
    assert.deepEqual(dated.get("a"), { at: new Date(1) });
  });
});
