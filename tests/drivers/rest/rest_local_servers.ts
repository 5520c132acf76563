import type { Row } from "@vantage/live";
import type { Handler } from "../../server/serve.ts";

/** What is asked of a server: the part of the path after its resource, the parameters, and what was sent. */
interface Asked {
  readonly method: string;
  readonly rest: string;
  readonly url: URL;
  readonly params: URLSearchParams;
  readonly headers: Headers;
  readonly text: string;
}

/** What a list is narrowed and ordered by. */
interface Wanted {
  readonly keep?: (row: Row) => boolean;
  readonly by?: readonly [column: string, direction: "asc" | "desc"] | undefined;
}

/** The rows behind a server, in the order of their ids. */
class Shelf {
  readonly rows: Map<string, Row>;
  readonly #makeId: (number: number) => Row[string];
  #next: number;

  constructor(rows: readonly Row[], makeId: (number: number) => Row[string]) {
    this.rows = new Map(rows.map((row) => [String(row["id"]), row]));
    this.#makeId = makeId;
    this.#next = rows.length + 1;
  }

  find({ keep = () => true, by }: Wanted): Row[] {
    const found = [...this.rows.values()].filter(keep);
    if (by === undefined) return found;
    const [column, direction] = by;
    const sign = direction === "asc" ? 1 : -1;
    const compare = (a: unknown, b: unknown): number => (a as number) < (b as number) ? -1 : a === b ? 0 : 1;
    return found.toSorted((a, b) => sign * compare(a[column], b[column]));
  }

