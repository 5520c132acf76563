import { InvalidAnswerError } from "../../table/errors.ts";
import type { Row } from "../../table/row.ts";
import { defineTable, Table } from "../../table/table.ts";
import type { CallOptions } from "../../table/table_like.ts";
import { sourceOf } from "../../table/table_source.ts";
import { toHttpUrl } from "../../wire/http_url.ts";
import { type TableDescription, toTableDescription } from "../../wire/table_description.ts";
import { PLAIN_JSON, RestClient, type RestClientOptions } from "./rest_client.ts";
import type { RestTableOptions } from "./rest_options.ts";
import { checkServedOptions } from "./rest_option_checks.ts";
import { RestSource } from "./rest_source.ts";
import { ServedSource } from "./served_source.ts";

/**
 * A REST resource as a table: `GET` lists it, `GET /{id}` gives one row, `POST`, `PUT`, `PATCH` and `DELETE` write.
 * {@linkcode RestTableOptions} describe what differs between resources: where an answer holds its rows, and how pages,
 * conditions, order and search are requested; docs/rest.md has the options for widely used servers. A table served by
 * `tableHandler` needs none: use {@linkcode RestTable.open}.
 *
 * A list is always complete: pages are read to the last, and a page longer than the resource returns at once is
 * assembled from several answers. A page beyond the last is empty. Reads that are refused with a `Retry-After` are sent
 * again.
 *
 * Errors: `NotFoundError` (404, 410), `ConflictError` (409, 412), `UnauthorizedError` (401, 403), `UnsupportedError`
 * (405, 501, more than `maxPages`), `RejectedError` (all other 4xx, of which 408, 425, 429 and a 403 with a
 * `Retry-After` are retriable; 404 for a wrong address), `UnavailableError` (5xx, no connection, no answer in time),
 * `InvalidAnswerError` (not JSON, a rounded integer, a row without an id, two rows with one id, rows that were not
 * requested, missing rows, a wrong count, a redirect). Messages name the URL without query and credentials, and
 * `retryAfterMs` is the `Retry-After` of the answer. Redirects are not followed, since headers would be sent along.
 * Aborting the `signal` aborts the request.
 *
 * @example The shape of JSONPlaceholder: bare arrays, a count in a header
 * ```ts
 * import { RestTable } from "@vantage/live/rest";
 * import assert from "node:assert/strict";
 *
 * const asked: string[] = [];
 * const users = new RestTable("https://jsonplaceholder.typicode.com/users", {
 *   paging: { page: "_page", limit: "_limit" },
 *   count: { header: "x-total-count" },
 *   orderBy: ({ url }, [[column, direction] = ["id", "asc"]]) => {
 *     url.searchParams.set("_sort", column);
 *     url.searchParams.set("_order", direction);
 *   },
 *   search: "q",
 *   fetch: (url) => { // only for this example; by default, requests go over the network
 *     asked.push(String(url));
 *     return Promise.resolve(Response.json([{ id: 1, username: "Bret" }], { headers: { "x-total-count": "1" } }));
 *   },
 * });
 *
 * const rows = await users.where({ username: "Bret" }).orderBy("name").page(1, 5).listValues();
 *
 * assert.deepEqual(rows.ids(), ["1"]);
 * assert.deepEqual(asked, [
 *   "https://jsonplaceholder.typicode.com/users?username=Bret&_sort=name&_order=asc&_limit=5&_page=1",
 * ]);
 * ```
 *
 * @example The shape of DummyJSON: rows under a key, a count beside them, another path for searches
 * ```ts
 * import { RestTable } from "@vantage/live/rest";
 * import assert from "node:assert/strict";
 *
 * // It returns 30 rows without a limit, and all with 0.
 * const products = new RestTable("https://dummyjson.com/products?limit=0", {
 *   rows: "products",
 *   paging: { skip: "skip", limit: "limit" },
 *   maxLimit: Infinity,
 *   count: "total",
 *   where: {}, // it cannot filter
 *   search: ({ url }, text) => {
 *     url.pathname += "/search";
 *     url.searchParams.set("q", text);
 *   },
 *   fetch: () => Promise.resolve(Response.json({ products: [{ id: 1, title: "Mascara" }], total: 1, skip: 0, limit: 20 })),
 * });
 *
 * assert.equal(await products.search("mascara").getCount(), 1);
 * assert.deepEqual((await products.search("mascara").page(1, 20).listValues()).ids(), ["1"]);
 * ```
 */
export class RestTable<R extends object = Row> extends Table<R> {
  /**
   * A table of the resource at `url`. Sends no request yet. Parameters of the URL are part of every request.
   *
   * @throws {TypeError} if the URL is invalid, not HTTP, or has credentials; or an option is unknown or of the wrong
   * type.
   * @throws {RangeError} if `timeoutMs`, `maxAnswerBytes`, `maxLimit` or `maxPages` is not a whole number of at least
   * 1, or `maxRetries` or `maxRetryWaitMs` is less than 0.
   */
  constructor(url: string | URL, options: RestTableOptions = {}) {
    super(sourceOf(new RestSource(toHttpUrl("table", url), options)));
  }

  /**
   * The table that a `tableHandler` serves at `url`: requests its columns and capabilities first. Values of all kinds
   * arrive unchanged, and conditions, order, search and pages are sent along.
   *
   * @throws {TypeError} like the constructor.
   * @throws {TableError} if no `tableHandler` answers there.
   *
   * @example A table at both ends
   * ```ts
   * import { MemTable } from "@vantage/live";
   * import { RestTable } from "@vantage/live/rest";
   * import { tableHandler } from "@vantage/live/server";
   * import assert from "node:assert/strict";
   *
   * const handler = tableHandler(new MemTable("products", { rows: [["a", { name: "Bun", baked: new Date(0) }]] }));
   *
   * const products = await RestTable.open("http://localhost/", {
   *   fetch: (input, init) => handler(new Request(input, init)), // by default, requests go over the network
   * });
   *
   * assert.deepEqual(await products.getValue("a"), { name: "Bun", baked: new Date(0) });
   * ```
   */
  static async open<R extends object = Row>(
    url: string | URL,
    options: RestClientOptions & CallOptions = {},
  ): Promise<Table<R>> {
    return RestTable.served<R>(url, await RestTable.describe(url, options), options);
  }

  /**
   * Requests the description of the table that a `tableHandler` serves at `url`. Pass it to {@linkcode
   * RestTable.served} later to open the table without a request.
   */
  static async describe(url: string | URL, options: RestClientOptions & CallOptions = {}): Promise<TableDescription> {
    checkServedOptions(options);
    const { signal } = options;
    const { what, body } = await new RestClient(options, PLAIN_JSON).send({
      method: "GET",
      url: toHttpUrl("table", url),
      signal,
    });
    try {
      return toTableDescription(body);
    } catch (cause) {
      throw new InvalidAnswerError(
        `${what} was answered with something that does not describe a table: use new RestTable() for a resource that no tableHandler serves`,
        { cause },
      );
    }
  }

  /**
   * The table that a `tableHandler` serves at `url`, from a description that was requested earlier. Sends no request
   * yet, so it works offline.
   */
  static served<R extends object = Row>(
    url: string | URL,
    description: TableDescription,
    options: RestClientOptions = {},
  ): Table<R> {
    checkServedOptions(options);
    const client = new RestClient(options, PLAIN_JSON);
    return defineTable(
      sourceOf<R>(new ServedSource(client, toHttpUrl("table", url), toTableDescription(description))),
    );
  }
}
