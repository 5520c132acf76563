import { InvalidAnswerError } from "../../table/errors.ts";
import type { SourceWrite, WriteResult } from "../../table/many_writes.ts";
import type { Query } from "../../table/query.ts";
import type { Row } from "../../table/row.ts";
import type { Rows } from "../../table/rows.ts";
import type { Capabilities, Column } from "../../table/table_like.ts";
import type { SourceCall, TableSource } from "../../table/table_source.ts";
import { conditionsToWire, inUrl, queryToParams } from "../../wire/query_params.ts";
import type { TableDescription } from "../../wire/table_description.ts";
import { writeToWire } from "../../wire/wire_writes.ts";
import { resultsIn, sendInParts } from "./served_writes.ts";
import { isList, type Json, memberOf, rowFromWire, rowToWire } from "../../wire/wire_value.ts";
import { checkedCount, checkedRow, checkPage, uniqueRows } from "./rest_answer.ts";
import type { RestAnswer, RestClient, RestRequest } from "./rest_client.ts";

/** The status for more writes, or bytes, than the server takes in one request. */
const TOO_LONG = 413;

/** A table served by a `tableHandler`: rows and queries are encoded without loss, and each call is one request. */
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
    this.capabilities = { ...capabilities, idempotencyKeys: capabilities.idempotencyKeys && client.sendsKeys };
    this.#client = client;
    this.#url = url;
  }

  async list(call: SourceCall): Promise<Rows> {
    const { query } = call;
    const answer = await this.#read(this.#at("rows", query), call);
    const list = memberOf(answer.body, "rows");
    if (list === undefined || !isList(list)) throw new InvalidAnswerError(`${answer.what} was answered without rows`);
    const rows = uniqueRows(
      list.map((entry) => {
        const [id, row] = isList(entry) ? entry : [];
        return [typeof id === "string" ? id : undefined, readRow(row, answer)];
      }),
      answer,
    );
    checkPage(rows, query.pagination, answer);
    return rows;
  }

  async get(id: string, call: SourceCall): Promise<Row | undefined> {
    const answer = await this.#read(this.#atRow(id, call.query), call);
    const row = memberOf(answer.body, "row");
    return row === null ? undefined : readRow(row, answer);
  }

  async count(call: SourceCall): Promise<number> {
    const answer = await this.#read(this.#at("count", call.query), call);
    return checkedCount(memberOf(answer.body, "count"), answer);
  }

  insert(id: string, row: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("POST", id, row, call);
  }

  replace(id: string, row: Row, call: SourceCall): Promise<Row> {
    return this.#writeRow("PUT", id, row, call);
  }

  /** Its conditions go into the body: what a column holds may be too long for a URL. */
  patch(id: string, partial: Row, { query, ...call }: SourceCall): Promise<Row> {
    const { where, ...rest } = query;
    return this.#writeRow("PATCH", id, partial, { ...call, query: rest }, where);
  }

  async delete(id: string, call: SourceCall): Promise<void> {
    await this.#write("DELETE", this.#atRow(id, call.query), call);
  }

  async deleteAll(call: SourceCall): Promise<void> {
    await this.#write("DELETE", this.#at("rows", call.query), call);
  }

  async insertReturnId(row: Row, call: SourceCall): Promise<string> {
    const url = this.#at("rows", {});
    if (call.newId !== undefined) url.searchParams.set("newId", inUrl("id", call.newId));
    const answer = await this.#write("POST", url, call, row);
    const id = memberOf(answer.body, "id");
    if (typeof id === "string") return id;
    throw new InvalidAnswerError(`${answer.what} was answered without the id of the new row`);
  }

  async writeMany(writes: readonly SourceWrite[], call: SourceCall): Promise<readonly WriteResult[]> {
    const { sendsKeys } = this.#client;
    const encoded = writes.map((write) => ({ write, wire: writeToWire(write, sendsKeys) }));
    return await sendInParts(encoded, async (part) => {
      const body = { writes: part.map(({ wire }) => wire) };
      // A single write that is too long is refused for good.
      const accepted = part.length > 1 ? [TOO_LONG] : [];
      const answer = await this.#send({ method: "POST", url: this.#at("writes", {}), body, accepted }, call);
      return answer.status === TOO_LONG ? undefined : resultsIn(answer, part);
    });
  }

  #read(url: URL, call: SourceCall): Promise<RestAnswer> {
    if (call.fresh === true) url.searchParams.set("fresh", "true");
    return this.#send({ method: "GET", url }, call);
  }

  async #writeRow(
    method: RestRequest["method"],
    id: string,
    row: Row,
    call: SourceCall,
    where?: Query["where"],
  ): Promise<Row> {
    const answer = await this.#write(method, this.#atRow(id, call.query), call, row, where);
    return readRow(memberOf(answer.body, "row"), answer);
  }

  #write(
    method: RestRequest["method"],
    url: URL,
    call: SourceCall,
    row?: Row,
    where?: Query["where"],
  ): Promise<RestAnswer> {
    const { idempotencyKey } = call;
    const body = row && { row: rowToWire(row), ...(where !== undefined && { where: conditionsToWire(where) }) };
    return this.#send({ method, url, idempotencyKey, body }, call);
  }

  async #send(request: RestRequest, { signal, onUnsettled }: SourceCall): Promise<RestAnswer> {
    const answer = await this.#client.send({ ...request, signal });
    if (memberOf(answer.body, "unsettled") === true) onUnsettled?.();
    return answer;
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

function readRow(row: Json | undefined, answer: RestAnswer): Row {
  return checkedRow(() => rowFromWire(row), answer);
}
