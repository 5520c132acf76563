import { InvalidAnswerError, NotFoundError, TableError, UnavailableError, UnsupportedError } from "../table/errors.ts";
import { rowMatches } from "../table/evaluate_query.ts";
import { Pagination } from "../table/pagination.ts";
import type { Operator, Query } from "../table/query.ts";
import { OPERATORS } from "../table/query.ts";
import { describe, field, type Row, toRow, type Value } from "../table/row.ts";
import { type Rows, rowsOf } from "../table/rows.ts";
import type { Capabilities, Column } from "../table/table_like.ts";
import type { SourceCall, TableSource } from "../table/table_source.ts";
import { inUrl } from "../wire/query_params.ts";
import { isList, type Json } from "../wire/wire_value.ts";
import { type RestAnswer, RestClient, type RestRequest } from "./rest_client.ts";
import type { Pick, RestCondition, RestTableOptions, RestWrite } from "./rest_options.ts";

const WRITES: readonly RestWrite[] = ["insertReturnId", "replace", "patch", "delete"];
const EQ_ONLY: Conditions = { eq: putEq };

type Conditions = { readonly [operator in Operator]?: RestCondition | undefined };

/** The answer to a list. */
interface Answered {
  readonly what: string;
  readonly rows: Rows;
  readonly total: number | undefined;
}

/** A resource of somebody's, as the options describe it. */
export class RestSource implements TableSource {
  readonly name: string;
  readonly idField: string;
  readonly columns: readonly Column[] | undefined;
  readonly capabilities: Partial<Capabilities>;
  readonly #client: RestClient;
  readonly #url: URL;
  readonly #options: RestTableOptions;
  readonly #conditions: Conditions;

  constructor(url: URL, options: RestTableOptions) {
    const { name, idField = "id", columns, paging, count, where = EQ_ONLY, orderBy, search, writes = WRITES } = options;
    for (const write of writes) {
      if (WRITES.includes(write)) continue;
      throw new TypeError(`Unknown write ${describe(write)}; accepted are ${WRITES.join(", ")}`);
    }
    this.name = name ?? nameIn(url);
    this.idField = idField;
    this.columns = columns;
    this.#client = new RestClient(options);
    this.#url = url;
    this.#options = options;
    this.#conditions = where;
    this.capabilities = {
      count: count !== undefined,
      page: paging !== undefined,
      where: OPERATORS.filter((operator) => where[operator] !== undefined),
      orderBy: orderBy !== undefined,
      search: search !== undefined,
      ...Object.fromEntries(WRITES.map((write) => [write, writes.includes(write)])),
    };
  }

