import type { Pagination } from "../../table/pagination.ts";
import type { Operator, Order } from "../../table/query.ts";
import type { Row, Value } from "../../table/row.ts";
import type { Column } from "../../table/table_like.ts";
import type { WriteVerb } from "../../table/verbs.ts";
import type { RestAnswer, RestClientOptions, RestMethod } from "./rest_client.ts";

/** The writes that a resource may take. */
export type RestWrite = Exclude<WriteVerb, "insert" | "deleteAll">;

/**
 * A request before it is sent. The functions in the options change it: its URL, its headers, its method, its body.
 *
 * @example A condition in the words of PostgREST, `?price=gte.5`
 * ```ts
 * import type { RestTableOptions } from "@vantage/live/rest";
 *
 * const options: RestTableOptions = {
 *   where: { gte: ({ url }, column, operand) => url.searchParams.append(column, `gte.${operand}`) },
 * };
 * ```
 */
export interface RestDraft {
  /** What is asked for. */
  readonly verb: "list" | "get" | RestWrite;
  /** The id of the row that is asked for; `undefined` for a list, and for a row that has none yet. */
  readonly id: string | undefined;
  /** Where it goes: a copy of the table's URL at first. */
  readonly url: URL;
  /** Headers of this request. They go before those of `headers`. */
  readonly headers: Headers;
  /** By default `GET`, `POST`, `PUT`, `PATCH` and `DELETE`, as the verb says. */
  method: RestMethod;
  /** The row, or the columns to change; `undefined` if nothing is sent. */
  body: Value | undefined;
}

/**
 * Where something stands in an answer: under a key, which may be a path (`"meta.total"`; a key that itself holds dots,
 * as `"@odata.count"`, is looked for first); in a header; or where a function finds it.
 */
export type Pick = string | { readonly header: string } | ((answer: RestAnswer<Value>) => Value | undefined);

/**
 * How a page is asked for: the names of the parameters for its number, counted from 1, or for the rows before it, and for
 * its size; a function that puts it anywhere else; or the size alone, where each page is reached from the one before it.
 */
export type RestPaging =
  | { readonly page: string; readonly limit: string }
  | { readonly skip: string; readonly limit: string }
  | { readonly limit: string }
  | ((draft: RestDraft, page: Pagination) => void);

/**
 * What follows an answer: where the URL of the next page stands, if there is one (`{ header: "Link" }` is its
 * `rel="next"`); or a function that makes the draft of this answer's request into one for the next page, and answers
 * whether there is one.
 */
export type RestNext =
  | string
  | { readonly header: string }
  | ((draft: RestDraft, answer: RestAnswer<Value>) => boolean);

/** Puts a condition into a request. */
export type RestCondition = (draft: RestDraft, column: string, operand: Value) => void;

/**
 * What is particular to a resource. Its functions do one of two things: they change a {@linkcode RestDraft}, or they read
 * a {@linkcode RestAnswer}.
 */
export interface RestTableOptions extends RestClientOptions {
  /** The table's name; default the last part of the URL's path. */
  readonly name?: string | undefined;
  /** The column that holds the id; default `id`. */
  readonly idField?: string | undefined;
  /** Its columns, if conditions on others are to be refused. */
  readonly columns?: readonly Column[] | undefined;

  /** Where the rows stand in the answer to a list; default: the answer is the array of rows. */
  readonly rows?: Pick | undefined;
  /** Where the row stands in the answer for one; default: the answer is the row. `null` there says that there is none. */
  readonly row?: Pick | undefined;
  /** The row in an item of an answer, if it stands deeper, as the attributes of JSON:API do; default: the item itself. */
  readonly toRow?: ((item: Value) => Row) | undefined;
  /**
   * Where the answer to a list says how many rows there are in the set, without its page. A text may be a number, or the
   * end of a `Content-Range` (`items 0-9/250`).
   */
  readonly count?: Pick | undefined;

  /** How a page is asked for. Without it, all rows are asked for, and pages are cut out of them. */
  readonly paging?: RestPaging | undefined;
  /** How an answer says what follows it; default the `rel="next"` of a `Link` header. */
  readonly next?: RestNext | undefined;
  /**
   * The most rows that it gives at once, whatever it is asked for. Longer pages are put together, and a shorter answer is
   * known to be the last. Default unknown: then it is found out, at the price of a request more here and there. `Infinity`
   * if it gives all rows to who asks for no page.
   */
  readonly maxLimit?: number | undefined;
  /** How many requests one read may take to put its rows together; default 1000. */
  readonly maxPages?: number | undefined;

  /** Where a row stands; default `/{id}` after the path of the URL. */
  readonly address?: ((draft: RestDraft, id: string) => void) | undefined;
  /**
   * How conditions are put; default: `eq` as `?column=value`. `{}` if it knows no conditions at all.
   *
   * What comes back is checked: a row for which a condition does not hold is an `InvalidAnswerError`, since the resource
   * does not know the column or the operator. But a parameter cannot tell the number 5 from the text "5": rows with the
   * other one are left out, and on a page or in a count, where they stand for others, they are an `UnsupportedError`.
   */
  readonly where?: { readonly [operator in Operator]?: RestCondition | undefined } | undefined;
  /** How an order is put, if it can order. */
  readonly orderBy?: ((draft: RestDraft, orderBy: readonly Order[]) => void) | undefined;
  /** How a search is put, if it can search: the name of a parameter, or a function. */
  readonly search?: string | ((draft: RestDraft, text: string) => void) | undefined;
  /** The writes that it takes; default all four. `[]` if it is read-only. */
  readonly writes?: readonly RestWrite[] | undefined;
  /** The last word on every request: another method, a header, a body that is wrapped. */
  readonly prepare?: ((draft: RestDraft) => void) | undefined;

  /**
   * Reads the text of an answer; default `JSON.parse`, and an `InvalidAnswerError` where it would round an integer.
   * `JSON.parse` itself rounds it; a parser of your own may give bigints, and dates.
   */
  readonly parse?: ((text: string) => Value) | undefined;
  /**
   * Writes the body of a request; default `JSON.stringify`, with dates as texts in ISO 8601, and an `UnsupportedError` for
   * what JSON cannot hold.
   */
  readonly stringify?: ((body: Value) => string) | undefined;
}
