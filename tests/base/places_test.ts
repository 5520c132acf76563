import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Place, Places } from "../../src/base/places.ts";

interface Named extends Place<Named> {
  readonly name: string;
}

function scene(names: string) {
  const places = new Places<Named>();
  const all = [...names].map((name): Named => ({ name, before: undefined, after: undefined }));
  for (const place of all) places.add(place);
  const text = (): string => [...places].map(({ name }) => name).join("");
  const ends = (): unknown[] => [places.first?.name, places.last?.name];
  return { places, all, text, ends };
}

describe("Places", () => {
  it("are in the order in which they were added, whichever is deleted", () => {
    for (const [at, left, first, last] of [[0, "bc", "b", "c"], [1, "ac", "a", "c"], [2, "ab", "a", "b"]] as const) {
      const { places, all, text, ends } = scene("abc");
      const place = all[at];
      assert(place !== undefined);
      places.delete(place);
      assert.deepEqual([text(), ...ends()], [left, first, last]);
      places.add(place);
      assert.deepEqual([text(), ...ends()], [left + place.name, first, place.name]);
      let backwards = "";
      for (let it = places.last; it !== undefined; it = it.before) backwards = it.name + backwards;
      assert.equal(backwards, left + place.name);
    }
  });

  it("are empty again once the last is deleted", () => {
    const { places, all, text, ends } = scene("a");
    for (const place of all) places.delete(place);
    assert.deepEqual([text(), ...ends()], ["", undefined, undefined]);
    for (const place of all) places.add(place);
    assert.deepEqual([text(), ...ends()], ["a", "a", "a"]);
  });
});
