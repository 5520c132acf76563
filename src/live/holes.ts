import type { Replayed } from "../change/replay.ts";
import type { Condition, Query } from "../table/query.ts";
import { field, type Value } from "../table/row.ts";
import { Rows } from "../table/rows.ts";
import type { CallOptions, TableLike } from "../table/table_like.ts";

/** More rows than that are not read one by one, but with all others of their entry. */
const MAX_ROWS_FILTERED = 100;
/** The same where the master cannot filter by id, and each row is a call. */
const MAX_ROWS_CALLED = 4;

/**
 * How the master is asked for some rows of a set at once; `undefined` if it cannot be, or if it costs less to read all. `set`
 * is the master's handle on the set.
 */
export function holesReader(
  set: TableLike,
  { rows, holes, entering }: Replayed,
): ((options: CallOptions) => Promise<Rows>) | undefined {
  const { idField, capabilities: { where, get, sameRows, page } } = set;
  const ids = [...holes, ...entering];
  // What the id of a row outside the entry looks like in its column is not known.
  const values = entering.size === 0 && idField !== undefined ? valuesOf(idField, rows, holes) : undefined;
  if (idField !== undefined && values !== undefined && ids.length <= MAX_ROWS_FILTERED) {
    const [only] = values;
    if (where.includes("eq") && values.length === 1 && only !== undefined) return filtered(set, [idField, "eq", only]);
    if (where.includes("in")) return filtered(set, [idField, "in", values]);
  }
  // Without pages, a call may read all rows to find one.
  return get && sameRows && page && ids.length <= MAX_ROWS_CALLED ? (options) => called(set, ids, options) : undefined;
}

function valuesOf(idField: string, rows: Rows, ids: ReadonlySet<string>): readonly Value[] | undefined {
  const values = [...ids].map((id) => field(rows.get(id) ?? {}, idField));
  return values.includes(null) ? undefined : values;
}

function filtered(set: TableLike, condition: Condition): (options: CallOptions) => Promise<Rows> {
  const { where = [], search } = set.query;
  const query: Query = { where: [...where, condition], ...(search !== undefined && { search }) };
  return (options) => set.withQuery(query).listValues(options);
}

async function called(set: TableLike, ids: readonly string[], options: CallOptions): Promise<Rows> {
  const rows = await Promise.all(ids.map((id) => set.getValue(id, options)));
  return Rows.from(ids.flatMap((id, index) => {
    const row = rows[index];
    return row === undefined ? [] : [[id, row] as const];
  }));
}
