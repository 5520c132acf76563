import type { Value } from "../../table/row.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { Pick } from "./rest_options.ts";
import { valueAt } from "./rest_pick.ts";

/** Where answers keep information about their pages: beside the rows, or under one of these keys. */
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
  "info",
  "result_info",
  "meta.page",
  "meta.pagination",
  "response_metadata",
];

/** Keys where `true` means that more rows follow. */
const MORE = [
  "more",
  "has_more",
  "hasMore",
  "has_next",
  "hasNext",
  "has_next_page",
  "hasNextPage",
  "HasNext",
  "HasNextPage",
  "truncated",
  "isTruncated",
];

/** Keys where `false` means that more rows follow: Spring, Jira. */
const LAST = ["last", "isLast"];

/** Keys that hold the address or the cursor of the next page. */
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
  "next_token",
  "nextToken",
  "NextToken",
  "next_offset",
  "nextOffset",
  "continuationToken",
  "LastEvaluatedKey",
];

/** A header with all of it as JSON: ASP.NET. */
const PAGINATION_HEADER = "X-Pagination";

/** Headers that hold the next page or its cursor. */
const NEXT_HEADERS = ["x-next-page", "x-next-cursor"];

/** Keys and headers that count all rows. */
const TOTALS = [
  "total",
  "Total",
  "totalCount",
  "TotalCount",
  "total_count",
  "totalItems",
  "total_items",
  "totalElements",
  "totalResults",
  "total_results",
  "total_records",
  "recordsFiltered",
  "numFound",
  "count",
  "Count",
  "@odata.count",
];
const TOTAL_HEADERS = ["x-total", "x-wp-total", "x-pagination-total-count"];

/** Keys and headers that count all pages. */
const PAGES = ["pages", "total_pages", "totalPages", "TotalPages", "pageCount", "page_count", "last_page", "lastPage"];
const PAGES_HEADERS = ["x-total-pages", "x-wp-totalpages", "x-pagination-page-count"];

/** What an answer says about further rows, by one of the usual keys. */
export interface Sign {
  readonly key: string;
  readonly isMore: boolean;
}

/** The first sign in an answer that rows follow, or else that none do; `undefined` if there is neither. */
export function signOfMore(answer: RestAnswer<Value>, rows: Pick | undefined): Sign | undefined {
  let none: Sign | undefined;
  for (const [key, isMore] of signsIn(answer, rows)) {
    if (isMore) return { key, isMore };
    none ??= { key, isMore };
  }
  return none;
}

/**
 * The sign that there are more rows than were read, in the last answer to a request for all: a larger count of rows or
 * pages. A smaller count proves nothing, since no option says what such a key means.
 */
export function signOfSize(
  answer: RestAnswer<Value>,
  read: { readonly rows: number; readonly answers: number },
  rows: Pick | undefined,
): string | undefined {
  const isMore = (said: unknown, known: number): boolean => {
    const count = typeof said === "string" && /^\d{1,15}$/.test(said) ? Number(said) : said;
    return typeof count === "number" && Number.isSafeInteger(count) && count > known;
  };
  for (
    const [keys, headers, known] of [[TOTALS, TOTAL_HEADERS, read.rows], [PAGES, PAGES_HEADERS, read.answers]] as const
  ) {
    for (const header of headers) {
      if (isMore(answer.headers.get(header), known)) return header;
    }
    for (const [place, said] of placesIn(answer, rows)) {
      const key = keys.find((key) => isMore(valueAt(said, key), known) || isMore(valueAt(said, `${key}.value`), known));
      if (key !== undefined) return named(place, key);
    }
  }
  return undefined;
}

function* signsIn(
  answer: RestAnswer<Value>,
  rows: Pick | undefined,
): Iterable<readonly [key: string, isMore: boolean]> {
  const { body, headers } = answer;
  if (valueAt(body, "incomplete_results") === true) yield ["incomplete_results", true];
  for (const header of NEXT_HEADERS) {
    const next = headers.get(header);
    if (next !== null) yield [header, next !== ""];
  }
  for (const [place, said] of placesIn(answer, rows)) {
    for (const key of LAST) {
      const isLast = valueAt(said, key);
      if (typeof isLast === "boolean") yield [named(place, key), !isLast];
    }
    for (const key of MORE) {
      const isMore = valueAt(said, key);
      if (typeof isMore === "boolean") yield [named(place, key), isMore];
    }
    for (const key of NEXT) {
      const next = valueAt(said, key);
      if (next !== undefined) yield [named(place, key), next !== null && next !== "" && next !== false];
    }
    // A number is the offset of this page; a text is a cursor to the next one: Airtable.
    const offset = valueAt(said, "offset");
    if (typeof offset === "string" && Number.isNaN(Number(offset))) yield [named(place, "offset"), true];
  }
}

/**
 * The places in an answer that may have information about its pages: in the body, beside nested rows, and in a header.
 */
function* placesIn(
  { body, headers }: RestAnswer<Value>,
  rows: Pick | undefined,
): Iterable<readonly [place: string, said: Value]> {
  const pagination = jsonIn(headers.get(PAGINATION_HEADER));
  if (pagination !== undefined) yield [PAGINATION_HEADER, pagination];
  const path = typeof rows === "string" ? rows.split(".").slice(0, -1) : [];
  for (let depth = 0; depth <= path.length; depth++) {
    const base = path.slice(0, depth).join(".");
    for (const place of PLACES) {
      const whole = base === "" || place === "" ? `${base}${place}` : `${base}.${place}`;
      const said = whole === "" ? body : valueAt(body, whole);
      if (said !== undefined) yield [whole, said];
    }
  }
}

function jsonIn(header: string | null): Value | undefined {
  try {
    return header === null ? undefined : JSON.parse(header);
  } catch {
    return undefined;
  }
}

/** The key by which an answer reports a failure, whatever its status; `undefined` if there is none. */
export function signOfFailure(body: Value | undefined): string | undefined {
  if (valueAt(body, "success") === false) return "success";
  if (valueAt(body, "ok") === false) return "ok";
  const status = valueAt(body, "status");
  // JSend.
  if (status === "error" || status === "fail") return "status";
  return ["error", "errors"].find((key) => !isNothing(valueAt(body, key)));
}

function isNothing(said: Value | undefined): boolean {
  if (typeof said !== "object" || said === null) return !said;
  return Object.keys(said).length === 0;
}

function named(place: string, key: string): string {
  return place === "" ? key : `${place}.${key}`;
}
