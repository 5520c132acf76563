import { MemTable, type Query, type Row } from "@vantage/live";
import type { RestTableOptions } from "@vantage/live/rest";

/** A resource of somebody's: what it holds, what it was asked, and the server that answers. */
export interface Shape {
  readonly table: MemTable;
  /** Each request, as `GET /users?_page=1`. */
  readonly asked: string[];
  readonly handler: (request: Request) => Promise<Response>;
}

/** What is asked of a resource: the last part of the path after it, if there is one, and the parameters. */
interface Asked {
  readonly method: string;
  readonly rest: string;
  readonly params: URLSearchParams;
  readonly body: Row;
}

/** How a table in the shape of JSONPlaceholder is described, but for its conditions. */
export const JSON_PLACEHOLDER: RestTableOptions = {
  orderBy: ({ url }, orderBy) => {
    url.searchParams.set("_sort", orderBy.map(([column]) => column).join());
    url.searchParams.set("_order", orderBy.map(([, direction]) => direction).join());
  },
  search: "q",
  // Its PUT replaces what is there, and nothing else.
  writes: ["insertReturnId", "patch", "delete"],
};

/** How a table in the shape of DummyJSON is described. */
export const DUMMY_JSON: RestTableOptions = {
  rows: "products",
  paging: { skip: "skip", limit: "limit" },
  maxLimit: Infinity,
  count: "total",
  where: {},
  orderBy: ({ url }, [[column, direction] = ["id", "asc"]]) => {
    url.searchParams.set("sortBy", column);
    url.searchParams.set("order", direction);
  },
  search: ({ url }, text) => {
    url.pathname += "/search";
    url.searchParams.set("q", text);
  },
  // Rows are posted elsewhere, and its PUT keeps the columns that are not given.
  writes: ["patch", "delete"],
};

/**
 * `/users` as JSONPlaceholder (json-server) has it: bare arrays, `_page` and `_limit` with a count in `X-Total-Count`,
 * `_sort` and `_order`, `q`, and `?column=value`, which compares texts and is passed over where no row has the column.
 */
export function jsonPlaceholder(rows: Iterable<readonly [id: string, row: Row]>): Shape {
  return shape("/users", rows, async ({ method, rest: id, params, body }, table) => {
    if (id === "" && method === "GET") return await listUsers(table, params);
    if (id === "" && method === "POST") {
      const created = await table.insertValue(...withId(nextId(await table.listValues()), body));
      return Response.json(created, { status: 201, headers: { location: `/users/${created["id"]}` } });
    }
    const found = await table.getValue(id);
    if (found === undefined) return Response.json({}, { status: 404 });
    if (method === "GET") return Response.json(found);
    if (method === "PUT") return Response.json(await table.replaceValue(...withId(id, body)));
    if (method === "PATCH") return Response.json(await table.patchValue(id, body));
    await table.delete(id);
    return Response.json({});
  });
}

/**
 * `/products` as DummyJSON has it: `{products, total, skip, limit}`, 30 rows unless `limit` says otherwise and all with
 * `limit=0`, `sortBy` and `order`, a path of its own for searching, and a deleted row as the answer to its deletion.
 */
export function dummyJson(rows: Iterable<readonly [id: string, row: Row]>): Shape {
  return shape("/products", rows, async ({ method, rest, params, body }, table) => {
    if (rest === "" || rest === "search") return await listProducts(table, params);
    const found = await table.getValue(rest);
    if (found === undefined) return Response.json({ message: `Product with id '${rest}' not found` }, { status: 404 });
    if (method === "GET") return Response.json(found);
    if (method !== "DELETE") return Response.json(await table.patchValue(rest, body));
    await table.delete(rest);
    return Response.json({ ...found, isDeleted: true });
  });
}

function shape(
  path: string,
  rows: Iterable<readonly [id: string, row: Row]>,
  answer: (asked: Asked, table: MemTable) => Promise<Response>,
): Shape {
  const table = new MemTable(path, { rows: [...rows].map(([id, row]) => withId(id, row)) });
  const asked: string[] = [];
  const handler = async (request: Request): Promise<Response> => {
    const { pathname, search, searchParams } = new URL(request.url);
    asked.push(`${request.method} ${pathname}${search}`);
    if (pathname !== path && !pathname.startsWith(`${path}/`)) return new Response("Not found", { status: 404 });
    const rest = decodeURIComponent(pathname.slice(path.length + 1));
    const text = await request.text();
    return await answer(
      { method: request.method, rest, params: searchParams, body: text === "" ? {} : JSON.parse(text) },
      table,
    );
  };
  return { table, asked, handler };
}

async function listUsers(table: MemTable, params: URLSearchParams): Promise<Response> {
  const all = [...await table.listValues()];
  const conditions = [...params].filter(([name]) => name !== "q" && all.some(([, row]) => Object.hasOwn(row, name)));
  const meets = (row: Row): boolean =>
    conditions.every(([name, text]) => (row[name] ?? null) !== null && String(row[name]) === text);
  const directions = params.get("_order")?.split(",") ?? [];
  const found = new MemTable("found", { rows: all.filter(([, row]) => meets(row)) }).withQuery({
    ...ordered(params.get("_sort")?.split(","), directions),
    search: params.get("q") ?? "",
  });
  const limit = params.get("_limit");
  if (limit === null) return Response.json([...(await found.listValues()).values()]);
  const page = await found.page(Number(params.get("_page") ?? 1), Number(limit)).listValues();
  return Response.json([...page.values()], { headers: { "x-total-count": String(await found.getCount()) } });
}

async function listProducts(table: MemTable, params: URLSearchParams): Promise<Response> {
  const found = table.withQuery({
    ...ordered(params.get("sortBy")?.split(","), [params.get("order") ?? "asc"]),
    search: params.get("q") ?? "",
  });
  const total = await found.getCount();
  const [skip, limit] = [Number(params.get("skip") ?? 0), Number(params.get("limit") ?? 30) || total];
  const products = [...(await found.listValues()).values()].slice(skip, skip + limit);
  return Response.json({ products, total, skip, limit: products.length });
}

function ordered(columns: readonly string[] = [], directions: readonly string[]): Query {
  return { orderBy: columns.map((column, at) => [column, directions[at] === "desc" ? "desc" : "asc"]) };
}

function withId(id: string, row: Row): [id: string, row: Row] {
  return [id, { ...row, id: Number(id) }];
}

function nextId(rows: ReadonlyMap<string, Row>): string {
  return String(Math.max(0, ...[...rows.keys()].map(Number)) + 1);
}