  add(row: Row): Row {
    const added = { ...row, id: this.#makeId(this.#next++) };
    this.rows.set(String(added.id), added);
    return added;
  }

  change(id: string, columns: Row): Row | undefined {
    const row = this.rows.get(id);
    if (row === undefined) return undefined;
    const changed = { ...row, ...columns, id: row["id"] ?? null };
    this.rows.set(id, changed);
    return changed;
  }
}

/** A server in the shape of somebody's. */
export type LocalServer = (rows: readonly Row[]) => Handler;

const nothing = (status = 204): Response => new Response(null, { status });
const missing = (): Response => Response.json({ message: "Not Found" }, { status: 404 });

/** Answers for one row, in a shape; lists and addresses are each server's own. */
function answerRow(shelf: Shelf, { method, rest: id }: Asked, columns: Row, wrap: (row: Row) => unknown): Response {
  if (id === "" && method === "POST") return Response.json(wrap(shelf.add(columns)), { status: 201 });
  const row = shelf.rows.get(id);
  if (row === undefined) return missing();
  if (method === "GET") return Response.json(wrap(row));
  if (method === "DELETE") return shelf.rows.delete(id) ? nothing() : missing();
  return Response.json(wrap(shelf.change(id, columns) ?? {}));
}

function server(
  answer: (asked: Asked, shelf: Shelf) => Response,
  { path = "/items", makeId = (number: number): Row[string] => number } = {},
): LocalServer {
  return (rows) => {
    const shelf = new Shelf(rows.map((row, at) => ({ id: makeId(at + 1), ...row })), makeId);
    return async (request) => {
      const url = new URL(request.url);
      const { method, headers } = request;
      const text = await request.text();
      if (!url.pathname.startsWith(path)) return missing();
      const rest = decodeURIComponent(url.pathname.slice(path.length).replace(/^\//, ""));
      return answer({ method, rest, url, params: url.searchParams, headers, text }, shelf);
    };
  };
}

/** The rows of a page, counted from `first`; at most `most` of them. */
function pageOf(rows: readonly Row[], page: number, size: number, most: number): Row[] {
  const limit = Math.min(size, most);
  return rows.slice((page - 1) * limit, page * limit);
}

function numberIn(params: URLSearchParams, name: string, otherwise: number): number {
  return Number(params.get(name) ?? otherwise);
}

/** As `-price` orders. */
function signed(text: string | null): Wanted["by"] {
  return text ? [text.replace(/^-/, ""), text.startsWith("-") ? "desc" : "asc"] : undefined;
}

/** Whether a row meets each condition that stands in parameters like `filter[category]`. */
function inBrackets(params: URLSearchParams, pattern: RegExp): (row: Row) => boolean {
  const conditions = [...params].flatMap(([name, text]) => {
    const [, column, operator = "eq"] = pattern.exec(name) ?? [];
    return column === undefined ? [] : [{ column, operator: operator.replace(/^[$_]/, ""), text }];
  });
  return (row) => conditions.every(({ column, operator, text }) => meets(row[column], operator, text));
}

function meets(value: unknown, operator: string, text: string): boolean {
  switch (operator) {
    case "eq":
      return String(value) === text;
    case "gt":
      return Number(value) > Number(text);
    case "gte":
      return Number(value) >= Number(text);
    case "lt":
      return Number(value) < Number(text);
    case "is":
      return value === null || value === undefined;
  }
  return false;
}

const github = server((asked, shelf) => {
  const { method, rest, params, url, text } = asked;
  if (method !== "GET" || rest !== "") return answerRow(shelf, asked, text ? JSON.parse(text) : {}, (row) => row);
  const [page, size] = [numberIn(params, "page", 1), Math.min(numberIn(params, "per_page", 30), 100)];
  const rows = shelf.find({});
  const at = (number: number, rel: string): string => {
    const target = new URL(url);
    target.searchParams.set("page", String(number));
    return `<${target.href}>; rel="${rel}"`;
  };
  const last = Math.max(1, Math.ceil(rows.length / size));
  const links = [
    ...page > 1 ? [at(page - 1, "prev"), at(1, "first")] : [],
    ...page < last ? [at(page + 1, "next"), at(last, "last")] : [],
  ];
  const headers: Record<string, string> = links.length > 0 ? { link: links.join(", ") } : {};
  return Response.json(pageOf(rows, page, size, 100), { headers });
});

const stripe = server((asked, shelf) => {
  const { method, rest, params, text, headers } = asked;
  if (method !== "GET" && method !== "DELETE") {
    if (headers.get("content-type") !== "application/x-www-form-urlencoded") return nothing(400);
    const columns = Object.fromEntries(new URLSearchParams(text));
    if (rest === "") return Response.json(shelf.add(columns));
    const changed = shelf.change(rest, columns);
    return method === "POST" && changed !== undefined ? Response.json(changed) : missing();
  }
  if (method === "DELETE" && shelf.rows.delete(rest)) return Response.json({ id: rest, object: "item", deleted: true });
  if (rest !== "") return answerRow(shelf, asked, {}, (row) => row);
  const limit = numberIn(params, "limit", 10);
  if (limit > 100) return Response.json({ error: { message: "Invalid integer" } }, { status: 400 });
  const rows = shelf.find({});
  const start = params.get("starting_after");
  const begin = start === null ? 0 : rows.findIndex((row) => row["id"] === start) + 1;
  const data = rows.slice(begin, begin + limit);
  return Response.json({ object: "list", url: "/v1/items", has_more: begin + limit < rows.length, data });
}, { makeId: (number) => `cus_${number}` });

const django = server((asked, shelf) => {
  const { method, rest, params, url, text } = asked;
  if (!url.pathname.endsWith("/")) return nothing(301);
  const id = rest.replace(/\/$/, "");
  if (method !== "GET" || id !== "") {
    const columns = text ? JSON.parse(text) : {};
    return answerRow(shelf, { ...asked, rest: id }, columns, (row) => row);
  }
  const conditions = [...params].flatMap(([name, operand]) => {
    const [column = "", operator = "eq"] = name.split("__");
    return ["page", "page_size", "ordering", "search"].includes(name) ? [] : [{ column, operator, operand }];
  });
  const rows = shelf.find({
    keep: (row) =>
      conditions.every(({ column, operator, operand }) => meets(row[column], operator, operand)) &&
      String(row["title"]).includes(params.get("search") ?? ""),
    by: signed(params.get("ordering")),
  });
  const [page, size] = [numberIn(params, "page", 1), Math.min(numberIn(params, "page_size", 20), 100)];
  if (page > Math.max(1, Math.ceil(rows.length / size))) {
    return Response.json({ detail: "Invalid page." }, { status: 404 });
  }
  const target = new URL(url);
  target.searchParams.set("page", String(page + 1));
  const next = page * size < rows.length ? target.href : null;
  return Response.json({ count: rows.length, next, previous: null, results: pageOf(rows, page, size, 100) });
});

const laravel = server((asked, shelf) => {
  const { method, rest, params, url, text } = asked;
  if (method !== "GET" || rest !== "") {
    return answerRow(shelf, asked, text ? JSON.parse(text) : {}, (data) => ({ data }));
  }
  const rows = shelf.find({ keep: inBrackets(params, /^filter\[(\w+)\]$/), by: signed(params.get("sort")) });
  const [page, size] = [numberIn(params, "page", 1), Math.min(numberIn(params, "per_page", 15), 100)];
  const target = new URL(url);
  target.searchParams.set("page", String(page + 1));
  return Response.json({
    data: pageOf(rows, page, size, 100),
    links: { next: page * size < rows.length ? target.href : null },
    meta: { current_page: page, per_page: size, total: rows.length },
  });
});

const spring = server((asked, shelf) => {
  const { method, rest, params, text } = asked;
  if (method !== "GET" || rest !== "") return answerRow(shelf, asked, text ? JSON.parse(text) : {}, (row) => row);
  const [column, direction] = (params.get("sort") ?? "id,asc").split(",");
  const rows = shelf.find({ by: [column ?? "id", direction === "desc" ? "desc" : "asc"] });
  const [number, size] = [numberIn(params, "page", 0), Math.min(numberIn(params, "size", 20), 100)];
  const totalPages = Math.ceil(rows.length / size);
  const _links = number + 1 < totalPages ? { next: { href: "http://localhost/items?page=1" } } : {};
  const items = pageOf(rows, number + 1, size, 100);
  return Response.json({
    _embedded: { items },
    _links,
    page: { size, totalElements: rows.length, totalPages, number },
  });
});

const strapi = server((asked, shelf) => {
  const { method, rest, params, text } = asked;
  const wrap = ({ id, ...attributes }: Row): unknown => ({ id, attributes });
  if (method !== "GET" || rest !== "") {
    if (method === "PATCH") return nothing(405);
    return answerRow(shelf, asked, text ? JSON.parse(text).data : {}, (row) => ({ data: wrap(row), meta: {} }));
  }
  const [column, direction] = (params.get("sort") ?? "id:asc").split(":");
  const rows = shelf.find({
    keep: inBrackets(params, /^filters\[(\w+)\]\[(\$\w+)\]$/),
    by: [column ?? "id", direction === "desc" ? "desc" : "asc"],
  });
  const [page, size] = [
    numberIn(params, "pagination[page]", 1),
    Math.min(numberIn(params, "pagination[pageSize]", 25), 100),
  ];
  const pagination = { page, pageSize: size, pageCount: Math.ceil(rows.length / size), total: rows.length };
  return Response.json({ data: pageOf(rows, page, size, 100).map(wrap), meta: { pagination } });
});

const directus = server((asked, shelf) => {
  const { method, rest, params, text } = asked;
  if (rest !== "" && !shelf.rows.has(rest)) {
    const message = "You don't have permission to access this.";
    return Response.json({ errors: [{ message, extensions: { code: "FORBIDDEN" } }] }, { status: 403 });
  }
  if (method !== "GET" || rest !== "") {
    return answerRow(shelf, asked, text ? JSON.parse(text) : {}, (data) => ({ data }));
  }
  const rows = shelf.find({
    keep: (row) =>
      inBrackets(params, /^filter\[(\w+)\]\[(_\w+)\]$/)(row) &&
      String(row["title"]).toLowerCase().includes((params.get("search") ?? "").toLowerCase()),
    by: signed(params.get("sort")),
  });
  const limit = numberIn(params, "limit", 100);
  const data = pageOf(rows, numberIn(params, "page", 1), limit < 0 ? Infinity : limit, 100);
  return Response.json({ data, ...params.get("meta") === "filter_count" && { meta: { filter_count: rows.length } } });
});

const jsonApi = server((asked, shelf) => {
  const { method, rest, params, url, text, headers } = asked;
  const type = "application/vnd.api+json";
  const wrap = ({ id, ...attributes }: Row): unknown => ({ type: "items", id: String(id), attributes });
  if (text !== "" && headers.get("content-type") !== type) return nothing(415);
  if (headers.get("accept") !== type) return nothing(406);
  if (method !== "GET" || rest !== "") {
    const { data } = text ? JSON.parse(text) : { data: {} };
    if (method === "PATCH" && data.id !== rest) return nothing(409);
    return answerRow(shelf, asked, data.attributes ?? {}, (row) => ({ data: wrap(row) }));
  }
  const rows = shelf.find({ keep: inBrackets(params, /^filter\[(\w+)\]$/), by: signed(params.get("sort")) });
  const [page, size] = [numberIn(params, "page[number]", 1), Math.min(numberIn(params, "page[size]", 10), 100)];
  const target = new URL(url);
  target.searchParams.set("page[number]", String(page + 1));
  const links = { next: page * size < rows.length ? target.href : null };
  return Response.json({ data: pageOf(rows, page, size, 100).map(wrap), links, meta: { total: rows.length } });
});

const postgrest = server((asked, shelf) => {
  const { method, params, text, headers } = asked;
  const keep = (row: Row): boolean =>
    [...params].every(([column, condition]) => {
      if (["offset", "limit", "order", "select"].includes(column)) return true;
      const [operator = "", ...operand] = condition.split(".");
      return meets(row[column], operator, operand.join("."));
    });
  const represented = (rows: readonly Row[], status: number): Response =>
    headers.get("prefer") === "return=representation" ? Response.json(rows, { status }) : nothing(status);
  if (method === "POST") return represented([shelf.add(JSON.parse(text))], 201);
  const [column, direction] = (params.get("order") ?? "id.asc").split(".");
  const rows = shelf.find({ keep, by: [column ?? "id", direction === "desc" ? "desc" : "asc"] });
  if (method === "PATCH") {
    return represented(rows.map((row) => shelf.change(String(row["id"]), JSON.parse(text)) ?? {}), 200);
  }
  if (method === "DELETE") {
    for (const row of rows) shelf.rows.delete(String(row["id"]));
    return represented(rows, 200);
  }
  const [offset, limit] = [numberIn(params, "offset", 0), Math.min(numberIn(params, "limit", 100), 100)];
  const total = headers.get("prefer") === "count=exact" ? String(rows.length) : "*";
  if (offset > rows.length && total !== "*") {
    return Response.json({ code: "PGRST103" }, { status: 416, headers: { "content-range": `*/${total}` } });
  }
  const page = rows.slice(offset, offset + limit);
  const range = page.length === 0 ? "*" : `${offset}-${offset + page.length - 1}`;
  const status = page.length < rows.length ? 206 : 200;
  return Response.json(page, { status, headers: { "content-range": `${range}/${total}` } });
});

const rails = server((asked, shelf) => {
  const { method, rest, params, url, text } = asked;
  if (!url.pathname.endsWith(".json")) return missing();
  const id = rest.replace(/\.json$/, "");
  if (method !== "GET" || id !== "") {
    const { item } = text ? JSON.parse(text) : { item: {} };
    return answerRow(shelf, { ...asked, rest: id }, item, (row) => row);
  }
  const keep = (row: Row): boolean =>
    [...params].every(([name, operand]) => row[name] === undefined || meets(row[name], "eq", operand));
  return Response.json(
    pageOf(shelf.find({ keep }), numberIn(params, "page", 1), numberIn(params, "per_page", 25), 100),
  );
});

const reactAdmin = server((asked, shelf) => {
  const { method, rest, params, text } = asked;
  if (method === "PATCH") return nothing(405);
  if (method !== "GET" || rest !== "") return answerRow(shelf, asked, text ? JSON.parse(text) : {}, (row) => row);
  const [start, end]: number[] = JSON.parse(params.get("range") ?? "[0,24]");
  const [column, direction]: string[] = JSON.parse(params.get("sort") ?? '["id","ASC"]');
  const wanted = Object.entries(JSON.parse(params.get("filter") ?? "{}"));
  const rows = shelf.find({
    keep: (row) => wanted.every(([name, operand]) => row[name] === operand),
    by: [column ?? "id", direction === "DESC" ? "desc" : "asc"],
  });
  const page = rows.slice(start, Math.min((end ?? 0) + 1, (start ?? 0) + 100));
  const range = `items ${start}-${(start ?? 0) + page.length - 1}/${rows.length}`;
  return Response.json(page, { headers: { "content-range": range } });
});

/** The servers that are written here, by the name that the documentation has for them. */
export const LOCAL_SERVERS: { readonly [name: string]: LocalServer } = {
  GITHUB: github,
  STRIPE: stripe,
  DJANGO: django,
  LARAVEL: laravel,
  SPRING: spring,
  STRAPI: strapi,
  DIRECTUS: directus,
  JSON_API: jsonApi,
  POSTGREST: postgrest,
  RAILS: rails,
  REACT_ADMIN: reactAdmin,
};
