import type { Operator, Order } from "../table/query.ts";
import type { Value } from "../table/row.ts";
import type { Column } from "../table/table_like.ts";
import type { Json } from "../wire/wire_value.ts";
import type { RestClientOptions } from "./rest_client.ts";

/** Where something stands in an answer: under a key of the outermost object, or where a function finds it. */
export type Pick = string | ((body: Json) => Json | undefined);

/** The names of the parameters that a page travels in: the page's number, or how many rows stand before it. */
export type RestPaging =
  | { readonly page: string; readonly limit: string }
  | { readonly skip: string; readonly limit: string };

/** Puts a condition into a URL. */
export type RestCondition = (url: URL, column: string, operand: Value) => void;

/** The writes that a resource may take. */
export type RestWrite = "insertReturnId" | "replace" | "patch" | "delete";

/** What is particular to a resource. */
export interface RestTableOptions extends RestClientOptions {
  /** The table's name; default the last part of the URL's path. */
  readonly name?: string | undefined;
  /** The column that holds the id; default `id`. */
  readonly idField?: string | undefined;
  /** Its columns, if conditions on others are to be refused. */
  readonly columns?: readonly Column[] | undefined;
  /** Where the rows stand in the answer to a list; default: the answer is the array of rows. */
  readonly rows?: Pick | undefined;
  /** Where the row stands in the answer for one; default: the answer is the row. */
  readonly row?: Pick | undefined;
  /** How a page is asked for. Without it, all rows are asked for, and pages are cut out of them. */
  readonly paging?: RestPaging | undefined;
  /** Where the answer to a list says how many rows there are in the set, without its page. */
  readonly count?: { readonly header: string } | { readonly field: string } | undefined;
  /**
   * How conditions are put; default: `eq` as `?column=value`. `{}` if it knows no conditions at all.
   *
   * With the default, what comes back is checked. A row for which the condition does not hold is an `InvalidAnswerError`:
   * the resource does not know the column. But a parameter cannot tell the number 5 from the text "5": rows with the other
   * one are left out, and on a page or in a count, where they stand for others, they are an `UnsupportedError`.
   */
  readonly where?: { readonly [operator in Operator]?: RestCondition | undefined } | undefined;
  /** How an order is put, if it can order. */
  readonly orderBy?: ((url: URL, orderBy: readonly Order[]) => void) | undefined;
  /** How a search is put, if it can search: the name of a parameter, or a function. */
  readonly search?: string | ((url: URL, text: string) => void) | undefined;
  /** The writes that it takes; default all four. `[]` if it is read-only. */
  readonly writes?: readonly RestWrite[] | undefined;
}
