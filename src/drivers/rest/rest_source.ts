import { InvalidAnswerError, NotFoundError, RejectedError, TableError, UnavailableError } from "../../table/errors.ts";
import { OPERATORS } from "../../table/query.ts";
import { describe } from "../../base/describe.ts";
import { field, type Row, toRow, type Value } from "../../table/row.ts";
import type { Rows } from "../../table/rows.ts";
import type { CallOptions, Capabilities, Column, WriteOptions } from "../../table/table_like.ts";
import type { SourceCall, TableSource } from "../../table/table_source.ts";
import { checkedRow } from "./rest_answer.ts";
import { type RestAnswer, RestClient } from "./rest_client.ts";
import { EQ_ONLY, RestDrafts } from "./rest_drafts.ts";
import { parseExactly, stringifyExactly } from "./rest_format.ts";
import { idOf, RestList } from "./rest_list.ts";
import { checkOptions, WRITES } from "./rest_option_checks.ts";
import type { RestDraft, RestTableOptions } from "./rest_options.ts";
import { pick, reading, valueAt } from "./rest_pick.ts";
import { signOfFailure } from "./rest_signs.ts";

/** A REST resource, as described by the options. */
export class RestSource implements TableSource {
  readonly name: string;
  readonly idField: string;
  readonly columns: readonly Column[] | undefined;
  readonly capabilities: Partial<Capabilities>;
  readonly #client: RestClient<Value>;
  readonly #drafts: RestDrafts;
  readonly #list: RestList;
  readonly #options: RestTableOptions;
  /** Whether a row was ever found at the address of a row. */
  #hasFoundRows = false;