  async list(call: SourceCall): Promise<Rows> {
    return (await this.#read(call)).rows;
  }

  async get(id: string, { signal }: SourceCall): Promise<Row | undefined> {
    // A row without an id is no row here.
    if (id === "") return undefined;
    try {
      return this.#rowIn(await this.#client.send({ method: "GET", url: this.#rowUrl(id), signal }), id);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async count({ query, signal }: SourceCall): Promise<number> {
    const isPaged = this.#options.paging !== undefined;
    // The rows are not wanted, but one of them shows whether the answer is about what was asked.
    const asked = isPaged ? { ...query, pagination: new Pagination(1, 1) } : query;
    const { what, rows, total } = await this.#read({ query: asked, signal });
    if (total !== undefined) return isPaged ? total : rows.size;
    throw new InvalidAnswerError(`${what} was answered without a count where the options say that it stands`);
  }

  async insertReturnId(row: Row, call: SourceCall): Promise<string> {
    const answer = await this.#write("POST", new URL(this.#url), call, row);
    const stored = pick(this.#options.row, answer);
    const id = idOf(memberOf(stored, this.idField)) ?? idInLocation(answer.headers.get("location"));
    if (id !== undefined) return id;
    throw new InvalidAnswerError(
      `${answer.what} was answered without the id of the new row in ${describe(this.idField)}`,
    );
  }

  replace(id: string, row: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("PUT", id, row, call);
  }

  patch(id: string, partial: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("PATCH", id, partial, call);
  }

  async delete(id: string, call: SourceCall): Promise<void> {
    if (id === "") return;
    try {
      await this.#write("DELETE", this.#rowUrl(id), call);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }

  async #writeRow(method: "PUT" | "PATCH", id: string, row: Row, call: SourceCall): Promise<Row> {
    const answer = await this.#write(method, this.#rowUrl(id), call, row);
    if (answer.body !== undefined) return this.#rowIn(answer, id);
    const stored = await this.#afterwards(answer.what, id, call);
    if (stored !== undefined) return stored;
    throw new InvalidAnswerError(`${answer.what} was answered with nothing, and the row is not there`);
  }

  /** The row as a write left it. That it cannot be read does not say that nothing was written. */
  async #afterwards(what: string, id: string, call: SourceCall): Promise<Row | undefined> {
    try {
      return await this.get(id, call);
    } catch (cause) {
      if (!(cause instanceof TableError)) throw cause;
      const { retryAfterMs } = cause;
      throw new UnavailableError(`${what} was done, but its row could not be read`, { cause, retryAfterMs });
    }
  }

  #write(method: RestRequest["method"], url: URL, call: SourceCall, row?: Row): Promise<RestAnswer> {
    const { signal, idempotencyKey } = call;
    return this.#client.send({ method, url, signal, idempotencyKey, body: row && toJson(row) });
  }

  async #read({ query, signal }: SourceCall): Promise<Answered> {
    const answer = await this.#client.send({ method: "GET", url: this.#listUrl(query), signal });
    const rows = this.#rowsIn(answer);
    const total = this.#totalIn(answer);
    checkPage(rows.size, query.pagination, total, answer);
    return { what: answer.what, rows: this.#conditions === EQ_ONLY ? narrowed(rows, query, answer) : rows, total };
  }

  #listUrl({ where = [], orderBy, search, pagination }: Query): URL {
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

  #putCondition(url: URL, column: string, operator: Operator, operand: Value): void {
    if (this.#conditions === EQ_ONLY && this.#isTaken(column)) {
      throw new UnsupportedError(
        `Cannot ask ${describe(this.name)} for ${describe(column)}: the parameter of this name means something else`,
      );
    }
    this.#conditions[operator]?.(url, column, operand);
  }

  /** Whether a parameter of this name would not be taken for a condition. */
  #isTaken(name: string): boolean {
    const { paging, search } = this.#options;
    return this.#url.searchParams.has(name) || name === search || Object.values(paging ?? {}).includes(name);
  }

  #rowUrl(id: string): URL {
    // Such a part of a path would be taken for another place.
    if (id === "" || id === "." || id === "..") {
      throw new UnsupportedError(
        `A row of ${describe(this.name)} cannot have the id ${describe(id)}: no path can hold it`,
      );
    }
    const url = new URL(this.#url);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${encodeURIComponent(inUrl("id", id))}`;
    return url;
  }

  #rowsIn(answer: RestAnswer): Rows {
    const list = pick(this.#options.rows, answer);
    if (list === undefined || !isList(list)) {
      throw new InvalidAnswerError(
        `${answer.what} was answered without an array of rows where the options say that it stands; what a tableHandler serves is for RestTable.open()`,
      );
    }
    const rows = new Map<string, Row>();
    for (const item of list) {
      const row = checkedRow(item, answer);
      const id = idOf(field(row, this.idField));
      if (id === undefined) {
        throw new InvalidAnswerError(
          `${answer.what} was answered with a row without an id in ${describe(this.idField)}`,
        );
      }
      if (rows.has(id)) throw new InvalidAnswerError(`${answer.what} was answered with two rows of id ${describe(id)}`);
      rows.set(id, row);
    }
    return rowsOf(rows);
  }

