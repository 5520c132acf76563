import { InvalidAnswerError } from "../table/errors.ts";
import type { Query } from "../table/query.ts";
import { describe, type Row } from "../table/row.ts";
import { type Rows, rowsOf } from "../table/rows.ts";
import type { Capabilities, Column } from "../table/table_like.ts";
import type { SourceCall, TableSource } from "../table/table_source.ts";
import { inUrl, queryToParams } from "../wire/query_params.ts";
import type { TableDescription } from "../wire/table_description.ts";
import { isList, type Json, rowFromWire, rowToWire } from "../wire/wire_value.ts";
import type { RestAnswer, RestClient, RestRequest } from "./rest_client.ts";

/** A table that a `tableHandler` serves: rows and queries travel without loss, and each call is one request. */
export class ServedSource implements TableSource {
  readonly name: string;
  readonly idField: string | undefined;
  readonly columns: readonly Column[];
  readonly capabilities: Capabilities;
  readonly scoped = true;
  readonly #client: RestClient;
  readonly #url: URL;

  constructor(client: RestClient, url: URL, { name, idField, columns, capabilities }: TableDescription) {
    this.name = name;
    this.idField = idField;
    this.columns = columns;
    this.capabilities = capabilities;
    this.#client = client;
    this.#url = url;
  }

  async list({ query, signal }: SourceCall): Promise<Rows> {
    const answer = await this.#client.send({ method: "GET", url: this.#at("rows", query), signal });
    const list = partOf(answer, "rows");
    if (list === undefined || !isList(list)) throw new InvalidAnswerError(`${answer.what} was answered without rows`);
    const rows = new Map<string, Row>();
    for (const entry of list) {
      const [id, row] = isList(entry) ? entry : [];
      if (typeof id !== "string") throw new InvalidAnswerError(`${answer.what} was answered with a row without an id`);
      if (rows.has(id)) throw new InvalidAnswerError(`${answer.what} was answered with two rows of id ${describe(id)}`);
      rows.set(id, readRow(row, answer));
    }
    const { pagination } = query;
    if (pagination === undefined || rows.size <= pagination.limit) return rowsOf(rows);
    throw new InvalidAnswerError(
      `${answer.what} was asked for ${pagination.limit} rows at the most and answered with ${rows.size}`,
    );
  }

  async get(id: string, { query, signal }: SourceCall): Promise<Row | undefined> {
    const answer = await this.#client.send({ method: "GET", url: this.#atRow(id, query), signal });
    const row = partOf(answer, "row");
    return row === null ? undefined : readRow(row, answer);
  }

  async count({ query, signal }: SourceCall): Promise<number> {
    const answer = await this.#client.send({ method: "GET", url: this.#at("count", query), signal });
    const count = partOf(answer, "count");
    if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
    throw new InvalidAnswerError(`${answer.what} was answered with a count of ${describe(count)}`);
  }

  insert(id: string, row: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("POST", id, row, call);
  }

  replace(id: string, row: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("PUT", id, row, call);
  }

  patch(id: string, partial: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("PATCH", id, partial, call);
  }

  async delete(id: string, call: SourceCall): Promise<void> {
    await this.#write("DELETE", this.#atRow(id, call.query), call);
  }

  async deleteAll(call: SourceCall): Promise<void> {
    await this.#write("DELETE", this.#at("rows", call.query), call);
  }

  async insertReturnId(row: Row, call: SourceCall): Promise<string> {
    const answer = await this.#write("POST", this.#at("rows", {}), call, row);
    const id = partOf(answer, "id");
    if (typeof id === "string") return id;
    throw new InvalidAnswerError(`${answer.what} was answered without the id of the new row`);
  }

  async #writeRow(method: RestRequest["method"], id: string, row: Row, call: SourceCall): Promise<Row> {
    const answer = await this.#write(method, this.#atRow(id, call.query), call, row);
    return readRow(partOf(answer, "row"), answer);
  }

  #write(method: RestRequest["method"], url: URL, call: SourceCall, row?: Row): Promise<RestAnswer> {
    const { signal, idempotencyKey } = call;
    return this.#client.send({ method, url, signal, idempotencyKey, body: row && { row: rowToWire(row) } });
  }

  #atRow(id: string, query: Query): URL {
    const url = this.#at("row", query);
    url.searchParams.set("id", inUrl("id", id));
    return url;
  }

  #at(place: string, query: Query): URL {
    const url = new URL(this.#url);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${place}`;
    for (const [name, text] of queryToParams(query)) url.searchParams.set(name, text);
    return url;
  }
}

function partOf({ body }: RestAnswer, name: string): Json | undefined {
  if (typeof body !== "object" || body === null || isList(body) || !Object.hasOwn(body, name)) return undefined;
  return body[name];
}

function readRow(row: Json | undefined, { what }: RestAnswer): Row {
  try {
    return rowFromWire(row);
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered with something that is no row`, { cause });
  }
}