  constructor(url: URL, options: RestTableOptions) {
    checkOptions(options);
    const {
      name,
      idField = "id",
      columns,
      paging,
      count,
      where = EQ_ONLY,
      orderBy,
      search,
      exact,
      sameRows = false,
      idempotencyKeys = false,
      writes = WRITES,
    } = options;
    const { parse = parseExactly, stringify = stringifyExactly } = options;
    this.name = name ?? nameIn(url);
    this.idField = idField;
    this.columns = columns;
    this.#client = new RestClient(options, { parse, stringify });
    this.#drafts = new RestDrafts(this.name, url, options);
    this.#options = options;
    this.#list = new RestList({
      name: this.name,
      idField,
      drafts: this.#drafts,
      options,
      send: (draft, call, accepted) => this.#send(draft, call, accepted),
      toRow: (item, answer) => this.#toRow(item, answer),
    });
    this.capabilities = {
      count: count !== undefined,
      page: paging !== undefined,
      where: OPERATORS.filter((operator) => where[operator] !== undefined),
      orderBy: orderBy !== undefined,
      search: search !== undefined,
      ...(exact !== undefined && { exact }),
      sameRows,
      idempotencyKeys,
      ...Object.fromEntries(WRITES.map((write) => [write, writes.includes(write)])),
    };
  }

  async list({ query, ...call }: SourceCall): Promise<Rows> {
    return (await this.#list.read(query, call)).rows;
  }

  async get(id: string, call: SourceCall): Promise<Row | undefined> {
    // No row has an empty id.
    if (id === "") return undefined;
    try {
      const row = this.#rowIn(await this.#send(this.#drafts.row("get", id), call), id);
      this.#hasFoundRows ||= row !== undefined;
      return row;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      if (!this.#hasFoundRows) await this.#checkAddress(id, call, error);
      return undefined;
    }
  }

  async count({ query, ...call }: SourceCall): Promise<number> {
    // The rows are not needed, but one of them shows whether the answer fits the query.
    const isPaged = this.#options.paging !== undefined;
    const { what, rows, total } = isPaged ? await this.#list.begin(query, call) : await this.#list.read(query, call);
    if (total !== undefined) return isPaged ? total : rows.size;
    throw new InvalidAnswerError(`${what} was answered without a count at the place that the options name`);
  }

  async insertReturnId(row: Row, call: SourceCall): Promise<string> {
    const answer = await this.#send(this.#drafts.insert(row), call);
    const location = answer.headers.get("location");
    const id = this.#idIn(answer) ?? (location === null ? undefined : this.#drafts.idAt(location));
    if (id !== undefined) return id;
    throw new InvalidAnswerError(
      `${answer.what} was answered without the id of the new row in ${describe(this.idField)}`,
    );
  }

  replace(id: string, row: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("replace", id, row, call);
  }

  patch(id: string, partial: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("patch", id, partial, call);
  }

  async delete(id: string, call: SourceCall): Promise<void> {
    if (id === "") return;
    try {
      const answer = await this.#send(this.#drafts.row("delete", id), call);
      const failure = this.#idIn(answer) === undefined ? signOfFailure(answer.body) : undefined;
      if (failure === undefined) return;
      throw new InvalidAnswerError(`${answer.what} was answered with a failure, by its ${describe(failure)}`);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      if (await this.#isThere(id, call)) {
        throw new RejectedError(`${error.message}, though the row exists: it cannot be deleted`, {
          cause: error,
        });
      }
      await this.#checkAddress(id, call, error);
    }
  }

  /** Whether a row is found at its address; `false` if rows cannot be read one by one. */
  async #isThere(id: string, call: CallOptions): Promise<boolean> {
    try {
      return this.#rowIn(await this.#send(this.#drafts.row("get", id), call), id) !== undefined;
    } catch (error) {
      if (!(error instanceof TableError) || error.retriable) throw error;
      return false;
    }
  }

  async #writeRow(verb: "replace" | "patch", id: string, row: Row, call: SourceCall): Promise<Row> {
    const answer = await this.#send(this.#drafts.row(verb, id, row), call);
    if (answer.body === undefined) return await this.#afterwards(answer.what, verb, id, call);
    const stored = this.#rowIn(answer, id);
    if (stored === undefined) throw new NotFoundError(`${answer.what} was answered with no row of id ${describe(id)}`);
    this.#hasFoundRows = true;
    return stored;
  }

  /** The row after a write. A failure to read it does not mean that nothing was written. */
  async #afterwards(what: string, verb: "replace" | "patch", id: string, call: SourceCall): Promise<Row> {
    let stored: Row | undefined;
    try {
      stored = await this.get(id, call);
    } catch (cause) {
      if (!(cause instanceof TableError)) throw cause;
      const { retryAfterMs } = cause;
      throw new UnavailableError(`${what} succeeded, but its row could not be read`, { cause, retryAfterMs });
    }
    if (stored !== undefined) return stored;
    const failure = `${what} was answered with nothing, and the row does not exist`;
    throw verb === "patch" ? new NotFoundError(failure, { effect: "unknown" }) : new InvalidAnswerError(failure);
  }

  /**
   * Checks that "not found" means a missing row and not a wrong address: the list must answer, and a listed row must be
   * found at its own address.
   *
   * @throws {RejectedError} if there is no list, or its rows have other addresses.
   */
  async #checkAddress(id: string, call: CallOptions, cause: TableError): Promise<void> {
    const refusal = (why: string): RejectedError => new RejectedError(`${cause.message}, ${why}`, { cause });
    const { rows } = await this.#list.begin({}, call).catch((error: unknown) => {
      throw error instanceof NotFoundError ? refusal("and so was the list of all rows") : error;
    });
    if (rows.has(id)) throw refusal("though the row is listed: set address");
    const [known] = rows.ids();
    if (known === undefined || this.#hasFoundRows) return;
    try {
      await this.#send(this.#drafts.row("get", known), call);
      this.#hasFoundRows = true;
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      if (!(error instanceof NotFoundError)) return;
      throw refusal(`and so is row ${describe(known)}, which is listed: set address`);
    }
  }

  #send(draft: RestDraft, call: WriteOptions, accepted?: readonly number[]): Promise<RestAnswer<Value>> {
    const copy: RestDraft = { ...draft, url: new URL(draft.url), headers: new Headers(draft.headers) };
    this.#options.prepare?.(copy);
    const { method, url, headers, body } = copy;
    const isRead = draft.verb === "list" || draft.verb === "get";
    const idempotencyKey = isRead ? undefined : call.idempotencyKey;
    return this.#client.send({ method, url, headers, body, isRead, accepted, idempotencyKey, signal: call.signal });
  }

  #idIn(answer: RestAnswer<Value>): string | undefined {
    const item = this.#itemIn(answer);
    if (item === undefined || item === null || typeof item !== "object" || Array.isArray(item)) return undefined;
    const row: unknown = this.#options.toRow === undefined ? item : reading(answer, () => this.#options.toRow?.(item));
    return idOf(valueAt(row as Value, this.idField));
  }

  /** The row in an answer for one; `undefined` if the answer says that it does not exist. */
  #rowIn(answer: RestAnswer<Value>, id: string): Row | undefined {
    const item = this.#itemIn(answer);
    if (item === null && this.#options.row !== undefined) return undefined;
    const row = checkedRow(() => this.#toRow(item, answer), answer);
    const found = idOf(field(row, this.idField));
    if (found === id) return row;
    throw new InvalidAnswerError(
      `${answer.what} was answered with a row whose ${describe(this.idField)} is ${describe(found)}`,
    );
  }

  #itemIn(answer: RestAnswer<Value>): Value | undefined {
    const { row } = this.#options;
    if (row === undefined || answer.body === undefined) return answer.body;
    const failure = signOfFailure(answer.body);
    if (failure === undefined) return pick(row, answer);
    throw new InvalidAnswerError(`${answer.what} was answered with a failure, by its ${describe(failure)}`);
  }

  #toRow(item: Value | undefined, answer: RestAnswer<Value>): Row {
    const { toRow: unwrap } = this.#options;
    if (unwrap === undefined || item === undefined) return toRow(item);
    return toRow(reading(answer, () => unwrap(item)));
  }
}

function nameIn(url: URL): string {
  return url.pathname.split("/").findLast((part) => part !== "") ?? url.hostname;
}
