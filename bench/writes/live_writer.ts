import { LiveTable, type LiveTableOptions, MemCache } from "@vantage/live";
import { rowId } from "./write_master.ts";
import type { Writer } from "./writer.ts";

/** How many writes are in flight at once, wherever nothing else is said. */
export const AT_ONCE = 64;

/** `@vantage/live`, with more options for the table, such as an outbox. */
export function liveWriter(options: LiveTableOptions = {}): Writer {
  return {
    name: "@vantage/live",
    open: (master, rows) => {
      const table = new LiveTable(master.table, "products", new MemCache(), {
        writeConcurrency: AT_ONCE,
        queueCapacity: rows,
        ...options,
      });
      return Promise.resolve({
        write: (at, value) => table.enqueue({ kind: "patch", id: rowId(at), partial: { stock: value } }).accepted,
        [Symbol.asyncDispose]: () => table.close(),
      });
    },
  };
}
