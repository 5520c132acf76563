import { defineTable, type Row, type Table } from "@vantage/live";

/** A master of rows under ids, some milliseconds away, that counts what it is asked. */
export interface WriteMaster {
  readonly table: Table;
  /** Changes a row, and answers with it: at once if the master is 0 ms away. The key is that of the write. */
  readonly patch: (id: string, partial: Row, idempotencyKey?: string) => Row | Promise<Row>;
  readonly counts: WriteCounts;
  /** Resolves when it has done so many writes. */
  readonly until: (applied: number) => Promise<void>;
}

/** What a master was asked so far. */
export interface WriteCounts {
  applied: number;
  /** The most writes that it had at once. */
  mostAtOnce: number;
}

/** A master that answers after so many milliseconds. */
export function writeMaster(latencyMs: number): WriteMaster {
  const rows = new Map<string, Row>();
  const counts = { applied: 0, mostAtOnce: 0 };
  let [inFlight, goal, reached] = [0, Infinity, () => {}];
  const apply = (id: string, partial: Row): Row => {
    const row = { ...rows.get(id) ?? { name: `Product ${id}`, category: "bread" }, ...partial };
    rows.set(id, row);
    if (++counts.applied === goal) reached();
    return row;
  };
  const applyLater = async (id: string, partial: Row): Promise<Row> => {
    counts.mostAtOnce = Math.max(counts.mostAtOnce, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, latencyMs));
    inFlight--;
    return apply(id, partial);
  };
  const patch = latencyMs === 0 ? apply : applyLater;
  return {
    patch,
    counts,
    table: defineTable({
      name: "products",
      list: () => rows,
      get: (id) => rows.get(id),
      patch: (id, partial) => patch(id, partial),
    }),
    until: (applied) =>
      new Promise((resolve) => {
        goal = applied;
        reached = resolve;
      }),
  };
}

/** The id of a row. */
export function rowId(at: number): string {
  return `product-${at}`;
}
