import { UnsupportedError } from "../table/errors.ts";
import type { Operator, Query } from "../table/query.ts";
import { describe, type Value } from "../table/row.ts";
import { inUrl } from "../wire/query_params.ts";
import type { RestCondition, RestTableOptions } from "./rest_options.ts";

/** Conditions, each as the parameter that is named like the column. */
export const EQ_ONLY: NonNullable<RestTableOptions["where"]> = { eq: putEq };

/** Where a resource is asked: for all that it has, for some of it, for one row. */
export class RestUrls {
  readonly #name: string;
  readonly #url: URL;
  readonly #options: RestTableOptions;
  readonly #conditions: { readonly [operator in Operator]?: RestCondition | undefined };

  constructor(name: string, url: URL, options: RestTableOptions) {
    this.#name = name;
    this.#url = url;
    this.#options = options;
    this.#conditions = options.where ?? EQ_ONLY;
  }

  /**
   * Where some rows are listed; all without a query.
   *
   * @throws {UnsupportedError} if a URL cannot hold what is asked for.
   */
  list({ where = [], orderBy, search, pagination }: Query = {}): URL {
    const url = new URL(this.#url);
    for (const [column, operator, operand] of where) this.#putCondition(url, column, operator, operand ?? null);
    const { paging, search: putSearch, orderBy: putOrder } = this.#options;
    if (orderBy !== undefined) putOrder?.(url, orderBy);
    if (search !== undefined && typeof putSearch === "string") {
      url.searchParams.set(putSearch, inUrl("search", search));
    } else if (search !== undefined && putSearch !== undefined && typeof putSearch !== "string") {
      putSearch(url, search);
    }
    if (pagination === undefined || paging === undefined) return url;
    url.searchParams.set(paging.limit, String(pagination.limit));
    if ("page" in paging) url.searchParams.set(paging.page, String(pagination.page));
    else url.searchParams.set(paging.skip, String(pagination.skip));
    return url;
  }

  /**
   * Where one row stands.
   *
   * @throws {UnsupportedError} if no path can hold its id.
   */
  row(id: string): URL {
    // Such a part of a path would be taken for another place.
    if (id === "" || id === "." || id === "..") {
      throw new UnsupportedError(
        `A row of ${describe(this.#name)} cannot have the id ${describe(id)}: no path can hold it`,
      );
    }
    const url = new URL(this.#url);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${encodeURIComponent(inUrl("id", id))}`;
    return url;
  }

  #putCondition(url: URL, column: string, operator: Operator, operand: Value): void {
    if (this.#conditions === EQ_ONLY && this.#isTaken(column)) {
      throw new UnsupportedError(
        `Cannot ask ${describe(this.#name)} for ${describe(column)}: the parameter of this name means something else`,
      );
    }
    this.#conditions[operator]?.(url, column, operand);
  }

  /** Whether a parameter of this name would not be taken for a condition. */
  #isTaken(name: string): boolean {
    const { paging, search } = this.#options;
    return this.#url.searchParams.has(name) || name === search || Object.values(paging ?? {}).includes(name);
  }
}

function putEq({ searchParams }: URL, column: string, operand: Value): void {
  const [name, text] = [inUrl("column", column), paramText(operand, column)];
  // Given twice, most resources take it for "one or the other".
  if (searchParams.has(name) && searchParams.get(name) !== text) {
    throw new UnsupportedError(`Cannot ask for two values of ${describe(column)} at once`);
  }
  searchParams.set(name, text);
}

function paramText(operand: Value, column: string): string {
  if (typeof operand === "string") return inUrl("value", operand);
  if (typeof operand !== "object") return String(operand);
  throw new UnsupportedError(`A parameter cannot hold what ${describe(column)} is compared with, ${describe(operand)}`);
}