  #rowIn(answer: RestAnswer, id: string): Row {
    const row = checkedRow(pick(this.#options.row, answer), answer);
    const found = idOf(field(row, this.idField));
    if (found === id) return row;
    throw new InvalidAnswerError(
      `${answer.what} was answered with a row whose ${describe(this.idField)} is ${describe(found)}`,
    );
  }

  #totalIn(answer: RestAnswer): number | undefined {
    const { count } = this.#options;
    if (count === undefined) return undefined;
    const found = "header" in count ? answer.headers.get(count.header) : memberOf(answer.body, count.field);
    if (found === null || found === undefined) return undefined;
    const total = typeof found === "string" && /^\d+$/.test(found) ? Number(found) : found;
    if (typeof total === "number" && Number.isSafeInteger(total) && total >= 0) return total;
    throw new InvalidAnswerError(`${answer.what} was answered with a count of ${describe(found)}`);
  }
}

/**
 * The rows that were asked for. A resource that does not know a parameter answers as if it was not there, and one that
 * does cannot tell the number 5 in it from the text "5".
 */
function narrowed(rows: Rows, { where = [], pagination }: Query, { what }: RestAnswer): Rows {
  const kept = new Map<string, Row>();
  for (const [id, row] of rows) {
    const [column, , operand] = where.find((condition) => !rowMatches(row, { where: [condition] }, [])) ?? [];
    if (column === undefined) {
      kept.set(id, row);
      continue;
    }
    const value = field(row, column);
    const asked = `${what} was asked for ${describe(column)} ${describe(operand)} and answered with ${describe(value)}`;
    if (typeof value === "object" || String(value) !== String(operand)) throw new InvalidAnswerError(asked);
    // On a page they stand in the place of others.
    if (pagination !== undefined) throw new UnsupportedError(`${asked}, which a parameter cannot tell apart`);
  }
  return rowsOf(kept);
}

/** What was received must be the page that was asked for, and agree with the count that came with it. */
function checkPage(size: number, page: Pagination | undefined, total: number | undefined, { what }: RestAnswer): void {
  if (page !== undefined && size > page.limit) {
    throw new InvalidAnswerError(`${what} was asked for ${page.limit} rows at the most and answered with ${size}`);
  }
  if (total === undefined) return;
  const skip = page?.skip ?? 0;
  const expected = Math.min(page?.limit ?? total, Math.max(0, total - skip));
  if (size === expected) return;
  throw new InvalidAnswerError(
    `${what} was answered with ${size} rows where there are ${expected}, by its own count of ${total}`,
    // Somebody may have changed the data between the two.
    { retriable: true },
  );
}

function checkedRow(item: Json | undefined, { what }: RestAnswer): Row {
  try {
    return toRow(item);
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered with something that is no row`, { cause });
  }
}

function pick(where: Pick | undefined, { what, body }: RestAnswer): Json | undefined {
  if (where === undefined || body === undefined) return body;
  if (typeof where === "string") return memberOf(body, where);
  try {
    return where(body);
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered with something else than what is picked from`, { cause });
  }
}

function memberOf(body: Json | undefined, name: string): Json | undefined {
  if (typeof body !== "object" || body === null || isList(body) || !Object.hasOwn(body, name)) return undefined;
  return body[name];
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

/** A row as most resources take it: dates as texts in ISO 8601. */
function toJson(row: Row): Json {
  return JSON.parse(JSON.stringify(row, refuseUntold));
}

function refuseUntold(this: Row, column: string, value: unknown): unknown {
  // A date comes as the text that it becomes, or as `null` if it is invalid.
  const isInvalidDate = value === null && this[column] !== null;
  const isNoNumber = typeof value === "number" && !Number.isFinite(value);
  if (!isInvalidDate && !isNoNumber && typeof value !== "bigint" && !(value instanceof Uint8Array)) return value;
  throw new UnsupportedError(`JSON cannot hold the value of ${describe(column)}, ${describe(this[column])}`);
}

/** A whole number that is too large for a number has come as another one. */
function idOf(value: Value | undefined): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  const isId = typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value));
  return isId ? String(value) : undefined;
}

function idInLocation(location: string | null): string | undefined {
  const last = location?.split(/[?#]/)[0]?.split("/").at(-1);
  try {
    return last ? decodeURIComponent(last) : undefined;
  } catch {
    return undefined;
  }
}

function nameIn(url: URL): string {
  return url.pathname.split("/").findLast((part) => part !== "") ?? url.hostname;
}
