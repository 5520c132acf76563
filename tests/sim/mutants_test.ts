import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { MUTANTS } from "./mutants.ts";

describe("MUTANTS", () => {
  it("fit the sources, each in one place", () => {
    const places = MUTANTS.map(({ name, file, from, to }) => {
      assert.notEqual(from, to, name);
      const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
      return { name, count: source.split(from).length - 1 };
    });
    assert.deepEqual(places.filter(({ count }) => count !== 1), []);
  });

  it("are told apart by their names", () => {
    assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  });
});
