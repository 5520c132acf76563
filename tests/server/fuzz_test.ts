import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { OPERATORS } from "@vantage/live";
import { type TableHandler, tableHandler } from "@vantage/live/server";
import fc from "fast-check";
import { ask, bakery, contentOf, problemIn } from "./fixture.ts";
import { WRITE_VERBS } from "../../src/table/verbs.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
const PATHS = ["/", "/rows", "/row", "/count", "/rows/", "/row/a", "//", "/rows%2F", "/%", "/events/"];
const NAMES = ["where", "orderBy", "search", "page", "limit", "id", "token", "__proto__"];
const COLUMNS = ["id", "name", "price", "colour", "__proto__", ""];

const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
const wireValue = fc.oneof(
  fc.jsonValue(),
  fc.record({ $date: fc.option(fc.double()) }),
  fc.record({ $bigint: fc.oneof(fc.bigInt().map(String), text) }),
  fc.record({ $bytes: fc.oneof(fc.base64String(), text) }),
  fc.record({ $number: fc.constantFrom("NaN", "Infinity", "1") }),
);
const condition = fc.tuple(fc.constantFrom(...COLUMNS), fc.constantFrom(...OPERATORS, "like"), wireValue);
const order = fc.tuple(fc.constantFrom(...COLUMNS), fc.constantFrom("asc", "desc", "up"));
const parameter = fc.oneof(
  fc.tuple(fc.constantFrom(...NAMES), text),
  fc.tuple(fc.constantFrom(...NAMES), fc.jsonValue().map((value) => JSON.stringify(value))),
  fc.tuple(fc.constant("where"), fc.array(condition).map((list) => JSON.stringify(list))),
  fc.tuple(fc.constant("orderBy"), fc.array(order).map((list) => JSON.stringify(list))),
  fc.tuple(fc.constantFrom("page", "limit"), fc.integer({ min: -1, max: 20_000 }).map(String)),
  fc.tuple(fc.constant("id"), fc.constantFrom("a", "b", "nobody")),
);
const search = fc.oneof(
  fc.array(parameter, { maxLength: 4 }).map((pairs) => new URLSearchParams(pairs).toString()),
  fc.string({ unit: "binary-ascii" }).map((raw) => raw.replaceAll("#", "")),
);
const row = fc.dictionary(fc.constantFrom(...COLUMNS), wireValue);
const body = fc.oneof(
  row.map((content) => JSON.stringify({ row: content })),
  fc.jsonValue().map((content) => JSON.stringify(content)),
  text,
  fc.uint8Array(),
);
const request = fc.record({
  method: fc.constantFrom(...METHODS),
  path: fc.constantFrom(...PATHS),
  search,
  body: fc.option(body),
  type: fc.constantFrom("application/json", "application/json; charset=utf-8", "text/plain", ""),
  ifNoneMatch: fc.option(fc.string({ unit: "grapheme-ascii" }).map((tag) => tag.trim())),
});

type Asked = typeof request extends fc.Arbitrary<infer Shape> ? Shape : never;

async function checkAnswers(handler: TableHandler, base: string, requests: readonly Asked[]): Promise<void> {
  for (const { method, path, search, body, type, ifNoneMatch } of requests) {
    const mayHaveBody = method !== "GET" && method !== "HEAD" && body !== null;
    const answer = await ask(handler, `${base}${path}?${search}`, {
      method,
      ...(mayHaveBody && { body: typeof body === "string" ? body : new Uint8Array(body) }),
      headers: {
        ...(type !== "" && { "content-type": type }),
        ...(ifNoneMatch !== null && { "if-none-match": ifNoneMatch }),
      },
    });
    assert(answer.status < 500, `${answer.status} ${method} ${path}?${search}`);
    if (answer.status >= 400 && method !== "HEAD") await problemIn(answer);
  }
}

describe("tableHandler(), any request", () => {
  it("is answered without a fault, and with a problem from 400 on", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 8 }), async (requests) => {
        await using handler = tableHandler(bakery(), { writable: true });
        await checkAnswers(handler, "", requests);
      }),
      { numRuns: 400 },
    );
  });

  it("of several tables too, whatever may be written, and no table is changed by what is asked of another", async () => {
    const bases = fc.constantFrom("", "/products", "/other", "/pro%64ucts", "/nobody", "/__proto__");
    await fc.assert(
      fc.asyncProperty(
        bases,
        fc.subarray([...WRITE_VERBS]),
        fc.array(request, { maxLength: 8 }),
        async (base, writable, requests) => {
          const [products, other] = [bakery(), bakery()];
          const before = await contentOf(other);
          await using handler = tableHandler({ products, other }, { writable });
          await checkAnswers(handler, base, requests);
          if (base !== "/other" || writable.length === 0) assert.equal(await contentOf(other), before);
        },
      ),
      { numRuns: 300 },
    );
  });
});
