import { InvalidAnswerError } from "../../table/errors.ts";
import { Pagination } from "../../table/pagination.ts";
import type { Query } from "../../table/query.ts";
import { field, type Row, type Value } from "../../table/row.ts";
import { type Rows, rowsOf } from "../../table/rows.ts";
import type { CallOptions } from "../../table/table_like.ts";
import { checkedRow, checkOrder, checkPage, narrowed, uniqueRows } from "./rest_answer.ts";
import { readChain } from "./rest_chain.ts";
import type { RestAnswer } from "./rest_client.ts";
import { checkStart, totalIn, totalInHeaders } from "./rest_count.ts";
import type { RestDrafts } from "./rest_drafts.ts";
import { following } from "./rest_next.ts";
import type { RestDraft, RestTableOptions } from "./rest_options.ts";
import { asksForAnyPage, requestCounter } from "./rest_paging.ts";
import type { Collected, Part } from "./rest_part.ts";
import { pick } from "./rest_pick.ts";
import { signOfFailure, signOfMore } from "./rest_signs.ts";
import { RestWindows } from "./rest_windows.ts";

/** How many rows are requested at once when all are wanted and no limit is known. */
const CHAIN_LIMIT = 100;

/** Statuses by which a resource refuses a page beyond its last. */
const BEYOND = [404, 410, 416];

/** What an {@linkcode RestList} works with. */
export interface ListParts {
  readonly name: string;
  readonly idField: string;
  readonly drafts: RestDrafts;
  readonly options: RestTableOptions;
  readonly send: (draft: RestDraft, call: CallOptions, accepted?: readonly number[]) => Promise<RestAnswer<Value>>;
  /** Reads a row from an item of an answer. */
  readonly toRow: (item: Value, answer: RestAnswer<Value>) => Row;
}

/** The result of a list. */
export interface Listed {
  /** What was asked, for error messages. */
  readonly what: string;
  readonly rows: Rows;
  /** How many rows the set has, if known. */
  readonly total: number | undefined;
}

/** Reads the rows of a resource, from as many answers as it takes. */
export class RestList {
  readonly #parts: ListParts;
  readonly #windows: RestWindows;

  constructor(parts: ListParts) {
    this.#parts = parts;
    this.#windows = new RestWindows(parts.options.maxLimit);
  }

  /** All rows of a query, or those of its page, and the size of the set if known. */
  async read(query: Query, call: CallOptions): Promise<Listed> {
    const { name, options: { paging, maxLimit, maxPages = 1000 } } = this.#parts;
    const count = requestCounter(name, maxPages);
    const isAllAtOnce = query.pagination === undefined && maxLimit === Infinity;
    const collected = !asksForAnyPage(paging) || isAllAtOnce
      ? await this.#readChain(query, call, count)
      : await this.#windows.read(query.pagination ?? { skip: 0, limit: Infinity }, (pagination) => {
        count();
        return this.#partOn(pagination, query, call);
      });
    return this.#checked({ what: collected.what, rows: rowsOf(collected.rows), total: collected.total }, query);
  }

  /** The first row of a query if the resource has pages, otherwise the rows of the first answer. */
  async begin(query: Query, call: CallOptions): Promise<Listed> {
    const asked = this.#parts.options.paging === undefined ? query : { ...query, pagination: new Pagination(1, 1) };
    const draft = this.#parts.drafts.list(asked);
    const answer = await this.#parts.send(draft, call);
    const { rows, total } = this.#partIn(answer, draft);
    checkPage(rows, asked.pagination, answer);
    return this.#checked({ what: answer.what, rows, total }, asked);
  }

  #checked({ what, rows, total }: Listed, query: Query): Listed {
    checkOrder(rows, query.orderBy, { what });
    return { what, rows: narrowed(rows, query, { what }), total };
  }

  async #readChain(query: Query, call: CallOptions, count: () => void): Promise<Collected> {
    const { drafts, send, options: { paging, rows, maxLimit = CHAIN_LIMIT } } = this.#parts;
    const { skip, limit } = query.pagination ?? { skip: 0, limit: Infinity };
    const size = Math.min(maxLimit, skip + limit);
    const isSized = paging !== undefined && size !== Infinity;
    const first = drafts.list({ ...query, pagination: isSized ? new Pagination(1, size) : undefined });
    const collected = await readChain(first, skip + limit, rows, async (draft) => {
      count();
      const answer = await send(draft, call);
      const part = this.#partIn(answer, draft);
      if (answer.status === 206 && part.more === undefined && !isSized) {
        return { ...part, more: true, sign: "status 206" };
      }
      if (!isSized) return part;
      checkPage(part.rows, new Pagination(1, size), answer);
      const isFull = part.more === undefined && part.total === undefined && part.rows.size === size;
      return isFull ? { ...part, more: true, sign: "page, which is full" } : part;
    });
    if (query.pagination === undefined) return collected;
    const page = [...collected.rows].slice(skip, skip + limit);
    collected.rows.clear();
    for (const [id, row] of page) collected.rows.set(id, row);
    return collected;
  }

  async #partOn(pagination: Pagination, query: Query, call: CallOptions): Promise<Part> {
    const { drafts, send, options } = this.#parts;
    const draft = drafts.list({ ...query, pagination });
    // Only 416 refuses a first page: an empty set has no range.
    const answer = await send(draft, call, pagination.page === 1 ? [416] : BEYOND);
    if (BEYOND.includes(answer.status)) {
      const total = totalIn(answer, typeof options.count === "object" ? options.count : undefined);
      return {
        answer,
        rows: rowsOf(new Map()),
        total,
        more: undefined,
        sign: undefined,
        next: undefined,
        isBeyond: true,
      };
    }
    checkStart(answer, pagination.skip);
    return this.#partIn(answer, draft);
  }

  #partIn(answer: RestAnswer<Value>, draft: RestDraft): Part {
    const { options } = this.#parts;
    const rows = this.#rowsIn(answer);
    const total = totalIn(answer, options.count) ?? (options.count === undefined ? totalInHeaders(answer) : undefined);
    const { draft: next, isKnown } = following(draft, answer, options.next);
    const sign = isKnown ? undefined : signOfMore(answer, options.rows);
    return {
      answer,
      rows,
      total,
      more: isKnown ? next !== undefined : sign?.isMore,
      sign: sign?.key,
      next,
      isBeyond: false,
    };
  }

  #rowsIn(answer: RestAnswer<Value>): Rows {
    const { idField, options, toRow } = this.#parts;
    const failure = signOfFailure(answer.body);
    if (failure !== undefined) {
      throw new InvalidAnswerError(`${answer.what} was answered with a failure, by its "${failure}"`);
    }
    const list = options.rows === undefined ? answer.body : pick(options.rows, answer);
    if (!Array.isArray(list)) {
      throw new InvalidAnswerError(
        `${answer.what} was answered without an array of rows at the place that the options name; open a table served by tableHandler with RestTable.open()`,
      );
    }
    const rows = list.map((item: Value) => checkedRow(() => toRow(item, answer), answer));
    return uniqueRows(rows.map((row) => [idOf(field(row, idField)), row]), answer);
  }
}

/** The id in a column, as a text. An unsafe integer was rounded already, so it is not an id. */
export function idOf(value: Value | undefined): string | undefined {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string" && value !== "") return value;
  const isId = typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value));
  return isId ? String(value) : undefined;
}
