import { defineTable, type Table, type TableLike } from "@vantage/live";

/** A table of a source that reads and writes rows by their ids, and knows nothing of conditions. */
export function partialSource(behind: TableLike): Table {
  return defineTable({
    name: "partial",
    list: () => behind.listValues(),
    get: (id, { fresh }) => behind.getValue(id, { fresh }),
    replace: (id, row) => behind.replaceValue(id, row),
    patch: (id, partial) => behind.patchValue(id, partial),
    delete: (id) => behind.delete(id),
  });
}
