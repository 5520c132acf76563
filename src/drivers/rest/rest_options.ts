import type { Pagination } from "../../table/pagination.ts";
import type { Operator, Order } from "../../table/query.ts";
import type { Row, Value } from "../../table/row.ts";
import type { Column } from "../../table/table_like.ts";
import type { WriteVerb } from "../../table/verbs.ts";
import type { RestAnswer, RestClientOptions, RestMethod } from "./rest_client.ts";

/** The writes that a resource may accept. */
export type RestWrite = Exclude<WriteVerb, "insert" | "deleteAll">;

/**
 * A request before it is sent. Functions in the options may change its URL, headers, method and body.
 *
 * @example A condition in PostgREST syntax, `?price=gte.5`
 * ```ts
 * import type { RestTableOptions } from "@vantage/live/rest";
 *
 * const options: RestTableOptions = {
 *   where: { gte: ({ url }, column, operand) => url.searchParams.append(column, `gte.${operand}`) },
 * };
 * ```
 */
export interface RestDraft {
  /** What the request does. */
  readonly verb: "list" | "get" | RestWrite;
  /** The id of the row; `undefined` for a list and for an insert. */
  readonly id: string | undefined;
  /** The URL to change; initially a copy of the table's URL. */
  readonly url: URL;
  /** Headers of this request; they override `headers`. */
  readonly headers: Headers;
  /** `GET`, `POST`, `PUT`, `PATCH` or `DELETE` by default, depending on the verb. */
  method: RestMethod;
  /** The row, or the columns to change; `undefined` for a request without a body. */
  body: Value | undefined;
}

/**
 * Where to find something in an answer: a key, which may be a path (`"meta.total"`; a key that contains dots itself,
 * like `"@odata.count"`, is tried first); a header; or a function that finds it.
 */
export type Pick = string | { readonly header: string } | ((answer: RestAnswer<Value>) => Value | undefined);

/**
 * How a page is requested: the parameters for its size and for its number (from 1) or its offset; a function that puts
 * it elsewhere; or only the parameter for the size, where each answer leads to the next page.
 */
export type RestPaging =
  | { readonly page: string; readonly limit: string }
  | { readonly skip: string; readonly limit: string }
  | { readonly limit: string }
  | ((draft: RestDraft, page: Pagination) => void);

/**
 * How to find the next page: where an answer holds its URL, if there is one (`{ header: "Link" }` means `rel="next"`);
 * or a function that turns the draft of the current request into one for the next page, and returns whether there is
 * one.
 */
export type RestNext =
  | string
  | { readonly header: string }
  | ((draft: RestDraft, answer: RestAnswer<Value>) => boolean);

/** Puts a condition into a request. */
export type RestCondition = (draft: RestDraft, column: string, operand: Value) => void;

/**
 * Options that describe a resource. The functions either change a {@linkcode RestDraft} or read a {@linkcode
 * RestAnswer}.
 */
export interface RestTableOptions extends RestClientOptions {
  /** The table's name; default the last segment of the URL's path. */
  readonly name?: string | undefined;
  /** The column of the id; default `id`. */
  readonly idField?: string | undefined;
  /** The columns. If set, conditions on other columns are refused. */
  readonly columns?: readonly Column[] | undefined;

  /** Where the answer to a list holds the rows; default: the answer is the array of rows. */
  readonly rows?: Pick | undefined;
  /**
   * Where the answer for one row holds it; default: the answer is the row. `null` there means that the row does not
   * exist.
   */
  readonly row?: Pick | undefined;
  /**
   * Reads the row from an item of an answer, if it is nested like the attributes of JSON:API; default: the item itself.
   */
  readonly toRow?: ((item: Value) => Row) | undefined;
  /**
   * Where the answer to a list holds the size of the set, regardless of the page. A text may be a number or a
   * `Content-Range` (`items 0-9/250`).
   */
  readonly count?: Pick | undefined;

  /** How a page is requested. Without it, all rows are requested and pages are cut out of them. */
  readonly paging?: RestPaging | undefined;
  /** How to find the next page; default the `rel="next"` of a `Link` header. */
  readonly next?: RestNext | undefined;
  /**
   * The most rows that the resource returns at once, whatever is requested. Longer pages are assembled from several
   * answers, and an answer with fewer rows is the last. If unknown (the default), it is found out, which sometimes
   * takes an extra request. `Infinity` if the resource returns all rows when no page is requested.
   */
  readonly maxLimit?: number | undefined;
  /** How many requests one read may take; default 1000. */
  readonly maxPages?: number | undefined;

  /** Puts the address of a row into a request; default `/{id}` after the path of the URL. */
  readonly address?: ((draft: RestDraft, id: string) => void) | undefined;
  /**
   * How conditions are put into a request; default: `eq` as `?column=value`. `{}` if the resource does not filter at
   * all.
   *
   * The rows are checked: one that does not match a condition is an `InvalidAnswerError`, since the resource ignored
   * the column or the operator. But a parameter cannot distinguish the number 5 from the text "5": rows of the other
   * kind are dropped; on a page or in a count, where they take the place of others, they are an `UnsupportedError`.
   */
  readonly where?: { readonly [operator in Operator]?: RestCondition | undefined } | undefined;
  /** Puts the order into a request, if the resource can sort. */
  readonly orderBy?: ((draft: RestDraft, orderBy: readonly Order[]) => void) | undefined;
  /** How a search is put into a request, if the resource can search: the name of a parameter, or a function. */
  readonly search?: string | ((draft: RestDraft, text: string) => void) | undefined;
  /** Whether the resource's conditions, search and order mean what they mean in this module; default `false`. */
  readonly exact?: boolean | undefined;
  /** Whether the address of a row has what the list has for it, all columns included; default `false`. */
  readonly sameRows?: boolean | undefined;
  /** Whether the resource applies two writes with the same idempotency key once; default `false`. */
  readonly idempotencyKeys?: boolean | undefined;
  /** The writes that the resource accepts; default all four. `[]` if it is read-only. */
  readonly writes?: readonly RestWrite[] | undefined;
  /** Changes every request just before it is sent: another method, a header, a wrapped body. */
  readonly prepare?: ((draft: RestDraft) => void) | undefined;

  /**
   * Parses an answer; default `JSON.parse`, with an `InvalidAnswerError` where it would round an integer. Pass
   * `JSON.parse` to round it, or another parser to get bigints and dates.
   */
  readonly parse?: ((text: string) => Value) | undefined;
  /**
   * Writes the body of a request; default `JSON.stringify`, with dates in ISO 8601 and an `UnsupportedError` for values
   * that JSON cannot hold.
   */
  readonly stringify?: ((body: Value) => string) | undefined;
}
