import { MistakeError } from "../../table/mistake_error.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { Pagination } from "../../table/pagination.ts";
import type { Operator, Query } from "../../table/query.ts";
import { describe } from "../../base/describe.ts";
import type { Row, Value } from "../../table/row.ts";
import { inUrl } from "../../wire/query_params.ts";
import type { RestMethod } from "./rest_client.ts";
import type { RestCondition, RestDraft, RestTableOptions } from "./rest_options.ts";
import { putPage } from "./rest_paging.ts";

/** Puts `eq` conditions as parameters named like their columns. */
export const EQ_ONLY: NonNullable<RestTableOptions["where"]> = { eq: putEq };

const METHODS: Readonly<Record<RestDraft["verb"], RestMethod>> = {
  list: "GET",
  get: "GET",
  insertReturnId: "POST",
  replace: "PUT",
  patch: "PATCH",
  delete: "DELETE",
};

/** A placeholder id, to find out where the address of a row holds its id. */
const ANY_ID = "8037610925541703";

/** Drafts the requests to a resource. */
export class RestDrafts {
  readonly #name: string;
  readonly #url: URL;
  readonly #options: RestTableOptions;
  readonly #conditions: { readonly [operator in Operator]?: RestCondition | undefined };
  /** The parameters that do not mean a condition. */
  readonly #taken: ReadonlySet<string>;

  constructor(name: string, url: URL, options: RestTableOptions) {
    const { where = EQ_ONLY, paging, search } = options;
    this.#name = name;
    this.#url = url;
    this.#options = options;
    this.#conditions = where;
    const sample = this.#blank("list");
    if (paging !== undefined) putPage(paging, sample, new Pagination(2, 3));
    this.#taken = new Set([...sample.url.searchParams.keys(), ...typeof search === "string" ? [search] : []]);
  }

  /**
   * A request for the rows of a query, or for its page if it has one.
   *
   * @throws {UnsupportedError} if the request cannot express the query.
   */
  list({ where = [], orderBy, search, pagination }: Query): RestDraft {
    const { paging, search: putSearch, orderBy: putOrder } = this.#options;
    const draft = this.#blank("list");
    for (const [column, operator, operand] of where) this.#putCondition(draft, column, operator, operand ?? null);
    if (orderBy !== undefined) putOrder?.(draft, orderBy);
    if (search !== undefined && typeof putSearch === "string") {
      draft.url.searchParams.set(putSearch, inUrl("search", search));
    } else if (search !== undefined && typeof putSearch === "function") {
      putSearch(draft, search);
    }
    if (pagination !== undefined && paging !== undefined) putPage(paging, draft, pagination);
    return draft;
  }

  /** A request that inserts a row without an id. */
  insert(row: Row): RestDraft {
    return { ...this.#blank("insertReturnId"), body: row };
  }

  /**
   * A request for one row.
   *
   * @throws {UnsupportedError} if a path cannot hold the id.
   * @throws {TypeError} if the options give it the address of the whole list.
   */
  row(verb: "get" | "replace" | "patch" | "delete", id: string, row?: Row): RestDraft {
    const draft = { ...this.#blank(verb, id), body: row };
    const { address = putId } = this.#options;
    address(draft, inUrl("id", id));
    if (draft.url.href !== this.#url.href) return draft;
    throw new MistakeError(`The address of row ${describe(id)} of ${describe(this.#name)} is that of its list`);
  }

  /** The id in a `Location`, if that is the address of a row. */
  idAt(location: string): string | undefined {
    const sample = this.row("get", ANY_ID).url;
    for (const base of [this.#url, `${this.#url.origin}${this.#url.pathname.replace(/\/?$/, "/")}`]) {
      const found = URL.canParse(location, base) ? idWithin(new URL(location, base), sample) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #blank(verb: RestDraft["verb"], id?: string): RestDraft {
    return { verb, id, url: new URL(this.#url), headers: new Headers(), method: METHODS[verb], body: undefined };
  }

  #putCondition(draft: RestDraft, column: string, operator: Operator, operand: Value): void {
    if (this.#conditions === EQ_ONLY && this.#taken.has(column)) {
      throw new UnsupportedError(
        `Cannot ask ${describe(this.#name)} for ${describe(column)}: the parameter of this name means something else`,
      );
    }
    this.#conditions[operator]?.(draft, column, operand);
  }
}

function putId({ url }: RestDraft, id: string): void {
  // URL parsers drop these path segments.
  if (id === "" || id === "." || id === "..") {
    throw new UnsupportedError(`No row can have the id ${describe(id)}: no path can hold it`);
  }
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${encodeURIComponent(id)}`;
}

function putEq({ url: { searchParams } }: RestDraft, column: string, operand: Value): void {
  const [name, text] = [inUrl("column", column), paramText(operand, column)];
  // Most resources take a repeated parameter for "one or the other".
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

/** What a URL has in place of {@linkcode ANY_ID}: in the path, or in the same parameter. */
function idWithin(url: URL, sample: URL): string | undefined {
  if (sample.pathname.includes(ANY_ID)) return decoded(between(url.pathname, sample.pathname));
  for (const [name, text] of sample.searchParams) {
    if (text.includes(ANY_ID)) return between(url.searchParams.get(name) ?? "", text);
  }
  return undefined;
}

function between(text: string, sample: string): string | undefined {
  const [before = "", after = ""] = sample.split(ANY_ID);
  const isAlike = text.startsWith(before) && text.endsWith(after) && text.length > before.length + after.length;
  const id = isAlike ? text.slice(before.length, text.length - after.length) : "";
  return id === "" || id.includes("/") ? undefined : id;
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
