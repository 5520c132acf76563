import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Pagination } from "@vantage/live";

describe("Pagination", () => {
  it("is the first page of 50 unless told otherwise", () => {
    const { page, itemsPerPage, skip, limit } = new Pagination();
    assert.deepEqual({ page, itemsPerPage, skip, limit }, { page: 1, itemsPerPage: 50, skip: 0, limit: 50 });
  });

  it("withPage() and withItemsPerPage() make another, and leave it as it was", () => {
    const page = new Pagination(3, 10);
    assert.equal(page.withPage(4).skip, 30);
    const { page: number, itemsPerPage } = page.withItemsPerPage(5);
    assert.deepEqual({ number, itemsPerPage }, { number: 5, itemsPerPage: 5 });
    assert.equal(page.page, 3);
    assert.throws(() => Object.assign(page, { page: 9 }), TypeError);
  });

  it("withItemsPerPage() keeps the first visible row visible, whatever the sizes", () => {
    for (let size = 1; size <= 12; size++) {
      for (let number = 1; number <= 12; number++) {
        const before = new Pagination(number, size);
        for (let other = 1; other <= 12; other++) {
          const after = before.withItemsPerPage(other);
          assert(after.skip <= before.skip && before.skip < after.skip + after.limit, `${number}×${size} → ${other}`);
        }
      }
    }
  });

  it("refuses numbers that are not whole, below 1 or too large, and names them", () => {
    for (const bad of [NaN, Infinity, 1.5, 0, -5]) {
      assert.throws(() => new Pagination(bad), { name: "RangeError", message: new RegExp(`page .*${bad}`) });
      assert.throws(() => new Pagination(1, bad), { name: "RangeError", message: new RegExp(`itemsPerPage .*${bad}`) });
      assert.throws(() => new Pagination().withItemsPerPage(bad), RangeError);
    }
    assert.throws(() => new Pagination(Number.MAX_SAFE_INTEGER, 2), { name: "RangeError", message: /2\^53/ });
    assert.throws(() => Reflect.construct(Pagination, ["2"]), { name: "RangeError", message: /page .*"2"/ });
  });
});
