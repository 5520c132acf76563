import type { Value } from "../table/row.ts";
import type { RestAnswer } from "./rest_client.ts";
import { valueAt } from "./rest_pick.ts";

/** Where an answer keeps what it says of its pages: beside its rows, or under one of these. */
const PLACES = [
  "",
  "links",
  "_links",
  "meta",
  "paging",
  "pagination",
  "pageInfo",
  "page_info",
  "page",
  "response_metadata",
];

/** Keys that say by `true` that there is more. */
const MORE = ["has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage", "truncated", "isTruncated"];

/** Keys that hold the address or the cursor of what follows. */
const NEXT = [
  "next",
  "next_page",
  "nextPage",
  "next_page_url",
  "nextPageUrl",
  "next_url",
  "nextUrl",
  "nextLink",
  "@odata.nextLink",
  "next_cursor",
  "nextCursor",
  "nextPageToken",
  "next_page_token",
  "continuationToken",
];

/** What an answer says, by a key of the ones that many use, of whether rows follow. */
export interface Sign {
  readonly key: string;
  readonly isMore: boolean;
}

/** The sign in an answer that rows follow, or else the one that none do; `undefined` if it says neither. */
export function signOfMore({ body }: RestAnswer<Value>): Sign | undefined {
  let none: Sign | undefined;
  for (const [key, isMore] of signsIn(body)) {
    if (isMore) return { key, isMore };
    none ??= { key, isMore };
  }
  return none;
}

function* signsIn(body: Value | undefined): Iterable<readonly [key: string, isMore: boolean]> {
  if (valueAt(body, "incomplete_results") === true) yield ["incomplete_results", true];
  // As Spring says it.
  const isLast = valueAt(body, "last");
  if (typeof isLast === "boolean") yield ["last", !isLast];
  for (const place of PLACES) {
    const said = place === "" ? body : valueAt(body, place);
    for (const key of MORE) {
      const isMore = valueAt(said, key);
      if (typeof isMore === "boolean") yield [named(place, key), isMore];
    }
    for (const key of NEXT) {
      const next = valueAt(said, key);
      if (next !== undefined) yield [named(place, key), next !== null && next !== "" && next !== false];
    }
  }
}

/** The key by which an answer says that something failed, whatever its status; `undefined` if none does. */
export function signOfFailure(body: Value | undefined): string | undefined {
  if (valueAt(body, "success") === false) return "success";
  if (valueAt(body, "ok") === false) return "ok";
  for (const key of ["error", "errors"]) {
    const said = valueAt(body, key);
    const isNone = said === undefined || said === null || said === false || said === "" ||
      (Array.isArray(said) && said.length === 0);
    if (!isNone) return key;
  }
  return undefined;
}

function named(place: string, key: string): string {
  return place === "" ? key : `${place}.${key}`;
}
