import { InvalidAnswerError, NotFoundError, TableError, UnavailableError, UnsupportedError } from "../table/errors.ts";
import { Pagination } from "../table/pagination.ts";
import { OPERATORS } from "../table/query.ts";
import { isBytes } from "../table/realm.ts";
import { describe, field, type Row, toRow, type Value } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { Capabilities, Column } from "../table/table_like.ts";
import type { SourceCall, TableSource } from "../table/table_source.ts";
import { isList, type Json, memberOf } from "../wire/wire_value.ts";
import { checkedCount, checkedRow, checkPage, narrowed, uniqueRows } from "./rest_answer.ts";
import { type RestAnswer, RestClient, type RestRequest } from "./rest_client.ts";
import type { Pick, RestTableOptions, RestWrite } from "./rest_options.ts";
import { EQ_ONLY, RestUrls } from "./rest_urls.ts";

const WRITES: readonly RestWrite[] = ["insertReturnId", "replace", "patch", "delete"];

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
  readonly #urls: RestUrls;
  readonly #options: RestTableOptions;

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
    this.#urls = new RestUrls(this.name, url, options);
    this.#options = options;
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
      return this.#rowIn(await this.#client.send({ method: "GET", url: this.#urls.row(id), signal }), id);
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
    const answer = await this.#write("POST", this.#urls.list(), call, row);
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
      await this.#write("DELETE", this.#urls.row(id), call);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }

  async #writeRow(method: "PUT" | "PATCH", id: string, row: Row, call: SourceCall): Promise<Row> {
    const answer = await this.#write(method, this.#urls.row(id), call, row);
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
    const answer = await this.#client.send({ method: "GET", url: this.#urls.list(query), signal });
    const rows = this.#rowsIn(answer);
    const total = this.#totalIn(answer);
    checkPage(rows, query.pagination, total, answer);
    const isPutByName = this.#options.where === undefined;
    return { what: answer.what, rows: isPutByName ? narrowed(rows, query, answer) : rows, total };
  }

  #rowsIn(answer: RestAnswer): Rows {
    const list = pick(this.#options.rows, answer);
    if (list === undefined || !isList(list)) {
      throw new InvalidAnswerError(
        `${answer.what} was answered without an array of rows where the options say that it stands; what a tableHandler serves is for RestTable.open()`,
      );
    }
    const rows = list.map((item) => checkedRow(() => toRow(item), answer));
    return uniqueRows(rows.map((row) => [idOf(field(row, this.idField)), row]), answer);
  }

  #rowIn(answer: RestAnswer, id: string): Row {
    const row = checkedRow(() => toRow(pick(this.#options.row, answer)), answer);
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
    return checkedCount(typeof found === "string" && /^\d+$/.test(found) ? Number(found) : found, answer);
  }
}

/** A row as most resources take it: dates as texts in ISO 8601. */
function toJson(row: Row): Json {
  return JSON.parse(JSON.stringify(row, refuseUntold));
}

function refuseUntold(this: Row, column: string, value: unknown): unknown {
  // A date comes as the text that it becomes, or as `null` if it is invalid.
  const isInvalidDate = value === null && this[column] !== null;
  const isNoNumber = typeof value === "number" && !Number.isFinite(value);
  if (!isInvalidDate && !isNoNumber && typeof value !== "bigint" && !(isBytes(value))) return value;
  throw new UnsupportedError(`JSON cannot hold the value of ${describe(column)}, ${describe(this[column])}`);
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
