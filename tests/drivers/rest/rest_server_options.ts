import type { Value } from "@vantage/live";
import type { RestTableOptions } from "@vantage/live/rest";

/** https://github.com/typicode/json-server/tree/v0 */
export const JSON_SERVER_0: RestTableOptions = {
  paging: { page: "_page", limit: "_limit" },
  maxLimit: Infinity,
  count: { header: "X-Total-Count" },
  where: {
    eq: ({ url }, column, operand) => url.searchParams.append(column, String(operand)),
    gte: ({ url }, column, operand) => url.searchParams.append(`${column}_gte`, String(operand)),
    lte: ({ url }, column, operand) => url.searchParams.append(`${column}_lte`, String(operand)),
  },
  orderBy: ({ url }, orderBy) => {
    url.searchParams.set("_sort", orderBy.map(([column]) => column).join());
    url.searchParams.set("_order", orderBy.map(([, direction]) => direction).join());
  },
  search: "q",
  writes: ["insertReturnId", "patch", "delete"], // its PUT refuses an id that is new
};

/** https://github.com/typicode/json-server: without a page it answers with a bare array */
export const JSON_SERVER_1: RestTableOptions = {
  rows: ({ body }) => Array.isArray(body) ? body : (body as { data: Value }).data,
  count: "items",
  paging: { page: "_page", limit: "_per_page" },
  maxLimit: Infinity,
  where: {
    eq: ({ url }, column, operand) => url.searchParams.append(column, String(operand)),
    gte: ({ url }, column, operand) => url.searchParams.append(`${column}_gte`, String(operand)),
    lte: ({ url }, column, operand) => url.searchParams.append(`${column}_lte`, String(operand)),
  },
  orderBy: ({ url }, orderBy) =>
    url.searchParams.set("_sort", orderBy.map(([column, to]) => to === "asc" ? column : `-${column}`).join()),
  writes: ["insertReturnId", "patch", "delete"],
};

/** https://feathersjs.com, a service with `paginate` */
export const FEATHERS: RestTableOptions = {
  rows: "data",
  count: "total",
  paging: { skip: "$skip", limit: "$limit" },
  where: {
    eq: ({ url }, column, operand) => url.searchParams.append(column, String(operand)),
    ne: ({ url }, column, operand) => url.searchParams.append(`${column}[$ne]`, String(operand)),
  },
  orderBy: ({ url }, orderBy) => {
    for (const [column, to] of orderBy) url.searchParams.set(`$sort[${column}]`, to === "asc" ? "1" : "-1");
  },
  writes: ["insertReturnId", "patch", "delete"],
};

/** https://github.com/thevahidal/soul: `/api/tables/items/rows` */
export const SOUL: RestTableOptions = {
  rows: "data",
  row: ({ body }) => (body as { data: Value[] }).data[0] ?? null,
  count: "total",
  paging: { page: "_page", limit: "_limit" },
  where: {
    eq: ({ url: { searchParams } }, column, operand) => {
      const others = searchParams.get("_filters");
      searchParams.set("_filters", `${others === null ? "" : `${others},`}${column}:${operand}`);
    },
  },
  orderBy: ({ url }, [[column, to] = ["id", "asc"]]) =>
    url.searchParams.set("_ordering", to === "asc" ? column : `-${column}`),
  writes: ["delete"], // other writes are answered without the row
};

/** OData 4, as simple-odata-server speaks it */
export const ODATA: RestTableOptions = {
  idField: "_id",
  rows: "value",
  row: ({ body }) => {
    const one = body as { value?: Value[] };
    return one.value === undefined ? body : one.value[0] ?? null;
  },
  count: "@odata.count",
  next: "@odata.nextLink",
  paging: ({ url: { searchParams } }, { skip, limit }) => {
    searchParams.set("$skip", String(skip));
    searchParams.set("$top", String(limit));
  },
  address: ({ url }, id) => url.pathname += `('${encodeURIComponent(id.replaceAll("'", "''"))}')`,
  where: {
    eq: ({ url: { searchParams } }, column, operand) => {
      const text = typeof operand === "string" ? `'${operand.replaceAll("'", "''")}'` : String(operand);
      const others = searchParams.get("$filter");
      searchParams.set("$filter", `${others === null ? "" : `${others} and `}${column} eq ${text}`);
    },
  },
  orderBy: ({ url }, orderBy) => url.searchParams.set("$orderby", orderBy.map((order) => order.join(" ")).join(", ")),
  writes: ["insertReturnId", "patch", "delete"],
  prepare: ({ verb, url }) => {
    if (verb === "list") url.searchParams.set("$count", "true");
  },
};

