import { InvalidAnswerError } from "../../table/errors.ts";
import { defineTable, Table } from "../../table/table.ts";
import type { CallOptions } from "../../table/table_like.ts";
import { toHttpUrl } from "../../wire/http_url.ts";
import { type TableDescription, toTableDescription } from "../../wire/table_description.ts";
import { PLAIN_JSON, RestClient, type RestClientOptions } from "./rest_client.ts";
import type { RestTableOptions } from "./rest_options.ts";
import { checkServedOptions } from "./rest_option_checks.ts";
import { RestSource } from "./rest_source.ts";
import { ServedSource } from "./served_source.ts";

/**
 * A REST resource as a table: `GET` lists it, `GET /{id}` gives one row, `POST`, `PUT`, `PATCH` and `DELETE` write. What is
 * particular to a resource (where rows stand in an answer, how pages, conditions, order and search are put) is said by the
 * {@linkcode RestTableOptions}; docs/rest.md has those of servers that many use. A table that `tableHandler` serves needs none:
 * {@linkcode RestTable.open} asks it.
 *
 * A list is never a part for the whole: its pages are read to the last, and a page that is longer than the resource gives
 * at once is put together. A page beyond the last is empty. Reads that are refused with a `Retry-After` are sent again then.
 *
 * Its errors: `NotFoundError` (404, 410), `ConflictError` (409, 412), `UnsupportedError` (405, 501, more than `maxPages`),
 * `RejectedError` (all other 4xx; 408, 425 and 429 are retriable; 404 where it is the address that is unknown),
 * `UnavailableError` (5xx, no connection, no answer in time), `InvalidAnswerError` (no JSON, a rounded integer, a row without
 * an id, two rows with one id, rows that were not asked for, a part of them, a count that does not fit, a redirect).
 * They name the URL without query or credentials, and `retryAfterMs` is what `Retry-After` asked for. Redirects are not
 * followed, since headers would go along. An aborted `signal` ends the request.
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
 *   fetch: (url) => { // only for this example: leave it out, and the network is asked
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
 * @example The shape of DummyJSON: rows under a key, a count beside them, a path of its own for searching
 * ```ts
 * import { RestTable } from "@vantage/live/rest";
 * import assert from "node:assert/strict";
 *
 * // Without a limit it gives 30 rows; with 0, all.
 * const products = new RestTable("https://dummyjson.com/products?limit=0", {
 *   rows: "products",
 *   paging: { skip: "skip", limit: "limit" },
 *   maxLimit: Infinity,
 *   count: "total",
 *   where: {}, // it knows no conditions here
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
export class RestTable extends Table {
  /**
   * A table of the resource at `url`; nothing is asked yet. Parameters of the URL go along with every request.
   *
   * @throws {TypeError} if the URL is none, is not one of HTTP, or holds credentials; or an option is unknown, or names what
   * is.
   * @throws {RangeError} if a bound (`timeoutMs`, `maxAnswerBytes`, `maxLimit`, `maxPages`) is not a whole number of at least
   * 1, or `maxRetries` or `maxRetryWaitMs` is less than 0.
   */
  constructor(url: string | URL, options: RestTableOptions = {}) {
    super(new RestSource(toHttpUrl("table", url), options));
  }

  /**
   * The table that a `tableHandler` serves at `url`, whatever it is: asks for its columns and what may be done with it.
   * Every value arrives as it was, and every condition, order, search and page is sent along.
   *
   * @throws {TypeError} as the constructor does.
   * @throws {TableError} if nothing that is served in this way answers there.
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
   *   fetch: (input, init) => handler(new Request(input, init)), // leave it out, and the network is asked
   * });
   *
   * assert.deepEqual(await products.getValue("a"), { name: "Bun", baked: new Date(0) });
   * ```
   */
  static async open(url: string | URL, options: RestClientOptions & CallOptions = {}): Promise<Table> {
    return RestTable.served(url, await RestTable.describe(url, options), options);
  }

  /** What a `tableHandler` at `url` says of its table. Kept, it lets {@linkcode RestTable.served} do without asking. */
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
        `${what} was answered with something that describes no table: what no tableHandler serves is for new RestTable()`,
        { cause },
      );
    }
  }

  /** The table that a `tableHandler` serves at `url`, described beforehand: nothing is asked yet, as when offline. */
  static served(url: string | URL, description: TableDescription, options: RestClientOptions = {}): Table {
    checkServedOptions(options);
    return defineTable(
      new ServedSource(new RestClient(options, PLAIN_JSON), toHttpUrl("table", url), toTableDescription(description)),
    );
  }
}
