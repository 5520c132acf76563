import {
  type CallOptions,
  type LiveHandle,
  Pagination,
  type Query,
  type Row,
  Rows,
  type TableWindow,
} from "@vantage/live";
import type { World } from "./plan.ts";

/** The rows of a view from the row number `skip` on. */
export interface RowRange {
  readonly skip: number;
  readonly limit: number;
}

/** What is read. */
export interface View {
  readonly query: Query;
  /** The id of the row; `undefined` for a list. */
  readonly id?: string;
  /** Whether the rows are streamed, or only counted. */
  readonly how?: "streamed" | "counted";
  /** What a window shows. */
  readonly window?: RowRange;
}

/** The answer to a reader: rows, or the number of a count. */
export type Answer = Rows | Row | number | TableWindow | undefined;

export const VIEW_NAMES = [
  "all",
  "page 1",
  "page 2",
  "long page 1",
  "even",
  "streamed even",
  "get a",
  "get b",
  "get even a",
  "count even",
] as const;

const MORE_VIEW_NAMES = [
  "even page 1",
  "even page 2",
  "by n",
  "by n page 1",
  "by n page 2",
  "n first to last",
  "even by n",
  "even by n page 1",
] as const;

const WINDOW_NAMES = [
  "first window",
  "window within",
  "window at the end",
  "long window",
  "even window",
  "window by n",
] as const;

export type ViewName = typeof VIEW_NAMES[number] | typeof MORE_VIEW_NAMES[number] | typeof WINDOW_NAMES[number];

/** The views that are read where answers are checked row by row. */
export const ROW_VIEW_NAMES: readonly ViewName[] = [...VIEW_NAMES, ...MORE_VIEW_NAMES];

/** The views that are made of pages. */
export const PAGED_VIEW_NAMES: readonly ViewName[] = [
  ...WINDOW_NAMES,
  ...ROW_VIEW_NAMES.filter((name) => name.includes("page")),
];

/** The views that can be watched. */
export const LIST_VIEW_NAMES: readonly ViewName[] = ROW_VIEW_NAMES.filter((name) =>
  !/^(get|count|streamed) /.test(name)
);

const EVEN: Query = { where: [["even", "eq", true]] };
const BY_N: Query = { orderBy: [["n", "asc"]] };

/** The views by their names. */
export const VIEWS: Readonly<Record<ViewName, View>> = {
  "all": { query: {} },
  "page 1": { query: { pagination: new Pagination(1, 3) } },
  "page 2": { query: { pagination: new Pagination(2, 3) } },
  "long page 1": { query: { pagination: new Pagination(1, 4) } },
  "even": { query: EVEN },
  "streamed even": { query: EVEN, how: "streamed" },
  "get a": { query: {}, id: "a" },
  "get b": { query: {}, id: "b" },
  "get even a": { query: EVEN, id: "a" },
  "count even": { query: EVEN, how: "counted" },
  "even page 1": { query: { ...EVEN, pagination: new Pagination(1, 2) } },
  "even page 2": { query: { ...EVEN, pagination: new Pagination(2, 2) } },
  "by n": { query: BY_N },
  "by n page 1": { query: { ...BY_N, pagination: new Pagination(1, 2) } },
  "by n page 2": { query: { ...BY_N, pagination: new Pagination(2, 2) } },
  "n first to last": { query: { orderBy: [["n", "desc"]] } },
  "even by n": { query: { ...EVEN, ...BY_N } },
  "even by n page 1": { query: { ...EVEN, ...BY_N, pagination: new Pagination(1, 2) } },
  "first window": { query: {}, window: { skip: 0, limit: 4 } },
  "window within": { query: {}, window: { skip: 1, limit: 3 } },
  "window at the end": { query: {}, window: { skip: 3, limit: 5 } },
  "long window": { query: {}, window: { skip: 0, limit: 12 } },
  "even window": { query: EVEN, window: { skip: 1, limit: 3 } },
  "window by n": { query: BY_N, window: { skip: 1, limit: 4 } },
};

/** Reads a view. */
export async function readView(live: LiveHandle, name: ViewName, options: CallOptions): Promise<Answer> {
  const { query, id, how, window } = VIEWS[name];
  const handle = live.withQuery(query);
  if (window !== undefined) return await handle.window(window.skip, window.limit, options);
  if (id !== undefined) return await handle.getValue(id, options);
  switch (how) {
    case "counted":
      return await handle.getCount(options);
    case "streamed":
      return Rows.from(await Array.fromAsync(handle.streamValues(options)));
    default:
      return await handle.listValues(options);
  }
}

/** Whether a view is read with one call of the master, and kept under one key. */
export function isOneEntry(view: View, world: World): boolean {
  return world.narrows && isOneKey(view, world);
}

/** Whether a view takes one place in the cache: it is not cut from pages, and none is read ahead of it. */
export function takesOnePlace(view: View, world: World): boolean {
  return isOneKey(view, world) && (world.prefetchPages === 0 || view.query.pagination === undefined);
}

function isOneKey({ query: { pagination }, window }: View, { masterItemsPerPage }: World): boolean {
  if (window !== undefined) return false;
  return pagination === undefined || pagination.itemsPerPage === (masterItemsPerPage ?? pagination.itemsPerPage);
}

/** The rows of a view that it shows; `undefined`: all. */
export function rangeOf({ query: { pagination }, window }: View): RowRange | undefined {
  return window ?? pagination;
}

/** Whether an answer is a window. */
export function isWindow(answer: Answer): answer is TableWindow {
  return typeof answer === "object" && "rows" in answer && answer.rows instanceof Rows;
}

/** The rows of an answer with their ids. */
export function listIn(answer: Answer): readonly (readonly [string, Row])[] {
  if (answer === undefined || typeof answer === "number") return [];
  if (answer instanceof Rows) return [...answer];
  return isWindow(answer) ? [...answer.rows] : [["", answer]];
}
