import { defineTable, MemTable, type Row, type Table, UnavailableError } from "@vantage/live";

/** A master that gives at most so many rows at once, and remembers what it was asked for. */
export interface PagedMaster {
  /** What a live table is put in front of. */
  readonly table: Table;
  /** The same rows, past the live table: what others change. */
  readonly rows: MemTable;
  /** The pages that were asked for, in order. */
  readonly pages: number[];
  /** The calls that were aborted, as their pages. */
  readonly aborted: number[];
  /** How often it counted. */
  counts: number;
  /** Whether it cannot be reached to count. */
  failsToCount: boolean;
  /** Called before a page is answered. */
  before: (page: number) => Promise<void> | void;
}

/** Options of a {@linkcode pagedMaster}. */
export interface PagedMasterOptions {
  /** What it counts where there are `size` rows; `false` if it does not count. */
  readonly counts?: ((size: number) => number) | false;
  /** Whether page 2 begins with the last row of page 1, as without a stable order. */
  readonly repeats?: boolean;
  /** How many rows a page has at the most, whatever was asked for. */
  readonly gives?: number;
}

/** A master of `size` rows, `r0` to `r{size-1}`, that refuses pages of more than `mostPerPage` rows. */
export function pagedMaster(size: number, mostPerPage: number, options: PagedMasterOptions = {}): PagedMaster {
  const { counts = (count) => count, repeats = false, gives = Infinity } = options;
  const rows = new MemTable("products", { rows: rowsTo(size) });
  const table = defineTable({
    name: "products",
    capabilities: { page: true, where: ["eq", "in"], orderBy: true, exact: true, sameRows: true },
    list: async ({ query, signal }) => {
      const { page = 0, limit = Infinity } = query.pagination ?? {};
      if (limit > mostPerPage) throw new RangeError(`A page has at most ${mostPerPage} rows, not ${limit}`);
      master.pages.push(page);
      signal?.addEventListener("abort", () => void master.aborted.push(page));
      await master.before(page);
      const all = [...await rows.withQuery({ ...query, pagination: undefined }).listValues()];
      const { skip = 0 } = query.pagination ?? {};
      const answer = all.slice(skip, skip + Math.min(limit, gives));
      return repeats && page === 2 ? [[`r${limit - 1}`, { name: "again" }], ...answer.slice(1)] as const : answer;
    },
    get: (id) => rows.getValue(id),
    ...counts && {
      count: async ({ query }) => {
        if (master.failsToCount) throw new UnavailableError("no answer");
        master.counts++;
        return counts(await rows.withQuery(query).getCount());
      },
    },
    insert: (id, row) => rows.insertValue(id, row),
    patch: (id, partial) => rows.patchValue(id, partial),
    delete: (id) => rows.delete(id),
  });
  const master: PagedMaster = { table, rows, pages: [], aborted: [], counts: 0, failsToCount: false, before: () => {} };
  return master;
}

/** The ids `r{from}` to `r{to-1}`. */
export function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `r${from + at}`);
}

function rowsTo(size: number): [string, Row][] {
  return ids(0, size).map((id, at) => [id, { name: `Product ${at}`, at }]);
}