/** GitHub */
export const GITHUB: RestTableOptions = {
  paging: { page: "page", limit: "per_page" },
  maxLimit: 100,
  next: { header: "Link" },
  where: {},
  writes: ["insertReturnId", "patch", "delete"],
};

/** Stripe: each page is reached from the one before, writes are forms, and it has no count */
export const STRIPE: RestTableOptions = {
  rows: "data",
  paging: { limit: "limit" },
  maxLimit: 100,
  next: ({ url }, { body }) => {
    const { data, has_more } = body as { data: { id: string }[]; has_more: boolean };
    url.searchParams.set("starting_after", data.at(-1)?.id ?? "");
    return has_more;
  },
  where: {},
  writes: ["insertReturnId", "patch", "delete"],
  prepare: (draft) => {
    if (draft.verb === "patch") draft.method = "POST";
    if (draft.body !== undefined) draft.headers.set("content-type", "application/x-www-form-urlencoded");
  },
  stringify: (body) => String(new URLSearchParams(body as Record<string, string>)),
};

/** Django REST framework: the URL ends in a slash, and so does that of a row */
export const DJANGO: RestTableOptions = {
  rows: "results",
  count: "count",
  next: "next",
  paging: { page: "page", limit: "page_size" },
  address: ({ url }, id) => url.pathname += `${encodeURIComponent(id)}/`,
  where: {
    eq: ({ url }, column, operand) => url.searchParams.append(column, String(operand)),
    gt: ({ url }, column, operand) => url.searchParams.append(`${column}__gt`, String(operand)),
    lt: ({ url }, column, operand) => url.searchParams.append(`${column}__lt`, String(operand)),
  },
  orderBy: ({ url }, orderBy) =>
    url.searchParams.set("ordering", orderBy.map(([column, to]) => to === "asc" ? column : `-${column}`).join()),
  search: "search",
};

/** Laravel: a resource collection, with the filters of spatie/laravel-query-builder */
export const LARAVEL: RestTableOptions = {
  rows: "data",
  row: "data",
  count: "meta.total",
  next: "links.next",
  paging: { page: "page", limit: "per_page" },
  where: { eq: ({ url }, column, operand) => url.searchParams.append(`filter[${column}]`, String(operand)) },
  orderBy: ({ url }, orderBy) =>
    url.searchParams.set("sort", orderBy.map(([column, to]) => to === "asc" ? column : `-${column}`).join()),
};

/** Spring Data REST: pages are counted from 0 */
export const SPRING: RestTableOptions = {
  rows: "_embedded.items",
  count: "page.totalElements",
  paging: ({ url: { searchParams } }, { page, limit }) => {
    searchParams.set("page", String(page - 1));
    searchParams.set("size", String(limit));
  },
  where: {},
  orderBy: ({ url }, orderBy) => {
    for (const [column, to] of orderBy) url.searchParams.append("sort", `${column},${to}`);
  },
};

/** Strapi 4: attributes below the row, writes under `data`, and its PUT is a patch */
export const STRAPI: RestTableOptions = {
  rows: "data",
  row: "data",
  toRow: (item) => {
    const { id, attributes } = item as { id: number; attributes: Record<string, Value> };
    return { id, ...attributes };
  },
  count: "meta.pagination.total",
  paging: ({ url: { searchParams } }, { page, limit }) => {
    searchParams.set("pagination[page]", String(page));
    searchParams.set("pagination[pageSize]", String(limit));
  },
  where: {
    eq: ({ url }, column, operand) => url.searchParams.append(`filters[${column}][$eq]`, String(operand)),
    gt: ({ url }, column, operand) => url.searchParams.append(`filters[${column}][$gt]`, String(operand)),
  },
  orderBy: ({ url }, orderBy) => url.searchParams.set("sort", orderBy.map((order) => order.join(":")).join()),
  writes: ["insertReturnId", "patch", "delete"],
  prepare: (draft) => {
    if (draft.verb === "patch") draft.method = "PUT";
    if (draft.body !== undefined) draft.body = { data: draft.body };
  },
};

