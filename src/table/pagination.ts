import { brand } from "../base/brand.ts";
import { wholeNumber } from "../base/whole_number.ts";

/** The rows a page holds unless something else is asked for. */
export const DEFAULT_ITEMS_PER_PAGE = 50;

/**
 * A window onto a set: page `page` of `itemsPerPage` rows. Immutable.
 *
 * @example Changing the size of a page keeps its first row in sight
 * ```ts
 * import { Pagination } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const page = new Pagination(3, 10);
 *
 * assert.equal(page.skip, 20);
 * assert.equal(page.withItemsPerPage(5).page, 5);
 * ```
 */
export class Pagination {
  static {
    brand(this, "Pagination");
  }
  /** The number of the page; the first is 1. */
  readonly page: number;
  /** How many rows a page holds at the most. */
  readonly itemsPerPage: number;

  /**
   * A window of `itemsPerPage` rows.
   *
   * @throws {RangeError} if either is not a whole number of at least 1, or the rows before the page are more than 2^53 - 1.
   */
  constructor(page: number = 1, itemsPerPage: number = DEFAULT_ITEMS_PER_PAGE) {
    this.page = wholeNumber("page", page);
    this.itemsPerPage = wholeNumber("itemsPerPage", itemsPerPage);
    if (!Number.isSafeInteger(this.skip + this.limit)) {
      throw new RangeError(`Page ${page} of ${itemsPerPage} rows is beyond the largest row number, 2^53 - 1`);
    }
    Object.freeze(this);
  }

  /** How many rows a page holds at the most. */
  get limit(): number {
    return this.itemsPerPage;
  }

  /** How many rows stand before the page. */
  get skip(): number {
    return (this.page - 1) * this.itemsPerPage;
  }

  /** The same size of page, at another place. */
  withPage(page: number): Pagination {
    return new Pagination(page, this.itemsPerPage);
  }

  /** Another size of page, at the place that still shows the row that is first now. */
  withItemsPerPage(itemsPerPage: number): Pagination {
    const size = wholeNumber("itemsPerPage", itemsPerPage);
    return new Pagination(Math.floor(this.skip / size) + 1, size);
  }
}
