import { UnsupportedError } from "../../table/errors.ts";
import type { Pagination } from "../../table/pagination.ts";
import type { RestDraft, RestPaging } from "./rest_options.ts";

/** Whether any page can be requested, not only the one after an answer. */
export function asksForAnyPage(paging: RestPaging | undefined): boolean {
  return typeof paging === "function" || (paging !== undefined && ("page" in paging || "skip" in paging));
}

/** Puts a page into a draft. Where only the first page can be requested, that is its size alone. */
export function putPage(paging: RestPaging, draft: RestDraft, page: Pagination): void {
  if (typeof paging === "function") return paging(draft, page);
  const { searchParams } = draft.url;
  searchParams.set(paging.limit, String(page.limit));
  if ("page" in paging) searchParams.set(paging.page, String(page.page));
  else if ("skip" in paging) searchParams.set(paging.skip, String(page.skip));
}

/**
 * Counts the requests of one read.
 *
 * @throws {UnsupportedError} if there are more than `maxPages`.
 */
export function requestCounter(name: string, maxPages: number): () => void {
  let requests = 0;
  return () => {
    if (++requests > maxPages) {
      throw new UnsupportedError(`Reading these rows of ${name} takes more than maxPages, ${maxPages} requests`);
    }
  };
}