/** Directus: a row that is missing is answered with 403, which stays an error */
export const DIRECTUS: RestTableOptions = {
  rows: "data",
  row: "data",
  count: "meta.filter_count",
  paging: { page: "page", limit: "limit" },
  where: {
    eq: ({ url }, column, operand) => url.searchParams.append(`filter[${column}][_eq]`, String(operand)),
    gt: ({ url }, column, operand) => url.searchParams.append(`filter[${column}][_gt]`, String(operand)),
  },
  orderBy: ({ url }, orderBy) =>
    url.searchParams.set("sort", orderBy.map(([column, to]) => to === "asc" ? column : `-${column}`).join()),
  search: "search",
  writes: ["insertReturnId", "patch", "delete"],
  prepare: ({ verb, url }) => {
    if (verb === "list") url.searchParams.set("meta", "filter_count");
  },
};

/** JSON:API: the id outside the attributes, on both ways */
export const JSON_API: RestTableOptions = {
  rows: "data",
  row: "data",
  toRow: (item) => {
    const { id, attributes } = item as { id: string; attributes: Record<string, Value> };
    return { id, ...attributes };
  },
  count: "meta.total",
  next: "links.next",
  paging: ({ url: { searchParams } }, { page, limit }) => {
    searchParams.set("page[number]", String(page));
    searchParams.set("page[size]", String(limit));
  },
  where: { eq: ({ url }, column, operand) => url.searchParams.append(`filter[${column}]`, String(operand)) },
  orderBy: ({ url }, orderBy) =>
    url.searchParams.set("sort", orderBy.map(([column, to]) => to === "asc" ? column : `-${column}`).join()),
  headers: { accept: "application/vnd.api+json" },
  writes: ["insertReturnId", "patch", "delete"],
  prepare: (draft) => {
    if (draft.body === undefined) return;
    draft.headers.set("content-type", "application/vnd.api+json");
    const known = draft.id === undefined ? {} : { id: draft.id };
    draft.body = { data: { type: "items", ...known, attributes: draft.body } };
  },
};

/** PostgREST: a row is a list that is narrowed to it */
export const POSTGREST: RestTableOptions = {
  row: ({ body }) => Array.isArray(body) ? body[0] ?? null : undefined,
  count: { header: "Content-Range" },
  paging: { skip: "offset", limit: "limit" },
  address: ({ url }, id) => url.searchParams.set("id", `eq.${id}`),
  where: {
    eq: ({ url }, column, operand) => url.searchParams.append(column, `eq.${operand}`),
    gte: ({ url }, column, operand) => url.searchParams.append(column, `gte.${operand}`),
    lt: ({ url }, column, operand) => url.searchParams.append(column, `lt.${operand}`),
    isNull: ({ url }, column) => url.searchParams.append(column, "is.null"),
  },
  orderBy: ({ url }, orderBy) => url.searchParams.set("order", orderBy.map((order) => order.join(".")).join()),
  writes: ["insertReturnId", "patch", "delete"],
  prepare: ({ verb, headers }) => headers.set("prefer", verb === "list" ? "count=exact" : "return=representation"),
};

/** Rails with kaminari: no count, and addresses that end in .json, as in `/items.json` */
export const RAILS: RestTableOptions = {
  paging: { page: "page", limit: "per_page" },
  address: ({ url }, id) => url.pathname = url.pathname.replace(/\.json$/, `/${encodeURIComponent(id)}.json`),
  writes: ["insertReturnId", "patch", "delete"],
  prepare: (draft) => {
    if (draft.body !== undefined) draft.body = { item: draft.body };
  },
};

/** A server for ra-data-simple-rest of react-admin */
export const REACT_ADMIN: RestTableOptions = {
  count: { header: "Content-Range" },
  paging: ({ url }, { skip, limit }) => url.searchParams.set("range", JSON.stringify([skip, skip + limit - 1])),
  where: {
    eq: ({ url: { searchParams } }, column, operand) => {
      const others = JSON.parse(searchParams.get("filter") ?? "{}");
      searchParams.set("filter", JSON.stringify({ ...others, [column]: operand }));
    },
  },
  orderBy: ({ url }, [[column, to] = ["id", "asc"]]) =>
    url.searchParams.set("sort", JSON.stringify([column, to.toUpperCase()])),
  writes: ["insertReturnId", "replace", "delete"],
};
