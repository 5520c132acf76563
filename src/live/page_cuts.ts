import { atPage, type Query } from "../table/query.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { CaughtUp } from "./catch_up.ts";
import type { Found } from "./loader.ts";
import type { MasterPages } from "./master_pages.ts";
import type { ReadRequest } from "./read_request.ts";

/**
 * Cuts pages of any size from those of the master's size. A page that was cut is an entry like any other: a hit costs the
 * same, and it is looked at, explained and shared between processes under its key.
 */
export class PageCuts {
  readonly #pages: MasterPages;

  constructor(pages: MasterPages) {
    this.#pages = pages;
  }

  /** Whether a request is for a page of another size than the master's. */
  covers({ id, isCount, within: { pagination } }: ReadRequest): boolean {
    if (id !== undefined || isCount || pagination === undefined) return false;
    return pagination.itemsPerPage !== this.#pages.itemsPerPage;
  }

  /** A query that leaves of a page its first row, where the page is of another size than the master's. */
  firstOf(within: Query): Query {
    const { pagination } = within;
    if (pagination === undefined || pagination.itemsPerPage === this.#pages.itemsPerPage) return within;
    return atPage(within, pagination.skip + 1, 1);
  }

  /** Cuts the rows of a request. What an entry that is `behind` lacks, the pages of the master have. */
  async load(request: ReadRequest, options: CallOptions, behind: CaughtUp | undefined): Promise<Found> {
    const { pagination } = request.within;
    if (pagination === undefined) throw new TypeError("Only a page is cut from pages");
    const { rows, fetchedAt } = await this.#pages.read(request, pagination, options);
    return { rows, fetchedAt, isWhole: behind === undefined || behind.replayed.isDead };
  }
}
